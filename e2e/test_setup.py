from collections.abc import AsyncIterator

from playwright.async_api import Page, expect
import pytest

from demo.check import View

from .browser import language_of
from .pages import button, fill, open_add_dialog, open_device, select, sensor_row, staying
from .texts import translations

ACCESS_KEY = "SECONDACCESSKEYSECONDACCESSKEYSECONDKEY0"
SECRET_KEY = "SECONDSECRETKEYSECONDSECRETKEYSECONDKEY0"


@pytest.fixture
async def second_key(demo: View) -> AsyncIterator[None]:
    """Another API key of the account; the entry that is made with it goes afterwards."""
    await demo.control("POST", "keys", {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY})
    before = {entry["entry_id"] for entry in await demo.home_assistant.entries("upbit")}
    yield
    for entry in await demo.home_assistant.entries("upbit"):
        if entry["entry_id"] not in before:
            await demo.home_assistant.call("DELETE", f"/api/config/config_entries/entry/{entry['entry_id']}")


@pytest.mark.usefixtures("second_key")
async def test_account_is_added_once_its_secret_key_is_correct(either_page: Page) -> None:
    page, texts = either_page, translations(language_of(either_page))["config"]
    fields = texts["step"]["user"]["data"]
    await open_add_dialog(page)
    await select(page, fields["region"], "Simulated exchange")
    await fill(page, fields["access_key"], ACCESS_KEY)
    await fill(page, fields["secret_key"], "mistyped")
    await button(page, "Submit").click()
    await expect(page.locator("ha-alert")).to_have_text(texts["error"]["invalid_secret_key"])
    await fill(page, fields["secret_key"], SECRET_KEY)
    await button(page, "Submit").click()
    await button(page, "Skip and finish").click()
    await open_device(page, "Upbit Simulated exchange 2")
    for currency in ("BTC", "ETH", "SGD"):
        await expect(sensor_row(page, currency)).to_contain_text(f" {currency}")


async def test_sensor_changes_while_looked_at(demo: View, page: Page) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    await open_device(page, "Upbit Simulated exchange")
    async with staying(page):
        await expect(sensor_row(page, "BTC")).to_contain_text("0.60000000 BTC")
        await demo.control("PUT", "account", {"BTC": {"available": "0.50000001", "locked": "0.1"}})
        await expect(sensor_row(page, "BTC")).to_contain_text("0.60000001 BTC")


async def test_currency_unknown_until_then_appears_while_looked_at(demo: View, page: Page) -> None:
    await open_device(page, "Upbit Simulated exchange")
    async with staying(page):
        await expect(sensor_row(page, "BTC")).to_be_visible()
        await expect(sensor_row(page, "NEO")).to_have_count(0)
        await demo.control("PUT", "account", {"NEO": {"available": "12.5", "locked": "0"}})
        await expect(sensor_row(page, "NEO")).to_contain_text("12.50000000 NEO")
