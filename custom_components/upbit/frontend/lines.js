/** Lines of the last 24 hours, from the recorder's statistics. */

const DAY = 24 * 60 * 60 * 1000;

/** How long rows that become visible together are waited for, in milliseconds, so that one command loads them all. */
const TOGETHER = 50;

const HEIGHT = 20;

/** @typedef {{at: number, value: number}} Point A value and since when, in milliseconds. */

/** @type {{ids: Set<string>, answer: Promise<Statistics>} | undefined} */
let batch;

/**
 * @param {Hass} hass
 * @param {string[]} ids
 * @returns {Promise<Statistics>}
 */
const load = (hass, ids) =>
  hass.callWS({
    type: "recorder/statistics_during_period",
    start_time: new Date(Date.now() - DAY).toISOString(),
    statistic_ids: ids,
    period: "5minute",
    types: ["state"],
  });

/**
 * Return the values of a sensor in the last 24 hours, none if the recorder has none; undefined if they can't be loaded.
 * @param {Hass} hass
 * @param {string} entityId
 * @returns {Promise<Point[] | undefined>}
 */
export async function loadPoints(hass, entityId) {
  if (!hass.config.components.includes("recorder")) return [];
  if (!batch) {
    /** @type {Set<string>} */
    const ids = new Set();
    const answer = new Promise((resolve) => setTimeout(resolve, TOGETHER)).then(() => {
      batch = undefined;
      return load(hass, [...ids]);
    });
    batch = { ids, answer };
  }
  batch.ids.add(entityId);
  try {
    const statistics = await batch.answer;
    return (statistics[entityId] ?? []).flatMap(({ end, state }) =>
      typeof state === "number" ? [{ at: end, value: state }] : [],
    );
  } catch {
    return undefined;
  }
}

/**
 * Call a function once an element is in sight.
 * @param {HTMLElement} element
 * @param {() => void} callback
 */
export function whenVisible(element, callback) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    callback();
  });
  observer.observe(element);
}

/**
 * Draw values as steps up to now: a balance keeps its amount until it changes.
 * @param {Point[]} points
 * @param {number} current
 * @returns {string} An SVG element; empty where there is nothing to compare with.
 */
export function drawLine(points, current) {
  if (!points.length) return "";
  const start = Date.now() - DAY;
  const values = [...points.map(({ value }) => value), current];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  /** @param {number} value */
  const y = (value) =>
    (most > least ? 1 + (HEIGHT - 2) * (1 - (value - least) / (most - least)) : HEIGHT / 2).toFixed(1);
  /** @param {number} at */
  const x = (at) => ((Math.max(at - start, 0) / DAY) * 100).toFixed(2);
  const steps = points.slice(1).map(({ at, value }) => `H${x(at)}V${y(value)}`);
  const path = `M${x(points[0].at)} ${y(points[0].value)}${steps.join("")}H100V${y(current)}`;
  return `<svg viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none"><path d="${path}"/></svg>`;
}
