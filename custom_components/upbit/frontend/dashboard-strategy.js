/** The dashboard strategy `custom:upbit`: a dashboard that is made of the accounts there are, and follows them. */

import { balancesOf, findAccounts } from "./accounts.js";
import { checkConfig } from "./card-config.js";
import { lastKnownEmpty } from "./changes.js";
import { allAccountsView, balancesView, historyView, welcomeView } from "./dashboard-views.js";

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
 * @param {Hass} before
 * @param {Hass} now
 */
export const shouldRegenerate = (before, now) =>
  SHARED.some((key) => before[key] !== now[key]) || haveBalancesMoved(before, now);

/**
 * Return the dashboard's configuration.
 * @param {StrategyConfig} config
 * @param {Hass} hass
 * @throws {Error} The strategy's own configuration is invalid.
 */
export function generate(config, hass) {
  const { discreet } = checkConfig({ discreet: config.discreet });
  const accounts = findAccounts(hass).map((account) => {
    const balances = balancesOf(hass, account);
    return {
      ...account,
      held: balances.filter((state) => !lastKnownEmpty(state)),
      empty: balances.filter((state) => lastKnownEmpty(state)),
    };
  });
  if (!accounts.length) return { views: [welcomeView(hass)] };
  const alone = accounts.length === 1;
  const options = { alone, discreet };
  return {
    views: [
      ...(alone ? [] : [allAccountsView(hass, accounts, options)]),
      ...accounts.map((account) => balancesView(hass, account, options)),
      ...(discreet ? [] : accounts.map((account) => historyView(hass, account, options))),
    ],
  };
}
