/** What this page last knew of each total, so that every card points out the same changes, also one just made. */

import { compare, isZero, parse, subtract } from "./decimal.js";

/**
 * @typedef {object} Known
 * @property {object} state
 * @property {object} total
 * @property {object | null} locked
 * @property {{by: object, at: number} | null} change The last one: of the total, and when the page learnt of it.
 */

/** @type {Map<string, Known>} */
const known = new Map();

/**
 * Return the last change of a total, null if the page has seen none.
 *
 * Becoming unavailable and available again is no change; another amount after that is one.
 */
export function lastChange(state) {
  const before = known.get(state.entity_id);
  if (before?.state === state) return before.change;
  const total = parse(state.state);
  const locked = parse(state.attributes.locked);
  if (!total) return before?.change ?? null;
  const now = { state, total, locked, change: before?.change ?? null };
  if (before) {
    const by = subtract(total, before.total);
    const moved = locked && before.locked && compare(locked, before.locked) !== 0;
    if (!isZero(by) || moved) now.change = { by, at: performance.now() };
  }
  known.set(state.entity_id, now);
  return now.change;
}
