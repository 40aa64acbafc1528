/** What this page last knew of each total, so that every card points out the same changes, also one just made. */

import { compare, isZero, parse, subtract } from "./decimal.js";

/**
 * @typedef {object} Known
 * @property {object} state
 * @property {object | null} total The last one known.
 * @property {object | null} locked
 * @property {{by: object, at: number} | null} change The last one: of the total, and when the page learnt of it.
 * @property {number} moved When Home Assistant had it, in milliseconds; where the page has seen none, as below.
 */

/** @type {Map<string, Known>} */
const known = new Map();

const UNKNOWN = { total: null, locked: null, change: null, moved: 0 };

function learn(state) {
  const before = known.get(state.entity_id);
  if (before?.state === state) return before;
  const now = { ...UNKNOWN, ...before, state };
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
  known.set(state.entity_id, now);
  return now;
}

/**
 * Return the last change of a total, null if the page has seen none.
 *
 * Becoming unavailable and available again is no change; another amount after that is one.
 */
export const lastChange = (state) => learn(state).change;

/**
 * Return when a total last changed, in milliseconds, for comparison.
 *
 * Before the page has seen a change, it is when Home Assistant last wrote the first state that the page had, which an
 * outage or a restart before that moves too; zero if that had no amount.
 */
export const lastMoved = (state) => learn(state).moved;
