/** Loaded by every page. Imports the rest of card and dashboard on first use. */

const CARD = "upbit-balances-card";

/** @type {Texts} */
const TEXTS = {
  en: ["Upbit balances", "Balances, values, and connections of your Upbit accounts."],
  ko: ["업비트 잔고", "업비트 계정의 잔고, 평가금액, 연결 상태입니다."],
  id: ["Saldo Upbit", "Saldo, nilai, dan koneksi akun Upbit Anda."],
  th: ["ยอดคงเหลือ Upbit", "ยอดคงเหลือ มูลค่า และการเชื่อมต่อของบัญชี Upbit"],
};
const texts = () => TEXTS[document.documentElement.lang.slice(0, 2)] ?? TEXTS.en;

/** @type {?Rest} */
let rest;
const load = async () => (rest ??= await import("./main.js"));
/** @type {Later} */
const later = (name) => async (a, b) => (await load())[name](a, b);

// Home Assistant 2026.10 replaces the registry before it defines this element, and loses what was in it.
await customElements.whenDefined("home-assistant");

class Card extends HTMLElement {
  static getConfigForm = later("configForm");
  static getStubConfig = later("stubConfig");
  getCardSize = () => later("sizeOf")(this);
  getGridOptions = () => ({ columns: 12, min_columns: 4, rows: "auto" });

  /** @param {CardConfig} config */
  setConfig(config) {
    this.config = config;
    if (rest) rest.draw(this);
    else later("drawOrRebuild")(this).catch(({ message }) => this.append(message));
  }

  set hass(/** @type {Hass} */ hass) {
    this.state = hass;
    rest?.update(this);
  }
}

class Strategy extends HTMLElement {
  static getConfigElement = later("configElement");
  static getCreateSuggestions = () => ({ title: "Upbit", icon: "mdi:wallet-outline" });
  static generate = later("generate");
}

class ViewStrategy extends Strategy {
  static generate = later("generateView");
}

customElements.define(CARD, Card);
customElements.define("ll-strategy-dashboard-upbit", Strategy);
customElements.define("ll-strategy-view-upbit", ViewStrategy);

window.customCards ??= [];
window.customCards.push({
  type: CARD,
  preview: true,
  get name() {
    return texts()[0];
  },
  get description() {
    return texts()[1];
  },
  getEntitySuggestion({ entities, states }, id) {
    const { platform, device_id, translation_key } = entities[id] ?? {};
    if (platform !== "upbit") return null;
    const config = { type: `custom:${CARD}`, device_id };
    const account = { config: { ...config, hide_empty: true } };
    if (translation_key !== "balance") return account;
    const label = states[id].attributes.unit_of_measurement;
    return [account, { label, config: { ...config, currencies: [label] } }];
  },
});

window.customStrategies ??= [];
window.customStrategies.push({
  type: "upbit",
  strategyType: "dashboard",
  name: "Upbit",
  get description() {
    return texts()[1];
  },
});
