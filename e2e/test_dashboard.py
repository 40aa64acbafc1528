from collections.abc import AsyncIterator
from decimal import Decimal
import html
import re

from playwright.async_api import Locator, Page, expect
import pytest

from demo.check import View

from .browser import Visitor, language_of
from .conftest import SaveDashboard
from .pages import (
    CARD,
    add_dashboard,
    button,
    card_row,
    edit_dashboard,
    fill,
    hold_highlights,
    pick_card,
    release_highlights,
    select,
    sensor_row,
    staying,
    table_row,
    write,
)
from .texts import card_name, frontend_texts

# Returns the text of the table on the dashboard of a user with another profile.
WRITE_LOCKED = """async ([locale, codes]) => {
    const { hass } = document.querySelector("home-assistant");
    const withCode = ({ attributes, ...state }) => {
        const unit_of_measurement = codes[attributes.unit_of_measurement] ?? attributes.unit_of_measurement;
        return { ...state, attributes: { ...attributes, unit_of_measurement } };
    };
    const states = Object.fromEntries(Object.entries(hass.states).map(([id, state]) => [id, withCode(state)]));
    const strategy = customElements.get("ll-strategy-dashboard-upbit");
    const { views } = await strategy.generate({}, { ...hass, states, locale: { ...hass.locale, ...locale } });
    const cards = views.flatMap((view) => view.sections).flatMap((section) => section.cards);
    const { content: template } = cards.find((card) => card.type === "markdown");
    return await new Promise((resolve) =>
        hass.connection.subscribeMessage(({ result }) => resolve(result), { type: "render_template", template }),
    );
}"""


async def test_dashboard_of_the_dialog_shows_the_currencies_and_follows_them(
    demo: View, either_page: Page
) -> None:
    page, texts = either_page, frontend_texts(language_of(either_page))
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    sensors = await demo.right_sensors()
    await add_dashboard(page, "Upbit", title=f"All I own, in {language_of(page)}")
    for currency, sensor in sensors.items():
        await expect(sensor_row(page, currency)).to_have_count(1 if Decimal(sensor["state"]) else 0)
    async with staying(page):
        await expect(sensor_row(page, "PEPE")).to_have_count(0)
        await demo.control("PUT", "account", {"PEPE": {"available": "0", "locked": "1234.5"}})
        await expect(sensor_row(page, "PEPE")).to_contain_text("1,234.5")
        await expect(table_row(page, "PEPE")).to_have_text(["PEPE", "1,234.50000000", "100.0%"])
        await demo.control("PUT", "account", {"PEPE": {"available": "0", "locked": "0"}})
        await expect(sensor_row(page, "PEPE")).to_have_count(0)
        await expect(table_row(page, "PEPE")).to_have_count(0)
        await expect(page.get_by_role("heading", name=texts["empty_currencies"])).to_be_visible()
        await expect(page.locator("hui-tile-card").filter(has_text="PEPE")).to_be_visible()


