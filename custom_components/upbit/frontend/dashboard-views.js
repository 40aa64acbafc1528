/** The views of the dashboard: for each account its balances and its history. All cards are Home Assistant's own. */

import { currencyOf } from "./accounts.js";
import { localizerOf } from "./localize.js";
import { lockedTable } from "./locked-table.js";

const ADD_ACCOUNT = "/config/integrations/dashboard/add?domain=upbit";

/** A tile's last day, beside its last change; the amount would not fit, and the list of balances has it. */
const TREND = {
  state_content: "last_changed",
  features: [{ type: "trend-graph", hours_to_show: 24 }],
  features_position: "inline",
  grid_options: { columns: 12 },
};

/** @param {string} text @param {string} [icon] */
const heading = (text, icon, more = {}) => ({ type: "heading", heading: text, icon, ...more });

/** @param {string} text */
const subtitle = (text) => ({ type: "heading", heading_style: "subtitle", heading: text });

/** @param {LovelaceConfig[]} cards */
const section = (...cards) => ({ type: "grid", cards });

/**
 * Whether a part of Home Assistant that a card needs is set up; a lean configuration may lack it.
 * @param {Hass} hass
 * @param {string} component
 */
const has = (hass, component) => hass.config.components.includes(component);

/** @param {Account} account */
const pathOf = (account) => account.id;

/** @param {Account} account */
const historyPathOf = (account) => `${account.id}-history`;

/**
 * Return an action that works whatever the dashboard's own address is.
 * @param {string} path
 */
const goTo = (path) => ({ action: "navigate", navigation_path: path });

/**
 * Return the balances to list: those above zero, or in an account that holds nothing, the empty ones.
 * @param {AccountBalances} account
 */
const shown = ({ held, empty }) => (held.length ? held : empty);

/** @param {Hass} hass */
const nothingShown = (hass) => ({ type: "markdown", content: localizerOf(hass)("nothing_shown") });

/**
 * Return the account's balances, under a heading that shows the connection too.
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {string} title
 * @param {LovelaceConfig} more Options of the heading.
 */
function balances(hass, account, title, more = {}) {
  const rows = shown(account).map((state) => ({ entity: state.entity_id, name: { type: "entity" } }));
  return [
    heading(title, "mdi:wallet-outline", {
      ...(account.stream && { badges: [{ type: "entity", entity: account.stream }] }),
      ...more,
    }),
    rows.length ? { type: "entities", entities: rows } : nothingShown(hass),
  ];
}

/** @param {Hass} hass */
export function welcomeView(hass) {
  const localize = localizerOf(hass);
  const button = { text: localize("add_account"), icon: "mdi:plus", tap_action: goTo(ADD_ACCOUNT) };
  return {
    title: "Upbit",
    path: "welcome",
    type: "panel",
    cards: [
      {
        type: "empty-state",
        content_only: true,
        icon: "mdi:wallet-outline",
        title: localize("welcome_title"),
        content: localize("welcome_text"),
        ...(hass.user?.is_admin && { buttons: [button] }),
      },
    ],
  };
}

/**
 * Return a view of all accounts side by side, and of how a currency that several of them hold is distributed.
 * @param {Hass} hass
 * @param {AccountBalances[]} accounts
 */
export function allAccountsView(hass, accounts) {
  const localize = localizerOf(hass);
  /** @type {Map<string, {account: Account, state: EntityState}[]>} */
  const holders = new Map();
  for (const account of accounts) {
    for (const state of account.held) {
      // A distribution accepts one unit and one device class: money in one account may be a coin in another.
      const kind = `${currencyOf(state)} ${state.attributes.device_class}`;
      holders.set(kind, [...(holders.get(kind) ?? []), { account, state }]);
    }
  }
  const shared = [...holders.values()].filter((held) => held.length > 1);
  return {
    title: localize("all_accounts"),
    path: "accounts",
    type: "sections",
    max_columns: 3,
    sections: [
      ...accounts.map((account) =>
        section(...balances(hass, account, account.name, { tap_action: goTo(pathOf(account)) })),
      ),
      ...(shared.length
        ? [
            {
              ...section(
                heading(localize("across_accounts"), "mdi:chart-box-outline"),
                ...shared.map((held) => ({
                  type: "distribution",
                  title: currencyOf(held[0].state),
                  entities: held.map(({ account, state }) => ({
                    entity: state.entity_id,
                    name: account.name,
                  })),
                })),
              ),
              column_span: 3,
            },
          ]
        : []),
    ],
  };
}

