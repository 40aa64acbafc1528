/**
 * What is locked, for Home Assistant's markdown card.
 *
 * Its other cards round an attribute to two decimal places: 0.00123 BTC would be 0. And a template is updated
 * automatically, so the dashboard is not generated again while orders come and go.
 */

import { currencyOf, placesOf } from "./accounts.js";
import { localize } from "./localize.js";
import { punctuationOf } from "./numbers.js";

/**
 * Return a template: a table of what has something locked or is unavailable, or a sentence instead.
 * @param {Hass} hass
 * @param {EntityState[]} balances
 */
export function lockedTable(hass, balances) {
  const { language, locale } = hass;
  const { decimal, group, groupedFrom, percent } = punctuationOf(locale);
  const rows = balances.map((state) => [state.entity_id, currencyOf(state), placesOf(hass, state)]);
  const notKnown = localize(language, "not_known");
  const heads = /** @type {const} */ (["currency", "locked_amount", "locked_share"])
    .map((key) => `<th>${localize(language, key)}</th>`)
    .join("");
  // An amount above zero that is too small for its decimal places is written as less than one step of them. With the
  // smallest part of a float more, Python rounds a half up, as the pages do, and not to the even digit.
  return `
{%- macro written(number, places, before="", after="") -%}
{%- set step = 10 ** -places -%}
{%- set text = "{:,.{}f}".format([number, step] | max * (1 + 2 ** -52), places) -%}
{{ "&lt; " if number < step }}{{ before }}{{ text
  | replace(",", "_")
  | replace(".", ${JSON.stringify(decimal)})
  | replace("_", ${JSON.stringify(group)} if number >= ${groupedFrom} else "") }}{{ after }}
{%- endmacro -%}
{%- set balances = ${JSON.stringify(rows)} -%}
{%- if not balances | map("first") | select("has_value") | list -%}
${notKnown}
{%- else -%}
{%- for balance, currency, places in balances if not has_value(balance) or state_attr(balance, "locked") > 0 -%}
{%- if loop.first -%}
<table width="100%"><tr>${heads}</tr>
{%- endif -%}
<tr><td>{{ currency | e }}</td>
{%- if has_value(balance) -%}
{%- set locked = state_attr(balance, "locked") -%}
{%- set share = 100 * locked / states(balance) | float -%}
<td>{{ written(locked, places) }}</td>
<td>{{ written(share, 1, ${JSON.stringify(percent.before)}, ${JSON.stringify(percent.after)}) }}</td>
{%- else -%}
<td colspan="2">${notKnown}</td>
{%- endif -%}
</tr>
{%- if loop.last -%}
</table>
{%- endif -%}
{%- else -%}
${localize(language, "nothing_locked")}
{%- endfor -%}
{%- endif -%}`;
}
