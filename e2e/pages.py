"""What a person does on Home Assistant's pages, in the words of the page: roles and texts.

Playwright looks into shadow roots by itself. What a page puts into a dialog's slot is no descendant of the dialog,
though, so buttons are found on the page and not in the dialog.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Locator, Page, expect


def button(page: Page, name: str) -> Locator:
    """Return the button with exactly this name."""
    return page.get_by_role("button", name=name, exact=True)


async def open_add_dialog(page: Page, domain: str) -> None:
    """Open the form that adds an integration."""
    await page.goto(f"/config/integrations/dashboard/add?domain={domain}")
    await button(page, "OK").click()


async def choose(page: Page, field: str, option: str) -> None:
    """Choose from a form's drop-down list."""
    await page.get_by_role("button", name=field).click()
    await page.get_by_role("menuitem", name=option, exact=True).click()


async def fill(page: Page, field: str, text: str) -> None:
    """Type into a form's text field."""
    await page.get_by_role("textbox", name=field).fill(text)


async def open_device(page: Page, name: str) -> None:
    """Open the page of one of the integration's devices."""
    await page.goto("/config/integrations/integration/upbit")
    await page.locator("ha-config-entry-device-row").filter(has_text=name).click()
    await expect(page.locator("ha-config-device-page").get_by_text(name, exact=True).first).to_be_visible()


def sensor_row(page: Page, currency: str) -> Locator:
    """Return the row of a currency's sensor on the device page."""
    return page.locator("hui-sensor-entity-row").filter(has_text=currency)


@asynccontextmanager
async def staying(page: Page) -> AsyncIterator[None]:
    """Fail when the page is loaded again within the block."""
    await page.evaluate("window.stayed = true")
    yield
    assert await page.evaluate("window.stayed"), "the page was loaded again"


async def add_trigger(page: Page, sensor: str, trigger: str) -> None:
    """In the automation editor, add a trigger of the sensor with this name."""
    await button(page, "Add trigger").click()
    await page.get_by_placeholder("Search").last.fill(sensor)
    await page.get_by_role("button", name=f"{sensor} Upbit Simulated exchange").click()
    await page.get_by_role("button", name=trigger).click()


async def add_notification(page: Page, message: str) -> None:
    """In the automation editor, add the action that shows a message under Notifications."""
    await button(page, "Add action").click()
    await page.get_by_placeholder("Search").last.fill("persistent notification")
    await page.get_by_role("button", name="Send a persistent notification").click()
    await side_panel(page).get_by_role("textbox").first.fill(message)


def side_panel(page: Page) -> Locator:
    """Return the part of the automation editor that has the options of the chosen trigger or action."""
    return page.locator("ha-automation-sidebar")


async def save_automation(page: Page, name: str) -> None:
    """Save a new automation under a name."""
    await button(page, "Save").click()
    await fill(page, "Name", name)
    await button(page, "Save").last.click()
    await expect(page.get_by_role("link", name="Traces")).to_be_visible()
