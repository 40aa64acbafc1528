"""Makes the pictures of the documentation from the demo; run by ``scripts/screenshots``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
import re
import signal
import tempfile
from typing import Any

from playwright.async_api import FloatRect, Locator, Page, expect
import yaml

from demo.check import View, running_demo
from demo.installation import DASHBOARD, REPOSITORY
from demo.terminal import say

from .browser import Look, Visitor, visitor
from .pages import (
    CARD,
    add_trigger,
    ask_home_assistant,
    button,
    card_row,
    fill,
    hold_highlights,
    open_add_dialog,
    open_device,
    pick_card,
    release_highlights,
    save_dashboard,
    select,
)

IMAGES = REPOSITORY / "docs" / "images"
EXAMPLES = [REPOSITORY / "README.md", REPOSITORY / "docs" / "dashboards.md"]

# The demo's account, and what the documentation calls it.
ACCOUNT = "Upbit Simulated exchange"
ENTITIES = "upbit_simulated_exchange"
DOCUMENTED_ACCOUNT = "Upbit Singapore"
DOCUMENTED_ENTITIES = "upbit_singapore"

WIDE = Look(height=800)
PHONE = Look(dark=True, width=390, height=844, scale=2)
# As wide as a card on a dashboard of three columns, with a little of the page around it.
NARROW = Look(width=500, height=1100)
MARGIN = 6


async def take(page: Page, name: str, subject: Locator | None = None) -> None:
    """Take a picture of a page, or of a part with a little around it, once nothing on it moves any more."""
    await page.wait_for_load_state("networkidle")
    await page.mouse.move(0, 0)
    if subject is not None:
        await subject.scroll_into_view_if_needed()
    (IMAGES / f"{name}.png").write_bytes(await _still_picture(page, subject))
    say(f"  docs/images/{name}.png")


async def _still_picture(page: Page, subject: Locator | None) -> bytes:
    before, picture = b"", await _picture(page, subject)
    while picture != before:
        await asyncio.sleep(0.5)
        before, picture = picture, await _picture(page, subject)
    return picture


async def _picture(page: Page, subject: Locator | None) -> bytes:
    if subject is None:
        return await page.screenshot(animations="disabled")
    box = await subject.bounding_box()
    assert box is not None, "there is nothing to be seen"
    clip = FloatRect(
        x=box["x"] - MARGIN,
        y=box["y"] - MARGIN,
        width=box["width"] + 2 * MARGIN,
        height=box["height"] + 2 * MARGIN,
    )
    return await page.screenshot(animations="disabled", clip=clip)


def documented_cards() -> dict[str, dict[str, Any]]:
    """Return the cards of the documentation's examples by their type."""
    text = "".join(page.read_text(encoding="utf-8") for page in EXAMPLES).replace(
        DOCUMENTED_ENTITIES, ENTITIES
    )
    examples = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return {example["type"]: example for example in examples if "type" in example}


def element_of(kind: str) -> str:
    """Return the element that shows a card of this type."""
    return kind.removeprefix("custom:") if kind.startswith("custom:") else f"hui-{kind}-card"


@asynccontextmanager
async def demo_to_picture() -> AsyncIterator[tuple[View, Visitor]]:
    """Run the demo, with the past that it makes up and nobody trading now."""
    with tempfile.TemporaryDirectory(prefix="upbit-images.") as name:
        async with running_demo(Path(name), signal.SIGTERM) as demo:
            for what in ("trading", "prices"):
                await demo.control("POST", what, {"paused": True})
            # A currency that was sold out, and nothing that the total value does not include.
            await demo.control("PUT", "account", {"SGB": {"available": "0", "locked": "0"}})
            await demo.right_sensors()
            async with visitor(demo.home_assistant.url) as user:
                await call_the_account(user.page, DOCUMENTED_ACCOUNT)
                # The demo's own dashboard has a view that the integration's has not.
                await ask_home_assistant(
                    user.page, type="lovelace/dashboards/delete", dashboard_id=DASHBOARD.replace("-", "_")
                )
                yield demo, user


async def call_the_account(page: Page, name: str) -> None:
    """Give the account's device a name."""
    devices = await ask_home_assistant(page, type="config/device_registry/list")
    (device,) = [device for device in devices if device["name"] == ACCOUNT]
    await ask_home_assistant(
        page, type="config/device_registry/update", device_id=device["id"], name_by_user=name
    )


async def picture_set_up(demo: View, user: Visitor) -> None:
    """The form, and its error for a mistyped secret key."""
    access_key = "SECONDACCESSKEYSECONDACCESSKEYSECONDKEY0"
    await demo.control("POST", "keys", {"access_key": access_key})
    async with user.visit(WIDE) as opened:
        page = opened.page
        await open_add_dialog(page)
        await select(page, "Region", "Simulated exchange")
        await fill(page, "Access key", access_key)
        await fill(page, "Secret key", "mistyped")
        await button(page, "Submit").click()
        await expect(page.locator("ha-alert")).to_be_visible()
        await take(page, "wrong-secret")


