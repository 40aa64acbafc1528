/** The views of the dashboard: for each account its balances and its history. All cards are Home Assistant's own. */

import { currencyOf } from "./accounts.js";
import { localize } from "./localize.js";
import { lockedTable } from "./locked-table.js";

const ADD_ACCOUNT = "/config/integrations/dashboard/add?domain=upbit";

/** A tile's last day, beside when that ended; the amount would not fit, and the list of balances has it. */
const TREND = {
  state_content: "last_changed",
  features: [{ type: "trend-graph", hours_to_show: 24 }],
  features_position: "inline",
  grid_options: { columns: 12 },
};

const heading = (text, icon, more = {}) => ({ type: "heading", heading: text, icon, ...more });

const subtitle = (text) => ({ type: "heading", heading_style: "subtitle", heading: text });

const section = (...cards) => ({ type: "grid", cards });

/** A part of Home Assistant that a card needs; a lean configuration may lack it. */
const has = (hass, component) => hass.config.components.includes(component);

const pathOf = (account) => account.id;

const historyPathOf = (account) => `${account.id}-history`;

/** Navigation that works whatever the dashboard's own address is. */
const goTo = (path) => ({ action: "navigate", navigation_path: path });

/** What there is to tell of: what the account holds, or in an account that holds nothing, that this is so. */
const shown = ({ held, empty }) => (held.length ? held : empty);

const nothingShown = (hass) => ({ type: "markdown", content: localize(hass.language, "nothing_shown") });

/** The account's balances, under a heading that tells of the connection too. */
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

export function welcomeView(hass) {
  const say = (key) => localize(hass.language, key);
  const button = { text: say("add_account"), icon: "mdi:plus", tap_action: goTo(ADD_ACCOUNT) };
  return {
    title: "Upbit",
    path: "welcome",
    type: "panel",
    cards: [
      {
        type: "empty-state",
        content_only: true,
        icon: "mdi:wallet-outline",
        title: say("welcome_title"),
        content: say("welcome_text"),
        ...(hass.user?.is_admin && { buttons: [button] }),
      },
    ],
  };
}

/** All accounts at a glance, and how what several of them hold is spread over them. */
export function allAccountsView(hass, accounts) {
  const say = (key) => localize(hass.language, key);
  const holders = new Map();
  for (const account of accounts) {
    for (const state of account.held) {
      // A distribution takes one unit and one kind of sensor: money in one account may be a coin in another.
      const kind = `${currencyOf(state)} ${state.attributes.device_class}`;
      holders.set(kind, [...(holders.get(kind) ?? []), { account, state }]);
    }
  }
  const shared = [...holders.values()].filter((held) => held.length > 1);
  return {
    title: say("all_accounts"),
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
                heading(say("across_accounts"), "mdi:chart-box-outline"),
                ...shared.map((held) => ({
                  type: "distribution",
                  title: currencyOf(held[0].state),
                  entities: held.map(({ account, state }) => ({ entity: state.entity_id, name: account.name })),
                })),
              ),
              column_span: 3,
            },
          ]
        : []),
    ],
  };
}

/** What the account has now: balances, orders, the last day, connection, and at the end the empty currencies. */
export function balancesView(hass, account, { alone }) {
  const say = (key) => localize(hass.language, key);
  const events = account.others.filter((entityId) => entityId.startsWith("event."));
  const diagnostics = account.others.filter((entityId) => !entityId.startsWith("event."));

  const totals = [...account.held, ...account.empty];
  const locked = [
    heading(say("locked_in_orders"), "mdi:lock-outline"),
    { type: "markdown", content: lockedTable(hass, totals) },
  ];
  const situation = [];
  if (diagnostics.length) {
    situation.push(
      heading(say("connection"), "mdi:access-point-network"),
      ...diagnostics.map((entity) => ({ type: "tile", entity, name: { type: "entity" }, color: "green" })),
    );
  }
  if (events.length) {
    // A list of the events would leave out which currency each was about.
    const tap = has(hass, "logbook") ? goTo(`/logbook?device_id=${account.id}`) : { action: "more-info" };
    situation.push(
      heading(say("activity"), "mdi:format-list-bulleted-type", { tap_action: tap }),
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
    heading(say("last_24_hours"), "mdi:chart-timeline-variant", { tap_action: goTo(historyPathOf(account)) }),
    ...account.held.map((state) => ({
      type: "tile",
      entity: state.entity_id,
      name: { type: "entity" },
      ...(has(hass, "history") && TREND),
    })),
  ];
  const empty = [
    heading(say("empty_currencies"), "mdi:circle-off-outline"),
    ...account.empty.map((state) => ({
      type: "tile",
      entity: state.entity_id,
      name: { type: "entity" },
    })),
  ];
  return {
    title: alone ? say("balances") : account.name,
    path: pathOf(account),
    type: "sections",
    max_columns: 3,
    sections: [
      section(...balances(hass, account, alone ? account.name : say("balances")), ...(totals.length ? locked : [])),
      ...(account.held.length ? [section(...day)] : []),
      ...(situation.length ? [section(...situation)] : []),
      ...(account.held.length && account.empty.length ? [{ ...section(...empty), column_span: 3 }] : []),
    ],
  };
}

/** How each currency moved: the last day as it went, the last month, and what each of its days changed. */
export function historyView(hass, account, { alone }) {
  const say = (key, placeholders) => localize(hass.language, key, placeholders);
  const sections = shown(account).map((state) => {
    const name = { type: "entity" };
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
        ? [subtitle(say("last_24_hours")), { type: "history-graph", entities, hours_to_show: 24 }]
        : []),
      ...(has(hass, "recorder")
        ? [
            subtitle(say("last_30_days")),
            { ...statistics, stat_types: ["state"], chart_type: "line" },
            subtitle(say("change_per_day")),
            { ...statistics, stat_types: ["change"], chart_type: "bar" },
          ]
        : []),
    );
  });
  return {
    title: alone ? say("history") : say("history_of", { account: account.name }),
    path: historyPathOf(account),
    type: "sections",
    max_columns: 3,
    subview: !alone,
    sections: sections.length ? sections : [section(nothingShown(hass))],
  };
}
