/** One currency of the balances card: its total, what of it is available and locked, and each change of it. */

import { currencyOf, isFiat, placesOf } from "./accounts.js";
import { lastChange, lastKnownEmpty } from "./changes.js";
import { add, compare, isZero, parse, share } from "./decimal.js";
import { localize } from "./localize.js";
import { formatExact, formatShort } from "./numbers.js";

/** Milliseconds; how long a change is pointed out. */
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

/** The sign of a currency in one to three characters: its symbol for money, its first letter for a coin. */
function symbolOf(state) {
  const code = currencyOf(state);
  if (!isFiat(state)) return code[0];
  try {
    const format = new Intl.NumberFormat("en", {
      style: "currency",
      currency: code,
      currencyDisplay: "narrowSymbol",
    });
    const symbol = format.formatToParts(0).find((part) => part.type === "currency").value;
    return symbol.length <= 3 ? symbol : code[0];
  } catch {
    return code[0];
  }
}

export class BalanceRow {
  #highlightEnds;
  #pointedOut = null;

  /** @param {(entityId: string) => void} open Called when a person chooses the row. */
  constructor(entityId, open) {
    this.entityId = entityId;
    this.element = TEMPLATE.content.firstElementChild.cloneNode(true);
    this.element.dataset.entity = entityId;
    const button = this.element.querySelector("button");
    button.addEventListener("click", () => open(entityId));
    this.parts = Object.fromEntries(
      Array.from(button.querySelectorAll("[class]"), (part) => [part.className, part]),
    );
  }

  get unavailable() {
    return this.total === null;
  }

  /** The locked share, from 0 to 1. */
  get lockedShare() {
    return this.total && this.locked ? share(this.locked, this.total) : 0;
  }

  get hasLocked() {
    return this.locked !== null && !isZero(this.locked);
  }

  /**
   * Show a state.
   * @param {{hass: object, exact: boolean}} view The page's state, and whether every digit is wanted.
   */
  update(state, { hass, exact }) {
    this.state = state;
    this.currency = currencyOf(state);
    this.total = parse(state.state);
    this.balance = parse(state.attributes.balance);
    this.locked = parse(state.attributes.locked);
    this.empty = lastKnownEmpty(state);

    const { name, badge, amount, available, locked } = this.parts;
    name.textContent = hass.formatEntityName(state, { type: "entity" }) || this.currency;
    badge.textContent = symbolOf(state);
    badge.classList.toggle("wide", badge.textContent.length > 1);
    this.element.dataset.state = this.unavailable ? "unavailable" : this.empty ? "empty" : "held";

    const most = placesOf(hass, state);
    const least = isFiat(state) ? most : 0;
    const write = (value) =>
      exact ? formatExact(value, hass.locale) : formatShort(value, hass.locale, { least, most });

    amount.textContent = this.unavailable ? hass.formatEntityState(state) : write(this.total);
    this.#tellParts(write, hass.language, exact);
    available.style.inlineSize = `${(this.unavailable || this.empty ? 0 : 1 - this.lockedShare) * 100}%`;
    locked.style.inlineSize = `${this.lockedShare * 100}%`;
    locked.hidden = !this.hasLocked;
    this.#pointOutChange(write);
  }

  /** Forget the time that runs, when the row is no longer looked at. */
  rest() {
    clearTimeout(this.#highlightEnds);
    this.element.classList.remove("changed");
  }

  #tellParts(write, language, exact) {
    const { details } = this.parts;
    if (this.total === null || this.balance === null || this.locked === null) {
      details.replaceChildren();
      return;
    }
    if (this.empty || !this.hasLocked) {
      details.textContent = localize(language, this.empty ? "empty" : "all_available");
      return;
    }
    // The attributes came as JSON numbers. Where they add up to the exact total, no digit was lost on the way.
    const kept = compare(add(this.balance, this.locked), this.total) === 0;
    const say = (value) =>
      exact && !kept ? localize(language, "about", { amount: write(value) }) : write(value);
    const part = (key, value) => {
      const element = document.createElement("bdi");
      element.className = `of-${key}`;
      element.textContent = localize(language, key, { amount: say(value) });
      return element;
    };
    // The space keeps a screen reader from running one part into the next.
    details.replaceChildren(part("available", this.balance), " ", part("locked", this.locked));
  }

  #pointOutChange(write) {
    const change = lastChange(this.state);
    const { change: element } = this.parts;
    if (change)
      element.textContent = isZero(change.by) ? "" : (change.by.units > 0n ? "+" : "") + write(change.by);
    if (change === this.#pointedOut) return;
    this.#pointedOut = change;
    const elapsed = performance.now() - change.at;
    if (elapsed >= HIGHLIGHT) return;
    if (this.element.classList.contains("changed")) {
      this.rest();
      // Without a layout in between, the running animation would not start again.
      void this.element.offsetWidth;
    }
    this.element.style.setProperty("--elapsed", `${-elapsed}ms`);
    this.element.classList.add("changed");
    this.#highlightEnds = setTimeout(() => this.rest(), HIGHLIGHT - elapsed);
  }
}