async def picture_device(user: Visitor) -> None:
    """The account's page with its sensors."""
    async with user.visit(Look()) as opened:
        await open_device(opened.page, DOCUMENTED_ACCOUNT)
        await expect(opened.page.get_by_role("heading", name="Sensors")).to_be_visible()
        await take(opened.page, "device")


async def picture_automation(user: Visitor) -> None:
    """A trigger in the automation editor."""
    async with user.visit(WIDE) as opened:
        page = opened.page
        await page.goto("/config/automation/edit/new")
        await add_trigger(page, "BTC", "Balance changed")
        # Home Assistant shows keys until the texts of the options are loaded.
        await expect(page.get_by_role("radio", name="Total", exact=True)).to_be_visible()
        await page.get_by_role("radio", name="Increased").click()
        await take(page, "automation")


async def picture_dashboard(user: Visitor) -> None:
    """The dashboard that the strategy makes."""
    async with user.visit(WIDE) as opened:
        page = opened.page
        path = await save_dashboard(
            user.page, "Upbit", {"strategy": {"type": "custom:upbit"}}, icon="mdi:wallet-outline"
        )
        await page.goto(path)
        await expect(card_row(page.locator(CARD), "BTC")).to_be_visible()
        await take(page, "dashboard")
        await page.get_by_role("tab", name="History").click()
        await expect(page.locator("hui-statistics-graph-card").first).to_be_visible()
        await take(page, "dashboard-history")
    async with user.visit(PHONE) as opened:
        await opened.page.goto(path)
        await expect(card_row(opened.page.locator(CARD), "BTC")).to_be_visible()
        await take(opened.page, "dashboard-phone")


async def picture_cards(demo: View, user: Visitor) -> None:
    """The card, and the documentation's examples with Home Assistant's own cards."""
    cards = documented_cards()
    balances = {"type": f"custom:{CARD}", "hide_empty": True}
    config = {
        "views": [{"path": name, "cards": [card]} for name, card in {**cards, "balances": balances}.items()]
    }
    path = await save_dashboard(user.page, "Cards", config, show_in_sidebar=False)
    pictures = {
        "card-exact": f"custom:{CARD}",
        "card-tile": "tile",
        "card-entities": "entities",
        "card-statistics-graph": "statistics-graph",
        "card-markdown": "markdown",
    }
    for name, kind in pictures.items():
        async with user.visit(NARROW) as opened:
            await opened.page.goto(f"{path}/{kind}")
            # Where there is no such view, Home Assistant shows the first one.
            card = opened.page.locator(element_of(kind))
            await expect(card).to_be_visible()
            await take(opened.page, name, card)
    for name, dark in {"card-balances": False, "card-dark": True}.items():
        async with user.visit(replace(NARROW, dark=dark, still=True)) as opened:
            page = opened.page
            await page.goto(f"{path}/balances")
            await expect(card_row(page.locator(CARD), "BTC")).to_be_visible()
            await page.wait_for_load_state("networkidle")
            await hold_highlights(page)
            await move(demo, "XRP", available="-12.5")
            await move(demo, "BTC", available="0.00318042")
            await expect(card_row(page.locator(CARD), "BTC").get_by_text("+0.00318042")).to_be_visible()
            await take(page, name, page.locator("hui-card").first)


async def move(demo: View, currency: str, *, available: str = "0", locked: str = "0") -> None:
    """Have the account hold so much more of a currency."""
    amounts = (await demo.control("GET", "account"))[currency]
    changed = {
        "available": format(Decimal(amounts["available"]) + Decimal(available), "f"),
        "locked": format(Decimal(amounts["locked"]) + Decimal(locked), "f"),
    }
    await demo.control("PUT", "account", {currency: changed})


async def picture_card_editor(user: Visitor) -> None:
    """The visual editor of the card."""
    async with user.visit() as opened:
        page = opened.page
        view = {"type": "sections", "sections": [{"cards": []}]}
        path = await save_dashboard(user.page, "My dashboard", {"views": [view]}, show_in_sidebar=False)
        await page.goto(f"{path}?edit=1")
        await pick_card(page, "Upbit balances")
        await expect(page.get_by_role("textbox", name="Title")).to_be_visible()
        await take(page, "card-editor")


