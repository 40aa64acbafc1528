"""The dashboard and its cards in every look: language, theme and size of the window."""

from itertools import product

from playwright.async_api import expect
import pytest

from demo.check import View

from .accessibility import violations
from .browser import Look
from .conftest import OpenPage, SaveDashboard
from .pages import CARD, card_row, in_its_theme
from .texts import frontend_texts

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

# The state of a live connection that is up, in Home Assistant's own words; it has none in Thai.
CONNECTED = {"en": "Connected", "ko": "연결됨", "id": "Terhubung", "th": "Connected"}

# What is locked of the BTC of these tests, as each language writes it.
TENTH = {"en": "0.1", "ko": "0.1", "id": "0,1", "th": "0.1"}

# Each language in both themes and on both sizes.
LOOKS = [
    pytest.param(
        Look(locale=locale, dark=dark, **(DESKTOP if dark == (number % 2 == 0) else PHONE)),
        id=f"{locale}-{'dark' if dark else 'light'}",
    )
    for (number, locale), dark in product(enumerate(("en-US", "ko-KR", "id-ID", "th-TH")), (False, True))
]


# The parts of a card that stick out of it.
OUTSIDE = """card => {
  const { left, right } = card.getBoundingClientRect();
  return Array.from(card.shadowRoot.querySelectorAll("*"))
    .filter((part) => part.checkVisibility())
    .map((part) => [part.className, part.getBoundingClientRect()])
    .filter(([, box]) => box.left < left || box.right > right)
    .map(([name]) => name);
}"""


@pytest.fixture(scope="session")
async def dashboard(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard that the strategy makes."""
    return await save_dashboard("everything", {"strategy": {"type": "custom:upbit"}})


@pytest.fixture(scope="session")
async def card_among_others(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard that has the card beside another one."""
    cards = [{"type": f"custom:{CARD}"}, {"type": "markdown", "content": "something else"}]
    view = {"type": "sections", "sections": [{"type": "grid", "cards": [card]} for card in cards]}
    return await save_dashboard("card among others", {"views": [view]})


@pytest.mark.parametrize("look", LOOKS)
async def test_dashboard_is_whole(demo: View, open_page: OpenPage, dashboard: str, look: Look) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    texts = frontend_texts(look.language)
    page = await open_page(look)
    await page.goto(dashboard)
    card = page.locator(CARD)
    await expect(card.get_by_role("heading")).to_have_text(texts["balances"])
    await expect(card_row(card, "BTC")).to_contain_text(texts["locked"].format(amount=TENTH[look.language]))
    connected = page.locator("hui-tile-card").filter(has_text=CONNECTED[look.language])
    await expect(connected.first).to_be_visible()
    await in_its_theme(card, dark=look.dark)
    assert await page.evaluate("document.documentElement.scrollWidth") <= look.width

    await page.get_by_role("tab", name=texts["history"]).click()
    await expect(page.locator("hui-history-graph-card").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= look.width


@pytest.mark.parametrize("look", LOOKS)
async def test_card_is_whole_and_accessible(
    demo: View, open_page: OpenPage, card_among_others: str, look: Look
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    page = await open_page(look)
    await page.goto(card_among_others)
    card = page.locator(CARD)
    locked = frontend_texts(look.language)["locked"].format(amount=TENTH[look.language])
    await expect(card_row(card, "BTC")).to_contain_text(locked)
    await expect(card_row(card, "BTC").locator(".value")).to_contain_text("SGD")
    await in_its_theme(card, dark=look.dark)
    assert await card.evaluate(OUTSIDE) == []
    assert await violations(card) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_discreet_card_is_accessible(
    demo: View, open_page: OpenPage, save_dashboard: SaveDashboard, dark: bool
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    page = await open_page(Look(dark=dark))
    strategy = {"type": "custom:upbit", "discreet": True}
    await page.goto(await save_dashboard(f"discreet {dark}", {"strategy": strategy}))
    card = page.locator(CARD)
    await expect(card_row(card, "BTC")).to_contain_text("%")
    await in_its_theme(card, dark=dark)
    assert await violations(card) == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_card_runs_from_right_to_left_where_the_language_does(
    demo: View, open_page: OpenPage, card_among_others: str, size: dict[str, int]
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    page = await open_page(Look(locale="he-IL", **size))
    await page.goto(card_among_others)
    card = page.locator(CARD)
    # The card has no Hebrew and speaks English; which way the page runs it takes from the page.
    await expect(card_row(card, "BTC")).to_contain_text(frontend_texts("en")["locked"].format(amount="0.1"))
    await expect(card).to_have_css("direction", "rtl")
    await in_its_theme(card, dark=False)
    row = card_row(card, "BTC")
    parts = [row.locator(name) for name in (".amount", ".name", ".badge")]
    edges = [(await part.bounding_box() or {})["x"] for part in parts]
    assert edges == sorted(edges), "the amount is not on the left, or the badge not on the right"
    await expect(row.locator(".amount")).to_have_css("direction", "ltr")
    assert await card.evaluate(OUTSIDE) == []
    assert await violations(card) == []
