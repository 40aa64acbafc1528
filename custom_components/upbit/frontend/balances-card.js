/** The card `custom:upbit-balances-card`: a row for each currency of one account or of all. */

import { balancesOf, currencyOf, figureOf, findAccounts, hasValues, isFiat, valuesOf } from "./accounts.js";
import { actionsOf, fireAction } from "./actions.js";
import { BalanceRow, writeValue } from "./balance-row.js";
import { checkConfig } from "./card-config.js";
import { STYLE } from "./card-style.js";
import { lastChangedAt } from "./changes.js";
import { compare, compareDescending, parse } from "./decimal.js";
import { localize } from "./localize.js";

/**
 * The rows are given in the order of their names.
 * @type {Record<Sort, (a: BalanceRow, b: BalanceRow) => number>}
 */
const ORDERS = {
  name: () => 0,
  value: (a, b) => compareDescending(a.lastValue, b.lastValue),
  last_change: (a, b) => lastChangedAt(b.state) - lastChangedAt(a.state),
  locked: (a, b) => b.lastLockedShare - a.lastLockedShare,
};

/**
 * What of the page's state, besides the states of its entities, the card shows something of.
 * @type {(keyof Hass)[]}
 */
const SHARED = ["entities", "devices", "locale", "language", "localize", "formatEntityName"];

/** How long a discreet card shows amounts after its button was selected, in milliseconds. */
const REVEAL = 60_000;

const LAYOUT = `
  <style>${STYLE}</style>
  <ha-card>
    <div class="header">
      <h2></h2>
      <span class="stream"></span>
      <button type="button" class="reveal" hidden><ha-icon icon="mdi:eye-outline"></ha-icon></button>
      <button type="button" class="digits"><ha-icon icon="mdi:decimal-increase"></ha-icon></button>
    </div>
    <div class="accounts"></div>
  </ha-card>`;

/**
 * The part of the card that shows one account.
 * @typedef {object} Group
 * @property {Account} account
 * @property {string[]} entities
 * @property {HTMLElement} element
 * @property {HTMLElement} list
 * @property {HTMLElement} [streamElement]
 * @property {EntityState} [streamState]
 * @property {HTMLElement} totalElement
 * @property {EntityState} [totalState]
 */

/** Draws the card into its element, which the entry module defines. */
export class BalancesCard {
  #element;
  #root;
  #config;
  #exact;
  /** @type {Hass | undefined} */
  #hass;
  /** @type {Map<string, BalanceRow>} */
  #rows = new Map();
  /** @type {Group[]} */
  #groups = [];

  #revealed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #revealEnds;

