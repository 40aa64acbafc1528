"""The card, its options and the strategy on a page of their own, for accounts that the demo does not have."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
import itertools
import json
import re
from typing import Any

from playwright.async_api import Error, Locator, Page, Route, expect
import pytest
import yaml

from .accessibility import violations
from .browser import Visit, Visitor
from .pages import CARD, button, card_row, document_of, hold_highlights
from .texts import frontend_texts

TEXTS = frontend_texts("en")
MINUS = "\N{MINUS SIGN}"
BLANK = """<!doctype html><html lang="en"><body>
    <home-assistant></home-assistant>
    <script>customElements.define("home-assistant", class extends HTMLElement {})</script>
</body></html>"""

# Parts of the page's state that did not change stay the same objects, as in Home Assistant; the card relies on it.
SHOW = """({ states, ...shared }) => {
    const page = document.querySelector("home-assistant");
    const kept = (before, now) => (JSON.stringify(before) === JSON.stringify(now) ? before : now);
    const last = page.hass ?? { states: {} };
    const functions = (window.functions ??= {
        formatEntityName: (state) => state.attributes.unit_of_measurement,
        formatEntityState: ({ state }) =>
            ({ unavailable: "Unavailable", unknown: "Unknown", on: "Connected" })[state] ?? state,
    });
    page.hass = { ...functions, states: {} };
    for (const [key, value] of Object.entries(shared)) page.hass[key] = kept(last[key], value);
    for (const [id, state] of Object.entries(states)) page.hass.states[id] = kept(last.states[id], state);
    for (const card of document.querySelectorAll("upbit-balances-card")) card.hass = page.hass;
}"""
ADD_CARD = f"""(config) => {{
    const card = document.createElement("{CARD}");
    card.setConfig(config);
    document.body.append(card);
    card.hass = document.querySelector("home-assistant").hass;
}}"""
GENERATE = """async (config) => {
    const strategy = customElements.get("ll-strategy-dashboard-upbit");
    return await strategy.generate(config ?? {}, document.querySelector("home-assistant").hass);
}"""
GENERATE_VIEW = """async (config) => {
    const strategy = customElements.get("ll-strategy-view-upbit");
    return await strategy.generate(config ?? {}, document.querySelector("home-assistant").hass);
}"""
SHOULD_REGENERATE = """(before) => {
    const strategy = customElements.get("ll-strategy-dashboard-upbit");
    return strategy.shouldRegenerate({}, before, document.querySelector("home-assistant").hass);
}"""
FORM = f"""async () => {{
    const {{ schema, computeLabel, computeHelper }} = await customElements.get("{CARD}").getConfigForm();
    return schema.map((field) => ({{ ...field, label: computeLabel(field), helper: computeHelper(field) }}));
}}"""
SET_CONFIG = f"""(config) => {{
    try {{
        document.createElement("{CARD}").setConfig(config);
    }} catch (error) {{
        return error.message;
    }}
}}"""

SERVE_STATISTICS = """() => {
    window.commands = [];
    window.functions = {
        formatEntityName: (state) => state.attributes.unit_of_measurement,
        formatEntityState: ({ state }) => state,
        callWS: async (command) => {
            window.commands.push(command);
            if (window.broken) throw new Error("lost");
            const hour = 60 * 60 * 1000;
            const values = [1, 2, 0.5].map((state, index) => ({ end: Date.now() - (12 - index) * hour, state }));
            return Object.fromEntries(command.statistic_ids.map((id) => [id, values]));
        },
    };
}"""
DROP_UNIT = """(id) => {
    const page = document.querySelector("home-assistant");
    const state = { ...page.hass.states[id], attributes: {} };
    page.hass = { ...page.hass, states: { ...page.hass.states, [id]: state } };
}"""
ADD_FEATURE = """(entity_id) => {
    const feature = document.createElement("upbit-balance");
    feature.setConfig({});
    feature.context = { entity_id };
    feature.hass = document.querySelector("home-assistant").hass;
    document.body.append(feature);
}"""
LISTEN_FOR_ACTIONS = """() => {
    window.actions = [];
    addEventListener("hass-action", ({ detail: { config, action } }) =>
        window.actions.push([action, config.entity, config[`${action}_action`].action]));
}"""

# Available and locked by currency, by account; None for an unavailable one.
type Accounts = dict[str, dict[str, tuple[str, str] | None]]

FIAT = ("SGD", "KRW")
NAMES = {"BTC": "Bitcoin", "ETH": "Ethereum"}
ONE: Accounts = {"Upbit Singapore": {"SGD": ("1250.5", "0"), "BTC": ("0.5", "0.1"), "ETH": ("0", "0")}}
TWO: Accounts = {
    "Upbit Korea": {"KRW": ("1000000", "0"), "BTC": ("0.25", "0"), "ETH": ("0", "0")},
    "Upbit Singapore": {"SGD": ("1250.5", "0"), "BTC": ("0.5", "0.1")},
}


@dataclass(frozen=True, slots=True)
class Values:
    """The value entities of an account: a state by coin, and the total."""

    coins: dict[str, str]
    total: str
    complete: bool = True
    unpriced: tuple[str, ...] = ()
    currency: str = "SGD"


# What ONE is worth.
WORTH = Values({"BTC": "60000.1234", "ETH": "0.0000"}, "61250.6234")


def device_of(account: str) -> str:
    """Return the id of an account's device."""
    return account.lower().replace(" ", "_")


def number(text: str) -> Decimal | None:
    """Return the number of a state, None for a state that is none."""
    return None if text in ("unavailable", "unknown") else Decimal(text)


def value_entities(account: str, values: Values) -> Iterator[tuple[str, str, str, dict[str, object]]]:
    """Return entity, translation key, state and attributes of each value entity of an account."""
    device = device_of(account)
    money = {"unit_of_measurement": values.currency, "device_class": "monetary"}
    total = number(values.total)
    for coin, state in values.coins.items():
        value = number(state)
        attributes: dict[str, object] = {**money, "currency": coin}
        if state != "unavailable":
            attributes["currency_name"] = NAMES.get(coin, coin)
        if value is not None and total:
            attributes["share"] = float((100 * value / total).quantize(Decimal("1e-4")))
        yield f"sensor.{device}_{coin.lower()}_value", "value", state, attributes
    incomplete = {"complete": values.complete, "unpriced": values.unpriced} if total is not None else {}
    yield f"sensor.{device}_total_value", "total_value", values.total, {**money, **incomplete}
    yield f"sensor.{device}_unrealized_profit", "unrealized_profit", "123.4567", money
    yield f"sensor.{device}_return", "return", "1.2345", {"unit_of_measurement": "%"}
    yield f"sensor.{device}_daily_change", "daily_change", "-2.3456", {"unit_of_measurement": "%"}
    yield f"binary_sensor.{device}_price_feed", "price_feed", "on", {}


