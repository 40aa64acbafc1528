"""What a page loads of the integration, and when: on Home Assistant's own pages of both versions."""

import asyncio

from playwright.async_api import Page, Response, Route, expect
import pytest

from demo.check import View

from .conftest import OpenPage, SaveDashboard
from .pages import CARD, button, card_row, pick_card, staying
from .texts import card_name

# The most that a page may load of an integration that it does not use.
ENTRY_SIZE = 3_000

# What Home Assistant's own card beside ours shows.
OTHER_CARD = "something else"

pytestmark = pytest.mark.oldest()


@pytest.fixture(scope="session")
async def dashboard(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard that the strategy makes."""
    return await save_dashboard("generated", {"strategy": {"type": "custom:upbit"}})


@pytest.fixture(scope="session")
async def card_dashboard(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard with the card beside one of Home Assistant's own."""
    cards = [{"type": "markdown", "content": OTHER_CARD}, {"type": f"custom:{CARD}"}]
    return await save_dashboard("with the card", {"views": [{"cards": cards}]})


def requests_of(page: Page) -> list[Response]:
    """Return a list that grows with what the page loads of the integration."""
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response) if "/upbit/" in response.url else None)
    return responses


async def test_page_that_uses_nothing_of_the_integration_loads_one_small_module(
    open_page: OpenPage, save_dashboard: SaveDashboard
) -> None:
    page = await open_page(first=True)
    responses = requests_of(page)
    path = await save_dashboard(
        "without", {"views": [{"cards": [{"type": "markdown", "content": OTHER_CARD}]}]}
    )
    await page.goto(path)
    await expect(page.get_by_text(OTHER_CARD)).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert [response.url.rpartition("/")[2] for response in responses] == ["upbit.js"]
    assert len(await responses[0].body()) <= ENTRY_SIZE


async def test_card_appears_within_a_second_of_its_page(open_page: OpenPage, card_dashboard: str) -> None:
    page = await open_page(first=True)
    await page.goto(card_dashboard)
    await expect(page.get_by_text(OTHER_CARD)).to_be_visible()
    await expect(card_row(page.locator(CARD), "BTC")).to_be_visible(timeout=1_000)


@pytest.mark.oldest(only=True)
@pytest.mark.parametrize("delay", [0, 100, 200, 1_000])
async def test_card_dashboard_and_picker_entry_are_there_whatever_loads_first(
    page: Page, dashboard: str, card_dashboard: str, delay: int
) -> None:
    async def late(route: Route) -> None:
        await asyncio.sleep(delay / 1_000)
        await route.continue_()

    # This switches the browser's cache off.
    await page.route("**/app.*.js", late)
    await page.goto(card_dashboard)
    await expect(card_row(page.locator(CARD), "BTC")).to_be_visible()
    async with staying(page):
        await page.locator(f"a[href='{dashboard}']").click()
        await page.wait_for_url(f"**{dashboard}/**")
        await expect(card_row(page.locator(CARD), "BTC")).to_be_visible()
    entries = await page.evaluate(
        "[window.customCards, window.customStrategies].flat().map(({ type }) => type)"
    )
    assert entries == [CARD, "upbit"]


# test_dashboard.py has the picker of the newest.
@pytest.mark.oldest(only=True)
async def test_card_of_the_picker_is_drawn(demo: View, page: Page, save_dashboard: SaveDashboard) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    views = {"views": [{"type": "sections", "sections": [{"cards": []}]}]}
    await page.goto(f"{await save_dashboard('picked', views)}?edit=1")
    await pick_card(page, card_name("en"))
    await button(page, "Save").click()
    await button(page, "Done").click()
    await expect(card_row(page.locator(CARD), "BTC")).to_contain_text("0.6")


async def test_wrong_option_in_yaml_shows_its_error(page: Page, save_dashboard: SaveDashboard) -> None:
    card = {"type": f"custom:{CARD}", "sort": "amount"}
    # Home Assistant shows the text of the error in edit mode only.
    await page.goto(f"{await save_dashboard('wrong', {'views': [{'cards': [card]}]})}?edit=1")
    await expect(page.locator("hui-error-card")).to_contain_text('"sort" must be one of')
    await expect(page.locator(CARD)).to_have_count(0)
