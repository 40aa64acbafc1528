/** The options of the balances card: what they may be, and the form of the visual editor. */

import { currencyOf, findAccounts, totalsOf } from "./accounts.js";
import { localize, pageLanguage } from "./localize.js";

const DEFAULTS = { sort: "name", digits: "short", hide_empty: false };

const CHOICES = { sort: ["name", "last_change", "locked"], digits: ["short", "exact"] };

/** The page's own state, for the two moments at which Home Assistant asks a card for something without giving it. */
const pageHass = () => document.querySelector("home-assistant")?.hass;

/** The accounts that cards of this page have been told to show; one of them may be gone. */
const wanted = new Set();

/** What YAML 1.1 makes of ON, NO and NULL where they are not in quotes. */
const WRITTEN = new Map([
  [true, "ON"],
  [false, "NO"],
  [null, "NULL"],
]);

/** Return how a value that should be a text was probably written in YAML; undefined for a list or a mapping. */
const writtenAs = (value) => WRITTEN.get(value) ?? (typeof value === "number" ? String(value) : undefined);

/**
 * Return the options with their defaults.
 * @throws {Error} An option is invalid; the text names it.
 */
export function checkConfig(config) {
  const fail = (option, error, placeholders) => {
    throw new Error(localize(pageLanguage(), error, { option, ...placeholders }));
  };
  const checked = { ...config };
  for (const [option, value] of Object.entries(config)) {
    // The editor leaves an emptied field behind, YAML an option without a value.
    if (value === null || value === undefined || value === "") {
      delete checked[option];
    } else if (["title", "device_id"].includes(option)) {
      const written = writtenAs(value);
      if (written !== undefined) fail(option, "error_quote_text", { written });
      if (typeof value !== "string") fail(option, "error_text");
    } else if (option === "currencies") {
      const codes = Array.isArray(value) ? value : [value];
      const written = codes.map(writtenAs).find((code) => code !== undefined);
      if (written !== undefined) fail(option, "error_quote_texts", { written });
      if (codes !== value || codes.some((code) => typeof code !== "string")) fail(option, "error_list");
    } else if (option === "hide_empty") {
      if (typeof value !== "boolean") fail(option, "error_switch");
    } else if (option in CHOICES && !CHOICES[option].includes(value)) {
      fail(option, "error_choice", { choices: CHOICES[option].join(", ") });
    }
  }
  if (checked.device_id) wanted.add(checked.device_id);
  return { ...DEFAULTS, ...checked };
}

/** The configuration that a card picked from the list starts with. */
export function stubConfig() {
  const accounts = findAccounts(pageHass());
  return { ...(accounts.length > 1 && { device_id: accounts[0].id }), ...DEFAULTS, hide_empty: true };
}

/** The codes of all currencies of all accounts. */
function knownCurrencies(hass) {
  const codes = findAccounts(hass).flatMap((account) => totalsOf(hass, account).map(currencyOf));
  return [...new Set(codes)].sort();
}

/** The field for the account, where there is something to choose. */
function accountField(accounts) {
  const gone = [...wanted].some((id) => !accounts.some((account) => account.id === id));
  if (accounts.length < 2 && !gone) return [];
  const options = accounts.map(({ id, name }) => ({ value: id, label: name }));
  return [{ name: "device_id", selector: { select: { mode: "dropdown", options } } }];
}

/** What Home Assistant builds the visual editor from. */
export function configForm() {
  const hass = pageHass();
  const language = hass?.language ?? pageLanguage();
  const choice = (option) => ({
    name: option,
    selector: {
      select: {
        mode: "dropdown",
        options: CHOICES[option].map((value) => ({ value, label: localize(language, `${option}_${value}`) })),
      },
    },
  });
  return {
    schema: [
      { name: "title", selector: { text: {} } },
      ...(hass ? accountField(findAccounts(hass)) : []),
      {
        name: "currencies",
        selector: {
          select: { multiple: true, custom_value: true, options: hass ? knownCurrencies(hass) : [] },
        },
      },
      { name: "", type: "grid", schema: [choice("sort"), choice("digits")] },
      { name: "hide_empty", selector: { boolean: {} } },
    ],
    computeLabel: ({ name }) => (name ? localize(language, `option_${name}`) : undefined),
    computeHelper: ({ name }) => {
      if (name in CHOICES) {
        const choice = localize(language, `${name}_${DEFAULTS[name]}`);
        return localize(language, "help_choice", { choice });
      }
      return ["title", "device_id", "currencies"].includes(name)
        ? localize(language, `help_${name}`)
        : undefined;
    },
    assertConfig: checkConfig,
  };
}
