/** The dashboard strategy `custom:upbit`: a dashboard that is made of the accounts there are, and follows them. */

import { findAccounts, isEmpty, totalsOf } from "./accounts.js";
import { allAccountsView, balancesView, historyView, welcomeView } from "./dashboard-views.js";
import { localize, pageLanguage } from "./localize.js";

const STRATEGY = "upbit";

/** What of the page's state decides on the views, besides the totals; an object of it is replaced, never changed. */
const SHARED = ["entities", "devices", "locale"];

/** Whether one of the totals appeared, vanished, was emptied or is held again. */
function totalsMoved(before, now) {
  return findAccounts(now)
    .flatMap((account) => account.currencies)
    .some((entityId) => {
      const [then, state] = [before.states[entityId], now.states[entityId]];
      if (then === state) return false;
      return !then || !state || isEmpty(then) !== isEmpty(state);
    });
}

class UpbitDashboardStrategy extends HTMLElement {
  /** There is nothing to choose: Home Assistant offers to take control of the dashboard instead of an editor. */
  static noEditor = true;

  static getCreateSuggestions() {
    return { title: "Upbit", icon: "mdi:wallet-outline" };
  }

  /** Asked by the frontend with each change of a state or registry; must be cheap. */
  static shouldRegenerate(_config, before, now) {
    return SHARED.some((key) => before[key] !== now[key]) || totalsMoved(before, now);
  }

  static async generate(_config, hass) {
    const accounts = findAccounts(hass).map((account) => {
      const totals = totalsOf(hass, account);
      return {
        ...account,
        held: totals.filter((state) => !isEmpty(state)),
        empty: totals.filter((state) => isEmpty(state)),
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
}

/** Register the strategy and its entry in the dialog that adds a dashboard. */
export function registerStrategy() {
  customElements.define(`ll-strategy-dashboard-${STRATEGY}`, UpbitDashboardStrategy);
  window.customStrategies ??= [];
  window.customStrategies.push({
    type: STRATEGY,
    strategyType: "dashboard",
    name: "Upbit",
    // Read when the dialog is opened, so in the language of that moment.
    get description() {
      return localize(pageLanguage(), "strategy_description");
    },
  });
}
