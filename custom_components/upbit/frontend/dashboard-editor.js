/** The visual editor of the dashboard: a form of its options, and below it what its first view shows. */

import { checkStrategyConfig, strategyFields } from "./dashboard-config.js";
import { generate, shouldRegenerate } from "./dashboard-strategy.js";
import { localizerOf } from "./localize.js";

const EDITOR = "upbit-dashboard-editor";

const LAYOUT = `
  <style>
    h3 {
      margin-block: 24px 8px;
      font-size: var(--ha-font-size-l, 16px);
      font-weight: var(--ha-font-weight-medium, 500);
    }
    .preview {
      max-block-size: 420px;
      overflow: auto;
      padding: 12px;
      border-radius: var(--ha-card-border-radius, 12px);
      background: var(--lovelace-background, var(--primary-background-color));
    }
    .preview:focus-visible {
      outline: 2px solid var(--primary-color);
    }
    .sections {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 360px), 1fr));
      align-items: start;
      gap: 24px 16px;
      zoom: 0.7;
    }
  </style>
  <div class="form"></div>
  <h3 id="preview"></h3>
  <div class="preview" tabindex="0" role="region" aria-labelledby="preview"><div class="sections" inert></div></div>`;

/** Loads the form that Home Assistant's own editors are made of: its pages load it with the first of them. */
async function loadForm() {
  if (customElements.get("ha-form")) return;
  const helpers = await window.loadCardHelpers?.();
  const card = await helpers?.createCardElement({ type: "button" });
  await /** @type {any} */ (card?.constructor)?.getConfigElement();
}

class DashboardEditor extends HTMLElement {
  #root = this.attachShadow({ mode: "open" });
  /** @type {FormElement} */
  #form;
  /** @type {StrategyConfig} */
  #config = {};
  /** @type {Hass | undefined} */
  #hass;

  constructor() {
    super();
    this.#root.innerHTML = LAYOUT;
    this.#form = /** @type {FormElement} */ (document.createElement("ha-form"));
    this.#form.addEventListener("value-changed", (event) => {
      event.stopPropagation();
      this.#change(/** @type {CustomEvent<{value: StrategyConfig}>} */ (event).detail.value);
    });
    this.#part(".form").append(this.#form);
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(selector));
  }

  /**
   * @param {StrategyConfig} config
   * @throws {Error} An option is invalid or unknown. Home Assistant then shows the text beside the YAML.
   */
  setConfig(config) {
    checkStrategyConfig(config);
    this.#config = config;
    this.#render();
  }

  set hass(/** @type {Hass} */ hass) {
    const before = this.#hass;
    this.#hass = hass;
    if (!before || shouldRegenerate(this.#config, before, hass)) this.#render();
    for (const card of this.#cards) card.hass = hass;
  }

  get #cards() {
    return /** @type {Iterable<PreviewElement>} */ (this.#part(".sections").children);
  }

  /**
   * Options that have their defaults are left out.
   * @param {StrategyConfig} value
   */
  #change({ accounts, sections, discreet, ...others }) {
    /** @type {StrategyConfig} */
    const config = { ...others };
    if (accounts?.length) config.accounts = accounts;
    if (sections?.length) config.sections = sections;
    if (discreet) config.discreet = discreet;
    this.setConfig(config);
    const detail = { config };
    this.dispatchEvent(new CustomEvent("config-changed", { detail, bubbles: true, composed: true }));
  }

  #render() {
    const hass = this.#hass;
    if (!hass) return;
    const localize = localizerOf(hass);
    Object.assign(this.#form, {
      hass,
      data: this.#config,
      schema: strategyFields(hass, this.#config.accounts || []),
      /** @param {{name: "accounts" | "sections" | "discreet"}} field */
      computeLabel: ({ name }) => localize(`option_${name}`),
      /** @param {{name: "accounts" | "sections" | "discreet"}} field */
      computeHelper: ({ name }) => localize(name === "discreet" ? "help_discreet_dashboard" : `help_${name}`),
    });
    this.#part("h3").textContent = localize("preview");
    const [view] = generate(this.#config, hass).views;
    const sections = "sections" in view ? view.sections : [view];
    this.#part(".sections").replaceChildren(
      ...sections.map(({ cards }) => {
        const config = { type: "vertical-stack", cards };
        return Object.assign(document.createElement("hui-card"), { hass, config, preview: true });
      }),
    );
  }
}

customElements.define(EDITOR, DashboardEditor);

/** Return the editor for Home Assistant's dialog. */
export async function configElement() {
  await loadForm();
  return document.createElement(EDITOR);
}
