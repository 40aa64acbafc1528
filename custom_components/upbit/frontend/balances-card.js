/** The card `custom:upbit-balances-card`: a row for each currency of one account or of all. */

import { findAccounts, totalsOf } from "./accounts.js";
import { BalanceRow } from "./balance-row.js";
import { checkConfig } from "./card-config.js";
import { STYLE } from "./card-style.js";
import { lastMoved } from "./changes.js";
import { localize, pageLanguage } from "./localize.js";

const ORDERS = {
  // The rows are given in this order.
  name: () => 0,
  last_change: (a, b) => lastMoved(b.state) - lastMoved(a.state),
  locked: (a, b) => b.lockedShare - a.lockedShare,
};

/** What of the page's state, besides the states of its entities, the card shows something of. */
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

/** Draws the card into its element, which the entry module defines. */
export class BalancesCard {
  #element;
  #root;
  #config;
  #hass;
  #exact;
  #rows = new Map();
  #groups = [];

  constructor(element) {
    this.#element = element;
  }

  /** @throws {Error} The configuration is invalid. */
  setConfig(config) {
    this.#config = checkConfig(config);
    this.#exact = this.#config.digits === "exact";
    if (this.#hass) this.#rebuild();
  }

  /** Show the page's state. */
  update(hass) {
    const before = this.#hass;
    this.#hass = hass;
    if (!before || SHARED.some((key) => before[key] !== hass[key])) this.#rebuild();
    else this.#refresh();
  }

  /** The height of the card in Home Assistant's units of about 50 pixels. */
  get size() {
    return 1 + Math.max(this.#rows.size, 1);
  }

  /** Make what depends on the accounts, the options or the profile; rows that are there already are kept. */
  #rebuild() {
    const hass = this.#hass;
    if (!this.#root) this.#makeLayout();
    const focused = this.#root.activeElement;

    const { device_id: chosen, title } = this.#config;
    const accounts = findAccounts(hass).filter((account) => !chosen || account.id === chosen);
    const single = accounts.length === 1 ? accounts[0] : undefined;
    this.#root.querySelector("h2").textContent = title ?? single?.name ?? this.#say("balances");
    this.#root.querySelector(".header").hidden = !accounts.length;
    this.#labelToggle();

    this.#groups = accounts.map((account) => this.#makeGroup(account, account === single));
    const content = this.#root.querySelector(".accounts");
    content.replaceChildren(...this.#groups.map((group) => group.element));
    if (!accounts.length) content.append(message(this.#say(chosen ? "account_gone" : "no_account")));
    for (const entityId of this.#rows.keys()) {
      if (!accounts.some((account) => account.currencies.includes(entityId))) this.#rows.delete(entityId);
    }
    this.#refresh(true);
    this.#returnFocus(focused);
  }

  #makeLayout() {
    this.#root = this.#element.attachShadow({ mode: "open" });
    this.#root.innerHTML = LAYOUT;
    this.#root.querySelector(".digits").addEventListener("click", () => {
      this.#exact = !this.#exact;
      this.#labelToggle();
      this.#refresh(true);
    });
  }

  #labelToggle() {
    const toggle = this.#root.querySelector(".digits");
    toggle.title = this.#say("exact_digits");
    toggle.setAttribute("aria-label", toggle.title);
    toggle.setAttribute("aria-pressed", this.#exact);
  }

  /** Make the place of an account's rows; the only account has its name and connection in the card's header. */
  #makeGroup(account, single) {
    const element = document.createElement("section");
    const list = document.createElement("ul");
    let streamElement = this.#root.querySelector(".header .stream");
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

  /** Bring the rows up to date whose states changed, or all of them. */
  #refresh(all = false) {
    const view = { hass: this.#hass, exact: this.#exact };
    for (const group of this.#groups) {
      const stream = this.#hass.states[group.account.stream];
      if (stream && group.streamElement && (all || group.streamState !== stream)) {
        group.streamState = stream;
        group.streamElement.dataset.state = stream.state;
        group.streamElement.textContent = this.#hass.formatEntityState(stream);
      }
      let moved = all;
      // Without rows, a message gives the reason; that may be another one now.
      const empty = !group.list.children.length;
      for (const entityId of group.account.currencies) {
        const state = this.#hass.states[entityId];
        const row = this.#rows.get(entityId);
        if (!all && row?.state === state) continue;
        const before = row && this.#placeOf(row);
        if (state) this.#rowOf(entityId).update(state, view);
        moved ||= empty || !state || !row || this.#config.sort !== "name" || this.#placeOf(row) !== before;
      }
      if (moved) this.#arrange(group);
    }
  }

  #rowOf(entityId) {
    if (!this.#rows.has(entityId)) {
      this.#rows.set(entityId, new BalanceRow(entityId, (id) => this.#open(id)));
    }
    return this.#rows.get(entityId);
  }

  #isShown(row) {
    return !(this.#config.hide_empty && row.empty);
  }

  /** Where a row is to be seen: among the others, only if there is no other, or nowhere. */
  #placeOf(row) {
    if (this.#isShown(row)) return "shown";
    return row.unavailable ? "alone" : "hidden";
  }

  /** Put the rows that are to be seen in their order, and touch the page only where that differs. */
  #arrange({ account, list, element }) {
    const { currencies, sort } = this.#config;
    const chosen = totalsOf(this.#hass, account)
      .map((state) => this.#rows.get(state.entity_id))
      .filter((row) => !currencies?.length || currencies.includes(row.currency));
    const shown = chosen.filter((row) => this.#isShown(row));
    // What is unavailable cannot be said to be nothing.
    const rows = (shown.length ? shown : chosen.filter((row) => row.unavailable)).sort(ORDERS[sort]);

    const focused = this.#root.activeElement;
    rows.forEach((row, place) => {
      if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    });
    while (list.children.length > rows.length) list.lastElementChild.remove();
    list.hidden = !rows.length;
    this.#returnFocus(focused);

    element.querySelector(".message")?.remove();
    if (!rows.length) {
      element.append(message(this.#say(chosen.length ? "nothing_held" : "nothing_chosen")));
    }
  }

  /** An element that is moved loses the focus. */
  #returnFocus(element) {
    if (element?.isConnected && element !== this.#root.activeElement) element.focus();
  }

  #say(key) {
    return localize(this.#hass?.language ?? pageLanguage(), key);
  }

  #open(entityId) {
    const detail = { entityId };
    this.#element.dispatchEvent(new CustomEvent("hass-more-info", { detail, bubbles: true, composed: true }));
  }
}

function message(text) {
  const element = document.createElement("p");
  element.className = "message";
  // In a page that runs from right to left, a text in English still ends with its full stop.
  element.append(document.createElement("bdi"));
  element.firstChild.textContent = text;
  return element;
}
