/**
 * What is locked in orders, for Home Assistant's markdown card.
 *
 * Its other cards round an attribute to two decimal places: of 0.00123 BTC they say 0. And a template brings itself up
 * to date, so nothing on the dashboard moves while orders come and go.
 */

import { currencyOf, placesOf } from "./accounts.js";
import { localize } from "./localize.js";
import { punctuationOf } from "./numbers.js";

/**
 * Return a template: a table of what has something locked or is unavailable, or a sentence instead.
 * @param {object[]} totals States of an account's totals.
 */
export function lockedTable(hass, totals) {
  const say = (key) => localize(hass.language, key);
  const { decimal, group, groupedFrom, percent } = punctuationOf(hass.locale);
  const rows = totals.map((state) => [state.entity_id, currencyOf(state), placesOf(hass, state)]);
  // What is above zero but too small for its decimal places is told as less than one step of them. The smallest part of
  // a float more makes Python round a half up, as the pages do, and not to the even digit.
  return `
{%- macro written(number, places, before="", after="") -%}
{%- set step = 10 ** -places -%}
{%- set text = "{:,.{}f}".format([number, step] | max * (1 + 2 ** -52), places) -%}
{{ "&lt; " if number < step }}{{ before }}{{ text
  | replace(",", "_")
  | replace(".", ${JSON.stringify(decimal)})
  | replace("_", ${JSON.stringify(group)} if number >= ${groupedFrom} else "") }}{{ after }}
{%- endmacro -%}
{%- set totals = ${JSON.stringify(rows)} -%}
{%- if not totals | map("first") | select("has_value") | list -%}
${say("not_known")}
{%- else -%}
{%- for total, currency, places in totals if not has_value(total) or state_attr(total, "locked") > 0 -%}
{%- if loop.first -%}
<table width="100%"><tr><th>${say("currency")}</th><th>${say("locked_amount")}</th><th>${say("locked_share")}</th></tr>
{%- endif -%}
<tr><td>{{ currency }}</td>
{%- if has_value(total) -%}
{%- set locked = state_attr(total, "locked") -%}
{%- set share = 100 * locked / states(total) | float -%}
<td>{{ written(locked, places) }}</td>
<td>{{ written(share, 1, ${JSON.stringify(percent.before)}, ${JSON.stringify(percent.after)}) }}</td>
{%- else -%}
<td colspan="2">${say("not_known")}</td>
{%- endif -%}
</tr>
{%- if loop.last -%}
</table>
{%- endif -%}
{%- else -%}
${say("nothing_locked")}
{%- endfor -%}
{%- endif -%}`;
}
