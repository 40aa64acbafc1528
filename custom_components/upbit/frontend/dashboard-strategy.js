/** The dashboard strategy `custom:upbit`: a dashboard that is made of the accounts there are, and follows them. */

import { balancesOf, findAccounts } from "./accounts.js";
import { lastKnownEmpty } from "./changes.js";
import { checkStrategyConfig } from "./dashboard-config.js";
import {
  allAccountsView,
  balancesView,
  goneView,
  historyView,
  singleView,
  welcomeView,
} from "./dashboard-views.js";

/**
 * What of the page's state determines the views, besides the balances; an object of it is replaced, never changed.
 * @type {(keyof Hass)[]}
 */
const SHARED = ["entities", "devices", "language"];

/**
 * Whether a balance or value appeared or disappeared, or a balance was emptied or is held again.
 * @param {Hass} before
 * @param {Hass} now
 */
function haveBalancesMoved(before, now) {
  return findAccounts(now).some(
    ({ balances, values }) =>
      [...balances, ...values].some((entityId) => !before.states[entityId] !== !now.states[entityId]) ||
      balances.some((entityId) => {
        const [then, state] = [before.states[entityId], now.states[entityId]];
        return then !== state && lastKnownEmpty(then) !== lastKnownEmpty(state);
      }),
  );
}

/**
 * Whether the dashboard has to be generated again. Home Assistant asks with each change of a state or registry.
 * @param {object} _ The options, which another configuration replaces.
 * @param {Hass} before
 * @param {Hass} now
 */
export const shouldRegenerate = (_, before, now) =>
  SHARED.some((key) => before[key] !== now[key]) || haveBalancesMoved(before, now);

/** What a new dashboard is called. */
export const createSuggestions = () => ({ title: "Upbit", icon: "mdi:wallet-outline" });

/**
 * Return the accounts to show with the states of their balances, null where those of the options are gone.
 * @param {Hass} hass
 * @param {string[]} chosen Empty for all.
 * @returns {AccountBalances[] | null}
 */
function accountsOf(hass, chosen) {
  const all = findAccounts(hass);
  const accounts = chosen.length ? all.filter(({ id }) => chosen.includes(id)) : all;
  if (all.length && !accounts.length) return null;
  return accounts.map((account) => {
    const balances = balancesOf(hass, account);
    return {
      ...account,
      held: balances.filter((state) => !lastKnownEmpty(state)),
      empty: balances.filter((state) => lastKnownEmpty(state)),
    };
  });
}

/**
 * Return the dashboard's configuration.
 * @param {StrategyConfig} config
 * @param {Hass} hass
 * @throws {Error} The strategy's own configuration is invalid.
 */
export function generate(config, hass) {
  const { accounts: chosen, sections, discreet } = checkStrategyConfig(config);
  const accounts = accountsOf(hass, chosen);
  if (!accounts) return { views: [goneView(hass)] };
  if (!accounts.length) return { views: [welcomeView(hass)] };
  const alone = accounts.length === 1;
  const options = { alone, discreet, sections };
  const hasOverview = !alone && (sections.has("balances") || (sections.has("value") && !discreet));
  const hasHistory = sections.has("history") && !discreet;
  return {
    views: [
      ...(hasOverview ? [allAccountsView(hass, accounts, options)] : []),
      ...accounts.map((account) => balancesView(hass, account, options)),
      ...(hasHistory ? accounts.map((account) => historyView(hass, account, options)) : []),
    ],
  };
}

/**
 * Return the configuration of one view with the same options.
 * @param {StrategyConfig} config
 * @param {Hass} hass
 * @throws {Error} The strategy's own configuration is invalid.
 */
export function generateView(config, hass) {
  const { accounts: chosen, sections, discreet } = checkStrategyConfig(config);
  const accounts = accountsOf(hass, chosen);
  // Title and path are those of the user's view.
  if (!accounts?.length) {
    const { title, path, ...view } = accounts ? welcomeView(hass) : goneView(hass);
    return view;
  }
  return singleView(hass, accounts, { alone: accounts.length === 1, discreet, sections, single: true });
}
