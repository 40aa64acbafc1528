/** Finds the accounts and their entities in the page's state. */

const PLATFORM = "upbit";
const LIVE_CONNECTION = "live_connection";

const FIAT_PLACES = 2;
const COIN_PLACES = 8;

/**
 * The list of an account that an entity belongs to, by its translation key: null for none of them.
 * @type {Record<string, "balances" | "values" | null>}
 */
const LISTS = {
  balance: "balances",
  value: "values",
  coin_unrealized_profit: null,
  price: null,
  return: null,
  cost_basis: null,
};

/** @type {string[]} */
const FIGURES = /** @satisfies {Figure[]} */ (["total_value", "daily_change", "unrealized_profit"]);

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
  const entries = Object.values(hass.entities).filter(
    (entry) => entry.platform === PLATFORM && hass.devices[entry.device_id],
  );
  /** @type {Map<string, Account>} */
  const accounts = new Map();
  for (const entry of entries.filter(({ hidden }) => !hidden)) {
    const device = hass.devices[entry.device_id];
    const account = accounts.get(device.id) ?? newAccount(device);
    accounts.set(device.id, account);
    place(entry, account);
  }
  for (const { hidden, translation_key, device_id, entity_id } of entries) {
    if (hidden && translation_key === "value") accounts.get(device_id)?.hiddenValues.push(entity_id);
  }
  accountCache = {
    entities: hass.entities,
    devices: hass.devices,
    accounts: [...accounts.values()].sort(byName),
  };
  return accountCache.accounts;
}

/**
 * @param {Device} device
 * @returns {Account}
 */
const newAccount = ({ id, name_by_user, name }) => ({
  id,
  name: name_by_user || name || id,
  balances: [],
  values: [],
  hiddenValues: [],
  figures: {},
  others: [],
});

/**
 * @param {EntityEntry} entry
 * @param {Account} account
 */
function place({ entity_id, translation_key = "" }, account) {
  if (translation_key === LIVE_CONNECTION) account.stream = entity_id;
  if (FIGURES.includes(translation_key)) {
    account.figures[/** @type {Figure} */ (translation_key)] = entity_id;
    return;
  }
  const list = translation_key in LISTS ? LISTS[translation_key] : "others";
  if (list) account[list].push(entity_id);
}

/**
 * The code of a balance's currency; unavailable sensors have it too.
 * @param {EntityState} state
 */
export const currencyOf = (state) => state.attributes.unit_of_measurement;

/**
 * Whether an amount is in the region's own currency (SGD, KRW, …) and not of a coin.
 * @param {EntityState} state
 */
export const isFiat = (state) => state.attributes.device_class === "monetary";

/**
 * The decimal places an amount is shown with: those of the sensor's settings.
 * @param {Hass} hass
 * @param {EntityState} state
 */
export const placesOf = (hass, state) =>
  hass.entities[state.entity_id]?.display_precision ?? (isFiat(state) ? FIAT_PLACES : COIN_PLACES);

/**
 * The balances of an account that have a state: the region's own currency first, then by currency.
 * @param {Hass} hass
 * @param {Account} account
 */
export function balancesOf(hass, account) {
  return account.balances
    .map((entityId) => hass.states[entityId])
    .filter((state) => state && currencyOf(state))
    .sort((a, b) => Number(isFiat(b)) - Number(isFiat(a)) || currencyOf(a).localeCompare(currencyOf(b)));
}

/**
 * The states of value sensors by the code of their coin; unavailable sensors have it too.
 * @param {Hass} hass
 * @param {string[]} entityIds
 * @returns {Map<string | undefined, EntityState>}
 */
export const valuesOf = (hass, entityIds) =>
  new Map(
    entityIds.flatMap((entityId) => {
      const state = hass.states[entityId];
      return state ? [[state.attributes.currency, state]] : [];
    }),
  );

/**
 * The state of one of the account's figures; undefined where its sensor is disabled, hidden or not there.
 * @param {Hass} hass
 * @param {Account} account
 * @param {Figure} figure
 * @returns {EntityState | undefined}
 */
export const figureOf = (hass, account, figure) => hass.states[account.figures[figure] ?? ""];

/**
 * Whether the account has value sensors of any kind: not while *Price updates* is off or all are disabled.
 * @param {Account} account
 */
export const hasValues = ({ values, hiddenValues, figures }) =>
  values.length + hiddenValues.length + Object.keys(figures).length > 0;
