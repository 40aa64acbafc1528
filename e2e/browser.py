"""Drives Chromium: opens pages of Home Assistant as a person sees them, and listens to what their consoles say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import os
import re
from weakref import WeakKeyDictionary

from playwright.async_api import Browser, ConsoleMessage, Error, Page, StorageState, async_playwright, expect

from demo.home_assistant import PASSWORD, USER

# A page of Home Assistant is there in two seconds; this is for a machine that has much else to do.
PATIENCE = 20_000  # ms

ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Nothing of ours may need the internet, and nothing of anybody else's may slow a test down.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

# Home Assistant looks for pictures of its own on the internet, and here there is none: the icons of its integrations,
# and what the card picker shows in the previews of its cards.
NOT_OURS = re.compile(r"/api/brands/(?!integration/upbit/)|^https://demo\.home-assistant\.io/")


@dataclass(frozen=True, slots=True)
class Look:
    """How a person looks at Home Assistant: language, theme, motion, the window's size, and its pixels a unit."""

    locale: str = "en-US"
    dark: bool = False
    still: bool = False
    width: int = 1280
    height: int = 900
    scale: int = 1

    @property
    def language(self) -> str:
        """As Home Assistant and its files name it."""
        return self.locale.partition("-")[0]

    @property
    def narrow(self) -> bool:
        """Whether Home Assistant takes the window for a phone's, with the sidebar out of sight."""
        return self.width <= 870


_looks: WeakKeyDictionary[Page, Look] = WeakKeyDictionary()


def look_of(page: Page) -> Look:
    """Return how the person whose page it is looks at it."""
    return _looks[page]


def language_of(page: Page) -> str:
    """Return the language of a page, as Home Assistant names it."""
    return look_of(page).language


@dataclass(frozen=True, slots=True)
class Visit:
    """A page, and the errors that its console has told of so far."""

    page: Page
    errors: list[str] = field(default_factory=list)


class Visitor:
    """Somebody with a browser who is logged in to a Home Assistant."""

    def __init__(self, browser: Browser, url: str, login: StorageState) -> None:
        self._browser = browser
        self._url = url
        self._login = login

    @asynccontextmanager
    async def visit(self, look: Look = Look()) -> AsyncIterator[Visit]:
        """Open an empty page in a browser without a memory but for the login."""
        context = await self._browser.new_context(
            base_url=self._url,
            color_scheme="dark" if look.dark else "light",
            device_scale_factor=look.scale,
            locale=look.locale,
            reduced_motion="reduce" if look.still else "no-preference",
            # A service worker would answer from a cache that outlives a page.
            service_workers="block",
            storage_state=self._login,
            viewport={"width": look.width, "height": look.height},
        )
        context.set_default_timeout(PATIENCE)
        opened = Visit(await context.new_page())
        _looks[opened.page] = look

        def on_console(message: ConsoleMessage) -> None:
            source = message.location["url"]
            if message.type == "error" and not NOT_OURS.search(source):
                opened.errors.append(f"{message.text} ({source})")

        opened.page.on("console", on_console)

        def on_uncaught(error: Error) -> None:
            # Home Assistant rejects with a plain object where its server fails a command; our modules send none.
            if str(error) != "Object":
                opened.errors.append(f"uncaught: {error.stack or error}")

        opened.page.on("pageerror", on_uncaught)
        try:
            yield opened
        finally:
            await context.close()


@asynccontextmanager
async def visitor(url: str) -> AsyncIterator[Visitor]:
    """Run the browser that ``scripts/e2e`` has found, and log in on Home Assistant's own page."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=ARGUMENTS)
        try:
            yield Visitor(browser, url, await _log_in(browser, url))
        finally:
            await browser.close()


async def _log_in(browser: Browser, url: str) -> StorageState:
    """Return what a browser keeps of a login."""
    context = await browser.new_context(base_url=url, service_workers="block")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto("/")
    await page.get_by_role("textbox", name="Username").fill(USER)
    await page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("ha-sidebar")).to_be_visible()
    state = await context.storage_state()
    await context.close()
    return state
