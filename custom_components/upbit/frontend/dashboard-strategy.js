/** The dashboard strategy `custom:upbit`: a dashboard that is made of the accounts there are, and follows them. */

import { balancesOf, findAccounts } from "./accounts.js";
import { lastKnownEmpty } from "./changes.js";
import { allAccountsView, balancesView, historyView, welcomeView } from "./dashboard-views.js";

/**
 * What of the page's state determines the views, besides the balances; an object of it is replaced, never changed.
 * @type {(keyof Hass)[]}
 */
const SHARED = ["entities", "devices", "locale"];

/**
 * Whether a balance appeared, disappeared, was emptied or is held again.
 * @param {Hass} before
 * @param {Hass} now
 */
function haveBalancesMoved(before, now) {
  return findAccounts(now)
    .flatMap((account) => account.balances)
    .some((entityId) => {
      const [then, state] = [before.states[entityId], now.states[entityId]];
      if (then === state) return false;
      return !then || !state || lastKnownEmpty(then) !== lastKnownEmpty(state);
    });
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
 * @param {Hass} hass
 */
export function generate(hass) {
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
  return {
    views: [
      ...(alone ? [] : [allAccountsView(hass, accounts)]),
      ...accounts.map((account) => balancesView(hass, account, { alone })),
      ...accounts.map((account) => historyView(hass, account, { alone })),
    ],
  };
}
