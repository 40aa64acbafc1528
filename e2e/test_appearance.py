"""The dashboard and its cards in every look: language, theme and size of the window."""

from playwright.async_api import Page, expect
import pytest

from demo.check import View

from .accessibility import violations
from .browser import Look, language_of, set_look
from .conftest import OpenPage, SaveDashboard
from .pages import CARD, card_row, in_its_theme
from .texts import frontend_texts

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

# The state of a live connection that is up, in Home Assistant's own words; it has none in Thai.
CONNECTED = {"en": "Connected", "ko": "연결됨", "id": "Terhubung", "th": "Connected"}

# What is locked of the BTC of these tests, as each language writes it.
TENTH = {"en": "0.1", "ko": "0.1", "id": "0,1", "th": "0.1"}

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


async def set_look_and_wait(page: Page, look: Look) -> None:
    """Change the look of an open page, and wait until Home Assistant has followed."""
    await set_look(page, look)
    await expect(page.locator("ha-drawer")).to_have_attribute("type", "modal" if look.narrow else "")
    await in_its_theme(page.locator(CARD), dark=look.dark)


async def is_as_wide_as_its_window(page: Page) -> None:
    """Wait until nothing on a page is wider than its window."""
    await page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param(
            [Look(locale=locale, dark=theme == "dark", **size) for theme, size in looks.items()], id=locale
        )
        for locale, looks in {
            "en-US": {"light": PHONE, "dark": DESKTOP},
            "ko-KR": {"light": DESKTOP, "dark": PHONE},
            "id-ID": {"light": PHONE, "dark": DESKTOP},
            "th-TH": {"light": DESKTOP, "dark": PHONE},
        }.items()
    ],
)
async def test_dashboard_is_whole_and_its_card_accessible(
    demo: View, open_page: OpenPage, dashboard: str, looks: list[Look]
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    page = await open_page(looks[0])
    await page.goto(dashboard)
    language = language_of(page)
    texts = frontend_texts(language)
    card = page.locator(CARD)
    await expect(card.get_by_role("heading")).to_have_text(texts["balances"])
    await expect(card_row(card, "BTC")).to_contain_text(texts["locked"].format(amount=TENTH[language]))
    await expect(card_row(card, "BTC").locator(".value")).to_contain_text("SGD")
    connected = page.locator("hui-tile-card").filter(has_text=CONNECTED[language])
    await expect(connected.first).to_be_visible()
    for look in looks:
        await set_look_and_wait(page, look)
        await is_as_wide_as_its_window(page)
        assert await card.evaluate(OUTSIDE) == []
        assert await violations(card) == []

    await page.get_by_role("tab", name=texts["history"]).click()
    await expect(page.locator("hui-history-graph-card").first).to_be_visible()
    await is_as_wide_as_its_window(page)
    await set_look(page, looks[0])
    await is_as_wide_as_its_window(page)


async def test_discreet_card_is_accessible(
    demo: View, open_page: OpenPage, save_dashboard: SaveDashboard
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    page = await open_page()
    strategy = {"type": "custom:upbit", "discreet": True}
    await page.goto(await save_dashboard("discreet card", {"strategy": strategy}))
    card = page.locator(CARD)
    await expect(card_row(card, "BTC")).to_contain_text("%")
    for dark in (False, True):
        await set_look_and_wait(page, Look(dark=dark))
        assert await violations(card) == []


async def test_card_runs_from_right_to_left_where_the_language_does(
    demo: View, open_page: OpenPage, dashboard: str
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    looks = [Look(locale="he-IL", **size) for size in (PHONE, DESKTOP)]
    page = await open_page(looks[0])
    await page.goto(dashboard)
    card = page.locator(CARD)
    row = card_row(card, "BTC")
    # The card has no Hebrew and speaks English; which way the page runs it takes from the page.
    await expect(row).to_contain_text(frontend_texts("en")["locked"].format(amount="0.1"))
    await expect(card).to_have_css("direction", "rtl")
    await expect(row.locator(".amount")).to_have_css("direction", "ltr")
    for look in looks:
        await set_look_and_wait(page, look)
        parts = [row.locator(name) for name in (".amount", ".name", ".badge")]
        edges = [(await part.bounding_box() or {})["x"] for part in parts]
        assert edges == sorted(edges), "the amount is not on the left, or the badge not on the right"
        assert await card.evaluate(OUTSIDE) == []
        assert await violations(card) == []
