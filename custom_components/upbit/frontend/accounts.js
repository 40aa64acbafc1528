/** Finds the accounts and their entities in the page's state. */

const PLATFORM = "upbit";
const BALANCE = "balance";
const LIVE_CONNECTION = "live_connection";

const FIAT_PLACES = 2;
const COIN_PLACES = 8;

/** @param {Account} a @param {Account} b */
const byName = (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true });

/** @type {{entities?: Hass["entities"], devices?: Hass["devices"], accounts: Account[]}} */
let accountCache = { accounts: [] };

/**
 * Return the accounts, sorted by name; hidden entities are left out.
 * @param {Hass} hass
 */
export function findAccounts(hass) {
  // Home Assistant replaces these objects whenever something in the registries changes, and only then.
  if (accountCache.entities === hass.entities && accountCache.devices === hass.devices) {
    return accountCache.accounts;
  }
  /** @type {Map<string, Account>} */
  const accounts = new Map();
  for (const entry of Object.values(hass.entities)) {
    const device = hass.devices[entry.device_id];
    if (entry.platform !== PLATFORM || entry.hidden || !device) continue;
    const name = device.name_by_user || device.name || device.id;
    const account = accounts.get(device.id) ?? { id: device.id, name, balances: [], others: [] };
    accounts.set(device.id, account);
    (entry.translation_key === BALANCE ? account.balances : account.others).push(entry.entity_id);
    if (entry.translation_key === LIVE_CONNECTION) account.stream = entry.entity_id;
  }
  accountCache = {
    entities: hass.entities,
    devices: hass.devices,
    accounts: [...accounts.values()].sort(byName),
  };
  return accountCache.accounts;
}

/**
 * The code of a balance's currency; unavailable sensors have it too.
 * @param {EntityState} state
 */
export const currencyOf = (state) => state.attributes.unit_of_measurement;

/**
 * Whether a balance is in the account's own money (SGD, KRW, …) and not a coin.
 * @param {EntityState} state
 */
export const isFiat = (state) => state.attributes.device_class === "monetary";

/**
 * The decimal places a balance is shown with: those of the sensor's settings.
 * @param {Hass} hass
 * @param {EntityState} state
 */
export const placesOf = (hass, state) =>
  hass.entities[state.entity_id]?.display_precision ?? (isFiat(state) ? FIAT_PLACES : COIN_PLACES);

/**
 * The balances of an account that have a state: the account's own money first, then by currency.
 * @param {Hass} hass
 * @param {Account} account
 */
export function balancesOf(hass, account) {
  return account.balances
    .map((entityId) => hass.states[entityId])
    .filter((state) => state && currencyOf(state))
    .sort((a, b) => Number(isFiat(b)) - Number(isFiat(a)) || currencyOf(a).localeCompare(currencyOf(b)));
}
