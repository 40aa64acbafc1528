/** The dashboard strategy `custom:upbit`: a dashboard that is made of the accounts there are, and follows them. */

import { findAccounts, totalsOf } from "./accounts.js";
import { lastKnownEmpty } from "./changes.js";
import { allAccountsView, balancesView, historyView, welcomeView } from "./dashboard-views.js";

/** What of the page's state decides on the views, besides the totals; an object of it is replaced, never changed. */
const SHARED = ["entities", "devices", "locale"];

/** Whether one of the totals appeared, vanished, was emptied or is held again. */
function totalsMoved(before, now) {
  return findAccounts(now)
    .flatMap((account) => account.currencies)
    .some((entityId) => {
      const [then, state] = [before.states[entityId], now.states[entityId]];
      if (then === state) return false;
      return !then || !state || lastKnownEmpty(then) !== lastKnownEmpty(state);
    });
}

/** Whether the dashboard has to be generated again; asked with each change of the page's state, so it must be cheap. */
export const shouldRegenerate = (before, now) =>
  SHARED.some((key) => before[key] !== now[key]) || totalsMoved(before, now);

/** Return the dashboard's configuration. */
export function generate(hass) {
  const accounts = findAccounts(hass).map((account) => {
    const totals = totalsOf(hass, account);
    return {
      ...account,
      held: totals.filter((state) => !lastKnownEmpty(state)),
      empty: totals.filter((state) => lastKnownEmpty(state)),
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
