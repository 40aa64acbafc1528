/** What this page last knew of each total, so that every card points out the same changes, also one just made. */

import { compare, isZero, parse, subtract } from "./decimal.js";

/**
 * @typedef {object} Seen
 * @property {object | null} total The last one known.
 * @property {object | null} locked
 * @property {{by: object, at: number} | null} change The last one: of the total, and when the page detected it.
 * @property {number} moved When Home Assistant wrote it, in milliseconds; where the page has seen none, as below.
 */

/** By entity. @type {Map<string, Seen>} */
const lastSeen = new Map();

/** By state, for questions about one that is not the newest any more. @type {WeakMap<object, Seen>} */
const seen = new WeakMap();

const UNKNOWN = { total: null, locked: null, change: null, moved: 0 };

function see(state) {
  if (seen.has(state)) return seen.get(state);
  const before = lastSeen.get(state.entity_id);
  const now = { ...UNKNOWN, ...before };
  const total = parse(state.state);
  if (total) {
    const locked = parse(state.attributes.locked);
    if (!before) now.moved = Date.parse(state.last_updated);
    if (before?.total) {
      const by = subtract(total, before.total);
      const moved = locked && before.locked && compare(locked, before.locked) !== 0;
      if (!isZero(by) || moved) {
        now.change = { by, at: performance.now() };
        now.moved = Date.parse(state.last_updated);
      }
    }
    Object.assign(now, { total, locked });
  }
  lastSeen.set(state.entity_id, now);
  seen.set(state, now);
  return now;
}

/**
 * Return the last change of a total, null if the page has seen none.
 *
 * Becoming unavailable and available again is no change; another amount after that is one.
 */
export const lastChange = (state) => see(state).change;

/**
 * Return when a total last changed, in milliseconds, for comparison.
 *
 * Before the page has seen a change, it is when Home Assistant last wrote the first state that the page had, which an
 * outage or a restart before that moves too; zero if that had no amount.
 */
export const lastMoved = (state) => see(state).moved;

/** Whether a balance is zero; while it is unavailable, whether it last was, so that nothing moves meanwhile. */
export function lastKnownEmpty(state) {
  const { total } = see(state);
  return total !== null && isZero(total);
}
