/** Returns texts in the language of the page. */

import { TEXTS } from "./texts.js";

/** @typedef {keyof typeof TEXTS["en"]} TextKey */

/**
 * Return a text, in English where the language is not among the translations.
 * @param {string} language As in a profile ("ko", "pt-BR").
 * @param {TextKey} key
 * @param {Record<string, string>} placeholders What replaces {name} in the text.
 */
export function localize(language, key, placeholders = {}) {
  /** @type {Record<string, Record<TextKey, string>>} */
  const translations = TEXTS;
  const texts = translations[language] ?? translations[language.split("-")[0]] ?? TEXTS.en;
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => placeholders[name]);
}

/**
 * Return a function that returns texts in the language of the profile.
 * @param {Hass} hass
 */
export const localizerOf =
  (hass) =>
  /** @param {TextKey} key @param {Record<string, string>} [placeholders] */
  (key, placeholders) =>
    localize(hass.language, key, placeholders);

/** The language where no profile is at hand: Home Assistant names it in the page's root. */
export const pageLanguage = () => document.documentElement.lang || "en";
