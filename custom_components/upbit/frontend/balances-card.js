/** The card `custom:upbit-balances-card`: a row for each currency of one account or of all. */

import { findAccounts, isOwn, isTotal, totalsOf } from "./accounts.js";
import { BalanceRow } from "./balance-row.js";
import { DEFAULTS, checkConfig, configForm } from "./card-config.js";
import { STYLE } from "./card-style.js";
import { lastMoved } from "./changes.js";
import { localize, pageLanguage } from "./localize.js";

export const CARD = "upbit-balances-card";

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

class UpbitBalancesCard extends HTMLElement {
  #config;
  #hass;
  #rows = new Map();
  #groups = [];

  static getConfigForm() {
    return configForm();
  }

  static getStubConfig(hass) {
    const accounts = findAccounts(hass);
    return { ...(accounts.length > 1 && { device_id: accounts[0].id }), ...DEFAULTS, hide_empty: true };
  }

  setConfig(config) {
    this.#config = checkConfig(config);
    this.exact = this.#config.digits === "exact";
    if (this.#hass) this.#rebuild();
  }

  set hass(hass) {
    const before = this.#hass;
    this.#hass = hass;
    if (!this.#config) return;
    if (!before || SHARED.some((key) => before[key] !== hass[key])) this.#rebuild();
    else this.#refresh();
  }

  get hass() {
    return this.#hass;
  }

  getCardSize() {
    return 1 + Math.max(this.#rows.size, 1);
  }

  getGridOptions() {
    return { columns: 12, min_columns: 4, rows: "auto" };
  }

  disconnectedCallback() {
    this.#rows.forEach((row) => row.rest());
  }

  /** Make what depends on the accounts, the options or the profile; rows that are there already are kept. */
  #rebuild() {
    const hass = this.#hass;
    if (!this.shadowRoot) this.#makeLayout();
    const focused = this.shadowRoot.activeElement;

    const { device_id: chosen, title } = this.#config;
    const accounts = findAccounts(hass).filter((account) => !chosen || account.id === chosen);
    const single = accounts.length === 1 ? accounts[0] : undefined;
    this.shadowRoot.querySelector("h2").textContent = title ?? single?.name ?? this.#say("balances");
    this.shadowRoot.querySelector(".header").hidden = !accounts.length;
    this.#labelToggle();

    this.#groups = accounts.map((account) => this.#makeGroup(account, account === single));
    const content = this.shadowRoot.querySelector(".accounts");
    content.replaceChildren(...this.#groups.map((group) => group.element));
    if (!accounts.length) content.append(message(this.#say(chosen ? "account_gone" : "no_account")));
    for (const entityId of this.#rows.keys()) {
      if (!accounts.some((account) => account.currencies.includes(entityId))) this.#rows.delete(entityId);
    }
    this.#refresh(true);
    this.#returnFocus(focused);
  }

  #makeLayout() {
    this.attachShadow({ mode: "open" }).innerHTML = LAYOUT;
    this.shadowRoot.querySelector(".digits").addEventListener("click", () => {
      this.exact = !this.exact;
      this.#labelToggle();
      this.#refresh(true);
    });
  }

  #labelToggle() {
    const toggle = this.shadowRoot.querySelector(".digits");
    toggle.title = this.#say("exact_digits");
    toggle.setAttribute("aria-label", toggle.title);
    toggle.setAttribute("aria-pressed", this.exact);
  }

  /** Make the place of an account's rows; the only account has its name and connection in the card's header. */
  #makeGroup(account, single) {
    const element = document.createElement("section");
    const list = document.createElement("ul");
    let streamElement = this.shadowRoot.querySelector(".header .stream");
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
    const view = { hass: this.#hass, exact: this.exact };
    for (const group of this.#groups) {
      const stream = this.#hass.states[group.account.stream];
      if (stream && group.streamElement && (all || group.streamState !== stream)) {
        group.streamState = stream;
        group.streamElement.dataset.state = stream.state;
        group.streamElement.textContent = this.#hass.formatEntityState(stream);
      }
      let moved = all;
      // Without rows, a message says why; that may be another one now.
      const empty = !group.list.children.length;
      for (const entityId of group.account.currencies) {
        const state = this.#hass.states[entityId];
        const known = this.#rows.get(entityId);
        if (!all && known?.state === state) continue;
        const wasShown = known && this.#isShown(known);
        if (state) this.#rowOf(entityId).update(state, view);
        moved ||= empty || !state || !known || this.#config.sort !== "name";
        moved ||= this.#isShown(known) !== wasShown;
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

  /** Put the rows that are to be seen in their order, and touch the page only where that differs. */
  #arrange({ account, list, element }) {
    const { currencies, sort } = this.#config;
    const chosen = totalsOf(this.#hass, account)
      .map((state) => this.#rows.get(state.entity_id))
      .filter((row) => !currencies?.length || currencies.includes(row.currency));
    const rows = chosen.filter((row) => this.#isShown(row)).sort(ORDERS[sort]);

    const focused = this.shadowRoot.activeElement;
    rows.forEach((row, place) => {
      if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    });
    while (list.children.length > rows.length) list.lastElementChild.remove();
    list.hidden = !rows.length;
    this.#returnFocus(focused);

    element.querySelector(".message")?.remove();
    if (!rows.length) {
      // What is not known cannot be said to be nothing.
      const unknown = chosen.find((row) => row.unavailable);
      const why = chosen.length ? "nothing_held" : "nothing_chosen";
      element.append(message(unknown ? this.#hass.formatEntityState(unknown.state) : this.#say(why)));
    }
  }

  /** An element that is moved loses the focus. */
  #returnFocus(element) {
    if (element?.isConnected && element !== this.shadowRoot.activeElement) element.focus();
  }

  #say(key) {
    return localize(this.#hass?.language ?? pageLanguage(), key);
  }

  #open(entityId) {
    const detail = { entityId };
    this.dispatchEvent(new CustomEvent("hass-more-info", { detail, bubbles: true, composed: true }));
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

/** Register the card and its entry in the card picker. */
export function registerCard() {
  customElements.define(CARD, UpbitBalancesCard);
  window.customCards ??= [];
  window.customCards.push({
    type: CARD,
    preview: true,
    // Read when the picker is opened, so in the language of that moment.
    get name() {
      return localize(pageLanguage(), "card_name");
    },
    get description() {
      return localize(pageLanguage(), "card_description");
    },
    getEntitySuggestion(hass, entityId) {
      if (!isOwn(hass, entityId)) return null;
      const config = { type: `custom:${CARD}`, device_id: hass.entities[entityId].device_id, ...DEFAULTS };
      const account = { config: { ...config, hide_empty: true } };
      if (!isTotal(hass, entityId)) return account;
      const currency = hass.states[entityId]?.attributes.unit_of_measurement;
      return currency
        ? [account, { label: currency, config: { ...config, currencies: [currency] } }]
        : account;
    },
  });
}
