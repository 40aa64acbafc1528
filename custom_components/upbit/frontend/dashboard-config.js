/** The options of the dashboard: their checks, and the fields of the visual editor. */

import { findAccounts } from "./accounts.js";
import { checkOptions } from "./card-config.js";
import { localize, localizerOf, pageLanguage } from "./localize.js";

/** @satisfies {readonly DashboardSection[]} */
export const SECTIONS = /** @type {const} */ ([
  "balances",
  "value",
  "allocation",
  "last_day",
  "history",
  "connection",
]);

const OPTIONS = ["accounts", "sections", "discreet"];

/**
 * Return the options with their defaults.
 * @param {StrategyConfig} config
 * @returns {CheckedStrategyConfig}
 * @throws {Error} An option is invalid or unknown; the text names it.
 */
export function checkStrategyConfig({ type, ...config }) {
  const unknown = Object.keys(config).filter((option) => !OPTIONS.includes(option));
  if (unknown.length) {
    const placeholders = { options: unknown.join(", "), choices: OPTIONS.join(", ") };
    throw new Error(localize(pageLanguage(), "error_unknown", placeholders));
  }
  /** @type {StrategyConfig} */
  const {
    accounts = [],
    sections = [],
    discreet = false,
  } = checkOptions(config, (option, value, fail) => {
    switch (option) {
      case "accounts":
        if (!Array.isArray(value) || value.some((id) => typeof id !== "string")) fail("error_devices");
        break;
      case "sections": {
        /** @type {readonly unknown[]} */
        const choices = SECTIONS;
        if (!Array.isArray(value) || !value.every((section) => choices.includes(section))) {
          fail("error_choices", { choices: choices.join(", ") });
        }
        break;
      }
      case "discreet":
        if (typeof value !== "boolean") fail("error_switch");
    }
  });
  return { accounts, sections: new Set(sections.length ? sections : SECTIONS), discreet };
}

/**
 * Return the fields of the visual editor.
 * @param {Hass} hass
 * @param {string[]} selected The accounts of the options; one of them may be gone.
 */
export function strategyFields(hass, selected) {
  const text = localizerOf(hass);
  const accounts = findAccounts(hass);
  const gone = selected.filter((id) => !accounts.some((account) => account.id === id));
  const devices = [
    ...accounts.map(({ id, name }) => ({ value: id, label: name })),
    ...gone.map((id) => ({ value: id, label: text("account_of_device_gone", { id }) })),
  ];
  const sections = SECTIONS.map((value) => ({ value, label: text(`section_${value}`) }));
  return [
    ...(devices.length > 1 || selected.length
      ? [{ name: "accounts", selector: { select: { multiple: true, mode: "list", options: devices } } }]
      : []),
    { name: "sections", selector: { select: { multiple: true, mode: "list", options: sections } } },
    { name: "discreet", selector: { boolean: {} } },
  ];
}
