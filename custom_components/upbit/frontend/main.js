/** What the entry module imports when a page first uses the card or the dashboard. */

import { BalancesCard } from "./balances-card.js";

export { configForm, stubConfig } from "./card-config.js";
export { generate, shouldRegenerate } from "./dashboard-strategy.js";

/**
 * Draw a card from its configuration and the page's state, as far as they have been set.
 * @param {CardElement} element
 * @throws {Error} The configuration is invalid.
 */
export function draw(element) {
  const view = element.view ?? new BalancesCard(element);
  view.setConfig(element.config);
  if (element.state) view.update(element.state);
  return view;
}

/**
 * Draw a card whose configuration could not be checked when it was set, because this module was not loaded yet.
 *
 * Home Assistant shows an error only if `setConfig` throws it. On this event it creates the card again, and
 * `setConfig`, which can check now, throws. A page that does not react to the event shows the text.
 * @param {CardElement} element
 */
export function drawOrRebuild(element) {
  try {
    return draw(element);
  } catch (error) {
    element.append(error.message);
    element.dispatchEvent(new Event("ll-rebuild", { bubbles: true, composed: true }));
  }
}
