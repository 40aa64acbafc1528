/** Amounts in the number format that the user chose in their profile, from exact decimals. */

import { compare, isZero, round } from "./decimal.js";

/**
 * The locale that stands for a number format of the profile, as in Home Assistant's own frontend.
 * @param {NumberLocale} locale
 */
function numberLocale({ language, number_format: format }) {
  switch (format) {
    case "comma_decimal":
    case "none":
      return "en-US";
    case "decimal_comma":
      return "de";
    case "space_comma":
      return "fr";
    case "quote_decimal":
      return "de-CH";
    case "system":
      return undefined;
    default:
      return language;
  }
}

/** @param {NumberLocale} locale */
const groupingOf = ({ number_format: format }) => ({ useGrouping: format === "none" ? false : undefined });

/**
 * @typedef {object} Affixes What is written before and after a number: a sign with its space.
 * @property {string} before
 * @property {string} after
 */

/**
 * @typedef {object} Style
 * @property {(value: bigint) => string} integer
 * @property {string} separator
 * @property {string[]} digits
 * @property {Affixes} percent
 * @property {Map<string, Affixes>} money By currency.
 */

/**
 * @param {NumberLocale} locale
 * @param {Intl.NumberFormatOptions} options
 * @returns {Affixes}
 */
function affixesOf(locale, options) {
  const format = new Intl.NumberFormat(numberLocale(locale), { ...options, maximumFractionDigits: 0 });
  const parts = format.formatToParts(1);
  const number = parts.findIndex((part) => part.type === "integer");
  /** @param {Intl.NumberFormatPart[]} some */
  const joined = (some) => some.map((part) => part.value).join("");
  return { before: joined(parts.slice(0, number)), after: joined(parts.slice(number + 1)) };
}

/**
 * Kept, because an Intl object is slow to make.
 * @type {Map<string, Style>}
 */
const styles = new Map();

/**
 * How integers, decimal separator and digits are written.
 * @param {NumberLocale} locale
 */
function styleOf(locale) {
  const key = `${locale.language} ${locale.number_format}`;
  let style = styles.get(key);
  if (!style) {
    const integers = new Intl.NumberFormat(numberLocale(locale), groupingOf(locale));
    style = {
      integer: (value) => integers.format(value),
      separator: integers.formatToParts(1.5).find((part) => part.type === "decimal")?.value ?? ".",
      digits: Array.from({ length: 10 }, (_, digit) => integers.format(digit)),
      percent: affixesOf(locale, { style: "percent" }),
      money: new Map(),
    };
    styles.set(key, style);
  }
  return style;
}

/**
 * Write every digit of an amount.
 * @param {Amount} amount
 * @param {NumberLocale} locale
 * @param {number} least Decimal places to show at least.
 */
export function formatExact(amount, locale, least = 0) {
  const { integer, separator, digits } = styleOf(locale);
  const magnitude = amount.units < 0n ? -amount.units : amount.units;
  const text = magnitude.toString().padStart(amount.places + 1, "0");
  const cut = text.length - amount.places;
  const fraction = text.slice(cut).replace(/0+$/, "").padEnd(least, "0");
  const sign = amount.units < 0n ? "−" : "";
  const decimals = fraction && separator + fraction.replace(/\d/g, (digit) => digits[Number(digit)]);
  return sign + integer(BigInt(text.slice(0, cut))) + decimals;
}

/**
 * Write an amount with a limited number of digits; one too small for them is written in full, never as zero.
 * @param {Amount} amount
 * @param {NumberLocale} locale
 * @param {{least: number, most: number}} places
 */
export function formatShort(amount, locale, { least, most }) {
  const rounded = round(amount, most);
  return formatExact(isZero(rounded) ? amount : rounded, locale, least);
}

/**
 * Write the sign of a currency beside an amount that is written already, as Home Assistant does.
 * @param {string} written
 * @param {string} currency
 * @param {NumberLocale} locale
 */
export function withCurrency(written, currency, locale) {
  const { money } = styleOf(locale);
  let affixes = money.get(currency);
  if (!affixes) {
    try {
      affixes = affixesOf(locale, { style: "currency", currency });
    } catch {
      affixes = { before: "", after: `\u00a0${currency}` };
    }
    money.set(currency, affixes);
  }
  return affixes.before + written + affixes.after;
}

const SMALLEST_PERCENT = { units: 1n, places: 1 };

/**
 * Write a share in percent with one decimal place; one too small for it as less than that, never as zero.
 * @param {Amount} percent
 * @param {NumberLocale} locale
 */
export function formatPercent(percent, locale) {
  const { before, after } = styleOf(locale).percent;
  const isSmall = percent.units > 0n && compare(percent, SMALLEST_PERCENT) < 0;
  const number = formatExact(isSmall ? SMALLEST_PERCENT : round(percent, 1), locale, 1);
  return (isSmall ? "< " : "") + before + number + after;
}
