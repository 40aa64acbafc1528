/** What this page last knew of each balance, so that all cards highlight the same changes, also a card just made. */

import { compare, isZero, parse, subtract } from "./decimal.js";

/**
 * @typedef {object} Change
 * @property {Amount} by Of the total.
 * @property {number} at When the page detected it, as `performance.now()`.
 */

/**
 * @typedef {object} Seen
 * @property {Amount | null} total The last one known.
 * @property {Amount | null} locked
 * @property {Change | null} change The last one.
 * @property {number} changedAt When Home Assistant wrote the last change, in milliseconds, see `lastChangedAt`.
 */

/**
 * By entity.
 * @type {Map<string, Seen>}
 */
const lastSeen = new Map();

/**
 * By state, for questions about one that is no longer the newest.
 * @type {WeakMap<EntityState, Seen>}
 */
const seen = new WeakMap();

/** @type {Seen} */
const UNKNOWN = { total: null, locked: null, change: null, changedAt: 0 };

/** @param {EntityState} state */
function see(state) {
  const known = seen.get(state);
  if (known) return known;
  const before = lastSeen.get(state.entity_id);
  const now = { ...UNKNOWN, ...before };
  const total = parse(state.state);
  if (total) {
    const locked = parse(state.attributes.locked);
    const written = Date.parse(state.last_updated);
    if (!before) now.changedAt = written;
    if (before?.total) {
      const by = subtract(total, before.total);
      const isLockedChanged = locked && before.locked && compare(locked, before.locked) !== 0;
      if (!isZero(by) || isLockedChanged) {
        now.change = { by, at: performance.now() };
        now.changedAt = written;
      }
    }
    Object.assign(now, { total, locked });
  }
  lastSeen.set(state.entity_id, now);
  seen.set(state, now);
  return now;
}

/**
 * Return the last change of a balance, null if the page has seen none.
 *
 * Becoming unavailable and available again is no change; another amount after that is one.
 * @param {EntityState} state
 */
export const lastChange = (state) => see(state).change;

/**
 * Return when a balance last changed, in milliseconds, for comparison.
 *
 * Before the page has seen a change, it is when Home Assistant last wrote the first state that the page had, which an
 * outage or a restart before that updates too; zero if that state had no amount.
 * @param {EntityState} state
 */
export const lastChangedAt = (state) => see(state).changedAt;

/**
 * Whether a balance is zero; while it is unavailable, whether it last was, so that nothing moves meanwhile.
 * @param {EntityState} state
 */
export function lastKnownEmpty(state) {
  const { total } = see(state);
  return total !== null && isZero(total);
}
