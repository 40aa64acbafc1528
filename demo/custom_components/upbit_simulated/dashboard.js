/** The dashboard strategy `custom:upbit-demo`: the integration's dashboard, with a view that says what to try. */

const UPBIT = "ll-strategy-dashboard-upbit";

/** The buttons, and where to look. */
const TRIALS = [
  ["place_order", "Places an order to sell 1,000 TRX. In the row **TRX**, this amount is locked."],
  ["deposit", "Deposits 500 ADA. The amount in the row **ADA** and the total value rise."],
  [
    "move_prices",
    "Raises all prices by 10%. **Total value** follows within 5 seconds. *Price updates* is set to *Live* for this.",
  ],
  ["delist", "Delists SOL. The row **SOL** shows *No price*, and the total value is without it."],
  ["cut", "**Live connection** is disconnected for some seconds. The balances stay available."],
  [
    "stop",
    "**Live connection** and **Price feed** are disconnected. After 15 seconds, balances are unavailable.",
  ],
  [
    "expire_key",
    "**Repairs** shows an issue. Note the new key that appears here, select the issue, and enter it." +
      "{%- set key = 'button.upbit_demo_expire_key' %}{% if state_attr(key, 'access_key') %}\n\n" +
      "Access key: `{{ state_attr(key, 'access_key') }}`\n\nSecret key: `{{ state_attr(key, 'secret_key') }}`" +
      "{% endif %}",
  ],
  ["add_account", "Adds another account. It appears here, and the dashboard has a view **All accounts**."],
  ["back_to_normal", "Starts the exchange again, and lists SOL again."],
];

const trial = (key, text) => {
  const entity = `button.upbit_demo_${key}`;
  const press = { action: "perform-action", perform_action: "button.press", target: { entity_id: entity } };
  return [
    { type: "tile", entity, hide_state: true, tap_action: press, icon_tap_action: press },
    { type: "markdown", content: text, text_only: true, grid_options: { columns: 6 } },
  ];
};

/** Return the view: the buttons, and beside them what they change in each account. */
const tryView = (hass) => {
  const entities = Object.values(hass.entities).filter(({ platform }) => platform === "upbit");
  const devices = [...new Set(entities.map(({ device_id }) => device_id))];
  const accounts = devices.map((device) => {
    const named = (key) =>
      entities
        .filter(({ device_id, translation_key }) => device_id === device && translation_key === key)
        .map(({ entity_id }) => ({ type: "tile", entity: entity_id, name: { type: "entity" } }));
    return {
      type: "grid",
      cards: [
        {
          type: "heading",
          heading: hass.devices[device].name_by_user ?? hass.devices[device].name,
          icon: "mdi:wallet-outline",
        },
        ...["total_value", "daily_change", "live_connection", "price_feed"].flatMap(named),
        { type: "custom:upbit-balances-card", device_id: device, sort: "value", hide_empty: true },
      ],
    };
  });
  return {
    title: "Try it",
    path: "try",
    type: "sections",
    max_columns: 3,
    sections: [
      {
        type: "grid",
        cards: [
          { type: "heading", heading: "Try it", icon: "mdi:flask-outline" },
          { type: "repairs", grid_options: { columns: 12 } },
          ...TRIALS.flatMap(([key, text]) => trial(key, text)),
        ],
      },
      ...accounts,
    ],
  };
};

class Strategy extends HTMLElement {
  static noEditor = true;

  static async generate(config, hass) {
    await customElements.whenDefined(UPBIT);
    const upbit = customElements.get(UPBIT);
    const { views } = await upbit.generate({ ...config, type: "custom:upbit" }, hass);
    return { views: [views[0], tryView(hass), ...views.slice(1)] };
  }

  static shouldRegenerate(config, before, now) {
    const upbit = customElements.get(UPBIT);
    return upbit?.shouldRegenerate(config, before, now);
  }
}

customElements.define("ll-strategy-dashboard-upbit-demo", Strategy);
