/** The options of the balances card: their checks, and the form of the visual editor. */

import { balancesOf, currencyOf, findAccounts } from "./accounts.js";
import { localize, pageLanguage } from "./localize.js";

/** @satisfies {CardConfig} */
const DEFAULTS = /** @type {const} */ ({
  sort: "name",
  digits: "short",
  hide_empty: false,
  discreet: false,
});

const CHOICES = /** @type {const} */ ({
  sort: ["name", "value", "last_change", "locked"],
  digits: ["short", "exact"],
});

/**
 * What YAML 1.1 reads ON, NO and NULL as where they are not in quotes.
 * @type {Map<unknown, string>}
 */
const UNQUOTED = new Map([
  [true, "ON"],
  [false, "NO"],
  [null, "NULL"],
]);

/**
 * The page's own state, for the two calls for which Home Assistant does not pass it.
 * @returns {Hass | undefined}
 */
const pageHass = () => /** @type {{hass?: Hass} | null} */ (document.querySelector("home-assistant"))?.hass;

/**
 * The accounts that cards of this page are configured for; one of them may be gone.
 * @type {Set<string>}
 */
const configuredDevices = new Set();

/**
 * Return how a value that should be a text was probably written in YAML; undefined for a text, a list or a mapping.
 * @param {unknown} value
 */
const unquoted = (value) => (typeof value === "number" ? String(value) : UNQUOTED.get(value));

/**
 * Return the options with their defaults.
 * @param {CardConfig} config
 * @returns {CheckedCardConfig}
 * @throws {Error} An option is invalid; the text names it.
 */
export function checkConfig(config) {
  const result = { ...DEFAULTS, ...checkOptions(config, checkOption) };
  if ("device_id" in result) configuredDevices.add(String(result.device_id));
  return result;
}

/**
 * Return the options that have a value, after the check of each.
 * @param {object} config
 * @param {(option: string, value: unknown, fail: Fail) => void} check
 * @returns {Record<string, unknown>}
 * @throws {Error} An option is invalid; the text names it.
 */
export function checkOptions(config, check) {
  /** @type {Record<string, unknown>} */
  const checked = {};
  for (const [option, value] of Object.entries(config)) {
    // The editor leaves an emptied field behind, YAML an option without a value.
    if (value === null || value === undefined || value === "") continue;
    check(option, value, (error, placeholders) => {
      throw new Error(localize(pageLanguage(), error, { option, ...placeholders }));
    });
    checked[option] = value;
  }
  return checked;
}

/**
 * @param {string} option
 * @param {unknown} value
 * @param {Fail} fail
 */
function checkOption(option, value, fail) {
  switch (option) {
    case "title":
    case "device_id": {
      const written = unquoted(value);
      if (written) fail("error_quote_text", { written });
      if (typeof value !== "string") fail("error_text");
      break;
    }
    case "currencies": {
      const codes = Array.isArray(value) ? value : [value];
      const written = codes.map(unquoted).find((code) => code);
      if (written) fail("error_quote_texts", { written });
      if (codes !== value || codes.some((code) => typeof code !== "string")) fail("error_list");
      break;
    }
    case "hide_empty":
    case "discreet":
    case "lines":
      if (typeof value !== "boolean") fail("error_switch");
      break;
    case "tap_action":
    case "hold_action":
      if (typeof (/** @type {Partial<ActionConfig>} */ (value).action) !== "string") fail("error_action");
      break;
    case "hide_below":
      if (typeof value !== "number" || !(value >= 0 && value < Infinity)) fail("error_amount");
      break;
    case "sort":
    case "digits": {
      /** @type {readonly unknown[]} */
      const choices = CHOICES[option];
      if (!choices.includes(value)) fail("error_choice", { choices: choices.join(", ") });
      break;
    }
  }
}

/**
 * Return the configuration that a card picked from the list starts with.
 * @returns {CardConfig}
 */
export function stubConfig() {
  const hass = pageHass();
  const accounts = hass ? findAccounts(hass) : [];
  const { sort, digits } = DEFAULTS;
  return { ...(accounts.length > 1 && { device_id: accounts[0].id }), sort, digits, hide_empty: true };
}

/**
 * Return the codes of the currencies of all accounts.
 * @param {Hass} hass
 */
function currenciesOf(hass) {
  const codes = findAccounts(hass).flatMap((account) => balancesOf(hass, account).map(currencyOf));
  return [...new Set(codes)].sort();
}

/**
 * Return the field for the account, if there is something to select.
 * @param {Account[]} accounts
 */
function accountFields(accounts) {
  const gone = [...configuredDevices].some((id) => !accounts.some((account) => account.id === id));
  if (accounts.length < 2 && !gone) return [];
  const options = accounts.map(({ id, name }) => ({ value: id, label: name }));
  return [{ name: "device_id", selector: { select: { mode: "dropdown", options } } }];
}

/** Return what Home Assistant builds the visual editor from. */
export function configForm() {
  const hass = pageHass();
  const language = hass?.language ?? pageLanguage();
  /** @param {Sort | "short" | "exact"} value @param {"sort" | "digits"} option */
  const label = (option, value) =>
    localize(language, /** @type {import("./localize.js").TextKey} */ (`${option}_${value}`));
  /** @param {"sort" | "digits"} option */
  const choice = (option) => ({
    name: option,
    selector: {
      select: {
        mode: "dropdown",
        options: CHOICES[option].map((value) => ({ value, label: label(option, value) })),
      },
    },
  });
  return {
    schema: [
      { name: "title", selector: { text: {} } },
      ...(hass ? accountFields(findAccounts(hass)) : []),
      {
        name: "currencies",
        selector: {
          select: { multiple: true, custom_value: true, options: hass ? currenciesOf(hass) : [] },
        },
      },
      { name: "", type: "grid", schema: [choice("sort"), choice("digits")] },
      { name: "hide_empty", selector: { boolean: {} } },
      { name: "hide_below", selector: { number: { min: 0, step: "any", mode: "box" } } },
      { name: "lines", selector: { boolean: {} } },
      { name: "discreet", selector: { boolean: {} } },
      {
        name: "",
        type: "expandable",
        title: localize(language, "interactions"),
        icon: "mdi:gesture-tap",
        flatten: true,
        schema: [
          { name: "tap_action", selector: { ui_action: { default_action: "more-info" } } },
          { name: "hold_action", selector: { ui_action: { default_action: "none" } } },
        ],
      },
    ],
    /** @param {{name: keyof CardConfig | ""}} field */
    computeLabel: ({ name }) => (name && name !== "type" ? localize(language, `option_${name}`) : undefined),
    /** @param {{name: keyof CardConfig | ""}} field */
    computeHelper: ({ name }) => {
      switch (name) {
        case "sort":
        case "digits":
          return localize(language, "help_choice", { choice: label(name, DEFAULTS[name]) });
        case "title":
        case "device_id":
        case "currencies":
        case "hide_below":
        case "discreet":
          return localize(language, `help_${name}`);
      }
    },
    assertConfig: checkConfig,
  };
}
