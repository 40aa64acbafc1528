"""Two accounts side by side: on the dashboard, and as options in the card's editor."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, expect
import pytest

from demo.check import View

from .accessibility import violations
from .browser import language_of
from .conftest import SaveDashboard
from .pages import CARD, button, card_row, pick_card, select
from .texts import card_name, frontend_texts

KEY = {
    "access_key": "THIRDACCESSKEYTHIRDACCESSKEYTHIRDKEY0000",
    "secret_key": "THIRDSECRETKEYTHIRDSECRETKEYTHIRDKEY0000",
}
FIRST, SECOND = "Upbit Simulated exchange", "Upbit Simulated exchange 2"


@pytest.fixture
async def second_account(demo: View) -> AsyncIterator[None]:
    """Another entry; to the exchange it is the same account with another key, so both hold the same."""
    await demo.control("POST", "keys", KEY)
    before = {entry["entry_id"] for entry in await demo.home_assistant.entries("upbit")}
    await demo.home_assistant.add_entry("upbit", {"region": "sim", **KEY})
    yield
    for entry in await demo.home_assistant.entries("upbit"):
        if entry["entry_id"] not in before:
            await demo.home_assistant.call("DELETE", f"/api/config/config_entries/entry/{entry['entry_id']}")


@pytest.mark.usefixtures("second_account")
async def test_accounts_are_side_by_side_on_the_dashboard(
    demo: View, korean_page: Page, save_dashboard: SaveDashboard
) -> None:
    page, texts = korean_page, frontend_texts(language_of(korean_page))
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    path = await save_dashboard("accounts", {"strategy": {"type": "custom:upbit"}})
    await page.goto(path)
    for name in (texts["all_accounts"], FIRST, SECOND):
        await expect(page.get_by_role("tab", name=name, exact=True)).to_be_visible()
    for name in (FIRST, SECOND):
        account = page.locator("hui-grid-section").filter(
            has=page.get_by_role("heading", name=name, exact=True)
        )
        await expect(card_row(account.locator(CARD), "BTC")).to_contain_text("0.6")
    await expect(page.get_by_role("heading", name=texts["across_accounts"])).to_be_visible()
    await expect(page.locator("hui-distribution-card").filter(has_text="BTC")).to_be_visible()
    await page.get_by_role("heading", name=SECOND, exact=True).click()
    tab = page.get_by_role("tab", name=SECOND, exact=True)
    await expect(tab).to_have_attribute("aria-selected", "true")
    locked = texts["locked"].format(amount="0.1")
    await expect(card_row(page.locator(CARD), "BTC")).to_contain_text(locked)


@pytest.mark.usefixtures("second_account")
async def test_account_is_selected_by_its_name_in_the_editor_of_the_card(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    texts = frontend_texts(language_of(page))
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    views = {"views": [{"type": "sections", "sections": [{"cards": []}]}]}
    path = await save_dashboard("choosing", views)
    await page.goto(f"{path}?edit=1")
    await pick_card(page, card_name(language_of(page)))
    await select(page, texts["option_device_id"], SECOND)
    await button(page, "Save").click()
    await button(page, "Done").click()
    card = page.locator(CARD)
    await expect(card.get_by_role("heading", level=2)).to_have_text(SECOND)
    await expect(card_row(card, "BTC")).to_contain_text("0.6")
    assert await violations(card) == []
