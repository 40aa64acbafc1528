"""What a user sees and does when something is wrong: a rejected address, an answer from in between, one bad amount."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, expect
import pytest

from demo.check import View

from .browser import language_of
from .pages import button, fill, open_add_dialog, open_device, select, sensor_row
from .texts import translations

ACCESS_KEY = "PROBLEMACCESSKEYPROBLEMACCESSKEYPROBLEM0"
SECRET_KEY = "PROBLEMSECRETKEYPROBLEMSECRETKEYPROBLEM0"


async def refresh(demo: View) -> None:
    """Have a snapshot taken now."""
    (entry,) = await demo.home_assistant.entries("upbit")
    await demo.home_assistant.call(
        "POST", "/api/services/upbit/refresh", {"config_entry_id": entry["entry_id"]}
    )


@pytest.fixture(autouse=True)
async def recovered(demo: View) -> AsyncIterator[None]:
    """End every fault after the test."""
    yield
    await demo.control("POST", "recover")
    await refresh(demo)
    await demo.right_sensors()


async def test_user_s_own_check_closes_the_issue_about_the_address(demo: View, page: Page) -> None:
    texts = translations(language_of(page))["issues"]["ip_not_allowed"]
    (key, *_) = await demo.control("GET", "keys")
    await demo.control("PATCH", f"keys/{key['access_key']}", {"allowed_addresses": ["203.0.113.1"]})
    await demo.control("POST", "cut")
    title = texts["title"].format(account="Upbit Simulated exchange")
    await page.goto("/config/repairs")
    await page.get_by_text(title).click()
    await expect(page.get_by_text("IPv6")).to_be_visible()
    await button(page, "Submit").click()
    await expect(page.locator("ha-alert")).to_have_text(texts["fix_flow"]["error"]["ip_not_allowed"])
    await demo.control("PATCH", f"keys/{key['access_key']}", {"allowed_addresses": None})
    await button(page, "Submit").click()
    await expect(page.get_by_text(title)).to_have_count(0)


async def test_form_says_that_an_answer_did_not_come_from_upbit(demo: View, korean_page: Page) -> None:
    page, texts = korean_page, translations(language_of(korean_page))["config"]
    fields = texts["step"]["user"]["data"]
    await demo.control("PUT", "rest", {"status": 401, "body": "<html>Log in to this network</html>"})
    await open_add_dialog(page)
    await select(page, fields["region"], "Simulated exchange")
    await fill(page, fields["access_key"], ACCESS_KEY)
    await fill(page, fields["secret_key"], SECRET_KEY)
    await button(page, "Submit").click()
    await expect(page.locator("ha-alert")).to_have_text(
        texts["error"]["not_upbit"].format(region="Simulated exchange")
    )


async def test_amount_that_cannot_be_decoded_makes_one_sensor_unavailable(demo: View, page: Page) -> None:
    await demo.control("PUT", "account", {"XRP": {"available": "1", "locked": "0"}})
    await open_device(page, "Upbit Simulated exchange")
    await expect(sensor_row(page, "ETH")).to_be_visible()
    await demo.control("PATCH", "rows", {"row_faults": {"XRP": {"balance": "a lot"}}})
    await refresh(demo)
    await expect(sensor_row(page, "XRP")).to_contain_text("Unavailable")
    await expect(sensor_row(page, "ETH")).to_contain_text(" ETH")