def page_state(
    accounts: Accounts,
    settings: dict[str, dict[str, object]] | None = None,
    values: dict[str, Values] | None = None,
    **more: object,
) -> dict[str, Any]:
    """Return a page's state; the settings of entities are given by entity."""
    states: dict[str, Any] = {}
    entities: dict[str, Any] = {}
    for account, worth in (values or {}).items():
        for entity_id, key, state, attributes in value_entities(account, worth):
            states[entity_id] = {"entity_id": entity_id, "state": state, "attributes": attributes}
            entities[entity_id] = {"translation_key": key, "device_id": device_of(account)}
    for account, holdings in accounts.items():
        device = device_of(account)
        stream = f"binary_sensor.{device}_live_connection"
        states[stream] = {"entity_id": stream, "state": "on", "attributes": {}}
        entities[stream] = {"translation_key": "live_connection", "device_id": device}
        for currency, amounts in holdings.items():
            sensor = f"sensor.{device}_{currency.lower()}"
            attributes = {
                "unit_of_measurement": currency,
                "device_class": "monetary" if currency in FIAT else None,
            }
            total = "unavailable"
            if amounts is not None:
                total = format(sum(map(Decimal, amounts), Decimal()), "f")
                attributes |= dict(zip(("balance", "locked"), map(float, amounts), strict=True))
            states[sensor] = {"entity_id": sensor, "state": total, "attributes": attributes}
            entities[sensor] = {"translation_key": "balance", "device_id": device}
    for entity_id, entity in entities.items():
        entity |= {"entity_id": entity_id, "platform": "upbit", **(settings or {}).get(entity_id, {})}
    return {
        "states": states,
        "entities": entities,
        "devices": {device_of(account): {"id": device_of(account), "name": account} for account in accounts},
        "language": "en",
        "locale": {"language": "en", "number_format": "language"},
        "config": {"components": ["history", "logbook", "recorder"]},
        "user": {"is_admin": True},
        **more,
    }


class Alone:
    """A page with the card's modules and a state that the test sets."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.card = page.locator(CARD)
        self._minutes = itertools.count()
        self._written: dict[str, tuple[Any, str]] = {}

    async def show(
        self,
        accounts: Accounts,
        settings: dict[str, dict[str, object]] | None = None,
        values: dict[str, Values] | None = None,
        **more: object,
    ) -> None:
        """Set the accounts in the page's state; a sensor that differs from before counts as written now."""
        state = page_state(accounts, settings, values, **more)
        now = f"2026-11-01T00:{next(self._minutes):02}:00+00:00"
        for sensor, each in state["states"].items():
            before, at = self._written.get(sensor, (None, now))
            self._written[sensor] = (dict(each), at if before == each else now)
            each["last_updated"] = self._written[sensor][1]
        await self.page.evaluate(SHOW, state)

    async def add_card(self, **config: object) -> None:
        """Put a card on the page."""
        await self.page.evaluate(ADD_CARD, config)

    def row(self, currency: str) -> Locator:
        """Return a currency's row."""
        return card_row(self.card, currency)

    async def expect_order(self, *currencies: str) -> None:
        """Wait for the rows to be these."""
        await expect(self.card.locator(".name")).to_have_text(list(currencies))


@pytest.fixture(scope="module")
async def visit(user: Visitor) -> AsyncIterator[Visit]:
    async with user.visit() as opened:

        async def answer(route: Route) -> None:
            await route.fulfill(body=BLANK, content_type="text/html")

        await opened.page.route("**/alone", answer)
        yield opened


@pytest.fixture(scope="module")
async def modules(visit: Visit) -> str:
    """The address of the module that Home Assistant's pages load."""
    await visit.page.goto("/")
    await visit.page.wait_for_function(f"customElements.get('{CARD}') !== undefined")
    loaded: str = await visit.page.evaluate(
        "performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/upbit.js')).name"
    )
    return loaded


@pytest.fixture
async def alone(visit: Visit, modules: str) -> AsyncIterator[Alone]:
    """A new page, because the modules remember states for as long as a page is open."""
    await visit.page.goto("/alone")
    await visit.page.evaluate("module => import(module)", modules)
    # With this, all modules have been loaded.
    await visit.page.evaluate(FORM)
    visit.errors.clear()
    yield Alone(visit.page)
    assert not visit.errors, "\n".join(visit.errors)


async def test_card_whose_modules_are_gone_shows_why_it_is_empty(visit: Visit, modules: str) -> None:
    # As on a page that was opened before an update of the integration.
    async def not_found(route: Route) -> None:
        await route.fulfill(status=404)

    await visit.page.route("**/main.js", not_found)
    await visit.page.goto("/alone")
    await visit.page.evaluate("module => import(module)", modules)
    await visit.page.evaluate(ADD_CARD, {})
    await expect(visit.page.locator(CARD)).to_contain_text("Failed to fetch dynamically imported module")
    await visit.page.unroute("**/main.js")
    assert len(visit.errors) == 1
    visit.errors.clear()


