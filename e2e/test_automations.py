from collections.abc import AsyncIterator

from aiohttp import web
from playwright.async_api import Page, expect
import pytest

from demo.check import View
from demo.installation import REPOSITORY

from .browser import Visitor, language_of
from .pages import (
    add_notification,
    add_target,
    add_trigger,
    ask_home_assistant,
    automation_is_on,
    button,
    called,
    open_notifications,
    open_trace,
    option,
    save_automation,
    write,
)
from .texts import translations


@pytest.fixture(autouse=True)
async def no_automations_left(demo: View) -> AsyncIterator[None]:
    """Remove what a test has made, so that it does not run while others move balances."""
    yield
    for state in await demo.home_assistant.call("GET", "/api/states"):
        if state["entity_id"].startswith("automation."):
            path = f"/api/config/automation/config/{state['attributes']['id']}"
            await demo.home_assistant.call("DELETE", path)
    await demo.home_assistant.call("POST", "/api/services/persistent_notification/dismiss_all")


async def test_automation_built_in_the_editor_runs_and_has_a_trace(demo: View, page: Page) -> None:
    texts = translations(language_of(page))
    trigger = texts["triggers"]["balance_changed"]
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    await page.goto("/config/automation/edit/new")
    await add_trigger(page, "BTC", trigger["name"])
    direction = texts["selector"]["direction"]["options"]
    await page.get_by_role("radio", name=direction["increased"]).click()
    at_least = option(page, trigger["fields"]["at_least"]["name"])
    await at_least.locator("ha-checkbox").click()
    await write(at_least.get_by_role("spinbutton"), "0.00000001")
    await add_notification(page, "{{ trigger.from }} and {{ trigger.difference }} is {{ trigger.to }}")
    await save_automation(page, "Tell me when BTC arrives")
    editor = page.url

    # One that goes the wrong way, one that is too small, and the one that is meant.
    for balance in ("0.4", "0.400000009", "0.400000019"):
        await demo.control("PUT", "account", {"BTC": {"available": balance, "locked": "0.1"}})
    notifications = await open_notifications(page)
    await expect(notifications).to_have_count(1)
    await expect(notifications).to_contain_text("0.500000009 and 0.00000001 is 0.500000019")

    await page.goto(editor)
    await expect(await open_trace(page)).to_contain_text(
        "total balance of sensor.upbit_simulated_exchange_btc changing"
    )


@pytest.fixture
async def blueprints(user: Visitor) -> AsyncIterator[str]:
    """The address of the repository's blueprints, as if it were that of a web site; none is imported yet."""
    for path in await ask_home_assistant(user.page, type="blueprint/list", domain="automation"):
        if path.startswith("127.0.0.1/"):
            await ask_home_assistant(user.page, type="blueprint/delete", domain="automation", path=path)
    application = web.Application()
    application.router.add_static("/", REPOSITORY / "blueprints" / "automation" / "upbit")
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_blueprint_imported_by_its_link_becomes_an_automation_that_runs(
    demo: View, korean_page: Page, blueprints: str
) -> None:
    page = korean_page
    await demo.control("PUT", "account", {"ETH": {"available": "1", "locked": "0"}})
    # Where a link of my.home-assistant.io, such as the ones in the documentation, leads to.
    await page.goto(f"/_my_redirect/blueprint_import?blueprint_url={blueprints}/notify_on_change.yaml")
    await button(page, "Preview").click()
    await (
        page.locator("ha-dialog-import-blueprint")
        .get_by_role("button", name=called(page, "Import blueprint"))
        .click()
    )
    await page.get_by_role("row", name="Upbit: notify when a balance changes").click()
    await add_target(page, "ETH")
    await page.get_by_role("radio", name="Decreased").click()
    await button(page, "Save").click()
    await automation_is_on(page, "Upbit: notify when a balance changes")

    for balance in ("2", "1.999999999999999999"):
        await demo.control("PUT", "account", {"ETH": {"available": balance, "locked": "0"}})
    notifications = await open_notifications(page)
    await expect(notifications).to_have_count(1)
    await expect(notifications).to_contain_text("Upbit Simulated exchange ETH decreased")
    await expect(notifications).to_contain_text("2 → 1.999999999999999999 (-0.000000000000000001)")