  /**
   * @param {HTMLElement} element
   * @param {CardConfig} config
   * @throws {Error} The configuration is invalid.
   */
  constructor(element, config) {
    this.#config = checkConfig(config);
    this.#exact = this.#config.digits === "exact";
    this.#element = element;
    this.#root = element.attachShadow({ mode: "open" });
    this.#root.innerHTML = LAYOUT;
    this.#part(".digits").addEventListener("click", () => {
      this.#exact = !this.#exact;
      this.#redraw();
    });
    this.#part(".reveal").addEventListener("click", () => this.#reveal(!this.#revealed));
  }

  /**
   * @param {CardConfig} config
   * @throws {Error} The configuration is invalid.
   */
  setConfig(config) {
    this.#config = checkConfig(config);
    this.#exact = this.#config.digits === "exact";
    this.#reveal(false);
    if (this.#hass) this.#rebuild(this.#hass);
  }

  /**
   * Show the amounts of a discreet card for a while, or no longer.
   * @param {boolean} revealed
   */
  #reveal(revealed) {
    clearTimeout(this.#revealEnds);
    if (revealed) this.#revealEnds = setTimeout(() => this.#reveal(false), REVEAL);
    this.#revealed = revealed;
    this.#redraw();
  }

  #redraw() {
    if (!this.#hass) return;
    this.#labelToggles(this.#hass);
    this.#refresh(this.#hass);
  }

  get #actions() {
    return actionsOf(this.#config);
  }

  get #discreet() {
    return this.#config.discreet && !this.#revealed;
  }

  /**
   * Show the page's state.
   * @param {Hass} hass
   */
  update(hass) {
    const before = this.#hass;
    this.#hass = hass;
    if (!before || SHARED.some((key) => before[key] !== hass[key])) this.#rebuild(hass);
    else this.#refresh(hass, before);
  }

  /** The height of the card in Home Assistant's units of about 50 pixels. */
  get size() {
    return 1 + Math.max(this.#rows.size, 1);
  }

  /** @param {string} selector Of an element of the layout. */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(selector));
  }

  /**
   * Make what depends on the accounts, the options or the profile; rows that are there already are kept.
   * @param {Hass} hass
   */
  #rebuild(hass) {
    const focused = this.#root.activeElement;
    const { device_id: chosen, title } = this.#config;
    const accounts = findAccounts(hass).filter((account) => !chosen || account.id === chosen);
    const single = accounts.length === 1 ? accounts[0] : undefined;
    this.#part("h2").textContent = title ?? single?.name ?? localize(hass.language, "balances");
    this.#part(".header").hidden = !accounts.length;
    this.#labelToggles(hass);

    this.#groups = accounts.map((account) => this.#makeGroup(account, account === single));
    const content = this.#part(".accounts");
    content.replaceChildren(...this.#groups.map((group) => group.element));
    if (!accounts.length) {
      content.append(message(localize(hass.language, chosen ? "account_gone" : "no_account")));
    }
    for (const entityId of this.#rows.keys()) {
      if (!accounts.some((account) => account.balances.includes(entityId))) this.#rows.delete(entityId);
    }
    this.#refresh(hass);
    this.#returnFocus(focused);
  }

  /** @param {Hass} hass */
  #labelToggles(hass) {
    /**
     * @param {string} selector
     * @param {import("./localize.js").TextKey} text
     * @param {boolean} pressed
     */
    const label = (selector, text, pressed) => {
      const toggle = this.#part(selector);
      toggle.title = localize(hass.language, text);
      toggle.setAttribute("aria-label", toggle.title);
      toggle.setAttribute("aria-pressed", String(pressed));
    };
    label(".digits", "exact_digits", this.#exact);
    label(".reveal", "show_amounts", this.#revealed);
    this.#part(".reveal").hidden = !this.#config.discreet;
    this.#part(".digits").hidden = this.#discreet;
  }

  /**
   * Make the place of an account's rows; a single account has its name and connection in the card's header.
   * @param {Account} account
   * @param {boolean} single
   * @returns {Group}
   */
  #makeGroup(account, single) {
    const element = document.createElement("section");
    const list = document.createElement("ul");
    /** @type {HTMLElement | undefined} */
    let streamElement = this.#part(".header .stream");
    streamElement.textContent = "";
    if (single && this.#config.title) streamElement = undefined;
    if (!single) {
      const header = document.createElement("div");
      const heading = document.createElement("h3");
      streamElement = document.createElement("span");
      header.className = "account-header";
      heading.textContent = account.name;
      streamElement.className = "stream";
      header.append(heading, streamElement);
      element.append(header);
    }
    const totalElement = document.createElement("div");
    totalElement.className = "total";
    element.append(totalElement);
    // Some browsers take the role from a list whose markers are hidden.
    list.setAttribute("role", "list");
    list.setAttribute("aria-label", account.name);
    element.append(list);
    return { account, entities: entitiesOf(account), element, list, streamElement, totalElement };
  }

  /**
   * Update the rows whose states changed, or all of them.
   * @param {Hass} hass
   * @param {Hass} [before] What was shown; without it, everything is written again.
   */
  #refresh(hass, before) {
    const all = !before;
    /** @type {RowView} */
    const view = {
      hass,
      exact: this.#exact,
      discreet: this.#discreet,
      actions: this.#actions,
      lines: this.#config.lines,
    };
    for (const group of this.#groups) {
      // Home Assistant sets a new state of the page whenever any of its entities changes.
      if (before && !group.entities.some((id) => before.states[id] !== hass.states[id])) continue;
      const stream = group.account.stream && hass.states[group.account.stream];
      if (stream && group.streamElement && (all || group.streamState !== stream)) {
        group.streamState = stream;
        group.streamElement.dataset.state = stream.state;
        group.streamElement.textContent = hass.formatEntityState(stream);
      }
      const total = figureOf(hass, group.account, "total_value");
      if (all || group.totalState !== total) {
        group.totalState = total;
        renderTotal(group.totalElement, total, view);
      }
      // Without rows, a message gives the reason; that may be another one now.
      const empty = !group.list.children.length;
      let moved = all;
      for (const [entityId, states] of statesOf(hass, group.account)) {
        const row = this.#rows.get(entityId);
        if (!all && (states ? row?.shows(states) : !row)) continue;
        const place = row && this.#placeOf(row);
        if (states) this.#updateRow(states, view);
        moved ||= empty || !states || !row || this.#config.sort !== "name" || this.#placeOf(row) !== place;
      }
      if (moved) this.#arrange(hass, group);
    }
  }

  /**
   * @param {RowStates} states
   * @param {RowView} view
   */
  #updateRow(states, view) {
    const id = states.balance.entity_id;
    const row = this.#rows.get(id);
    if (row) row.update(states, view);
    else this.#rows.set(id, new BalanceRow(states, view, (...selected) => this.#act(...selected)));
  }

  /**
   * Return where a row is shown: among the others, only if there is no other, or nowhere, as one that is counted if
   * its value is the reason.
   * @param {BalanceRow} row
   */
  #placeOf(row) {
    const { hide_empty, hide_below } = this.#config;
    if (hide_empty && row.empty) return row.unavailable ? "alone" : "hidden";
    const limit = hide_below === undefined ? null : parse(hide_below);
    return limit && row.value && compare(row.value, limit) < 0 ? "small" : "shown";
  }

  /**
   * Put the rows that are shown in their order, and change the page only where it differs.
   * @param {Hass} hass
   * @param {Group} group
   */
  #arrange(hass, { account, list, element }) {
    const { currencies, sort } = this.#config;
    const chosen = balancesOf(hass, account)
      .flatMap((state) => this.#rows.get(state.entity_id) ?? [])
      .filter((row) => !currencies?.length || currencies.includes(row.currency));
    const shown = chosen.filter((row) => this.#placeOf(row) === "shown");
    const small = chosen.filter((row) => this.#placeOf(row) === "small");
    // That nothing is held can only be claimed of what is available.
    const rows = (
      shown.length || small.length ? shown : chosen.filter((row) => this.#placeOf(row) === "alone")
    ).sort(ORDERS[sort]);

    const focused = this.#root.activeElement;
    rows.forEach((row, place) => {
      if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    });
    while (list.children.length > rows.length) list.lastElementChild?.remove();
    list.hidden = !rows.length;
    this.#returnFocus(focused);

    element.querySelector(":scope > .message")?.remove();
    if (small.length) {
      element.append(message(localize(hass.language, "small_hidden", { count: String(small.length) })));
    } else if (!rows.length) {
      element.append(message(localize(hass.language, chosen.length ? "nothing_held" : "nothing_chosen")));
    }
  }

  /**
   * An element that is moved loses the focus. The user may read elsewhere on the page meanwhile.
   * @param {Element | null} element
   */
  #returnFocus(element) {
    if (element instanceof HTMLElement && element.isConnected && element !== this.#root.activeElement) {
      element.focus({ preventScroll: true });
    }
  }

  /** @param {string} entityId @param {"tap" | "hold"} action */
  #act(entityId, action) {
    if (this.#actions[action]) fireAction(this.#element, entityId, this.#actions, action);
  }
}

/**
 * Return the entities that the card shows something of.
 * @param {Account} account
 */
const entitiesOf = ({ balances, values, hiddenValues, figures, stream }) =>
  [stream, figures.total_value, ...balances, ...values, ...hiddenValues].filter((id) => id !== undefined);

/**
 * Return what the rows of an account show by balance sensor; undefined where that has no state.
 * @param {Hass} hass
 * @param {Account} account
 * @returns {[string, RowStates | undefined][]}
 */
function statesOf(hass, account) {
  const values = valuesOf(hass, account.values);
  const hidden = valuesOf(hass, account.hiddenValues);
  const total = figureOf(hass, account, "total_value");
  return account.balances.map((entityId) => {
    const balance = hass.states[entityId];
    if (!balance || !currencyOf(balance)) return [entityId, undefined];
    if (isFiat(balance)) return [entityId, { balance, total, valueDisabled: false }];
    const code = currencyOf(balance);
    const valueDisabled = hasValues(account) && !values.has(code) && !hidden.has(code);
    return [entityId, { balance, value: values.get(code), valueDisabled }];
  });
}

/**
 * Show the total value of an account, and what it does not include.
 * @param {HTMLElement} element
 * @param {EntityState | undefined} state
 * @param {RowView} view
 */
function renderTotal(element, state, view) {
  element.replaceChildren();
  if (!state) return;
  const { language } = view.hass;
  const { complete, unpriced = [] } = state.attributes;
  const currencies = unpriced.join(", ");
  const line = document.createElement("p");
  line.textContent = localize(language, currencies ? "total_without" : "total_value", { currencies });
  if (!view.discreet) {
    const value = document.createElement("bdi");
    value.textContent = writeValue(state, view);
    line.append(" ", value);
  }
  if (currencies || !view.discreet) element.append(line);
  if (complete === false && !currencies) {
    element.append(message(localize(language, "total_incomplete")));
  }
}

/** @param {string} text */
function message(text) {
  const element = document.createElement("p");
  element.className = "message";
  // In a page that runs from right to left, a text in English still ends with its full stop.
  const isolated = document.createElement("bdi");
  isolated.textContent = text;
  element.append(isolated);
  return element;
}
