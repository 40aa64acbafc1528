/** Finds the accounts and their entities among everything Home Assistant has told the page. */

const PLATFORM = "upbit";
const BALANCE = "balance";
const LIVE_CONNECTION = "live_connection";

const FIAT_PLACES = 2;
const COIN_PLACES = 8;

const byName = (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true });

/**
 * @typedef {object} Account
 * @property {string} id The device's.
 * @property {string} name
 * @property {string[]} currencies Entities of the totals.
 * @property {string[]} others The account's other entities: connection, events, …
 * @property {string} [stream] The one of them that tells whether the live stream is connected.
 */

let known = {};

/**
 * Return the accounts, sorted by name; hidden entities are left out.
 * @returns {Account[]}
 */
export function findAccounts(hass) {
  // The page makes new objects of these whenever something in the registries changes, and only then.
  if (known.entities === hass.entities && known.devices === hass.devices) return known.accounts;
  const accounts = new Map();
  for (const entry of Object.values(hass.entities)) {
    const device = hass.devices[entry.device_id];
    if (entry.platform !== PLATFORM || entry.hidden || !device) continue;
    if (!accounts.has(device.id)) {
      const name = device.name_by_user || device.name || device.id;
      accounts.set(device.id, { id: device.id, name, currencies: [], others: [] });
    }
    const account = accounts.get(device.id);
    (entry.translation_key === BALANCE ? account.currencies : account.others).push(entry.entity_id);
    if (entry.translation_key === LIVE_CONNECTION) account.stream = entry.entity_id;
  }
  known = { entities: hass.entities, devices: hass.devices, accounts: [...accounts.values()].sort(byName) };
  return known.accounts;
}

/** The code of a total's currency; unavailable sensors tell it too. */
export const currencyOf = (state) => state.attributes.unit_of_measurement;

/** Whether a total is in the account's own money (SGD, KRW, …) and not a coin. */
export const isFiat = (state) => state.attributes.device_class === "monetary";

/** The decimal places a total is shown with: those of the sensor's settings. */
export const placesOf = (hass, state) =>
  hass.entities[state.entity_id]?.display_precision ?? (isFiat(state) ? FIAT_PLACES : COIN_PLACES);

/** The totals of an account that Home Assistant has a state of: the account's own money first, then by currency. */
export function totalsOf(hass, account) {
  return account.currencies
    .map((entityId) => hass.states[entityId])
    .filter((state) => state && currencyOf(state))
    .sort((a, b) => isFiat(b) - isFiat(a) || currencyOf(a).localeCompare(currencyOf(b)));
}
