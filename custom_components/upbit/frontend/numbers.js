/** Amounts in the number format that the user chose in their profile, from exact decimals. */

import { isZero, round } from "./decimal.js";

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
 * @typedef {object} Style
 * @property {(value: bigint) => string} integer
 * @property {string} separator
 * @property {string[]} digits
 */

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
    };
    styles.set(key, style);
  }
  return style;
}

/**
 * Return how a number in Latin digits is punctuated, for text that this module does not write.
 *
 * `groupedFrom` is the least number with a group of digits: in some languages 1234 has none.
 * @param {NumberLocale} locale
 */
export function punctuationOf(locale) {
  const format = new Intl.NumberFormat(numberLocale(locale), {
    ...groupingOf(locale),
    style: "percent",
    minimumFractionDigits: 1,
    numberingSystem: "latn",
  });
  const parts = format.formatToParts(12345.678);
  const types = parts.map((part) => part.type);
  /** @param {Intl.NumberFormatPart[]} some */
  const joined = (some) => some.map((part) => part.value).join("");
  return {
    decimal: parts[types.indexOf("decimal")].value,
    group: parts[types.indexOf("group")]?.value ?? "",
    groupedFrom: format.formatToParts(12.34).some((part) => part.type === "group") ? 1_000 : 10_000,
    percent: {
      before: joined(parts.slice(0, types.indexOf("integer"))),
      after: joined(parts.slice(types.indexOf("fraction") + 1)),
    },
  };
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
