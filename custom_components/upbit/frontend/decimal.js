/** Amounts as exact decimals: a float would lose digits of what the exchange says. */

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,4}))?$/i;

/**
 * Read a state or an attribute.
 * @returns {{units: bigint, places: number} | null} units / 10^places; null for what is no number ("unavailable").
 */
export function parse(text) {
  const match = NUMBER.exec(String(text));
  if (!match) return null;
  const [, sign, integer, fraction = "", exponent = "0"] = match;
  const units = BigInt(integer + fraction) * (sign === "-" ? -1n : 1n);
  const places = fraction.length - Number(exponent);
  return places >= 0 ? { units, places } : { units: units * 10n ** BigInt(-places), places: 0 };
}

const scaled = ({ units, places }, wanted) => units * 10n ** BigInt(wanted - places);

function combine(a, b, operation) {
  const places = Math.max(a.places, b.places);
  return { units: operation(scaled(a, places), scaled(b, places)), places };
}

export const add = (a, b) => combine(a, b, (x, y) => x + y);

export const subtract = (a, b) => combine(a, b, (x, y) => x - y);

/** Negative, zero or positive, as a comparison function of a sort. */
export function compare(a, b) {
  const { units } = subtract(a, b);
  return units < 0n ? -1 : Number(units > 0n);
}

export const isZero = ({ units }) => units === 0n;

/** Round half up to a number of decimal places; an amount with fewer keeps those it has. */
export function round(amount, places) {
  if (amount.places <= places) return amount;
  const step = 10n ** BigInt(amount.places - places);
  const half = amount.units < 0n ? -step / 2n : step / 2n;
  return { units: (amount.units + half) / step, places };
}

/** The share of an amount in a whole, from 0 to 1; for lengths on the screen, so a float is good enough. */
export function share(part, whole) {
  if (whole.units <= 0n) return 0;
  const places = Math.max(part.places, whole.places);
  const millionths = (scaled(part, places) * 1_000_000n) / scaled(whole, places);
  return Math.min(Math.max(Number(millionths) / 1_000_000, 0), 1);
}
