"""What a user does on Home Assistant's pages, by the roles and texts on the page.

Its own buttons and fields are given by their names in English, and found by those in the language of the page.

Playwright searches shadow roots automatically. What a page puts into a dialog's slot is no descendant of the dialog,
though, so buttons are found on the page and not in the dialog.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import re
from typing import Any

from playwright.async_api import Locator, Page, TimeoutError as NotFoundError, expect

from .browser import PATIENCE, language_of, look_of
from .texts import home_assistant, name_in, translations

CARD = "upbit-balances-card"


def called(page: Page, name: str) -> str:
    """Return the name of Home Assistant's own button or field in the language of the page."""
    return name_in(language_of(page), name)


def search(page: Page, placeholder: str = "Search") -> Locator:
    """Return the field to search in that was opened last."""
    return page.get_by_placeholder(called(page, placeholder)).last


def button(page: Page, name: str) -> Locator:
    """Return the button with exactly this name."""
    return page.get_by_role("button", name=called(page, name), exact=True)


async def document_of(page: Page) -> str:
    """Return all there is in a page: texts and attributes, in the shadow roots too."""
    return await page.evaluate(
        """() => {
          const roots = (root) => [...root.querySelectorAll("*")].flatMap(({ shadowRoot }) => shadowRoot ?? []);
          const written = (root) => root.innerHTML + roots(root).map(written);
          return written(document.documentElement);
        }"""
    )


async def ask_home_assistant(page: Page, **command: object) -> Any:
    """Return the answer to a command that Home Assistant's own pages send, sent by this one."""
    await expect(page.locator("ha-sidebar")).to_be_visible()
    return await page.evaluate(
        "command => document.querySelector('home-assistant').hass.callWS(command)", command
    )


async def open_add_dialog(page: Page) -> None:
    """Open the form that adds an account, again where Home Assistant has drawn it without its texts.

    That happens while it still loads others, and lasts until a state changes.
    """
    field = translations(language_of(page))["config"]["step"]["user"]["data"]["access_key"]
    async with asyncio.timeout(2 * PATIENCE / 1000):
        while True:
            await page.goto("/config/integrations/dashboard/add?domain=upbit")
            await button(page, "OK").click()
            await page.get_by_role("textbox", name=re.compile(f"{re.escape(field)}|access_key")).wait_for()
            with suppress(NotFoundError):
                await page.get_by_role("textbox", name=field).wait_for(timeout=PATIENCE / 4)
                return


async def select(page: Page, field: str, option: str) -> None:
    """Select from a form's drop-down list, which closes again where Home Assistant draws the form once more."""
    async with asyncio.timeout(2 * PATIENCE / 1000):
        while True:
            await page.get_by_role("button", name=field).click()
            with suppress(NotFoundError):
                await page.get_by_role("menuitem", name=option, exact=True).click(timeout=PATIENCE / 4)
                return


async def write(field: Locator, text: str) -> None:
    """Type into a field after a click, which waits until a dialog that covers it has closed.

    What is written before that is lost, because Home Assistant's editor draws its form again.
    """
    await field.click()
    await field.fill(text)


async def fill(page: Page, field: str, text: str) -> None:
    """Type into a form's text field."""
    await write(page.get_by_role("textbox", name=called(page, field)), text)


async def open_device(page: Page, name: str) -> None:
    """Open the page of one of the integration's devices."""
    await page.goto("/config/integrations/integration/upbit")
    await page.locator("ha-config-entry-device-row").filter(has_text=name).click()
    await expect(page.locator("ha-config-device-page").get_by_text(name, exact=True).first).to_be_visible()


def sensor_row(place: Page | Locator, currency: str) -> Locator:
    """Return the row of a currency's sensor in a list, such as the device page has."""
    page = place if isinstance(place, Page) else place.page
    return place.locator("hui-sensor-entity-row").filter(has=page.get_by_text(currency, exact=True))


async def hold_highlights(page: Page) -> None:
    """Keep changes highlighted until they are released, because a slow machine would look at them too late.

    Only timers of about that length are held; with all of them, as a clock that stands still would, axe waits forever.
    """
    await page.evaluate(
        """() => {
          const { setTimeout } = window;
          const held = [];
          window.setTimeout = (callback, delay, ...more) =>
            delay > 3000 && delay <= 4000 ? -held.push(callback) : setTimeout(callback, delay, ...more);
          window.releaseHighlights = () => held.splice(0).forEach((callback) => callback());
        }"""
    )


async def release_highlights(page: Page) -> None:
    """End the highlights that were held."""
    await page.evaluate("window.releaseHighlights()")


@asynccontextmanager
async def staying(page: Page) -> AsyncIterator[None]:
    """Fail when the page is loaded again within the block."""
    await page.evaluate("window.stayed = true")
    yield
    assert await page.evaluate("window.stayed"), "the page was loaded again"


async def add_trigger(page: Page, sensor: str, trigger: str) -> None:
    """In the automation editor, add a trigger of the sensor with this name."""
    await button(page, "Add trigger").click()
    await write(search(page), sensor)
    await page.get_by_role("button", name=f"{sensor} Upbit").click()
    await page.get_by_role("button", name=trigger).click()


