from collections.abc import AsyncIterator
import re

from playwright.async_api import Locator, Page, expect
import pytest

from demo.check import View, check_second_start, restarted_demo
from demo.installation import DASHBOARD

from .browser import Look, visitor
from .pages import CARD, card_row, fill
from .texts import frontend_texts


@pytest.fixture(scope="module")
async def restarted() -> AsyncIterator[tuple[View, set[str]]]:
    """A demo that nobody else uses, because its account and exchange do not stay as they are."""
    async with restarted_demo() as demo:
        yield demo


async def test_demo_shows_a_live_account_and_survives_a_restart(restarted: tuple[View, set[str]]) -> None:
    await check_second_start(*restarted)


async def press(page: Page, name: str) -> None:
    """Select the button with this name."""
    await page.locator("hui-tile-card").filter(has_text=name).click()


def tile(page: Page, name: str) -> Locator:
    """Return the tile of the first account's sensor with this name."""
    return page.locator("hui-tile-card").filter(has_text=name).first


async def test_each_button_of_the_demo_ends_in_something_seen(restarted: tuple[View, set[str]]) -> None:
    demo, texts = restarted[0], frontend_texts("en")
    for what in ("trading", "prices"):
        await demo.control("POST", what, {"paused": True})
    async with visitor(demo.home_assistant.url) as user:
        async with user.visit(Look(width=1600, height=1400)) as opened:
            page = opened.page
            await page.goto("/")
            await expect(page).to_have_url(re.compile(DASHBOARD))
            await page.goto(f"/{DASHBOARD}/try")
            card = page.locator(CARD).first
            total, live = tile(page, "Total value"), tile(page, "Live connection")
            await expect(live).to_contain_text("Connected")

            await press(page, "Place an order")
            await expect(card_row(card, "TRX")).to_contain_text(texts["locked"].format(amount="1,000"))
            await press(page, "Deposit")
            await expect(card_row(card, "ADA")).to_contain_text("2,950.5")

            amount = total.get_by_text("SGD")
            before = await amount.inner_text()
            await press(page, "Move prices")
            await expect(amount).not_to_have_text(before)
            await press(page, "Delist a coin")
            await expect(card_row(card, "SOL")).to_contain_text(texts["no_price"])

            await press(page, "Cut connection")
            await expect(live).to_contain_text("Disconnected")
            await expect(live).to_contain_text("Connected")
            await press(page, "Stop exchange")
            await expect(live).to_contain_text("Disconnected")
            await expect(tile(page, "Price feed")).to_contain_text("Disconnected")
            await press(page, "Back to normal")
            await expect(card_row(card, "SOL")).not_to_contain_text(texts["no_price"])
            await expect(live).to_contain_text("Connected")

            await press(page, "Add account")
            await expect(page.locator(CARD)).to_have_count(2)
            await expect(page.get_by_role("tab", name="All accounts")).to_be_visible()

            await press(page, "Let the key expire")
            await expect(page.locator("hui-repairs-card")).to_contain_text("1 issue")
            access_key, secret_key = await page.locator("hui-markdown-card code").all_inner_texts()
            await page.locator("hui-repairs-card").click()
            await page.locator("ha-config-repairs").get_by_text("Upbit").click()
            await fill(page, "Access key", access_key)
            await fill(page, "Secret key", secret_key)
            await page.get_by_role("button", name="Submit").click()
            await expect(page.get_by_text("No repairs").first).to_be_visible()
        assert not opened.errors
