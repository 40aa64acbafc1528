/** The feature of Home Assistant's own tile: what of a balance is available, and what is locked. */

import { writerOf } from "./balance-row.js";
import { isZero, parse, share } from "./decimal.js";
import { localize } from "./localize.js";

const LAYOUT = `
  <style>
    :host {
      --available: var(--upbit-available-color, #10957f);
      --locked: var(--upbit-locked-color, #f9a023);
    }
    .feature {
      min-block-size: var(--feature-height, 42px);
      display: flex;
      flex-direction: column;
      justify-content: center;
      gap: 4px;
      color: var(--primary-text-color);
      font-size: var(--ha-font-size-s, 12px);
      font-variant-numeric: tabular-nums;
      line-height: var(--ha-line-height-condensed, 1.2);
    }
    .bar {
      display: flex;
      gap: 2px;
      block-size: 8px;
      border-radius: 4px;
      overflow: hidden;
      background: color-mix(in srgb, var(--primary-text-color) 10%, transparent);
    }
    .available {
      background: var(--available);
    }
    .locked {
      flex: none;
      min-inline-size: 4px;
      background: repeating-linear-gradient(
        -45deg, var(--locked) 0 4px, color-mix(in srgb, var(--locked) 65%, transparent) 4px 6px
      );
    }
    .locked[hidden] {
      display: none;
    }
    .amounts {
      display: flex;
      flex-wrap: wrap;
      justify-content: space-between;
      gap: 0 12px;
    }
    bdi {
      overflow-wrap: anywhere;
    }
  </style>
  <div class="feature">
    <div class="bar"><span class="available"></span><span class="locked"></span></div>
    <div class="amounts"></div>
  </div>`;

/** Draws the feature into its element, which the entry module defines. */
export class TileFeature {
  #element;
  #root;
  /** @type {unknown[]} */
  #shown = [];

  /** @param {CardElement} element */
  constructor(element) {
    this.#element = element;
    this.#root = element.attachShadow({ mode: "open" });
    this.#root.innerHTML = LAYOUT;
  }

  /** There are no options. */
  setConfig() {}

  /**
   * Show the page's state.
   * @param {Hass} hass
   */
  update(hass) {
    // Home Assistant sets the entity after the page's state.
    queueMicrotask(() => {
      const state = hass.states[this.#element.context?.entity_id ?? ""];
      const shown = [state, hass.entities, hass.locale, hass.language];
      if (!state || shown.every((each, index) => each === this.#shown[index])) return;
      this.#shown = shown;
      this.#render(state, hass);
    });
  }

  /**
   * @param {EntityState} state
   * @param {Hass} hass
   */
  #render(state, hass) {
    /** @param {string} name */
    const part = (name) => /** @type {HTMLElement} */ (this.#root.querySelector(`.${name}`));
    const total = parse(state.state);
    const amounts = { available: parse(state.attributes.balance), locked: parse(state.attributes.locked) };
    const lockedShare = total && amounts.locked ? share(amounts.locked, total) : 0;
    const held = total && !isZero(total) && amounts.available;
    part("available").style.inlineSize = `${held ? (1 - lockedShare) * 100 : 0}%`;
    part("locked").style.inlineSize = `${lockedShare * 100}%`;
    part("locked").hidden = !lockedShare;
    const write = writerOf(state, { hass, exact: false });
    /** @param {"available" | "locked"} key */
    const amountOf = (key) => {
      const amount = total && amounts[key];
      if (!amount) return [];
      const element = document.createElement("bdi");
      element.textContent = localize(hass.language, key, { amount: write(amount) });
      return [element, " "];
    };
    part("amounts").replaceChildren(...amountOf("available"), ...amountOf("locked"));
  }
}