@pytest.fixture(scope="session")
async def dashboard(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard that the strategy makes."""
    return await save_dashboard("what is locked", {"strategy": {"type": "custom:upbit"}})


async def lock_nothing(demo: View) -> None:
    """Set some SGD and BTC, and nothing of any currency as locked."""
    account = await demo.control("GET", "account")
    account |= {"SGD": {"available": "1"}, "BTC": {"available": "0.5"}}
    unlocked = {currency: amounts | {"locked": "0"} for currency, amounts in account.items()}
    await demo.control("PUT", "account", unlocked)


@pytest.fixture
async def table(demo: View, page: Page, dashboard: str) -> Locator:
    """The dashboard's table for an account with nothing locked."""
    await lock_nothing(demo)
    await page.goto(dashboard)
    table = page.locator("hui-markdown-card")
    await expect(table).to_have_text(frontend_texts("en")["nothing_locked"])
    return table


async def test_table_of_what_is_locked_follows_orders_and_is_not_created_again(
    demo: View, page: Page, table: Locator
) -> None:
    await table.evaluate("card => (card.stayed = true)")
    # Home Assistant's other cards show it as 0.
    await demo.control("PUT", "account", {"BTC": {"available": "0.49877", "locked": "0.00123"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.00123000", "0.2%"])
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.000000000000000001"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "< 0.00000001", "< 0.1%"])
    # A half is rounded up, as in the list above the table.
    await demo.control("PUT", "account", {"SGD": {"available": "0", "locked": "250.125"}})
    await expect(sensor_row(page, "SGD")).to_contain_text("250.13")
    await expect(table_row(page, "SGD")).to_have_text(["SGD", "250.13", "100.0%"])
    await demo.control("PUT", "account", {"SGD": {"available": "250.125", "locked": "0"}})
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0"}})
    await expect(table).to_have_text(frontend_texts("en")["nothing_locked"])
    assert await table.evaluate("card => card.stayed"), "the card was created again"


async def test_unavailable_currency_has_its_own_row_in_the_table_of_what_is_locked(
    demo: View, page: Page, table: Locator
) -> None:
    texts = frontend_texts("en")
    sensors = await demo.right_sensors()

    async def make_unavailable(*currencies: str) -> None:
        for currency in currencies:
            path = f"/api/states/{sensors[currency]['entity_id']}"
            await demo.home_assistant.call("POST", path, {"state": "unavailable"})

    await demo.control("PUT", "account", {"ETH": {"available": "3", "locked": "1"}})
    await make_unavailable("BTC")
    await expect(table_row(page, "BTC")).to_have_text(["BTC", texts["not_known"]])
    await expect(table_row(page, "ETH")).to_have_text(["ETH", "1.00000000", "25.0%"])
    await demo.control("PUT", "account", {"BTC": {"available": "0.4", "locked": "0.1"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.10000000", "20.0%"])

    await make_unavailable(*sensors)
    await expect(table).to_have_text(texts["not_known"])
    # As after an outage: every currency changes.
    for currency, amounts in (await demo.control("GET", "account")).items():
        await demo.control("PUT", "account", {currency: amounts | {"locked": "7"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "7.00000000", "94.6%"])


@pytest.fixture(scope="module")
async def much_is_locked(demo: View, user: Visitor, dashboard: str) -> AsyncIterator[Page]:
    """The dashboard of an account with a thousandth of a large amount locked, and less of a larger one."""
    await lock_nothing(demo)
    held = {
        "ETH": {"available": "12345000", "locked": "1234.5"},
        "XRP": {"available": "1233332557.875", "locked": "1234567.125"},
    }
    await demo.control("PUT", "account", held)
    async with user.visit() as opened:
        await opened.page.goto(dashboard)
        await expect(table_row(opened.page, "XRP")).to_have_text(["XRP", "1,234,567.12500000", "0.1%"])
        yield opened.page


@pytest.mark.parametrize(
    ("number_format", "language", "large", "medium", "share"),
    [
        ("comma_decimal", "ko", "1,234,567.12500000", "1,234.50000000", "0.1%"),
        ("decimal_comma", "en", "1.234.567,12500000", "1.234,50000000", "0,1\N{NO-BREAK SPACE}%"),
        (
            "space_comma",
            "en",
            "1\N{NNBSP}234\N{NNBSP}567,12500000",
            "1\N{NNBSP}234,50000000",
            "0,1\N{NO-BREAK SPACE}%",
        ),
        ("quote_decimal", "en", "1'234'567.12500000", "1'234.50000000", "0.1%"),
        ("none", "de", "1234567.12500000", "1234.50000000", "0.1%"),
        ("language", "id", "1.234.567,12500000", "1.234,50000000", "0,1%"),
        # In these languages four digits are not grouped, the sign comes first, and digits of its own are not used here.
        ("language", "es", "1.234.567,12500000", "1234,50000000", "0,1\N{NO-BREAK SPACE}%"),
        ("language", "tr", "1.234.567,12500000", "1.234,50000000", "%0,1"),
        ("language", "fa", "1,234,567.12500000", "1,234.50000000", "0.1%"),
    ],
)
async def test_what_is_locked_is_written_in_the_format_of_the_profile(
    much_is_locked: Page, number_format: str, language: str, large: str, medium: str, share: str
) -> None:
    locale = {"number_format": number_format, "language": language}
    written: str = await much_is_locked.evaluate(WRITE_LOCKED, [locale, {}])
    # Which apostrophe the Swiss use depends on the browser's version.
    cells = re.findall("<td>(.*?)</td>", written.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    assert cells == ["ETH", medium, f"&lt; {share}", "XRP", large, share]


async def test_any_currency_code_is_safe_in_the_table_of_what_is_locked(much_is_locked: Page) -> None:
    code = "<i>\"'%}{{7*7}}"
    written: str = await much_is_locked.evaluate(WRITE_LOCKED, [{}, {"ETH": code}])
    first, *_ = re.findall("<td>(.*?)</td>", written)
    assert html.unescape(first) == code
    assert "<" not in first


async def test_card_of_the_picker_is_configured_and_highlights_a_change(
    demo: View, either_page: Page
) -> None:
    page, texts = either_page, frontend_texts(language_of(either_page))
    await demo.control(
        "PUT",
        "account",
        {"BTC": {"available": "0.5", "locked": "0"}, "ETH": {"available": "1", "locked": "2"}},
    )
    await add_dashboard(page, "New dashboard from scratch", title=f"My own, in {language_of(page)}")
    await edit_dashboard(page)
    await pick_card(page, card_name(language_of(page)))
    await fill(page, texts["option_title"], "My coins")
    for currency in ("BTC", "ETH"):
        await button(page, "Add").click()
        await page.get_by_role("option", name=currency, exact=True).click()
    await select(page, texts["option_sort"], texts["sort_locked"])
    await button(page, "Save").click()
    await button(page, "Done").click()
    await page.reload()
    card = page.locator(CARD)
    await expect(card.get_by_role("heading")).to_have_text("My coins")
    await expect(card.get_by_role("listitem")).to_have_text([re.compile("ETH"), re.compile("BTC")])

    # Only the row that changed is highlighted, and only for a while.
    changed, unchanged = card_row(card, "BTC"), card_row(card, "ETH")
    await hold_highlights(page)
    async with staying(page):
        await demo.control("PUT", "account", {"BTC": {"available": "0.50000001", "locked": "0"}})
        await expect(changed.get_by_text("+0.00000001")).to_be_visible()
        await expect(changed.get_by_role("button")).to_have_css("animation-name", "flash")
        await expect(unchanged.get_by_role("button")).to_have_css("animation-name", "none")
        await expect(changed).to_contain_text("0.50000001")
        await release_highlights(page)
        await expect(changed.get_by_role("button")).to_have_css("animation-name", "none")
        await expect(changed.get_by_text("+0.00000001")).to_be_hidden()


async def test_card_is_suggested_for_a_sensor_of_the_account(page: Page) -> None:
    await add_dashboard(page, "New dashboard from scratch", title="Suggested")
    await edit_dashboard(page)
    await button(page, "Add card").first.click()
    await write(page.get_by_placeholder("Search entities"), "BTC")
    await page.get_by_role("button", name="BTC Upbit Simulated exchange").click()
    await button(page, "Upbit balances - BTC").click()
    await button(page, "Done").click()
    await expect(page.locator(CARD).get_by_role("listitem")).to_have_text([re.compile("BTC")])


async def test_amounts_stay_live_on_a_dashboard_that_the_user_took_control_of(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    await lock_nothing(demo)
    await page.goto(await save_dashboard("taken", {"strategy": {"type": "custom:upbit"}}))
    await edit_dashboard(page)
    await button(page, "Take control").click()
    await button(page, "Done").click()
    await page.reload()
    await expect(page.locator("hui-markdown-card")).to_have_text(frontend_texts("en")["nothing_locked"])
    await demo.control("PUT", "account", {"BTC": {"available": "0.4", "locked": "0.1"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.10000000", "20.0%"])
    await demo.control("PUT", "account", {"BTC": {"available": "0.3", "locked": "0.1"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.10000000", "25.0%"])
    await expect(sensor_row(page, "BTC")).to_contain_text("0.40000000")
