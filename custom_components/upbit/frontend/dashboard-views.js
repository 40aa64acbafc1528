/** The views of the dashboard: for each account its balances and its history. */

import { currencyOf, hasValues, isFiat, valuesOf } from "./accounts.js";
import { compareDescending, parse } from "./decimal.js";
import { localizerOf } from "./localize.js";

const ADD_ACCOUNT = "/config/integrations/dashboard/add?domain=upbit";

const TREND = { features: [{ type: "trend-graph", hours_to_show: 24 }], grid_options: { columns: 12 } };

/** A tile's last day, beside its last change; the amount would not fit, and the list of balances has it. */
const TREND_OF_BALANCE = {
  ...TREND,
  state_content: "last_changed",
  features_position: "inline",
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
 * Return the balances that have a history to show: those above zero, or in an account that holds nothing, all.
 * @param {AccountBalances} account
 */
const shown = ({ held, empty }) => (held.length ? held : empty);

/** @param {Hass} hass */
const nothingShown = (hass) => ({ type: "markdown", content: localizerOf(hass)("nothing_shown") });

/** @param {string} entity @param {LovelaceConfig} [more] */
const tile = (entity, more) => ({ type: "tile", entity, name: { type: "entity" }, ...more });

/**
 * @typedef {object} ViewOptions
 * @property {boolean} alone Whether it is the only account.
 * @property {boolean} discreet Whether shares are shown instead of amounts and values.
 * @property {Set<DashboardSection>} sections What is shown.
 * @property {boolean} [single] Whether there is one view and no other to go to.
 */

/**
 * Return the account's total value and what it does not include, and its balances.
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {ViewOptions} options
 * @param {LovelaceConfig} more Options of the heading.
 */
function overview(hass, account, { discreet, sections }, more = {}) {
  const { total_value, daily_change, unrealized_profit } = account.figures;
  /** @type {LovelaceConfig[]} */
  const figures = [];
  if (!discreet && sections.has("value")) {
    if (total_value) {
      figures.push(tile(total_value, has(hass, "history") ? TREND : {}), leftOut(hass, total_value));
    }
    for (const entity of [daily_change, unrealized_profit]) if (entity) figures.push(tile(entity));
  }
  return [
    heading(account.name, "mdi:wallet-outline", {
      ...(account.stream && { badges: [{ type: "entity", entity: account.stream }] }),
      ...more,
    }),
    ...figures,
    ...(sections.has("balances") ? [balancesCard(hass, account, discreet)] : []),
  ];
}

/**
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {boolean} discreet
 */
const balancesCard = (hass, account, discreet) =>
  account.balances.length
    ? {
        type: "custom:upbit-balances-card",
        title: localizerOf(hass)("balances"),
        device_id: account.id,
        ...(hasValues(account) && { sort: "value" }),
        hide_empty: account.held.length > 0,
        ...(discreet && { discreet }),
      }
    : nothingShown(hass);

/**
 * Return a card with what the total value does not include, which has no height while there is no such thing.
 *
 * It is a template, because a tile shows a list without words, and the dashboard is not generated again for it.
 * With `show_empty: false`, Home Assistant would take it out of the page once it is empty and never update it again.
 * @param {Hass} hass
 * @param {string} total
 */
function leftOut(hass, total) {
  const localize = localizerOf(hass);
  const entity = JSON.stringify(total);
  const currencies = `{{ state_attr(${entity}, "unpriced") | map("e") | join(", ") }}`;
  return {
    type: "markdown",
    text_only: true,
    content:
      `{%- if state_attr(${entity}, "unpriced") -%}${localize("left_out", { currencies })}` +
      `{%- elif is_state_attr(${entity}, "complete", false) -%}${localize("total_incomplete")}{%- endif -%}`,
  };
}

/**
 * Return the history of entities: the last day, and the last month as the recorder keeps it for each day.
 * @param {Hass} hass
 * @param {LovelaceConfig[]} entities
 * @param {{change: boolean}} options Whether the change of each day is shown too.
 */
function historyCards(hass, entities, { change }) {
  const localize = localizerOf(hass);
  const statistics = {
    type: "statistics-graph",
    entities,
    period: "day",
    days_to_show: 30,
    hide_legend: true,
  };
  return [
    ...(has(hass, "history")
      ? [subtitle(localize("last_24_hours")), { type: "history-graph", entities, hours_to_show: 24 }]
      : []),
    ...(has(hass, "recorder")
      ? [
          subtitle(localize("last_30_days")),
          { ...statistics, stat_types: ["state"], chart_type: "line" },
          ...(change
            ? [
                subtitle(localize("change_per_day")),
                { ...statistics, stat_types: ["change"], chart_type: "bar" },
              ]
            : []),
        ]
      : []),
  ];
}

/**
 * Return how the total value is distributed over the coins held and the region's own currency, the largest first.
 * @param {Hass} hass
 * @param {AccountBalances} account
 */
function distribution(hass, account) {
  const values = valuesOf(hass, account.values);
  const parts = account.held.flatMap((balance) => {
    const state = isFiat(balance) ? balance : values.get(currencyOf(balance));
    return state ? [{ entity: state.entity_id, name: currencyOf(balance), value: parse(state.state) }] : [];
  });
  if (!values.size || !parts.length) return [];
  parts.sort((a, b) => compareDescending(a.value, b.value));
  return [
    heading(localizerOf(hass)("shares_of_total"), "mdi:chart-donut"),
    { type: "distribution", entities: parts.map(({ entity, name }) => ({ entity, name })) },
  ];
}

/**
 * Return a view of a dashboard whose accounts are gone.
 * @param {Hass} hass
 */
export const goneView = (hass) => ({
  title: "Upbit",
  path: "gone",
  type: "sections",
  sections: [section({ type: "markdown", content: localizerOf(hass)("accounts_gone") })],
});

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
 *
 * Nothing else is added up: the values of two regions are in different currencies.
 * @param {Hass} hass
 * @param {AccountBalances[]} accounts
 * @param {ViewOptions} options
 */
export function allAccountsView(hass, accounts, options) {
  const goToAccount = (/** @type {Account} */ account) => ({ tap_action: goTo(pathOf(account)) });
  return {
    title: localizerOf(hass)("all_accounts"),
    path: "accounts",
    type: "sections",
    max_columns: 3,
    sections: [
      ...accounts.map((account) => section(...overview(hass, account, options, goToAccount(account)))),
      ...acrossAccounts(hass, accounts, options),
    ],
  };
}

/**
 * Return how the currencies that several accounts hold are distributed over them, as a section or none.
 * @param {Hass} hass
 * @param {AccountBalances[]} accounts
 * @param {ViewOptions} options
 */
function acrossAccounts(hass, accounts, { discreet, sections }) {
  /** @type {Map<string, {account: Account, state: EntityState}[]>} */
  const holders = new Map();
  for (const account of discreet || !sections.has("allocation") ? [] : accounts) {
    for (const state of account.held) {
      // A distribution accepts one unit and one device class: money in one account may be a coin in another.
      const kind = `${currencyOf(state)} ${state.attributes.device_class}`;
      holders.set(kind, [...(holders.get(kind) ?? []), { account, state }]);
    }
  }
  const shared = [...holders.values()].filter((held) => held.length > 1);
  const cards = shared.map((held) => ({
    type: "distribution",
    title: currencyOf(held[0].state),
    entities: held.map(({ account, state }) => ({ entity: state.entity_id, name: account.name })),
  }));
  const title = heading(localizerOf(hass)("across_accounts"), "mdi:chart-box-outline");
  return cards.length ? [{ ...section(title, ...cards), column_span: 3 }] : [];
}

/**
 * Return a view of the account now: values and balances, the last day, connection, and then empty currencies.
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {ViewOptions} options
 */
export function balancesView(hass, account, options) {
  return {
    title: options.alone ? localizerOf(hass)("balances") : account.name,
    path: pathOf(account),
    type: "sections",
    max_columns: 3,
    sections: sectionsOf(hass, account, options),
  };
}

/**
 * Return the sections of the account now.
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {ViewOptions} options
 */
function sectionsOf(hass, account, options) {
  const { discreet, sections, single } = options;
  const localize = localizerOf(hass);
  const { total_value } = account.figures;
  const isEvent = (/** @type {string} */ entityId) => entityId.startsWith("event.");
  const events = account.others.filter(isEvent);
  const diagnostics = account.others.filter((entityId) => !isEvent(entityId));

  const value = [
    ...(sections.has("allocation") ? distribution(hass, account) : []),
    ...(total_value && sections.has("history")
      ? [
          heading(localize("history"), "mdi:chart-line"),
          ...historyCards(hass, [{ entity: total_value, name: { type: "entity" } }], { change: false }),
        ]
      : []),
  ];
  /** @type {LovelaceConfig[]} */
  const situation = [];
  if (diagnostics.length && sections.has("connection")) {
    situation.push(
      heading(localize("connection"), "mdi:access-point-network"),
      ...diagnostics.map((entity) => tile(entity, { color: "green" })),
    );
  }
  // An event shows by how much a balance changed.
  if (events.length && sections.has("connection") && !discreet) {
    // A list of the events would not show the currency of each.
    const tap = has(hass, "logbook") ? goTo(`/logbook?device_id=${account.id}`) : { action: "more-info" };
    situation.push(
      heading(localize("activity"), "mdi:format-list-bulleted-type", { tap_action: tap }),
      ...events.map((entity) =>
        tile(entity, {
          state_content: ["currency", "event_type", "difference"],
          grid_options: { columns: 12 },
        }),
      ),
    );
  }
  const day = [
    heading(
      localize("last_24_hours"),
      "mdi:chart-timeline-variant",
      single || !sections.has("history") ? {} : { tap_action: goTo(historyPathOf(account)) },
    ),
    ...account.held.map((state) => tile(state.entity_id, has(hass, "history") ? TREND_OF_BALANCE : {})),
  ];
  const empty = [
    heading(localize("empty_currencies"), "mdi:circle-off-outline"),
    ...account.empty.map((state) => tile(state.entity_id)),
  ];
  const isAmountShown = account.held.length > 0 && !discreet;
  const [title, ...first] = overview(hass, account, options);
  const columns = [
    first,
    discreet ? [] : value,
    isAmountShown && sections.has("last_day") ? day : [],
    situation,
  ].filter((cards) => cards.length);
  columns[0] = [title, ...(columns[0] ?? [])];
  return [
    ...columns.map((cards) => section(...cards)),
    ...(isAmountShown && sections.has("balances") && account.empty.length
      ? [{ ...section(...empty), column_span: 3 }]
      : []),
  ];
}

/**
 * Return one view of all accounts, for a dashboard of the user's own; title and path are the user's too.
 * @param {Hass} hass
 * @param {AccountBalances[]} accounts
 * @param {ViewOptions} options
 */
export const singleView = (hass, accounts, options) => ({
  type: "sections",
  max_columns: 3,
  sections: [
    ...accounts.flatMap((account) => sectionsOf(hass, account, options)),
    ...acrossAccounts(hass, accounts, options),
  ],
});

/**
 * Return a view of each currency's history: the last day, the last month, and the change of each of its days.
 * @param {Hass} hass
 * @param {AccountBalances} account
 * @param {ViewOptions} options
 */
export function historyView(hass, account, { alone }) {
  const localize = localizerOf(hass);
  const sections = shown(account).map((state) => {
    const name = /** @type {const} */ ({ type: "entity" });
    return section(
      heading(hass.formatEntityName(state, name) || currencyOf(state)),
      ...historyCards(hass, [{ entity: state.entity_id, name }], { change: true }),
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
