// Types of the card and the dashboard for `npm run types:js`; no page loads this file.

/** An exact amount: units / 10^places. */
interface Amount {
  units: bigint;
  places: number;
}

// What the modules use of Home Assistant's objects.

interface EntityState {
  entity_id: string;
  state: string;
  attributes: {
    /** What is restored at a start may lack it for a moment. */
    unit_of_measurement: string;
    device_class?: string;
    balance?: number;
    locked?: number;
    // Of a value sensor: the code and name of its coin, and its share of the total value in percent.
    currency?: string;
    currency_name?: string;
    share?: number;
    // Of the total value.
    complete?: boolean;
    unpriced?: string[];
  };
  last_updated: string;
}

interface EntityEntry {
  entity_id: string;
  platform: string;
  device_id: string;
  translation_key?: string;
  hidden?: boolean;
  display_precision?: number;
}

interface Device {
  id: string;
  name: string | null;
  name_by_user?: string | null;
}

interface NumberLocale {
  language: string;
  number_format: string;
}

interface Hass {
  states: Record<string, EntityState>;
  entities: Record<string, EntityEntry>;
  devices: Record<string, Device>;
  language: string;
  locale: NumberLocale;
  config: { components: string[] };
  user?: { is_admin: boolean };
  // biome-ignore lint/suspicious/noExplicitAny: each command has its own answer
  callWS: (command: object) => Promise<any>;
  localize: (key: string) => string;
  formatEntityName: (state: EntityState, name: { type: "entity" }) => string;
  formatEntityState: (state: EntityState) => string;
}

/** A card, section or view of a dashboard; Home Assistant defines what is in it. */
type LovelaceConfig = Record<string, unknown>;

// The account as the modules see it.

/** What the dashboard and the card show of an account as a whole. */
type Figure = "total_value" | "daily_change" | "unrealized_profit";

interface Account {
  /** The device's. */
  id: string;
  name: string;
  /** Entities of the balances. */
  balances: string[];
  /** Entities of the coins' values. */
  values: string[];
  /** The same of those that the user has hidden: they are not shown, and not taken for disabled ones. */
  hiddenValues: string[];
  figures: Partial<Record<Figure, string>>;
  /** Entities that are about neither amounts nor values: connections, events, … */
  others: string[];
  /** The one of them that shows whether the live connection is up. */
  stream?: string;
}

/** An account with the states of its balances, by whether something is held. */
interface AccountBalances extends Account {
  held: EntityState[];
  empty: EntityState[];
}

// The card and its options.

type Sort = "name" | "value" | "last_change" | "locked";

interface CardConfig {
  type?: string;
  title?: string;
  device_id?: string;
  currencies?: string[];
  sort?: Sort;
  digits?: "short" | "exact";
  hide_empty?: boolean;
  hide_below?: number;
  discreet?: boolean;
  /** Whether rows have lines of the last 24 hours. */
  lines?: boolean;
  tap_action?: ActionConfig;
  hold_action?: ActionConfig;
}

/** Home Assistant defines what else is in it. */
interface ActionConfig {
  action: string;
}

interface Actions {
  tap_action: ActionConfig;
  hold_action: ActionConfig;
  /** Whether a tap does something. */
  tap: boolean;
  hold: boolean;
}

type CheckedCardConfig = CardConfig &
  Required<Pick<CardConfig, "sort" | "digits" | "hide_empty" | "discreet">>;

/** How a card writes amounts. */
interface RowView {
  hass: Hass;
  /** Whether every digit is shown. */
  exact: boolean;
  /** Whether shares are shown instead of amounts. */
  discreet: boolean;
  actions: Actions;
  /** Whether rows have lines of the last 24 hours. */
  lines?: boolean;
}

/** By sensor: when each period ended, in milliseconds, and the value then. */
type Statistics = Record<string, { end: number; state?: number | null }[]>;

/** The states behind a row. */
interface RowStates {
  balance: EntityState;
  /** The coin's value. */
  value?: EntityState;
  /** The account's total value, for the share of the region's own currency, which has no value sensor. */
  total?: EntityState;
  /** Whether the coin's value sensor is disabled. */
  valueDisabled: boolean;
}

/** Throws an error with this text, in which the option is named. */
type Fail = (error: import("./localize.js").TextKey, placeholders?: Record<string, string>) => never;

type DashboardSection = "balances" | "value" | "allocation" | "last_day" | "history" | "connection";

interface StrategyConfig {
  type?: string;
  /** Ids of devices. */
  accounts?: string[];
  sections?: DashboardSection[];
  discreet?: boolean;
}

interface CheckedStrategyConfig {
  /** Empty for all. */
  accounts: string[];
  sections: Set<DashboardSection>;
  discreet: boolean;
}

/** The element that the entry module defines. */
interface CardElement extends HTMLElement {
  config?: CardConfig;
  state?: Hass;
  /** Of a feature: what its tile is about. */
  context?: { entity_id?: string };
}

/** Home Assistant's form, and its element that draws any card. */
interface FormElement extends HTMLElement {
  hass?: Hass;
  data?: object;
}
type PreviewElement = FormElement;

// What the entry module uses: short names, because its bytes are counted.

type Rest = typeof import("./main.js");
type Texts = Record<string, string[]>;
/** Returns a function that loads the rest and calls what it exports under this name. */
// biome-ignore lint/suspicious/noExplicitAny: each of these functions has its own type where it is defined
type Later = (name: LaterName) => (...some: any[]) => Promise<any>;
type LaterName =
  | "configElement"
  | "configForm"
  | "createSuggestions"
  | "drawOrRebuild"
  | "generate"
  | "generateView"
  | "sizeOf"
  | "stubConfig";

interface CardSuggestion {
  label?: string;
  config: CardConfig;
}

interface CustomCard {
  type: string;
  name: string;
  description: string;
  preview: boolean;
  getEntitySuggestion: (hass: Hass, entityId: string) => CardSuggestion | CardSuggestion[] | null;
}

interface CustomStrategy {
  type: string;
  strategyType: "dashboard";
  name: string;
  description: string;
}

interface CardHelpers {
  createCardElement: (config: LovelaceConfig) => HTMLElement;
}

interface CustomCardFeature {
  type: string;
  name: string;
  isSupported: (hass: Hass, context: { entity_id: string }) => boolean;
}

interface Window {
  customCardFeatures?: CustomCardFeature[];
  loadCardHelpers?: () => Promise<CardHelpers>;
  customCards?: CustomCard[];
  customStrategies?: CustomStrategy[];
}
