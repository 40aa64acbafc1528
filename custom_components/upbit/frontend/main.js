/** What the entry module imports when a page first uses the card, the feature or the dashboard. */

import { BalancesCard } from "./balances-card.js";
import { shouldRegenerate } from "./dashboard-strategy.js";
import { TileFeature } from "./tile-feature.js";

export { configForm, stubConfig } from "./card-config.js";
export { configElement } from "./dashboard-editor.js";
export { createSuggestions, generate, generateView } from "./dashboard-strategy.js";

const FEATURE = "upbit-balance";

// What is needed only after this module was loaded is added here, because each page loads the entry module.
const documentationURL = "https://github.com/upbit-live-balances/ha-upbit/blob/main/docs/dashboards.md";
for (const entry of [...(window.customCards ?? []), ...(window.customStrategies ?? [])]) {
  if (/^upbit(-|$)/.test(entry.type)) Object.assign(entry, { documentationURL });
}
for (const kind of ["dashboard", "view"]) {
  Object.assign(customElements.get(`ll-strategy-${kind}-upbit`) ?? {}, { shouldRegenerate });
}

/**
 * By their elements, which the entry module defines.
 * @type {WeakMap<CardElement, BalancesCard | TileFeature>}
 */
const views = new WeakMap();

/**
 * Draw a card or feature from its configuration and the page's state, if that has been set.
 * @param {CardElement} element
 * @throws {Error} The configuration is invalid.
 */
export function draw(element) {
  const { config = {} } = element;
  const view = views.get(element);
  if (view) view.setConfig(config);
  else if (element.localName === FEATURE) views.set(element, new TileFeature(element));
  else views.set(element, new BalancesCard(element, config));
  update(element);
}

/**
 * Show the page's state, if that has been set.
 * @param {CardElement} element
 */
export function update(element) {
  if (element.state) views.get(element)?.update(element.state);
}

/**
 * Return the height of a card in Home Assistant's units of about 50 pixels.
 * @param {CardElement} element
 */
export function sizeOf(element) {
  const view = views.get(element);
  return view instanceof BalancesCard ? view.size : 1;
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