/**
 * Return a view of the account now: balances, what is locked, the last day, connection, and then empty currencies.
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {{alone: boolean}} options Whether it is the only account.
 */
export function balancesView(hass, account, { alone }) {
  const localize = localizerOf(hass);
  const events = account.others.filter((entityId) => entityId.startsWith("event."));
  const diagnostics = account.others.filter((entityId) => !entityId.startsWith("event."));

  const all = [...account.held, ...account.empty];
  const locked = [
    heading(localize("locked_in_orders"), "mdi:lock-outline"),
    { type: "markdown", content: lockedTable(hass, all) },
  ];
  /** @type {LovelaceConfig[]} */
  const situation = [];
  if (diagnostics.length) {
    situation.push(
      heading(localize("connection"), "mdi:access-point-network"),
      ...diagnostics.map((entity) => ({ type: "tile", entity, name: { type: "entity" }, color: "green" })),
    );
  }
  if (events.length) {
    // A list of the events would not show the currency of each.
    const tap = has(hass, "logbook") ? goTo(`/logbook?device_id=${account.id}`) : { action: "more-info" };
    situation.push(
      heading(localize("activity"), "mdi:format-list-bulleted-type", { tap_action: tap }),
      ...events.map((entity) => ({
        type: "tile",
        entity,
        name: { type: "entity" },
        state_content: ["currency", "event_type", "difference"],
        grid_options: { columns: 12 },
      })),
    );
  }
  const day = [
    heading(localize("last_24_hours"), "mdi:chart-timeline-variant", {
      tap_action: goTo(historyPathOf(account)),
    }),
    ...account.held.map((state) => ({
      type: "tile",
      entity: state.entity_id,
      name: { type: "entity" },
      ...(has(hass, "history") && TREND),
    })),
  ];
  const empty = [
    heading(localize("empty_currencies"), "mdi:circle-off-outline"),
    ...account.empty.map((state) => ({
      type: "tile",
      entity: state.entity_id,
      name: { type: "entity" },
    })),
  ];
  return {
    title: alone ? localize("balances") : account.name,
    path: pathOf(account),
    type: "sections",
    max_columns: 3,
    sections: [
      section(
        ...balances(hass, account, alone ? account.name : localize("balances")),
        ...(all.length ? locked : []),
      ),
      ...(account.held.length ? [section(...day)] : []),
      ...(situation.length ? [section(...situation)] : []),
      ...(account.held.length && account.empty.length ? [{ ...section(...empty), column_span: 3 }] : []),
    ],
  };
}

/**
 * Return a view of each currency's history: the last day, the last month, and the change of each of its days.
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {{alone: boolean}} options Whether it is the only account.
 */
export function historyView(hass, account, { alone }) {
  const localize = localizerOf(hass);
  const sections = shown(account).map((state) => {
    const name = /** @type {const} */ ({ type: "entity" });
    const entities = [{ entity: state.entity_id, name }];
    const statistics = {
      type: "statistics-graph",
      entities,
      period: "day",
      days_to_show: 30,
      hide_legend: true,
    };
    return section(
      heading(hass.formatEntityName(state, name) || currencyOf(state)),
      ...(has(hass, "history")
        ? [subtitle(localize("last_24_hours")), { type: "history-graph", entities, hours_to_show: 24 }]
        : []),
      ...(has(hass, "recorder")
        ? [
            subtitle(localize("last_30_days")),
            { ...statistics, stat_types: ["state"], chart_type: "line" },
            subtitle(localize("change_per_day")),
            { ...statistics, stat_types: ["change"], chart_type: "bar" },
          ]
        : []),
    );
  });
  return {
    title: alone ? localize("history") : localize("history_of", { account: account.name }),
    path: historyPathOf(account),
    type: "sections",
    max_columns: 3,
    subview: !alone,
    sections: sections.length ? sections : [section(nothingShown(hass))],
  };
}
