/** One currency of the balances card: its total and value, what of it is available and locked, and each change. */

import { currencyOf, isFiat, placesOf } from "./accounts.js";
import { listenForActions } from "./actions.js";
import { lastChange, lastKnownEmpty } from "./changes.js";
import { add, compare, isZero, parse, percentOf, share } from "./decimal.js";
import { drawLine, loadPoints, whenVisible } from "./lines.js";
import { localize } from "./localize.js";
import { formatExact, formatPercent, formatShort, withCurrency } from "./numbers.js";

/** How long a change is highlighted, in milliseconds. */
const HIGHLIGHT = 4000;

/** How old the points of a line may be when the row changes, in milliseconds. */
const RELOAD = 10 * 60_000;

/** What is held has a share above zero; the sensor's has four decimal places. */
const LEAST_SHARE = { units: 1n, places: 4 };

const TEMPLATE = document.createElement("template");
TEMPLATE.innerHTML = `
  <li>
    <button type="button" class="row">
      <span class="badge" aria-hidden="true"></span>
      <span class="line">
        <span class="name"></span> <bdi class="change" dir="ltr"></bdi> <bdi class="amount" dir="ltr"></bdi>
      </span>
      <span class="line second">
        <span class="currency-name"></span> <bdi class="value" dir="ltr"></bdi> <bdi class="share" dir="ltr"></bdi>
      </span>
      <span class="bar"><span class="available"></span><span class="locked"></span></span>
      <span class="details"></span>
      <span class="history" aria-hidden="true" hidden></span>
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

/**
 * Return a function that writes amounts with the digits of a sensor, or with all of them.
 * @param {EntityState} state
 * @param {Pick<RowView, "hass" | "exact">} view
 * @returns {(amount: Amount) => string}
 */
export function writerOf(state, { hass, exact }) {
  const most = placesOf(hass, state);
  const least = isFiat(state) ? most : 0;
  return (amount) =>
    exact ? formatExact(amount, hass.locale) : formatShort(amount, hass.locale, { least, most });
}

/**
 * Write the state of a sensor of values: the amount with its currency, or why there is none.
 * @param {EntityState} state
 * @param {RowView} view
 */
export function writeValue(state, view) {
  const value = parse(state.state);
  if (value) return withCurrency(writerOf(state, view)(value), currencyOf(state), view.hass.locale);
  return view.hass.formatEntityState(state);
}

/** @typedef {ReturnType<typeof writerOf>} Write */

export class BalanceRow {
  #parts;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #highlightEnds;
  /** @type {ReturnType<typeof lastChange>} */
  #highlighted = null;

  /**
   * The value, also the last one known while none is available, so that nothing moves meanwhile.
   * @type {Amount | null}
   */
  lastValue = null;

  /** The locked share, also the last one known while the balance is unavailable. */
  lastLockedShare = 0;

  #canHold = false;

  /**
   * The values of the last 24 hours.
   * @type {import("./lines.js").Point[]}
   */
  #points = [];
  #isLoading = false;
  #loadedAt = 0;

  /** The coin's name, which an unavailable value sensor does not have. */
  #currencyName = "";

  /**
   * @param {RowStates} states
   * @param {RowView} view
   * @param {(entityId: string, action: "tap" | "hold") => void} act Called when the user selects the row.
   */
  constructor(states, view, act) {
    const item = /** @type {HTMLElement} */ (TEMPLATE.content.firstElementChild);
    this.element = /** @type {HTMLElement} */ (item.cloneNode(true));
    this.element.dataset.entity = states.balance.entity_id;
    /** @param {string} name */
    const part = (name) => /** @type {HTMLElement} */ (this.element.querySelector(`.${name}`));
    this.#parts = {
      button: /** @type {HTMLButtonElement} */ (part("row")),
      badge: part("badge"),
      name: part("name"),
      change: part("change"),
      amount: part("amount"),
      second: part("second"),
      currencyName: part("currency-name"),
      value: part("value"),
      share: part("share"),
      available: part("available"),
      locked: part("locked"),
      details: part("details"),
      history: part("history"),
    };
    listenForActions(
      this.#parts.button,
      () => this.#canHold,
      (action) => act(this.state.entity_id, action),
    );
    this.states = states;
    this.update(states, view);
  }

  /**
   * Whether the row shows these states.
   * @param {RowStates} states
   */
  shows({ balance, value, total, valueDisabled }) {
    const { states } = this;
    return (
      states.balance === balance &&
      states.value === value &&
      states.total === total &&
      states.valueDisabled === valueDisabled
    );
  }

  get state() {
    return this.states.balance;
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

  /** The value in the region's own currency, which itself has the price 1; null where none is known. */
  get value() {
    if (isFiat(this.state)) return this.total;
    return this.states.value ? parse(this.states.value.state) : null;
  }

  /** The share of what is held in the account's total value, in percent; null where it is not known. */
  get share() {
    const { value, total } = this.states;
    if (!isFiat(this.state)) {
      const share = parse(value?.attributes.share);
      return share && isZero(share) ? LEAST_SHARE : share;
    }
    const whole = total && parse(total.state);
    return whole && this.total && percentOf(this.total, whole);
  }

  /** The locked share, from 0 to 1. */
  get lockedShare() {
    return this.total && this.locked ? share(this.locked, this.total) : 0;
  }

  /**
   * @param {RowStates} states
   * @param {RowView} view
   */
  update(states, view) {
    this.states = states;
    const { state, total, locked, lockedShare, empty } = this;
    const { hass, discreet, actions } = view;
    const parts = this.#parts;
    const name = hass.formatEntityName(state, { type: "entity" }) || this.currency;
    parts.name.textContent = name;
    parts.badge.textContent = symbolOf(state);
    parts.badge.classList.toggle("wide", parts.badge.textContent.length > 1);
    // The details of an entity show its amount.
    parts.button.disabled = discreet || !(actions.tap || actions.hold);
    this.#canHold = actions.hold;
    this.element.dataset.state = total ? (empty ? "empty" : "held") : "unavailable";
    // A coin for which no price exists any more has no value to keep.
    if (this.value || states.value?.state === "unknown") this.lastValue = this.value;
    if (total && locked) this.lastLockedShare = lockedShare;

    const write = writerOf(state, view);
    const share = !empty && total && this.share ? formatPercent(this.share, hass.locale) : "";
    parts.amount.textContent = total ? (discreet ? share : write(total)) : hass.formatEntityState(state);
    this.#renderSecondLine(name, discreet ? "" : share, view);
    this.#renderParts(write, view);
    parts.available.style.inlineSize = `${(!total || empty ? 0 : 1 - lockedShare) * 100}%`;
    parts.locked.style.inlineSize = `${lockedShare * 100}%`;
    parts.locked.hidden = !locked || isZero(locked);
    this.#renderHistory(view);
    this.#highlightChange(discreet ? () => "" : write);
  }

  /**
   * @param {string} name What the first line shows.
   * @param {string} share
   * @param {RowView} view
   */
  #renderSecondLine(name, share, view) {
    const parts = this.#parts;
    this.#currencyName = this.states.value?.attributes.currency_name ?? this.#currencyName;
    parts.currencyName.textContent = this.#currencyName === name ? "" : this.#currencyName;
    parts.value.textContent = this.#writeValue(view);
    parts.share.textContent = share;
    parts.second.hidden = ![parts.currencyName, parts.value, parts.share].some((part) => part.textContent);
  }

  /** @param {RowView} view */
  #writeValue(view) {
    const { value, valueDisabled } = this.states;
    const { language } = view.hass;
    if (valueDisabled) return localize(language, "value_disabled");
    // Without a balance there is no value either, and the first line shows why. The balance in the region's own
    // currency is its value.
    if (!value || !this.total || this.empty) return "";
    if (value.state === "unknown") return localize(language, "no_price");
    return view.discreet && this.value ? "" : writeValue(value, view);
  }

  /**
   * @param {Write} write
   * @param {RowView} view
   */
  #renderParts(write, { hass, exact, discreet }) {
    const { language } = hass;
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
    if (discreet) {
      const amount = formatPercent(percentOf(locked, total), hass.locale);
      details.textContent = localize(language, "locked", { amount });
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

  /** @param {RowView} view */
  #renderHistory({ hass, lines, discreet }) {
    const { history } = this.#parts;
    history.hidden = !lines || discreet || !this.total;
    if (!history.hidden && !this.#isLoading && Date.now() - this.#loadedAt >= RELOAD) {
      this.#isLoading = true;
      whenVisible(this.element, async () => {
        const points = await loadPoints(hass, this.state.entity_id);
        this.#isLoading = false;
        if (!points) return;
        this.#points = points;
        this.#loadedAt = Date.now();
        this.#drawHistory();
      });
    }
    this.#drawHistory();
  }

  #drawHistory() {
    const { history } = this.#parts;
    history.innerHTML = history.hidden ? "" : drawLine(this.#points, Number(this.state.state));
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
