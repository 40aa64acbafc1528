/** Exact decimal amounts: a float would lose digits of what the exchange sends. */

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,4}))?$/i;

/**
 * Parse a state or an attribute.
 * @param {string | number | undefined} text
 * @returns {Amount | null} Null for what is no number ("unavailable").
 */
export function parse(text) {
  const match = NUMBER.exec(String(text));
  if (!match) return null;
  const [, sign, integer, fraction = "", exponent = "0"] = match;
  const units = BigInt(integer + fraction) * (sign === "-" ? -1n : 1n);
  const places = fraction.length - Number(exponent);
  return places >= 0 ? { units, places } : { units: units * 10n ** BigInt(-places), places: 0 };
}

/** @param {Amount} amount @param {number} places At least as many as the amount has. */
const scaled = (amount, places) => amount.units * 10n ** BigInt(places - amount.places);

/**
 * @param {Amount} a
 * @param {Amount} b
 * @param {(x: bigint, y: bigint) => bigint} operation
 * @returns {Amount}
 */
function combine(a, b, operation) {
  const places = Math.max(a.places, b.places);
  return { units: operation(scaled(a, places), scaled(b, places)), places };
}

/** @param {Amount} a @param {Amount} b */
export const add = (a, b) => combine(a, b, (x, y) => x + y);

/** @param {Amount} a @param {Amount} b */
export const subtract = (a, b) => combine(a, b, (x, y) => x - y);

/**
 * Return a negative number, zero or a positive number, as the comparison function of a sort.
 * @param {Amount} a
 * @param {Amount} b
 */
export function compare(a, b) {
  const { units } = subtract(a, b);
  return units < 0n ? -1 : Number(units > 0n);
}

/**
 * Compare for a sort with the largest amount first, and what has none last.
 * @param {Amount | null} a
 * @param {Amount | null} b
 */
export const compareDescending = (a, b) => (a && b ? compare(b, a) : Number(!a) - Number(!b));

/** @param {Amount} amount */
export const isZero = ({ units }) => units === 0n;

/**
 * Round half up to a number of decimal places; an amount with fewer keeps those it has.
 * @param {Amount} amount
 * @param {number} places
 * @returns {Amount}
 */
export function round(amount, places) {
  if (amount.places <= places) return amount;
  const step = 10n ** BigInt(amount.places - places);
  const half = amount.units < 0n ? -step / 2n : step / 2n;
  return { units: (amount.units + half) / step, places };
}

/**
 * Return the share of an amount in a whole in percent, with four decimal places.
 *
 * A share too small for them is one step of them; it is zero where the whole is not positive.
 * @param {Amount} part
 * @param {Amount} whole
 * @returns {Amount}
 */
export function percentOf(part, whole) {
  if (whole.units <= 0n) return { units: 0n, places: 4 };
  const places = Math.max(part.places, whole.places);
  const units = (scaled(part, places) * 1_000_000n) / scaled(whole, places);
  return { units: units === 0n && part.units > 0n ? 1n : units, places: 4 };
}

/**
 * Return the share of an amount in a whole, from 0 to 1; for lengths on the screen, so a float is accurate enough.
 * @param {Amount} part
 * @param {Amount} whole
 */
export const share = (part, whole) =>
  Math.min(Math.max(Number(percentOf(part, whole).units) / 1_000_000, 0), 1);