async def add_target(page: Page, sensor: str) -> None:
    """In a form, select the sensor with this name."""
    await button(page, "Add target").click()
    await write(search(page), sensor)
    await page.get_by_role("option", name=f"{sensor} Upbit").click()


async def add_notification(page: Page, message: str) -> None:
    """In the automation editor, add the action that shows a message under Notifications."""
    await button(page, "Add action").click()
    texts = home_assistant("persistent_notification", language_of(page))
    create = texts["services"]["create"]
    await write(search(page), texts["title"])
    await page.get_by_role("button", name=create["name"]).click()
    await write(option(page, create["fields"]["message"]["description"]).get_by_role("textbox"), message)


def option(page: Page, text: str) -> Locator:
    """Return the option of the selected trigger or action with this text."""
    return page.locator("ha-automation-sidebar").locator("ha-settings-row").filter(has_text=text)


async def save_automation(page: Page, name: str) -> None:
    """Save a new automation under a name."""
    await button(page, "Save").click()
    await fill(page, "Name", name)
    await button(page, "Save").last.click()
    await automation_is_on(page, name)
    await page.wait_for_url(re.compile(r"/edit/(?!new)"))


async def automation_is_on(page: Page, name: str) -> None:
    """Wait for an automation that was saved: Home Assistant answers before it has set it up."""
    await page.wait_for_function(
        """name => Object.values(document.querySelector("home-assistant").hass.states)
            .some(({ state, attributes }) => state === "on" && attributes.friendly_name === name)""",
        arg=name,
    )


async def open_trace(page: Page) -> Locator:
    """In the automation editor, open the newest trace; return its timeline."""
    if look_of(page).narrow:
        await (
            page.locator("ha-automation-editor")
            .get_by_role("button", name=called(page, "Menu"))
            .first.click()
        )
        await page.get_by_role("menuitem", name=called(page, "Traces")).click()
    else:
        await page.get_by_role("link", name=called(page, "Traces")).click()
    await page.get_by_role("tab", name=called(page, "Trace timeline")).click()
    return page.locator("ha-automation-trace")


async def open_sidebar(page: Page) -> None:
    """On a phone, bring the sidebar into sight, from a page that has a button for it."""
    if look_of(page).narrow:
        await page.goto("/")
        await button(page, "Sidebar toggle").click()


async def open_notifications(page: Page) -> Locator:
    """Open what the sidebar has under Notifications; return the notifications."""
    await open_sidebar(page)
    # The name of the button begins with their number once there are some.
    await page.get_by_role("button", name=called(page, "Notifications")).click()
    return page.locator("notification-item")


async def add_dashboard(page: Page, kind: str, *, title: str) -> None:
    """Add a dashboard that the dialog offers, and open it from the sidebar."""
    await page.goto("/config/lovelace/dashboards")
    await button(page, "Add dashboard").click()
    await button(page, kind).click()
    await fill(page, "Title", title)
    await button(page, "Create").click()
    # When the dialog has closed, Home Assistant goes back in the history, which would undo the next navigation.
    await page.wait_for_function("!history.state?.dialog")
    await open_sidebar(page)
    await page.get_by_role("link", name=title, exact=True).click()


async def save_dashboard(page: Page, title: str, config: dict[str, Any], **more: object) -> str:
    """Create a dashboard without the dialog, from any page of Home Assistant; return its path."""
    path = f"made-{title.lower().replace(' ', '-')}"
    await ask_home_assistant(page, type="lovelace/dashboards/create", url_path=path, title=title, **more)
    await ask_home_assistant(page, type="lovelace/config/save", url_path=path, config=config)
    return f"/{path}"


async def edit_dashboard(page: Page) -> None:
    """Begin to edit the dashboard that is looked at."""
    if look_of(page).narrow:
        await button(page, "Open dashboard menu").click()
        await page.get_by_role("menuitem", name=called(page, "Edit dashboard")).click()
    else:
        await button(page, "Edit dashboard").click()


async def pick_card(page: Page, name: str) -> None:
    """On a dashboard that is being edited, select a card by its name; its editor opens."""
    await button(page, "Add card").first.click()
    await page.get_by_role("tab", name=called(page, "By card")).click()
    await write(search(page, "Search cards"), name)
    # A preview lies under a pane of glass that takes the click.
    await page.locator("hui-card-picker").get_by_text(name, exact=True).click(force=True)


async def in_its_theme(card: Locator, *, dark: bool) -> None:
    """Wait until a card is drawn in the theme; a page begins in the light one."""
    color = "rgb(28, 28, 28)" if dark else "rgb(255, 255, 255)"
    await expect(card.locator("ha-card")).to_have_css("background-color", color)


def card_row(card: Locator, currency: str) -> Locator:
    """Return a currency's row of the balances card."""
    return card.get_by_role("listitem").filter(has=card.page.get_by_text(currency, exact=True))
