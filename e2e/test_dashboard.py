from collections.abc import AsyncIterator
from decimal import Decimal
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
    choose,
    edit_dashboard,
    fill,
    hold_highlights,
    pick_card,
    release_highlights,
    sensor_row,
    staying,
    table_row,
    write,
)
from .texts import frontend_texts

# What the dashboard of somebody with another profile has as the text of what is locked.
WRITE_LOCKED = """async (locale) => {
    const { hass } = document.querySelector("home-assistant");
    const strategy = customElements.get("ll-strategy-dashboard-upbit");
    const { views } = await strategy.generate({}, { ...hass, locale: { ...hass.locale, ...locale } });
    const cards = views.flatMap((view) => view.sections).flatMap((section) => section.cards);
    const { content: template } = cards.find((card) => card.type === "markdown");
    return await new Promise((resolve) =>
        hass.connection.subscribeMessage(({ result }) => resolve(result), { type: "render_template", template }),
    );
}"""


async def test_dashboard_of_the_dialog_shows_the_currencies_and_follows_them(
    home: View, either_page: Page
) -> None:
    page, texts = either_page, frontend_texts(language_of(either_page))
    await home.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    sensors = await home.right_sensors()
    await add_dashboard(page, "Upbit", title=f"All I own, in {language_of(page)}")
    for currency, sensor in sensors.items():
        await expect(sensor_row(page, currency)).to_have_count(1 if Decimal(sensor["state"]) else 0)
    async with staying(page):
        await expect(sensor_row(page, "PEPE")).to_have_count(0)
        await home.control("PUT", "account", {"PEPE": {"available": "0", "locked": "1234.5"}})
        await expect(sensor_row(page, "PEPE")).to_contain_text("1,234.5")
        await expect(table_row(page, "PEPE")).to_have_text(["PEPE", "1,234.50000000", "100.0%"])
        await home.control("PUT", "account", {"PEPE": {"available": "0", "locked": "0"}})
        await expect(sensor_row(page, "PEPE")).to_have_count(0)
        await expect(table_row(page, "PEPE")).to_have_count(0)
        await expect(page.get_by_role("heading", name=texts["empty_currencies"])).to_be_visible()
        await expect(page.locator("hui-tile-card").filter(has_text="PEPE")).to_be_visible()


