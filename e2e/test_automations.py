from collections.abc import AsyncIterator

from playwright.async_api import Page, expect
import pytest

from demo.check import View

from .pages import add_notification, add_trigger, button, save_automation, side_panel


@pytest.fixture(autouse=True)
async def no_automations_left(home: View) -> AsyncIterator[None]:
    """Remove what a test has made, so that it does not run while others move balances."""
    yield
    for state in await home.home_assistant.call("GET", "/api/states"):
        if state["entity_id"].startswith("automation."):
            path = f"/api/config/automation/config/{state['attributes']['id']}"
            await home.home_assistant.call("DELETE", path)
    await home.home_assistant.call("POST", "/api/services/persistent_notification/dismiss_all")


async def test_automation_built_in_the_editor_runs_and_has_a_trace(home: View, page: Page) -> None:
    await home.control("PUT", "account", {"BTC": {"balance": "0.5", "locked": "0.1"}})
    await page.goto("/config/automation/edit/new")
    await add_trigger(page, "BTC", "Balance changed")
    await page.get_by_role("radio", name="Increased").click()
    await side_panel(page).locator("ha-checkbox").click()
    await side_panel(page).get_by_role("spinbutton").fill("0.00000001")
    await add_notification(page, "{{ trigger.from }} and {{ trigger.difference }} is {{ trigger.to }}")
    await save_automation(page, "Tell me when BTC arrives")

    # One that goes the wrong way, one that is too small, and the one that is meant.
    for balance in ("0.4", "0.400000009", "0.400000019"):
        await home.control("PUT", "account", {"BTC": {"balance": balance, "locked": "0.1"}})
    await button(page, "Notifications").click()
    notifications = page.locator("notification-item")
    await expect(notifications).to_have_count(1)
    await expect(notifications).to_contain_text("0.500000009 and 0.00000001 is 0.500000019")
    await page.keyboard.press("Escape")

    await page.get_by_role("link", name="Traces").click()
    await page.get_by_role("tab", name="Trace timeline").click()
    await expect(page.locator("ha-automation-trace")).to_contain_text(
        "Triggered by the total balance of sensor.upbit_simulated_exchange_btc changing"
    )
