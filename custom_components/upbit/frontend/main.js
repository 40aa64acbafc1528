/** What the entry module imports when a page first uses the card or the dashboard. */

import { BalancesCard } from "./balances-card.js";

export { configForm, stubConfig } from "./card-config.js";
export { generate, shouldRegenerate } from "./dashboard-strategy.js";

/**
 * Draw a card from its configuration and the page's state, if that has been set.
 * @param {CardElement} element
 * @throws {Error} The configuration is invalid.
 */
export function draw(element) {
  const { config = {}, state } = element;
  if (element.view) element.view.setConfig(config);
  else element.view = new BalancesCard(element, config);
  if (state) element.view.update(state);
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
    draw(element);
  } catch (error) {
    element.append(error instanceof Error ? error.message : String(error));
    element.dispatchEvent(new Event("ll-rebuild", { bubbles: true, composed: true }));
  }
}
