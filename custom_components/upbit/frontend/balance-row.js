/** One currency of the balances card: its total, what of it is available and locked, and each change of it. */

import { currencyOf, isFiat, placesOf } from "./accounts.js";
import { lastChange, lastKnownEmpty } from "./changes.js";
import { add, compare, isZero, parse, share } from "./decimal.js";
import { localize } from "./localize.js";
import { formatExact, formatShort } from "./numbers.js";

/** How long a change is highlighted, in milliseconds. */
const HIGHLIGHT = 4000;

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <li>
    <button type="button" class="row">
      <span class="badge" aria-hidden="true"></span>
      <span class="line">
        <span class="name"></span> <bdi class="change" dir="ltr"></bdi> <bdi class="amount" dir="ltr"></bdi>
      </span>
      <span class="bar"><span class="available"></span><span class="locked"></span></span>
      <span class="details"></span>
    </button>
  </li>`;

/**
 * Return the sign of a currency in one to three characters: its symbol for money, its first letter for a coin.
 * @param {EntityState} state
 */
function symbolOf(state) {
  const code = currencyOf(state);
  if (!isFiat(state)) return code[0];
  try {
    const format = new Intl.NumberFormat("en", {
      style: "currency",
      currency: code,
      currencyDisplay: "narrowSymbol",
    });
    const symbol = format.formatToParts(0).find((part) => part.type === "currency")?.value;
    return symbol && symbol.length <= 3 ? symbol : code[0];
  } catch {
    return code[0];
  }
}

/** @typedef {(amount: Amount) => string} Write */

export class BalanceRow {
  #parts;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #highlightEnds;
  /** @type {ReturnType<typeof lastChange>} */
  #highlighted = null;

  /**
   * @param {EntityState} state
   * @param {{hass: Hass, exact: boolean}} view The page's state, and whether to show every digit.
   * @param {(entityId: string) => void} open Called when the user selects the row.
   */
  constructor(state, view, open) {
    const item = /** @type {HTMLElement} */ (TEMPLATE.content.firstElementChild);
    this.element = /** @type {HTMLElement} */ (item.cloneNode(true));
    this.element.dataset.entity = state.entity_id;
    this.element.querySelector("button")?.addEventListener("click", () => open(state.entity_id));
    /** @param {string} name */
    const part = (name) => /** @type {HTMLElement} */ (this.element.querySelector(`.${name}`));
    this.#parts = {
      badge: part("badge"),
      name: part("name"),
      change: part("change"),
      amount: part("amount"),
      available: part("available"),
      locked: part("locked"),
      details: part("details"),
    };
    this.state = state;
    this.update(state, view);
  }

  get currency() {
    return currencyOf(this.state);
  }

  /** Whether the balance is zero, or was when it was last available. */
  get empty() {
    return lastKnownEmpty(this.state);
  }

  get total() {
    return parse(this.state.state);
  }

  get available() {
    return parse(this.state.attributes.balance);
  }

  get locked() {
    return parse(this.state.attributes.locked);
  }

  get unavailable() {
    return this.total === null;
  }

  /** The locked share, from 0 to 1. */
  get lockedShare() {
    return this.total && this.locked ? share(this.locked, this.total) : 0;
  }

  /**
   * Show a state.
   * @param {EntityState} state
   * @param {{hass: Hass, exact: boolean}} view The page's state, and whether to show every digit.
   */
  update(state, { hass, exact }) {
    this.state = state;
    const { total, locked, lockedShare, empty } = this;
    const parts = this.#parts;
    parts.name.textContent = hass.formatEntityName(state, { type: "entity" }) || this.currency;
    parts.badge.textContent = symbolOf(state);
    parts.badge.classList.toggle("wide", parts.badge.textContent.length > 1);
    this.element.dataset.state = total ? (empty ? "empty" : "held") : "unavailable";

    const most = placesOf(hass, state);
    const least = isFiat(state) ? most : 0;
    /** @type {Write} */
    const write = (amount) =>
      exact ? formatExact(amount, hass.locale) : formatShort(amount, hass.locale, { least, most });

    parts.amount.textContent = total ? write(total) : hass.formatEntityState(state);
    this.#renderParts(write, hass.language, exact);
    parts.available.style.inlineSize = `${(!total || empty ? 0 : 1 - lockedShare) * 100}%`;
    parts.locked.style.inlineSize = `${lockedShare * 100}%`;
    parts.locked.hidden = !locked || isZero(locked);
    this.#highlightChange(write);
  }

  /**
   * @param {Write} write
   * @param {string} language
   * @param {boolean} exact
   */
  #renderParts(write, language, exact) {
    const { details } = this.#parts;
    const { total, available, locked } = this;
    if (!total || !available || !locked) {
      details.replaceChildren();
      return;
    }
    if (this.empty || isZero(locked)) {
      details.textContent = localize(language, this.empty ? "empty" : "all_available");
      return;
    }
    // The attributes are JSON numbers. Where they add up to the exact total, no digit was lost on the way.
    const complete = compare(add(available, locked), total) === 0;
    /** @type {Write} */
    const writePart = (amount) =>
      exact && !complete ? localize(language, "about", { amount: write(amount) }) : write(amount);
    /** @param {"available" | "locked"} key @param {Amount} amount */
    const part = (key, amount) => {
      const element = document.createElement("bdi");
      element.className = `of-${key}`;
      element.textContent = localize(language, key, { amount: writePart(amount) });
      return element;
    };
    // Without the space, a screen reader reads both parts as one word.
    details.replaceChildren(part("available", available), " ", part("locked", locked));
  }

  /** @param {Write} write */
  #highlightChange(write) {
    const change = lastChange(this.state);
    if (!change) return;
    const sign = change.by.units > 0n ? "+" : "";
    this.#parts.change.textContent = isZero(change.by) ? "" : sign + write(change.by);
    if (change === this.#highlighted) return;
    this.#highlighted = change;
    const elapsed = performance.now() - change.at;
    if (elapsed >= HIGHLIGHT) return;
    if (this.element.classList.contains("changed")) {
      this.#stopHighlight();
      // Without a layout in between, the running animation would not start again.
      void this.element.offsetWidth;
    }
    this.element.style.setProperty("--elapsed", `${-elapsed}ms`);
    this.element.classList.add("changed");
    this.#highlightEnds = setTimeout(() => this.#stopHighlight(), HIGHLIGHT - elapsed);
  }

  #stopHighlight() {
    clearTimeout(this.#highlightEnds);
    this.element.classList.remove("changed");
  }
}