@pytest.fixture(scope="session")
async def dashboard(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard that the strategy makes."""
    return await save_dashboard("what is locked", {"strategy": {"type": "custom:upbit"}})


async def lock_nothing(home: View) -> None:
    """Have the account hold some SGD and BTC, and nothing of any currency in orders."""
    account = await home.control("GET", "account")
    account |= {"SGD": {"available": "1"}, "BTC": {"available": "0.5"}}
    unlocked = {currency: amounts | {"locked": "0"} for currency, amounts in account.items()}
    await home.control("PUT", "account", unlocked)


@pytest.fixture
async def table(home: View, page: Page, dashboard: str) -> Locator:
    """What the dashboard tells of an account with nothing in orders."""
    await lock_nothing(home)
    await page.goto(dashboard)
    table = page.locator("hui-markdown-card")
    await expect(table).to_have_text(frontend_texts("en")["nothing_locked"])
    return table


async def test_dashboard_tells_what_is_locked_as_orders_come_and_go_and_stays_still(
    home: View, page: Page, table: Locator
) -> None:
    await table.evaluate("card => (card.stayed = true)")
    # Home Assistant's other cards say 0 of it.
    await home.control("PUT", "account", {"BTC": {"available": "0.49877", "locked": "0.00123"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.00123000", "0.2%"])
    await home.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.000000000000000001"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "< 0.00000001", "< 0.1%"])
    # A half is rounded up, as in the list above the table.
    await home.control("PUT", "account", {"SGD": {"available": "0", "locked": "250.125"}})
    await expect(sensor_row(page, "SGD")).to_contain_text("250.13")
    await expect(table_row(page, "SGD")).to_have_text(["SGD", "250.13", "100.0%"])
    await home.control("PUT", "account", {"SGD": {"available": "250.125", "locked": "0"}})
    await home.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0"}})
    await expect(table).to_have_text(frontend_texts("en")["nothing_locked"])
    assert await table.evaluate("card => card.stayed"), "the card was made anew"


async def test_dashboard_does_not_say_that_nothing_is_locked_while_that_is_not_known(
    home: View, page: Page, table: Locator
) -> None:
    sensor = (await home.right_sensors())["BTC"]["entity_id"]
    await home.home_assistant.call("POST", f"/api/states/{sensor}", {"state": "unavailable"})
    await expect(table).to_have_text(frontend_texts("en")["not_known"])
    await home.control("PUT", "account", {"BTC": {"available": "0.4", "locked": "0.1"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.10000000", "20.0%"])


@pytest.fixture(scope="module")
async def much_is_locked(home: View, person: Visitor, dashboard: str) -> AsyncIterator[Page]:
    """The dashboard of an account that has a thousandth of a large amount in orders, and less of a larger one."""
    await lock_nothing(home)
    held = {
        "ETH": {"available": "12345000", "locked": "1234.5"},
        "XRP": {"available": "1233332557.875", "locked": "1234567.125"},
    }
    await home.control("PUT", "account", held)
    async with person.visit() as opened:
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
    written: str = await much_is_locked.evaluate(WRITE_LOCKED, locale)
    # Which apostrophe the Swiss use depends on the browser's version.
    cells = re.findall("<td>(.*?)</td>", written.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    assert cells == ["ETH", medium, f"&lt; {share}", "XRP", large, share]


async def test_card_of_the_picker_is_configured_and_points_out_a_change(
    home: View, either_page: Page
) -> None:
    page, texts = either_page, frontend_texts(language_of(either_page))
    await home.control(
        "PUT",
        "account",
        {"BTC": {"available": "0.5", "locked": "0"}, "ETH": {"available": "1", "locked": "2"}},
    )
    await add_dashboard(page, "New dashboard from scratch", title=f"My own, in {language_of(page)}")
    await edit_dashboard(page)
    await pick_card(page, texts["card_name"])
    await fill(page, texts["option_title"], "My coins")
    for currency in ("BTC", "ETH"):
        await button(page, "Add").click()
        await page.get_by_role("option", name=currency, exact=True).click()
    await choose(page, texts["option_sort"], texts["sort_locked"])
    await button(page, "Save").click()
    await button(page, "Done").click()
    await page.reload()
    card = page.locator(CARD)
    await expect(card.get_by_role("heading")).to_have_text("My coins")
    await expect(card.get_by_role("listitem")).to_have_text([re.compile("ETH"), re.compile("BTC")])

    # Only the row that changed is pointed out, and only for a while.
    changed, unchanged = card_row(card, "BTC"), card_row(card, "ETH")
    await hold_highlights(page)
    async with staying(page):
        await home.control("PUT", "account", {"BTC": {"available": "0.50000001", "locked": "0"}})
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


async def test_amounts_stay_live_on_a_dashboard_that_a_person_took_control_of(
    home: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    await lock_nothing(home)
    await page.goto(await save_dashboard("taken", {"strategy": {"type": "custom:upbit"}}))
    await edit_dashboard(page)
    await button(page, "Take control").click()
    await button(page, "Done").click()
    await page.reload()
    await expect(page.locator("hui-markdown-card")).to_have_text(frontend_texts("en")["nothing_locked"])
    await home.control("PUT", "account", {"BTC": {"available": "0.4", "locked": "0.1"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.10000000", "20.0%"])
    await home.control("PUT", "account", {"BTC": {"available": "0.3", "locked": "0.1"}})
    await expect(table_row(page, "BTC")).to_have_text(["BTC", "0.10000000", "25.0%"])
    await expect(sensor_row(page, "BTC")).to_contain_text("0.40000000")
