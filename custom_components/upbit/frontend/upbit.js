/** Loaded by each page. Imports the rest on first use. */

const CARD = "upbit-balances-card";

/** @type {Texts} */
const TEXTS = {
  en: ["Upbit balances", "Balances and values of your accounts."],
  ko: ["업비트 잔고", "계정의 잔고와 평가금액입니다."],
  id: ["Saldo Upbit", "Saldo dan nilai akun Anda."],
  th: ["ยอดคงเหลือ Upbit", "ยอดคงเหลือและมูลค่าของบัญชี"],
};
const texts = () => TEXTS[document.documentElement.lang.slice(0, 2)] ?? TEXTS.en;

/** @type {?Rest} */
let rest;
const load = async () => (rest ??= await import("./main.js"));
/** @type {Later} */
const later = (name) => async (a, b) => (await load())[name](a, b);

// Home Assistant 2026.10 replaces the registry before that, and loses what was in it.
await customElements.whenDefined("home-assistant");

class Part extends HTMLElement {
  setConfig(/** @type {CardConfig} */ config) {
    this.config = config;
    if (rest) rest.draw(this);
    else later("drawOrRebuild")(this).catch(({ message }) => this.append(message));
  }

  set hass(/** @type {Hass} */ hass) {
    this.state = hass;
    rest?.update(this);
  }
}

class Card extends Part {
  static getConfigForm = later("configForm");
  static getStubConfig = later("stubConfig");
  getCardSize = () => later("sizeOf")(this);
  getGridOptions = () => ({ min_columns: 4 });
}

class Strategy extends HTMLElement {
  static getConfigElement = later("configElement");
  static getCreateSuggestions = later("createSuggestions");
  static generate = later("generate");
}

customElements.define(CARD, Card);
customElements.define("upbit-balance", Part);
customElements.define("ll-strategy-dashboard-upbit", Strategy);
customElements.define(
  "ll-strategy-view-upbit",
  class extends Strategy {
    static generate = later("generateView");
  },
);

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

window.customCardFeatures ??= [];
window.customCardFeatures.push({
  type: "upbit-balance",
  get name() {
    return texts()[0];
  },
  isSupported: ({ entities }, { entity_id: id }) =>
    entities[id]?.platform === "upbit" && entities[id].translation_key === "balance",
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
