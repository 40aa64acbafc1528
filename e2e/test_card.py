from playwright.async_api import Page, expect
import pytest

from demo.check import View

from .accessibility import violations
from .browser import Look
from .conftest import OpenPage, SaveDashboard
from .pages import CARD, button, card_row, hold_highlights, in_its_theme

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="session")
async def dashboard(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard with nothing but the card."""
    return await save_dashboard("card", {"views": [{"cards": [{"type": f"custom:{CARD}"}]}]})


async def test_card_is_used_with_the_keyboard_alone(demo: View, page: Page, dashboard: str) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "1.234567890123456789", "locked": "0"}})
    await page.goto(dashboard)
    row = card_row(page.locator(CARD), "BTC")
    await expect(row).to_contain_text("1.23456789")
    digits = button(page, "Show all digits")
    await digits.focus()
    await page.keyboard.press("Space")
    await expect(row).to_contain_text("1.234567890123456789")
    for _ in range(await page.locator(CARD).get_by_role("listitem").count()):
        await page.keyboard.press("Tab")
        if await row.get_by_role("button").evaluate("row => row.matches(':focus')"):
            break
    await expect(row.get_by_role("button")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("ha-more-info-dialog").get_by_text("Upbit Simulated exchange")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_card_is_accessible_while_it_highlights_a_change_with_every_digit(
    demo: View, open_page: OpenPage, dashboard: str, dark: bool
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    # Without motion the highlight keeps its color while axe measures contrasts.
    page = await open_page(Look(dark=dark, still=True))
    await page.goto(dashboard)
    await in_its_theme(page.locator(CARD), dark=dark)
    await button(page, "Show all digits").click()
    row = card_row(page.locator(CARD), "BTC")
    await expect(row).to_contain_text("0.6")
    await hold_highlights(page)
    await demo.control("PUT", "account", {"BTC": {"available": "0.4", "locked": "0.1"}})
    await expect(row.get_by_text(f"{MINUS}0.1")).to_be_visible()
    assert await violations(page.locator(CARD)) == []
    await expect(row.get_by_text(f"{MINUS}0.1")).to_be_visible()