async def test_one_account_has_its_name_and_connection_in_the_header(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.add_card()
    await expect(alone.card.get_by_role("heading")).to_have_text("Upbit Singapore")
    await expect(alone.card.locator(".stream")).to_have_text("Connected")
    await alone.expect_order("SGD", "BTC", "ETH")


async def test_several_accounts_are_groups_with_a_connection_each(alone: Alone) -> None:
    await alone.show(TWO)
    await alone.add_card(hide_empty=True)
    await expect(alone.card.get_by_role("heading")).to_have_text(
        [TEXTS["balances"], "Upbit Korea", "Upbit Singapore"]
    )
    await expect(alone.card.locator(".stream")).to_have_text(["", "Connected", "Connected"])
    for account, rows in {"Upbit Korea": ["KRW", "BTC"], "Upbit Singapore": ["SGD", "BTC"]}.items():
        group = alone.card.get_by_role("list", name=account)
        await expect(group.locator(".name")).to_have_text(rows)
    await expect(alone.row("BTC").first).to_contain_text("0.25")
    await expect(alone.row("BTC").last).to_contain_text("0.6")


async def test_group_goes_with_its_account(alone: Alone) -> None:
    await alone.show(TWO)
    await alone.add_card()
    await expect(alone.card.get_by_role("list")).to_have_count(2)
    await alone.show(ONE)
    await expect(alone.card.get_by_role("heading")).to_have_text("Upbit Singapore")
    await alone.expect_order("SGD", "BTC", "ETH")


async def test_card_of_one_account_shows_no_other(alone: Alone) -> None:
    await alone.show(TWO)
    await alone.add_card(device_id=device_of("Upbit Korea"))
    await expect(alone.card.get_by_role("heading")).to_have_text("Upbit Korea")
    await alone.expect_order("KRW", "BTC", "ETH")


async def test_unavailable_row_has_no_amount_and_its_return_is_no_change(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.add_card(hide_empty=True)
    await alone.show({"Upbit Singapore": {"SGD": ("1250.5", "0"), "BTC": None, "ETH": None}})
    # What was empty stays hidden while it is unavailable.
    await alone.expect_order("SGD", "BTC")
    row = alone.row("BTC")
    await expect(row).to_have_text(re.compile(r"BTC\s+Unavailable\s*$"))
    await expect(row).to_have_attribute("data-state", "unavailable")
    await expect(row.locator(".bar .available")).to_have_css("width", "0px")
    await expect(row.locator(".bar .locked")).to_be_hidden()
    await alone.show(ONE)
    await expect(row).to_contain_text("0.6")
    await expect(row).not_to_have_class("changed")
    await expect(row.locator(".change")).to_have_text("")


@pytest.mark.parametrize(
    ("background", "text", "less_important_text"),
    [("#1c1c1c", "#e1e1e1", "#9b9b9b"), ("#ffffff", "#141414", "#5e5e5e")],
    ids=["dark", "light"],
)
async def test_change_is_readable_whatever_the_theme_calls_itself(
    alone: Alone, background: str, text: str, less_important_text: str
) -> None:
    # A theme without modes counts as light whatever its colors are, and a page begins before its theme is loaded.
    themes = {"darkMode": background == "#ffffff"}
    colors = f"--primary-text-color: {text}; --secondary-text-color: {less_important_text}"
    await alone.page.add_style_tag(content=f":root {{ {colors} }} body {{ background: {background} }}")
    # Without motion the highlight keeps its color while axe measures contrasts.
    await alone.page.emulate_media(reduced_motion="reduce")
    await alone.show(ONE, themes=themes)
    await alone.add_card()
    await hold_highlights(alone.page)
    await alone.show({"Upbit Singapore": {**ONE["Upbit Singapore"], "BTC": ("0.4", "0.1")}}, themes=themes)
    await expect(alone.row("BTC").get_by_text(f"{MINUS}0.1")).to_be_visible()
    assert await violations(alone.card) == []
    await expect(alone.row("BTC").get_by_text(f"{MINUS}0.1")).to_be_visible()
    await alone.page.emulate_media(reduced_motion="no-preference")


async def test_another_amount_after_an_outage_is_a_change(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.add_card()
    await alone.show({"Upbit Singapore": {**ONE["Upbit Singapore"], "BTC": None}})
    await alone.show({"Upbit Singapore": {**ONE["Upbit Singapore"], "BTC": ("0.4", "0.1")}})
    await expect(alone.row("BTC")).to_contain_text(f"{MINUS}0.1")


@pytest.mark.parametrize(
    ("accounts", "config", "message"),
    [
        pytest.param({}, {}, TEXTS["no_account"], id="no account"),
        pytest.param(ONE, {"device_id": "another"}, TEXTS["account_gone"], id="account gone"),
        pytest.param(ONE, {"currencies": ["XRP"]}, TEXTS["nothing_chosen"], id="nothing chosen"),
        pytest.param(
            {"Upbit Singapore": {"ETH": ("0", "0")}},
            {"hide_empty": True},
            TEXTS["nothing_held"],
            id="nothing held",
        ),
    ],
)
async def test_card_without_rows_shows_the_reason(
    alone: Alone, accounts: Accounts, config: dict[str, object], message: str
) -> None:
    await alone.show(accounts)
    await alone.add_card(**config)
    await expect(alone.card.locator(".message")).to_have_text(message)
    await expect(alone.card.get_by_role("listitem")).to_have_count(0)


async def test_empty_currency_is_shown_while_it_is_unavailable_and_there_is_nothing_else(
    alone: Alone,
) -> None:
    await alone.show({"Upbit Singapore": {"BTC": ("0", "0"), "ETH": ("0", "0")}})
    await alone.add_card(hide_empty=True)
    message = alone.card.locator(".message")
    await expect(message).to_have_text(TEXTS["nothing_held"])
    await alone.show({"Upbit Singapore": {"BTC": ("0", "0"), "ETH": None}})
    await alone.expect_order("ETH")
    await expect(alone.row("ETH")).to_have_attribute("data-state", "unavailable")
    await expect(message).to_have_count(0)
    await alone.show({"Upbit Singapore": {"BTC": ("0", "0"), "ETH": ("0", "0")}})
    await expect(message).to_have_text(TEXTS["nothing_held"])
    await alone.expect_order()


async def test_unavailable_currency_concerns_its_own_row_alone(alone: Alone) -> None:
    holdings = {"BTC": ("0.5", "0.1"), "ETH": ("1", "0"), "XRP": None}
    await alone.show({"Upbit Singapore": holdings})
    await alone.add_card(hide_empty=True)
    # XRP has never had an amount.
    await alone.expect_order("BTC", "ETH", "XRP")
    await alone.show({"Upbit Singapore": holdings | {"BTC": None}})
    await expect(alone.row("BTC")).to_have_attribute("data-state", "unavailable")
    await expect(alone.row("ETH")).to_contain_text(TEXTS["all_available"])
    await expect(alone.row("ETH")).to_have_attribute("data-state", "held")
    await alone.show({"Upbit Singapore": holdings | {"XRP": ("0", "0")}})
    await alone.expect_order("BTC", "ETH")


async def test_last_change_first_whatever_becomes_available_later(alone: Alone) -> None:
    held: dict[str, tuple[str, str] | None] = {"BTC": ("1", "0"), "ETH": ("1", "0"), "SOL": ("1", "0")}
    account = "Upbit Singapore"
    await alone.show({account: held})
    await alone.show({account: held | {"SOL": ("2", "0")}})
    await alone.add_card(sort="last_change")
    # The page has seen no change yet. SOL is the sensor that was written last.
    await alone.expect_order("SOL", "BTC", "ETH")
    held["SOL"] = ("2", "0")
    # An amount that only moves into an order is a change too.
    held["ETH"] = ("0.5", "0.5")
    await alone.show({account: held})
    await alone.expect_order("ETH", "SOL", "BTC")
    for currency in ("BTC", "SOL"):
        await alone.show({account: held | {currency: None}})
        await alone.show({account: held})
        await expect(alone.row(currency)).not_to_have_attribute("data-state", "unavailable")
    await alone.expect_order("ETH", "SOL", "BTC")
    held["BTC"] = ("0.9", "0")
    await alone.show({account: held})
    await alone.expect_order("BTC", "ETH", "SOL")
    # A currency that the account did not have is the newest.
    held["XRP"] = ("10", "0")
    await alone.show({account: held})
    await alone.expect_order("XRP", "BTC", "ETH", "SOL")


async def test_balance_unavailable_when_the_page_was_opened_is_no_change_once_available(alone: Alone) -> None:
    held: dict[str, tuple[str, str] | None] = {"BTC": ("1", "0"), "ETH": ("1", "0"), "SOL": None}
    await alone.show({"Upbit Singapore": held})
    await alone.add_card(sort="last_change")
    held["ETH"] = ("2", "0")
    await alone.show({"Upbit Singapore": held})
    await alone.expect_order("ETH", "BTC", "SOL")
    held["SOL"] = ("1", "0")
    await alone.show({"Upbit Singapore": held})
    await expect(alone.row("SOL")).to_contain_text(TEXTS["all_available"])
    await alone.expect_order("ETH", "BTC", "SOL")


async def test_largest_locked_share_first_whatever_is_unavailable_meanwhile(alone: Alone) -> None:
    held: dict[str, tuple[str, str] | None] = {"BTC": ("9", "1"), "ETH": ("1", "1"), "SOL": ("0", "0.1")}
    await alone.show({"Upbit Singapore": held})
    await alone.add_card(sort="locked")
    await alone.expect_order("SOL", "ETH", "BTC")
    await alone.show({"Upbit Singapore": {**held, "SOL": None}})
    await expect(alone.row("SOL")).to_have_attribute("data-state", "unavailable")
    await alone.expect_order("SOL", "ETH", "BTC")


async def test_row_that_moves_keeps_the_focus_and_the_page_its_place(alone: Alone) -> None:
    page = alone.page
    held: dict[str, tuple[str, str] | None] = {"BTC": ("1", "0"), "ETH": ("1", "1")}
    await alone.show({"Upbit Singapore": held})
    await alone.add_card(sort="locked")
    await alone.expect_order("ETH", "BTC")
    await page.evaluate("document.body.style.paddingBlockEnd = '5000px'")
    await alone.row("BTC").get_by_role("button").focus()
    await page.evaluate("scrollTo(0, 3000)")
    await alone.show({"Upbit Singapore": {**held, "BTC": ("0", "1")}})
    await alone.expect_order("BTC", "ETH")
    await expect(alone.row("BTC").get_by_role("button")).to_be_focused()
    assert await page.evaluate("scrollY") == 3000


async def test_balance_that_has_no_unit_for_a_moment_has_no_row(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.page.evaluate(DROP_UNIT, f"sensor.{device_of('Upbit Singapore')}_btc")
    await alone.add_card()
    await alone.expect_order("SGD", "ETH")


async def test_feature_shows_nothing_of_what_is_no_balance(alone: Alone) -> None:
    await alone.show(ONE, values={"Upbit Singapore": WORTH})
    await alone.page.evaluate(ADD_FEATURE, f"sensor.{device_of('Upbit Singapore')}_btc_value")
    await expect(alone.page.locator("upbit-balance .bar")).to_be_visible()
    await expect(alone.page.locator("upbit-balance .available")).to_have_css("inline-size", "0px")


async def test_exact_part_that_lost_digits_is_marked_as_approximate(alone: Alone) -> None:
    amounts = ("1386929.37231066771348207123", "10329.670127489597585685")
    await alone.show({"Upbit Singapore": {"SGD": amounts, "BTC": ("0.5", "0.1")}})
    await alone.add_card(digits="exact")
    await expect(alone.row("SGD")).to_contain_text("1,397,259.04243815731106775623")
    about = TEXTS["about"].format(amount="")
    await expect(alone.row("SGD").locator(".of-available")).to_contain_text(about)
    await expect(alone.row("BTC").locator(".of-available")).to_have_text(
        TEXTS["available"].format(amount="0.5")
    )


async def test_page_from_right_to_left_turns_the_row_and_not_the_numbers(alone: Alone) -> None:
    await alone.show({"Upbit Singapore": {"BTC": ("-0.5", "0.1")}}, language="he")
    await alone.add_card()
    await alone.page.evaluate("document.documentElement.dir = 'rtl'")
    row = alone.row("BTC")
    amount, name = row.locator(".amount"), row.locator(".name")
    await expect(amount).to_have_css("text-align", "left")
    await expect(amount).to_have_css("direction", "ltr")
    await expect(row.locator(".change")).to_have_css("justify-content", "left")
    boxes = [await each.bounding_box() for each in (amount, name, row.locator(".badge"))]
    edges = [box["x"] for box in boxes if box]
    assert len(edges) == 3
    assert edges == sorted(edges), "the amount is not on the left, or the badge not on the right"


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"title": ["one"]}, TEXTS["error_text"].format(option="title")),
        ({"device_id": ["one"]}, TEXTS["error_text"].format(option="device_id")),
        ({"currencies": "BTC"}, TEXTS["error_list"].format(option="currencies")),
        ({"currencies": ["BTC", ["ETH"]]}, TEXTS["error_list"].format(option="currencies")),
        ({"hide_empty": "yes"}, TEXTS["error_switch"].format(option="hide_empty")),
        ({"discreet": 1}, TEXTS["error_switch"].format(option="discreet")),
        ({"hide_below": "5"}, TEXTS["error_amount"].format(option="hide_below")),
        ({"hide_below": -1}, TEXTS["error_amount"].format(option="hide_below")),
        ({"tap_action": "toggle"}, TEXTS["error_action"].format(option="tap_action")),
        ({"hold_action": {"action": ["none"]}}, TEXTS["error_action"].format(option="hold_action")),
        ({"digits": "all"}, TEXTS["error_choice"].format(option="digits", choices="short, exact")),
        (
            {"sort": "amount"},
            TEXTS["error_choice"].format(option="sort", choices="name, value, last_change, locked"),
        ),
    ],
)
async def test_invalid_option_is_rejected_by_its_name(
    alone: Alone, config: dict[str, object], error: str
) -> None:
    assert await alone.page.evaluate(SET_CONFIG, config) == error


