/** The card `custom:upbit-balances-card`: a row for each currency of one account or of all. */

import { balancesOf, findAccounts } from "./accounts.js";
import { BalanceRow } from "./balance-row.js";
import { checkConfig } from "./card-config.js";
import { STYLE } from "./card-style.js";
import { lastChangedAt } from "./changes.js";
import { localize } from "./localize.js";

/**
 * The rows are given in the order of their names.
 * @type {Record<Sort, (a: BalanceRow, b: BalanceRow) => number>}
 */
const ORDERS = {
  name: () => 0,
  last_change: (a, b) => lastChangedAt(b.state) - lastChangedAt(a.state),
  locked: (a, b) => b.lockedShare - a.lockedShare,
};

/**
 * What of the page's state, besides the states of its entities, the card shows something of.
 * @type {(keyof Hass)[]}
 */
const SHARED = ["entities", "devices", "locale", "language", "localize", "formatEntityName"];

const LAYOUT = `
  <style>${STYLE}</style>
  <ha-card>
    <div class="header">
      <h2></h2>
      <span class="stream"></span>
      <button type="button" class="digits"><ha-icon icon="mdi:decimal-increase"></ha-icon></button>
    </div>
    <div class="accounts"></div>
  </ha-card>`;

/**
 * The part of the card that shows one account.
 * @typedef {object} Group
 * @property {Account} account
 * @property {HTMLElement} element
 * @property {HTMLElement} list
 * @property {HTMLElement} [streamElement]
 * @property {EntityState} [streamState]
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
      if (this.#hass) {
        this.#labelToggle(this.#hass);
        this.#refresh(this.#hass, true);
      }
    });
  }

  /**
   * @param {CardConfig} config
   * @throws {Error} The configuration is invalid.
   */
  setConfig(config) {
    this.#config = checkConfig(config);
    this.#exact = this.#config.digits === "exact";
    if (this.#hass) this.#rebuild(this.#hass);
  }

  /**
   * Show the page's state.
   * @param {Hass} hass
   */
  update(hass) {
    const before = this.#hass;
    this.#hass = hass;
    if (!before || SHARED.some((key) => before[key] !== hass[key])) this.#rebuild(hass);
    else this.#refresh(hass);
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
    this.#labelToggle(hass);

    this.#groups = accounts.map((account) => this.#makeGroup(account, account === single));
    const content = this.#part(".accounts");
    content.replaceChildren(...this.#groups.map((group) => group.element));
    if (!accounts.length) {
      content.append(message(localize(hass.language, chosen ? "account_gone" : "no_account")));
    }
    for (const entityId of this.#rows.keys()) {
      if (!accounts.some((account) => account.balances.includes(entityId))) this.#rows.delete(entityId);
    }
    this.#refresh(hass, true);
    this.#returnFocus(focused);
  }

  /** @param {Hass} hass */
  #labelToggle(hass) {
    const toggle = this.#part(".digits");
    toggle.title = localize(hass.language, "exact_digits");
    toggle.setAttribute("aria-label", toggle.title);
    toggle.setAttribute("aria-pressed", String(this.#exact));
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
    // Some browsers take the role from a list whose markers are hidden.
    list.setAttribute("role", "list");
    list.setAttribute("aria-label", account.name);
    element.append(list);
    return { account, element, list, streamElement };
  }

  /**
   * Update the rows whose states changed, or all of them.
   * @param {Hass} hass
   */
  #refresh(hass, all = false) {
    const view = { hass, exact: this.#exact };
    for (const group of this.#groups) {
      const stream = group.account.stream && hass.states[group.account.stream];
      if (stream && group.streamElement && (all || group.streamState !== stream)) {
        group.streamState = stream;
        group.streamElement.dataset.state = stream.state;
        group.streamElement.textContent = hass.formatEntityState(stream);
      }
      // Without rows, a message gives the reason; that may be another one now.
      const empty = !group.list.children.length;
      let moved = all;
      for (const entityId of group.account.balances) {
        const state = hass.states[entityId];
        const row = this.#rows.get(entityId);
        if (!all && row?.state === state) continue;
        const before = row && this.#placeOf(row);
        if (state) this.#updateRow(state, view);
        moved ||= empty || !state || !row || this.#config.sort !== "name" || this.#placeOf(row) !== before;
      }
      if (moved) this.#arrange(hass, group);
    }
  }

  /**
   * @param {EntityState} state
   * @param {{hass: Hass, exact: boolean}} view
   */
  #updateRow(state, view) {
    const row = this.#rows.get(state.entity_id);
    if (row) row.update(state, view);
    else this.#rows.set(state.entity_id, new BalanceRow(state, view, (entityId) => this.#open(entityId)));
  }

  /** @param {BalanceRow} row */
  #isShown(row) {
    return !(this.#config.hide_empty && row.empty);
  }

  /**
   * Return where a row is shown: among the others, only if there is no other, or nowhere.
   * @param {BalanceRow} row
   */
  #placeOf(row) {
    if (this.#isShown(row)) return "shown";
    return row.unavailable ? "alone" : "hidden";
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
    const shown = chosen.filter((row) => this.#isShown(row));
    // That nothing is held can only be claimed of what is available.
    const rows = (shown.length ? shown : chosen.filter((row) => row.unavailable)).sort(ORDERS[sort]);

    const focused = this.#root.activeElement;
    rows.forEach((row, place) => {
      if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    });
    while (list.children.length > rows.length) list.lastElementChild?.remove();
    list.hidden = !rows.length;
    this.#returnFocus(focused);

    element.querySelector(".message")?.remove();
    if (!rows.length) {
      element.append(message(localize(hass.language, chosen.length ? "nothing_held" : "nothing_chosen")));
    }
  }

  /**
   * An element that is moved loses the focus.
   * @param {Element | null} element
   */
  #returnFocus(element) {
    if (element instanceof HTMLElement && element.isConnected && element !== this.#root.activeElement) {
      element.focus();
    }
  }

  /** @param {string} entityId */
  #open(entityId) {
    const detail = { entityId };
    this.#element.dispatchEvent(new CustomEvent("hass-more-info", { detail, bubbles: true, composed: true }));
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