async def picture_activity(demo: View, user: Visitor) -> None:
    """Enable the event entity, trade, and look at Activity."""
    event = f"event.{ENTITIES}_balance_change"
    async with user.visit(WIDE) as opened:
        page = opened.page
        await page.goto("/")
        await ask_home_assistant(
            page, type="config/entity_registry/update", entity_id=event, disabled_by=None
        )
        (entry,) = await demo.home_assistant.entries("upbit")
        await demo.home_assistant.call("POST", f"/api/config/config_entries/entry/{entry['entry_id']}/reload")
        # What changes while the account is being set up is no change that it has seen.
        await page.wait_for_function(
            """([event, stream]) => {
              const { states } = document.querySelector("home-assistant").hass;
              return states[event]?.state === "unknown" && states[stream].state === "on";
            }""",
            arg=[event, f"binary_sensor.{ENTITIES}_live_connection"],
        )
        since = datetime.now(UTC)
        await move(demo, "SGD", available="-1250", locked="1250")
        await move(demo, "SGD", locked="-500")
        await move(demo, "BTC", available="0.00422331")
        await move(demo, "SGD", available="750", locked="-750")
        await move(demo, "SOL", available="10")
        # Activity leaves out a kind of event whose first one Home Assistant writes while Activity looks it up.
        await page.wait_for_function(
            """async (since) => {
              const { hass } = document.querySelector("home-assistant");
              const entries = await hass.callWS({ type: "logbook/get_events", start_time: since });
              return entries.some(({ name }) => name === "BTC");
            }""",
            arg=since.isoformat(),
        )
        await page.goto("/logbook")
        await expect(page.locator("ha-logbook-renderer").get_by_text("BTC").first).to_be_visible()
        await take(page, "activity")


async def picture_live(demo: View, user: Visitor) -> None:
    """The card while an order is filled and prices rise, as an animation."""
    await follow_prices(demo)
    card = {"type": f"custom:{CARD}", "currencies": ["SGD", "BTC", "ETH"]}
    path = await save_dashboard(user.page, "Live", {"views": [{"cards": [card]}]}, show_in_sidebar=False)
    with tempfile.TemporaryDirectory(prefix="upbit-live.") as folder:
        frames: list[str] = []
        async with user.visit(replace(NARROW, still=True, scale=2)) as opened:
            page = opened.page
            await page.goto(path)
            await page.wait_for_load_state("networkidle")
            sgd, btc = (card_row(page.locator(CARD), currency) for currency in ("SGD", "BTC"))
            await expect(btc).to_be_visible()
            total = page.locator(CARD).locator(".total")

            async def add_frame(milliseconds: int) -> None:
                frame = Path(folder) / f"{len(frames)}.png"
                frame.write_bytes(await _still_picture(page, page.locator("hui-card").first))
                frames.append(f"{frame}:{milliseconds}")

            await add_frame(1500)
            await hold_highlights(page)
            before = await sgd.inner_text()
            await move(demo, "SGD", available="-3000", locked="3000")
            await expect(sgd).not_to_have_text(before, use_inner_text=True)
            await add_frame(1200)
            for paid in (Decimal(1200), Decimal(1800)):
                before = await btc.inner_text()
                await move(demo, "SGD", locked=f"-{paid}")
                await move(demo, "BTC", available=f"{paid / await price_of(demo, 'BTC'):.8f}")
                await expect(btc).not_to_have_text(before, use_inner_text=True)
                await add_frame(1200)
            await release_highlights(page)
            for code, factor in (("BTC", "1.004"), ("ETH", "1.011"), ("BTC", "1.006"), ("ETH", "0.997")):
                before = await total.inner_text()
                price = await price_of(demo, code) * Decimal(factor)
                await demo.control("PUT", f"markets/SGD-{code}", {"price": format(price, "f")})
                await expect(total).not_to_have_text(before, use_inner_text=True)
                await add_frame(800)
        python = REPOSITORY / ".dev" / "venv-demo" / "bin" / "python"
        command = [python, "-m", "e2e.animation", IMAGES / "live.png", *frames]
        process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY)
        assert await process.wait() == 0, "the animation could not be made"
    say("  docs/images/live.png")


async def price_of(demo: View, coin: str) -> Decimal:
    """Return the price of a coin in SGD."""
    return Decimal((await demo.control("GET", "markets"))[f"SGD-{coin}"]["price"])


async def follow_prices(demo: View) -> None:
    """Have the values of the account follow the prices as soon as they can."""
    (entry,) = await demo.home_assistant.entries("upbit")
    path = "/api/config/config_entries/options/flow"
    menu = await demo.home_assistant.call("POST", path, {"handler": entry["entry_id"]})
    for answers in ({"next_step_id": "price_updates"}, {"price_updates": "live"}):
        await demo.home_assistant.call("POST", f"{path}/{menu['flow_id']}", answers)


async def main() -> None:
    """Make all pictures."""
    async with demo_to_picture() as (demo, user):
        await picture_set_up(demo, user)
        await picture_device(user)
        await picture_automation(user)
        await picture_dashboard(user)
        await picture_cards(demo, user)
        await picture_card_editor(user)
        await picture_live(demo, user)
        # The last one, because Home Assistant reloads the account again half a minute after it.
        await picture_activity(demo, user)


if __name__ == "__main__":
    asyncio.run(main())