@pytest.mark.parametrize(
    ("option", "written"),
    [
        ("currencies: [BTC, ON]", "ON"),
        ("currencies: [NO]", "NO"),
        ("currencies: [BTC, NULL]", "NULL"),
        ("currencies: [1]", "1"),
        ("currencies: ON", "ON"),
        ("title: ON", "ON"),
        ("title: 2026", "2026"),
    ],
)
async def test_text_that_yaml_reads_as_something_else_has_to_be_in_quotes(
    alone: Alone, option: str, written: str
) -> None:
    config = yaml.safe_load(option)
    (name,) = config
    error = await alone.page.evaluate(SET_CONFIG, config)
    what = "All items of " if name == "currencies" else ""
    assert error == f'{what}"{name}" must be text. Put {written} in quotes.'


@pytest.mark.parametrize("code", ["Y", "N", "1INCH", "TRUE1", "币安人生"])
async def test_code_that_yaml_reads_as_a_text_needs_no_quotes(alone: Alone, code: str) -> None:
    config = yaml.safe_load(f"currencies: [{code}]")
    assert await alone.page.evaluate(SET_CONFIG, config) is None


async def test_option_that_was_emptied_has_its_default(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.add_card(title="", device_id="", currencies=None, sort=None, digits="", hide_empty=None)
    await expect(alone.card.get_by_role("heading")).to_have_text("Upbit Singapore")
    await alone.expect_order("SGD", "BTC", "ETH")
    await expect(button(alone.page, TEXTS["exact_digits"])).to_have_attribute("aria-pressed", "false")


async def form_field(alone: Alone, name: str) -> dict[str, Any] | None:
    """Return a field of the visual editor, None if there is none of this name."""
    form = await alone.page.evaluate(FORM)
    return next((field for field in form if field["name"] == name), None)


async def test_editor_lists_accounts_by_name_and_asks_only_when_there_are_several(alone: Alone) -> None:
    await alone.show(ONE)
    assert await form_field(alone, "device_id") is None
    await alone.show(TWO)
    field = await form_field(alone, "device_id")
    assert field is not None
    assert field["label"] == TEXTS["option_device_id"]
    assert field["helper"] == TEXTS["help_device_id"]
    assert field["selector"]["select"]["options"] == [
        {"value": device_of(account), "label": account} for account in TWO
    ]


async def test_editor_has_the_account_of_a_card_whose_account_is_gone(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.add_card(device_id="another")
    await expect(alone.card.locator(".message")).to_have_text(TEXTS["account_gone"])
    assert await form_field(alone, "device_id") is not None


async def test_editor_offers_the_currencies_of_all_accounts(alone: Alone) -> None:
    await alone.show(TWO)
    field = await form_field(alone, "currencies")
    assert field is not None
    assert field["selector"]["select"]["options"] == ["BTC", "ETH", "KRW", "SGD"]


@pytest.mark.parametrize("admin", [True, False], ids=["admin", "user"])
async def test_dashboard_without_an_account_offers_administrators_to_add_one(
    alone: Alone, admin: bool
) -> None:
    await alone.show({}, user={"is_admin": admin})
    (view,) = (await alone.page.evaluate(GENERATE))["views"]
    (card,) = view["cards"]
    assert (card["title"], card["content"]) == (TEXTS["welcome_title"], TEXTS["welcome_text"])
    texts = [each["text"] for each in card.get("buttons", [])]
    assert texts == ([TEXTS["add_account"]] if admin else [])


async def test_dashboard_of_several_accounts_has_them_side_by_side_and_alone(alone: Alone) -> None:
    # Money is not distributed over accounts where it is a coin in one of them.
    accounts: Accounts = {
        "Upbit Korea": {"KRW": ("1", "0"), "BTC": ("0.25", "0"), "ETH": ("0", "0")},
        "Upbit Singapore": {"SGD": ("2", "0"), "BTC": ("0.5", "0.1"), "ETH": ("3", "0")},
    }
    await alone.show(accounts)
    views = (await alone.page.evaluate(GENERATE))["views"]
    korea, singapore = map(device_of, accounts)
    assert [(view["path"], view["title"], view.get("subview", False)) for view in views] == [
        ("accounts", TEXTS["all_accounts"], False),
        (korea, "Upbit Korea", False),
        (singapore, "Upbit Singapore", False),
        (f"{korea}-history", TEXTS["history_of"].format(account="Upbit Korea"), True),
        (f"{singapore}-history", TEXTS["history_of"].format(account="Upbit Singapore"), True),
    ]
    *_, across = views[0]["sections"]
    heading, *distributions = across["cards"]
    assert heading["heading"] == TEXTS["across_accounts"]
    assert [
        (card["title"], [(row["entity"], row["name"]) for row in card["entities"]]) for card in distributions
    ] == [("BTC", [(f"sensor.{korea}_btc", "Upbit Korea"), (f"sensor.{singapore}_btc", "Upbit Singapore")])]


async def test_dashboard_has_the_card_of_an_account_and_otherwise_home_assistants_own(alone: Alone) -> None:
    await alone.show(TWO, values={"Upbit Singapore": WORTH})
    dashboard = await alone.page.evaluate(GENERATE)
    cards = [card for view in dashboard["views"] for section in view["sections"] for card in section["cards"]]
    korea, singapore = map(device_of, TWO)
    ours = [card for card in cards if card["type"].startswith("custom:")]
    assert [card["device_id"] for card in ours] == [korea, singapore] * 2
    assert {card["type"] for card in ours} == {f"custom:{CARD}"}


async def test_dashboard_of_an_account_that_holds_nothing_shows_its_empty_currencies(alone: Alone) -> None:
    # Not a text instead: it would stay when the balances become unavailable.
    await alone.show({"Upbit Singapore": {"ETH": ("0", "0")}})
    balances, history = (await alone.page.evaluate(GENERATE))["views"]
    sensor = f"sensor.{device_of('Upbit Singapore')}_eth"
    first, *others = balances["sections"]
    (card,) = [card for card in first["cards"] if card["type"] == f"custom:{CARD}"]
    assert not card["hide_empty"]
    assert sensor not in json.dumps(others)
    assert sensor in json.dumps(history)


async def test_dashboard_leaves_out_hidden_entities_but_does_not_claim_that_nothing_is_held(
    alone: Alone,
) -> None:
    device = device_of("Upbit Singapore")
    hidden = [f"sensor.{device}_{currency}" for currency in ("sgd", "btc", "eth")]
    hidden.append(f"binary_sensor.{device}_live_connection")
    await alone.show(ONE, {entity: {"hidden": True} for entity in hidden[1:]})
    dashboard = json.dumps(await alone.page.evaluate(GENERATE))
    assert [entity in dashboard for entity in hidden] == [True, False, False, False]

    # Without an entity in sight, there is no account.
    settings: dict[str, dict[str, object]] = {entity: {"hidden": True} for entity in hidden[:-1]}
    await alone.show(ONE, settings)
    views = (await alone.page.evaluate(GENERATE))["views"]
    texts = [card["content"] for view in views for card in view["sections"][0]["cards"] if "content" in card]
    assert texts == [TEXTS["nothing_shown"]] * 2


async def test_amounts_have_the_digits_of_the_sensors_settings(alone: Alone) -> None:
    krw, btc = (f"sensor.{device_of('Upbit Korea')}_{currency}" for currency in ("krw", "btc"))
    settings: dict[str, dict[str, object]] = {krw: {"display_precision": 0}, btc: {"display_precision": 3}}
    await alone.show({"Upbit Korea": {"KRW": ("1000000.25", "0.5"), "BTC": ("0.25", "0.0625")}}, settings)
    await alone.add_card()
    await expect(alone.row("KRW").locator(".amount")).to_have_text("1,000,001")
    await expect(alone.row("BTC").locator(".amount")).to_have_text("0.313")


async def test_dashboard_is_generated_again_only_when_it_would_differ(alone: Alone) -> None:
    await alone.show(ONE)

    async def is_generated_again(accounts: Accounts, **more: object) -> bool:
        before = await alone.page.evaluate_handle("document.querySelector('home-assistant').hass")
        await alone.show(accounts, **more)
        answer: bool = await before.evaluate(SHOULD_REGENERATE)
        return answer

    holdings = ONE["Upbit Singapore"]
    bought, emptied = {"BTC": ("0.7", "0.2")}, {"BTC": ("0", "0")}
    assert not await is_generated_again({"Upbit Singapore": holdings | bought})
    assert not await is_generated_again({"Upbit Singapore": holdings | {"BTC": None}})
    assert not await is_generated_again({"Upbit Singapore": holdings | bought})
    assert await is_generated_again({"Upbit Singapore": holdings | emptied})
    assert await is_generated_again({"Upbit Singapore": holdings | bought})
    assert await is_generated_again({"Upbit Singapore": holdings | {"XRP": ("1", "0")}})
    assert await is_generated_again({"Upbit Singapore": holdings | bought})
    other = {"language": "en", "number_format": "decimal_comma"}
    assert not await is_generated_again({"Upbit Singapore": holdings | bought}, locale=other)
    assert await is_generated_again({"Upbit Singapore": holdings | bought}, locale=other, language="ko")

    # A value that moves changes nothing, one that appears does.
    await alone.show({"Upbit Singapore": holdings}, values={"Upbit Singapore": WORTH})
    moved = replace(WORTH, coins={"BTC": "unavailable", "ETH": "0"}, total="unavailable")
    assert not await is_generated_again({"Upbit Singapore": holdings}, values={"Upbit Singapore": moved})
    more = replace(WORTH, coins={**WORTH.coins, "XRP": "1.5"})
    assert await is_generated_again({"Upbit Singapore": holdings}, values={"Upbit Singapore": more})


async def test_dashboard_of_accounts_without_a_common_currency_has_no_distribution(alone: Alone) -> None:
    await alone.show({"Upbit Korea": {"KRW": ("1", "0")}, "Upbit Singapore": {"SGD": ("2", "0")}})
    first, *_ = (await alone.page.evaluate(GENERATE))["views"]
    assert len(first["sections"]) == 2


async def test_row_has_name_value_and_share_of_its_coin(alone: Alone) -> None:
    await alone.show(ONE, values={"Upbit Singapore": WORTH})
    await alone.add_card()
    row = alone.row("BTC")
    await expect(row.locator(".currency-name")).to_have_text("Bitcoin")
    await expect(row.locator(".value")).to_have_text("SGD\N{NO-BREAK SPACE}60,000.12")
    await expect(row.locator(".share")).to_have_text("98.0%")
    # The region's own currency has no value sensor. Its amount is its value.
    await expect(alone.row("SGD").locator(".value")).to_have_text("")
    await expect(alone.row("SGD").locator(".share")).to_have_text("2.0%")
    await expect(alone.row("ETH").locator(".second")).to_have_text(re.compile(r"^\s*Ethereum\s*$"))
    await button(alone.page, TEXTS["exact_digits"]).click()
    await expect(row.locator(".value")).to_have_text("SGD\N{NO-BREAK SPACE}60,000.1234")
    await expect(alone.card.locator(".total")).to_have_text(
        f"{TEXTS['total_value']} SGD\N{NO-BREAK SPACE}61,250.6234"
    )


async def test_card_without_value_entities_shows_nothing_of_values(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.add_card(sort="value", hide_below=5)
    await alone.expect_order("SGD", "BTC", "ETH")
    await expect(alone.row("BTC").locator(".second")).to_be_hidden()
    await expect(alone.card.locator(".total")).to_have_text("")
    await expect(alone.card.locator(".message")).to_have_count(0)


async def test_each_account_has_its_own_total_in_its_own_currency(alone: Alone) -> None:
    korea = Values({"BTC": "25000000.25", "ETH": "0"}, "26000000.25", currency="KRW")
    await alone.show(TWO, values={"Upbit Korea": korea, "Upbit Singapore": WORTH})
    await alone.add_card()
    totals = [f"{TEXTS['total_value']} {total}" for total in ("₩26,000,000.25", "SGD\u00a061,250.62")]
    await expect(alone.card.locator(".total")).to_have_text(totals)


@pytest.mark.parametrize("discreet", [False, True], ids=["amounts", "discreet"])
async def test_what_the_total_does_not_include_stands_beside_it(alone: Alone, discreet: bool) -> None:
    unpriced = replace(WORTH, complete=False, unpriced=("NEWCOIN", "<i>X"))
    await alone.show(ONE, values={"Upbit Singapore": unpriced})
    await alone.add_card(discreet=discreet)
    total = alone.card.locator(".total")
    await expect(total).to_contain_text(TEXTS["total_without"].format(currencies="NEWCOIN, <i>X"))
    # A row of the snapshot whose code could not be read.
    await alone.show(ONE, values={"Upbit Singapore": replace(WORTH, complete=False)})
    await expect(total).to_contain_text(TEXTS["total_incomplete"])
    await alone.show(ONE, values={"Upbit Singapore": WORTH})
    await expect(total.locator(".message")).to_have_count(0)
    await expect(total).to_have_text("" if discreet else re.compile(f"^{TEXTS['total_value']} SGD"))


@pytest.mark.parametrize(
    ("state", "expected"), [("unknown", TEXTS["no_price"]), ("unavailable", "Unavailable")]
)
async def test_coin_without_a_value_shows_why(alone: Alone, state: str, expected: str) -> None:
    await alone.show(ONE, values={"Upbit Singapore": WORTH})
    await alone.add_card()
    await alone.show(ONE, values={"Upbit Singapore": replace(WORTH, coins={**WORTH.coins, "BTC": state})})
    await expect(alone.row("BTC").locator(".value")).to_have_text(expected)
    await expect(alone.row("BTC").locator(".share")).to_have_text("")
    await expect(alone.row("BTC").locator(".currency-name")).to_have_text("Bitcoin")
    # While the balance is unavailable the row shows that, once.
    unavailable = {"Upbit Singapore": {**ONE["Upbit Singapore"], "BTC": None}}
    values = replace(WORTH, coins={"BTC": "unavailable", "ETH": "0"}, total="unavailable")
    await alone.show(unavailable, values={"Upbit Singapore": values})
    await expect(alone.row("BTC").get_by_text("Unavailable")).to_have_count(1)
    await expect(alone.card.locator(".total")).to_have_text(f"{TEXTS['total_value']} Unavailable")


async def test_disabled_value_sensor_is_shown_as_such_and_a_hidden_one_is_not(alone: Alone) -> None:
    # A disabled sensor is in no state of the page.
    account = device_of("Upbit Singapore")
    await alone.show(
        ONE,
        {f"sensor.{account}_eth_value": {"hidden": True}},
        {"Upbit Singapore": replace(WORTH, coins={"ETH": "0"})},
    )
    await alone.add_card()
    await expect(alone.row("BTC").locator(".value")).to_have_text(TEXTS["value_disabled"])
    for currency in ("SGD", "ETH"):
        await expect(alone.row(currency).get_by_text(TEXTS["value_disabled"])).to_have_count(0)


async def test_largest_value_first_whatever_is_unavailable_meanwhile(alone: Alone) -> None:
    holdings: Accounts = {"Upbit Singapore": dict.fromkeys(("SGD", "BTC", "ETH", "SOL"), ("1", "0"))}
    values = Values({"BTC": "0.5", "ETH": "10000000000000000.0002", "SOL": "10000000000000000.0003"}, "2")
    await alone.show(holdings, values={"Upbit Singapore": values})
    await alone.add_card(sort="value")
    await alone.expect_order("SOL", "ETH", "SGD", "BTC")
    outage = replace(values, coins=dict.fromkeys(values.coins, "unavailable"), total="unavailable")
    await alone.show(holdings, values={"Upbit Singapore": outage})
    await expect(alone.row("SOL").locator(".value")).to_have_text("Unavailable")
    await alone.expect_order("SOL", "ETH", "SGD", "BTC")
    # A coin for which no price exists is the last.
    delisted = replace(values, coins={**values.coins, "ETH": "unknown"})
    await alone.show(holdings, values={"Upbit Singapore": delisted})
    await alone.expect_order("SOL", "SGD", "BTC", "ETH")


async def test_small_values_are_hidden_and_counted_but_never_a_coin_without_a_value(alone: Alone) -> None:
    holdings = {
        "SGD": ("4.99", "0"),
        "BTC": ("1", "0"),
        "ETH": ("1", "0"),
        "SOL": ("1", "0"),
        "XRP": ("1", "0"),
    }
    coins = {"BTC": "5.0000", "ETH": "4.9999", "SOL": "unknown", "XRP": "unavailable"}
    values = Values(coins, "14.9899")
    await alone.show({"Upbit Singapore": holdings}, values={"Upbit Singapore": values})
    await alone.add_card(hide_below=5, currencies=["SGD", "BTC", "ETH", "SOL", "XRP"])
    message = alone.card.locator("section > .message")
    await alone.expect_order("BTC", "SOL", "XRP")
    await expect(message).to_have_text(TEXTS["small_hidden"].format(count=2))
    # Total and shares count all.
    await expect(alone.card.locator(".total")).to_contain_text("14.99")
    await expect(alone.row("BTC").locator(".share")).to_have_text("33.4%")
    for state in ("5.0001", "unavailable", "unknown"):
        moved = replace(values, coins={**coins, "ETH": state})
        await alone.show({"Upbit Singapore": holdings}, values={"Upbit Singapore": moved})
        await alone.expect_order("BTC", "ETH", "SOL", "XRP")
        await expect(message).to_have_text(TEXTS["small_hidden"].format(count=1))
    tiny = replace(values, coins=dict.fromkeys(coins, "0.0001"))
    await alone.show({"Upbit Singapore": holdings}, values={"Upbit Singapore": tiny})
    await alone.expect_order()
    await expect(message).to_have_text(TEXTS["small_hidden"].format(count=5))


async def test_discreet_card_has_shares_and_no_amount_anywhere_in_the_document(alone: Alone) -> None:
    holdings = {
        "SGD": ("1250.5", "0"),
        "BTC": ("0.7531", "0.2469"),
        "ETH": ("0.0123", "0"),
        "SOL": ("7.77", "0"),
    }
    values = Values({"BTC": "60000.1234", "ETH": "37.7799"}, "61288.4033")
    page, hide = (
        alone.page,
        ["1250", "1,250", "7531", "2469", "0123", "7.77", "60000", "60,000", "37.7", "288"],
    )
    await page.clock.install()
    await alone.show({"Upbit Singapore": holdings}, values={"Upbit Singapore": values})
    await alone.add_card(discreet=True, digits="exact", sort="value", hide_below=40)
    await alone.expect_order("BTC", "SGD", "SOL")
    await expect(alone.row("BTC").locator(".amount")).to_have_text("97.9%")
    await expect(alone.row("BTC").locator(".details")).to_have_text(TEXTS["locked"].format(amount="24.7%"))
    await expect(alone.row("SGD").locator(".amount")).to_have_text("2.0%")
    # A change is still highlighted.
    holdings["BTC"] = ("0.7532", "0.2469")
    await alone.show({"Upbit Singapore": holdings}, values={"Upbit Singapore": values})
    await expect(alone.row("BTC")).to_have_class("changed")
    document = await document_of(page)
    assert "97.9%" in document
    assert [amount for amount in [*hide, "0001"] if amount in document] == []
    # Its details would show the amount.
    await expect(alone.row("BTC").get_by_role("button")).to_be_disabled()

    show = button(page, TEXTS["show_amounts"])
    await show.click()
    await expect(show).to_have_attribute("aria-pressed", "true")
    await expect(alone.row("BTC").locator(".amount")).to_have_text("1.0001")
    await expect(alone.row("BTC").locator(".value")).to_contain_text("60,000.1234")
    await expect(alone.row("BTC").get_by_role("button")).to_be_enabled()
    await show.click()
    assert [amount for amount in hide if amount in await document_of(page)] == []
    await show.click()
    await expect(alone.row("BTC").locator(".amount")).to_have_text("1.0001")
    await page.clock.run_for(60_000)
    await expect(show).to_have_attribute("aria-pressed", "false")
    assert [amount for amount in hide if amount in await document_of(page)] == []


async def cards_of(alone: Alone, view: int = 0, **config: object) -> list[dict[str, Any]]:
    """Return the cards of a view of the dashboard."""
    dashboard = await alone.page.evaluate(GENERATE, config)
    return [card for section in dashboard["views"][view]["sections"] for card in section["cards"]]


async def test_dashboard_shows_values_where_there_are_some(alone: Alone) -> None:
    await alone.show(ONE, values={"Upbit Singapore": WORTH})
    account = device_of("Upbit Singapore")
    total = f"sensor.{account}_total_value"
    cards = await cards_of(alone)
    tiles = {card["entity"]: card for card in cards if card["type"] == "tile"}
    assert list(tiles)[:3] == [total, f"sensor.{account}_daily_change", f"sensor.{account}_unrealized_profit"]
    assert [feature["type"] for feature in tiles[total]["features"]] == ["trend-graph"]
    assert f"sensor.{account}_btc_value" not in tiles
    assert f"binary_sensor.{account}_price_feed" in tiles
    (distribution,) = [card for card in cards if card["type"] == "distribution"]
    assert distribution["entities"] == [
        {"entity": f"sensor.{account}_btc_value", "name": "BTC"},
        {"entity": f"sensor.{account}_sgd", "name": "SGD"},
    ]
    (history,) = [card for card in cards if card["type"] == "history-graph"]
    assert [each["entity"] for each in history["entities"]] == [total]
    (ours,) = [card for card in cards if card["type"] == f"custom:{CARD}"]
    assert ours["sort"] == "value"


async def test_dashboard_without_value_entities_has_balances_alone(alone: Alone) -> None:
    await alone.show(ONE)
    cards = await cards_of(alone)
    assert {"distribution", "history-graph", "markdown"}.isdisjoint(card["type"] for card in cards)
    (ours,) = [card for card in cards if card["type"] == f"custom:{CARD}"]
    assert "sort" not in ours


async def test_dashboard_adds_nothing_up_over_accounts_but_the_same_currency(alone: Alone) -> None:
    korea = Values({"BTC": "25000000.25", "ETH": "0"}, "26000000.25", currency="KRW")
    await alone.show(TWO, values={"Upbit Korea": korea, "Upbit Singapore": WORTH})
    cards = await cards_of(alone)
    (across,) = [card for card in cards if card["type"] == "distribution"]
    accounts = [device_of(account) for account in TWO]
    assert [each["entity"] for each in across["entities"]] == [
        f"sensor.{account}_btc" for account in accounts
    ]


async def test_discreet_dashboard_has_no_card_that_shows_amounts_or_lines(alone: Alone) -> None:
    for accounts in (ONE, TWO):
        await alone.show(accounts, values={"Upbit Singapore": WORTH})
        dashboard = await alone.page.evaluate(GENERATE, {"discreet": True})
        cards = [
            card for view in dashboard["views"] for section in view["sections"] for card in section["cards"]
        ]
        assert {card["type"] for card in cards} == {"heading", "tile", f"custom:{CARD}"}
        assert all(card["entity"].startswith("binary_sensor.") for card in cards if card["type"] == "tile")
        assert all(card["discreet"] for card in cards if card["type"] == f"custom:{CARD}")
        assert "trend" not in json.dumps(dashboard)


@pytest.mark.parametrize("discreet", ["yes", 1])
async def test_dashboard_with_an_invalid_option_is_not_generated(alone: Alone, discreet: object) -> None:
    await alone.show(ONE)
    with pytest.raises(Error, match=TEXTS["error_switch"].format(option="discreet")):
        await alone.page.evaluate(GENERATE, {"discreet": discreet})


SECTIONS = "balances, value, allocation, last_day, history, connection"


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (
            {"konten": [], "diskret": None},
            TEXTS["error_unknown"].format(options="konten, diskret", choices="accounts, sections, discreet"),
        ),
        ({"accounts": "one"}, TEXTS["error_devices"].format(option="accounts")),
        ({"accounts": [1]}, TEXTS["error_devices"].format(option="accounts")),
        ({"sections": "value"}, TEXTS["error_choices"].format(option="sections", choices=SECTIONS)),
        ({"sections": ["values"]}, TEXTS["error_choices"].format(option="sections", choices=SECTIONS)),
    ],
)
@pytest.mark.parametrize("generate", [GENERATE, GENERATE_VIEW], ids=["dashboard", "view"])
async def test_unknown_or_invalid_option_of_a_dashboard_is_named(
    alone: Alone, generate: str, config: dict[str, object], error: str
) -> None:
    await alone.show(ONE)
    with pytest.raises(Error, match=re.escape(error)):
        await alone.page.evaluate(generate, {"type": "custom:upbit", **config})


async def test_dashboard_of_selected_accounts_has_no_other(alone: Alone) -> None:
    await alone.show(TWO)
    config = {"accounts": [device_of("Upbit Korea"), "another"]}
    dashboard = await alone.page.evaluate(GENERATE, config)
    assert [view["title"] for view in dashboard["views"]] == [TEXTS["balances"], TEXTS["history"]]
    assert device_of("Upbit Singapore") not in json.dumps(dashboard)
    for generate in (GENERATE, GENERATE_VIEW):
        gone = await alone.page.evaluate(generate, {"accounts": ["another"]})
        assert TEXTS["accounts_gone"] in json.dumps(gone)


def headings(view: dict[str, Any]) -> list[str]:
    """Return the first heading of each section of a view."""
    return [section["cards"][0]["heading"] for section in view["sections"]]


@pytest.mark.parametrize(
    ("sections", "views", "types"),
    [
        (["balances"], [["Upbit Singapore", TEXTS["empty_currencies"]]], {f"custom:{CARD}", "tile"}),
        (["value"], [["Upbit Singapore"]], {"tile", "markdown"}),
        (["allocation"], [["Upbit Singapore"]], {"distribution"}),
        (["last_day"], [["Upbit Singapore"]], {"tile"}),
        (["connection"], [["Upbit Singapore"]], {"tile"}),
        (
            ["history"],
            [["Upbit Singapore"], ["SGD", "BTC"]],
            {"history-graph", "statistics-graph"},
        ),
        (
            ["connection", "last_day", "value"],
            [["Upbit Singapore", TEXTS["last_24_hours"], TEXTS["connection"]]],
            {"tile", "markdown"},
        ),
    ],
)
async def test_dashboard_has_the_selected_sections_alone(
    alone: Alone, sections: list[str], views: list[list[str]], types: set[str]
) -> None:
    await alone.show(ONE, values={"Upbit Singapore": WORTH})
    dashboard = await alone.page.evaluate(GENERATE, {"sections": sections})
    assert [headings(view) for view in dashboard["views"]] == views
    cards = [card for view in dashboard["views"] for section in view["sections"] for card in section["cards"]]
    assert {card["type"] for card in cards} - {"heading"} == types
    assert await alone.page.evaluate(GENERATE, {"sections": []}) == await alone.page.evaluate(GENERATE)


async def test_view_has_all_accounts_and_leads_nowhere_else(alone: Alone) -> None:
    await alone.show(TWO, values={"Upbit Singapore": WORTH})
    view = await alone.page.evaluate(GENERATE_VIEW)
    # Title and path are those of the user's view.
    assert view.keys() == {"type", "max_columns", "sections"}
    assert {"Upbit Korea", "Upbit Singapore", TEXTS["across_accounts"]} <= set(headings(view))
    assert "navigate" not in json.dumps(view)
    await alone.show({})
    welcome = await alone.page.evaluate(GENERATE_VIEW)
    assert welcome["type"] == "panel"
    assert welcome["cards"][0]["title"] == TEXTS["welcome_title"]


async def test_row_does_what_is_configured_for_a_tap_and_a_hold(alone: Alone) -> None:
    page, sensor = alone.page, f"sensor.{device_of('Upbit Singapore')}_btc"
    await alone.show(ONE)
    await page.evaluate(LISTEN_FOR_ACTIONS)
    await alone.add_card()
    row = alone.row("BTC").get_by_role("button")
    # By default, a hold does the same as a tap.
    await row.click()
    await row.click(delay=700)
    await row.press("Enter")
    assert await page.evaluate("window.actions.splice(0)") == [["tap", sensor, "more-info"]] * 3
    navigate = {"action": "navigate", "navigation_path": "/history"}
    await page.evaluate(
        f"document.querySelector('{CARD}').setConfig({{hold_action: {json.dumps(navigate)}}})"
    )
    await row.click(delay=700)
    await row.click()
    await row.press("Enter")
    assert await page.evaluate("window.actions.splice(0)") == [
        ["hold", sensor, "navigate"],
        *[["tap", sensor, "more-info"]] * 2,
    ]


async def test_row_without_any_action_cannot_be_selected(alone: Alone) -> None:
    await alone.show(ONE)
    await alone.add_card(tap_action={"action": "none"})
    await expect(alone.row("BTC").get_by_role("button")).to_be_disabled()


async def test_rows_have_lines_that_are_loaded_together(alone: Alone) -> None:
    page = alone.page
    await page.evaluate(SERVE_STATISTICS)
    await alone.show(ONE)
    await alone.add_card()
    await alone.expect_order("SGD", "BTC", "ETH")
    assert await page.evaluate("window.commands") == []
    await expect(alone.card.locator("svg")).to_have_count(0)
    await page.evaluate(f"document.querySelector('{CARD}').setConfig({{ lines: true }})")
    path = alone.row("BTC").locator("svg path")
    # Of 1, 2 and 0.5 to 0.6 now, with the largest at the top.
    await expect(path).to_have_attribute(
        "d", re.compile(r"^M(50\.0|49\.9)\d 13\.0H54\.1\dV1\.0H58\.3\dV19\.0H100V17\.8$")
    )
    await alone.show({"Upbit Singapore": {**ONE["Upbit Singapore"], "BTC": ("2", "0")}})
    await expect(path).to_have_attribute("d", re.compile(r"H100V1\.0$"))
    (command,) = await page.evaluate("window.commands")
    assert sorted(command["statistic_ids"]) == [
        f"sensor.{device_of('Upbit Singapore')}_{currency}" for currency in ("btc", "eth", "sgd")
    ]


async def test_lines_are_loaded_again_after_a_failure_and_when_they_are_old(alone: Alone) -> None:
    page = alone.page
    await page.clock.install()
    await page.evaluate(SERVE_STATISTICS)
    await page.evaluate("window.broken = true")
    await alone.show({"Upbit Singapore": {"BTC": ("1", "0")}})
    await alone.add_card(lines=True)

    await page.wait_for_function("window.commands.length === 1")
    await page.evaluate("window.broken = false")
    for minutes, amount, commands in ((0, "2", 2), (5, "3", 2), (6, "4", 3)):
        await page.clock.fast_forward(minutes * 60_000)
        await alone.show({"Upbit Singapore": {"BTC": (amount, "0")}})
        await page.wait_for_function(f"window.commands.length >= {commands}")
        await expect(alone.row("BTC").locator("svg")).to_be_visible()
    assert await page.evaluate("window.commands.length") == 3


async def test_statistics_of_a_currency_in_two_cards_are_loaded_once(alone: Alone) -> None:
    page = alone.page
    await page.evaluate(SERVE_STATISTICS)
    await alone.show(ONE)
    await alone.add_card(lines=True)
    await alone.add_card(lines=True, currencies=["BTC"])
    await expect(page.locator(f"{CARD} svg")).to_have_count(4)
    (command,) = await page.evaluate("window.commands")
    assert len(command["statistic_ids"]) == 3


@pytest.mark.parametrize(
    ("config", "more"),
    [({"discreet": True}, {}), ({}, {"config": {"components": []}})],
    ids=["discreet", "without recorder"],
)
async def test_card_without_lines_asks_for_no_statistics(
    alone: Alone, config: dict[str, object], more: dict[str, object]
) -> None:
    await alone.page.clock.install()
    await alone.page.evaluate(SERVE_STATISTICS)
    await alone.show(ONE, **more)
    await alone.add_card(lines=True, **config)
    await expect(alone.row("BTC")).to_be_visible()
    await alone.page.clock.run_for(1_000)
    assert await alone.page.evaluate("window.commands") == []
    await expect(alone.card.locator("svg")).to_have_count(0)
