/** Says a text in the language of the page. */

import { TEXTS } from "./texts.js";

/**
 * Return a text, in English where the language is not among the translations.
 * @param {string} language As in a profile ("ko", "pt-BR").
 * @param {keyof TEXTS["en"]} key
 * @param {Record<string, string>} placeholders What replaces {name} in the text.
 */
export function localize(language, key, placeholders = {}) {
  const texts = TEXTS[language] ?? TEXTS[language?.split("-")[0]] ?? TEXTS.en;
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => placeholders[name]);
}

/** The language where no profile is at hand: Home Assistant names it in the page's root. */
export const pageLanguage = () => document.documentElement.lang || "en";
