"""Drives Chromium: opens pages of Home Assistant as a user sees them, and collects the errors of their consoles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import os
import re
from weakref import WeakKeyDictionary

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    StorageState,
    async_playwright,
    expect,
)

from demo.home_assistant import PASSWORD, USER

# A page of Home Assistant is drawn within two seconds; this is for a machine under load.
PATIENCE = 20_000  # ms

ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Nothing may need the internet, or slow a test down by trying to reach it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

# Home Assistant looks for pictures of its own on the internet, and here there is none: the icons of its integrations,
# and what the card picker shows in the previews of its cards.
NOT_OURS = re.compile(r"/api/brands/(?!integration/upbit/)|^https://demo\.home-assistant\.io/")


@dataclass(frozen=True, slots=True)
class Look:
    """The settings of a user's browser: language, theme, motion, size of the window, and pixels per unit."""

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
    """Return the settings of the browser of a page."""
    return _looks[page]


async def set_look(page: Page, look: Look) -> None:
    """Change theme, motion and size of the window, which a page follows without being loaded again."""
    await page.emulate_media(
        color_scheme="dark" if look.dark else "light",
        reduced_motion="reduce" if look.still else "no-preference",
    )
    await page.set_viewport_size({"width": look.width, "height": look.height})
    _looks[page] = look


def language_of(page: Page) -> str:
    """Return the language of a page, as Home Assistant names it."""
    return look_of(page).language


@dataclass(frozen=True, slots=True)
class Visit:
    """A page, and the errors in its console so far."""

    page: Page
    errors: list[str] = field(default_factory=list)


class Visitor:
    """A user with a browser who is logged in to a Home Assistant."""

    def __init__(self, browser: Browser, url: str, page: Page, login: StorageState) -> None:
        # The page of the login stays open: commands to Home Assistant are sent from it.
        self.page = page
        self._browser = browser
        self._url = url
        self._login = login
        # The pages that nobody looks at, by what cannot be changed in an open one: language and pixels per unit.
        self._left: dict[tuple[str, int], list[Page]] = {}

    async def _new_page(self, look: Look) -> Page:
        context = await self._browser.new_context(
            base_url=self._url,
            device_scale_factor=look.scale,
            locale=look.locale,
            # A service worker would answer from a cache that outlives a page.
            service_workers="block",
            storage_state=self._login,
        )
        context.set_default_timeout(PATIENCE)
        return await context.new_page()

    @asynccontextmanager
    async def visit(self, look: Look = Look(), *, first: bool = False) -> AsyncIterator[Visit]:
        """Open an empty page. What was loaded before is in the browser's cache, except on a first visit."""
        # Two thirds of the time that a page takes go into a new process and compiling Home Assistant's own modules.
        left = [] if first else self._left.setdefault((look.locale, look.scale), [])
        page = left.pop() if left else await self._new_page(look)
        await set_look(page, look)
        opened = Visit(page)

        def on_console(message: ConsoleMessage) -> None:
            source = message.location["url"]
            if message.type == "error" and not NOT_OURS.search(source):
                opened.errors.append(f"{message.text} ({source})")

        def on_uncaught(error: Error) -> None:
            # Home Assistant rejects with a plain object where its server fails a command; our modules send none.
            if str(error) != "Object":
                opened.errors.append(f"uncaught: {error.stack or error}")

        page.on("console", on_console)
        page.on("pageerror", on_uncaught)
        try:
            yield opened
        finally:
            if first:
                await page.context.close()
            else:
                page.remove_listener("console", on_console)
                page.remove_listener("pageerror", on_uncaught)
                await page.unroute_all()
                await page.goto("about:blank")
                await page.mouse.move(0, 0)
                left.append(page)


@asynccontextmanager
async def visitor(url: str) -> AsyncIterator[Visitor]:
    """Run the browser that ``scripts/e2e`` has found, and log in on Home Assistant's own page."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=ARGUMENTS)
        try:
            page = await _log_in(browser, url)
            yield Visitor(browser, url, page, await page.context.storage_state())
        finally:
            await browser.close()


async def _log_in(browser: Browser, url: str) -> Page:
    """Return a page of Home Assistant after the login. It is one on which nothing moves."""
    context = await browser.new_context(base_url=url, service_workers="block")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto("/profile")
    await page.get_by_role("textbox", name="Username").fill(USER)
    await page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("ha-sidebar")).to_be_visible()
    return page
