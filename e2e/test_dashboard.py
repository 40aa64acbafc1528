from decimal import Decimal
import re

from playwright.async_api import Page, expect

from demo.check import View

from .accessibility import violations
from .browser import PATIENCE, Visitor, language_of
from .conftest import SaveDashboard
from .pages import (
    CARD,
    add_dashboard,
    ask_home_assistant,
    button,
    card_row,
    document_of,
    edit_dashboard,
    fill,
    hold_highlights,
    pick_card,
    release_highlights,
    select,
    staying,
    write,
)
from .texts import card_name, frontend_texts

# Of the entities of the demo's account.
ACCOUNT = "upbit_simulated_exchange"


async def test_dashboard_of_the_dialog_shows_the_currencies_and_follows_them(
    demo: View, either_page: Page
) -> None:
    page, texts = either_page, frontend_texts(language_of(either_page))
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    sensors = await demo.right_sensors()
    await add_dashboard(page, "Upbit", title=f"All I own, in {language_of(page)}")
    card = page.locator(CARD)
    for currency, sensor in sensors.items():
        await expect(card_row(card, currency)).to_have_count(1 if Decimal(sensor["state"]) else 0)
    async with staying(page):
        await expect(card_row(card, "PEPE")).to_have_count(0)
        await demo.control("PUT", "account", {"PEPE": {"available": "0", "locked": "1234.5"}})
        await expect(card_row(card, "PEPE")).to_contain_text(texts["locked"].format(amount="1,234.5"))
        await demo.control("PUT", "account", {"PEPE": {"available": "0", "locked": "0"}})
        await expect(card_row(card, "PEPE")).to_have_count(0)
        await expect(page.get_by_role("heading", name=texts["empty_currencies"])).to_be_visible()
        await expect(page.locator("hui-tile-card").filter(has_text="PEPE")).to_be_visible()


async def test_dashboard_follows_orders_and_is_not_created_again(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0"}})
    await page.goto(await save_dashboard("what is locked", {"strategy": {"type": "custom:upbit"}}))
    card, texts = page.locator(CARD), frontend_texts("en")
    await expect(card_row(card, "BTC")).to_contain_text(texts["all_available"])
    await card.evaluate("card => (card.stayed = true)")
    # Home Assistant's own cards show it as 0.
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.000000000000000001"}})
    await expect(card_row(card, "BTC")).to_contain_text(texts["locked"].format(amount="0.000000000000000001"))
    assert await card.evaluate("card => card.stayed"), "the card was created again"


async def test_card_of_the_picker_is_configured_and_highlights_a_change(demo: View, page: Page) -> None:
    texts = frontend_texts(language_of(page))
    await demo.control(
        "PUT",
        "account",
        {"BTC": {"available": "0.5", "locked": "0"}, "ETH": {"available": "1", "locked": "2"}},
    )
    await add_dashboard(page, "New dashboard from scratch", title="My own")
    await edit_dashboard(page)
    await pick_card(page, card_name(language_of(page)))
    await fill(page, texts["option_title"], "My coins")
    for currency in ("BTC", "ETH"):
        await button(page, "Add").click()
        await page.get_by_role("option", name=currency, exact=True).click()
    await select(page, texts["option_sort"], texts["sort_locked"])
    await button(page, "Save").click()
    await button(page, "Done").click()
    await page.reload()
    card = page.locator(CARD)
    await expect(card.get_by_role("heading")).to_have_text("My coins")
    await expect(card.get_by_role("listitem")).to_have_text([re.compile("ETH"), re.compile("BTC")])

    # Only the row that changed is highlighted, and only for a while.
    changed, unchanged = card_row(card, "BTC"), card_row(card, "ETH")
    await hold_highlights(page)
    async with staying(page):
        await demo.control("PUT", "account", {"BTC": {"available": "0.50000001", "locked": "0"}})
        await expect(changed.get_by_text("+0.00000001")).to_be_visible()
        await expect(changed.get_by_role("button")).to_have_css("animation-name", "flash")
        await expect(unchanged.get_by_role("button")).to_have_css("animation-name", "none")
        await expect(changed).to_contain_text("0.50000001")
        await release_highlights(page)
        await expect(changed.get_by_role("button")).to_have_css("animation-name", "none")
        await expect(changed.get_by_text("+0.00000001")).to_be_hidden()


async def test_card_is_suggested_for_a_sensor_of_the_account(page: Page) -> None:
    await add_dashboard(page, "New dashboard from scratch", title="Suggested")
    await edit_dashboard(page)
    await button(page, "Add card").first.click()
    await write(page.get_by_placeholder("Search entities"), "BTC")
    await page.get_by_role("button", name="BTC Upbit Simulated exchange").click()
    await button(page, "Upbit balances - BTC").click()
    await button(page, "Done").click()
    await expect(page.locator(CARD).get_by_role("listitem")).to_have_text([re.compile("BTC")])


async def test_amounts_stay_live_on_a_dashboard_that_the_user_took_control_of(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0"}})
    await page.goto(await save_dashboard("taken", {"strategy": {"type": "custom:upbit"}}))
    await edit_dashboard(page)
    await page.locator("dialog-dashboard-strategy-editor").get_by_role("button", name="Menu").click()
    await page.get_by_role("menuitem", name="Take control").click()
    await button(page, "Take control").click()
    await button(page, "Done").click()
    await page.reload()
    row, texts = card_row(page.locator(CARD), "BTC"), frontend_texts("en")
    await expect(row).to_contain_text(texts["all_available"])
    await demo.control("PUT", "account", {"BTC": {"available": "0.3", "locked": "0.1"}})
    await expect(row).to_contain_text(texts["locked"].format(amount="0.1"))


async def test_values_are_on_the_dashboard_with_what_the_total_does_not_include(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    texts = frontend_texts("en")
    await demo.control("PUT", "account", {"SGB": {"available": "0", "locked": "0"}})
    await page.goto(await save_dashboard("values", {"strategy": {"type": "custom:upbit"}}))
    card, left_out = page.locator(CARD), page.locator("hui-markdown-card")
    total = card.locator(".total")
    await expect(total).to_contain_text(texts["total_value"] + " SGD")
    await expect(left_out).to_have_text("")
    async with staying(page):
        # There is no market for this coin.
        await demo.control("PUT", "account", {"SGB": {"available": "1", "locked": "0"}})
        await expect(card_row(card, "SGB")).to_contain_text(texts["no_price"])
        await expect(left_out).to_have_text(texts["left_out"].format(currencies="SGB"))
        await expect(total).to_contain_text(texts["total_without"].format(currencies="SGB"))
        # With an amount that changes, its value and the total are shown immediately.
        await demo.control("PUT", "markets/SGD-BTC", {"price": "100000"})
        await demo.control("PUT", "account", {"SGB": {"available": "0", "locked": "0"}})
        await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.125"}})
        await expect(card_row(card, "BTC")).to_contain_text("SGD\N{NO-BREAK SPACE}62,500.00")
        await expect(left_out).to_have_text("")
        await expect(total).to_contain_text(texts["total_value"] + " SGD")
    # The card writes money as Home Assistant does.
    tile = page.locator("hui-tile-card").filter(has_text="Total value")
    await expect(tile).to_contain_text(await total.locator("bdi").inner_text())
    await expect(page.locator("hui-distribution-card")).to_contain_text("62,500.00")


async def test_dashboard_follows_price_updates_that_are_switched_off_and_on(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0"}})
    await page.goto(await save_dashboard("without prices", {"strategy": {"type": "custom:upbit"}}))
    card, tile = page.locator(CARD), page.locator("hui-tile-card").filter(has_text="Total value")

    async def select_price_updates(mode: str) -> None:
        (entry,) = await demo.home_assistant.entries("upbit")
        flows = "/api/config/config_entries/options/flow"
        flow = await demo.home_assistant.call("POST", flows, {"handler": entry["entry_id"]})
        for answer in ({"next_step_id": "price_updates"}, {"price_updates": mode}):
            await demo.home_assistant.call("POST", f"{flows}/{flow['flow_id']}", answer)

    await expect(tile).to_be_visible()
    await expect(card_row(card, "BTC").locator(".share")).to_contain_text("%")
    async with staying(page):
        await select_price_updates("off")
        await expect(tile).to_have_count(0)
        await expect(page.locator("hui-distribution-card")).to_have_count(0)
        await expect(card_row(card, "BTC").locator(".second")).to_be_hidden()
        await expect(card_row(card, "BTC")).to_contain_text("0.5")
        await select_price_updates("normal")
        await expect(tile).to_be_visible()
        await expect(card_row(card, "BTC").locator(".share")).to_contain_text("%")


async def amounts_in_the_document(demo: View, page: Page) -> list[str]:
    """Return the amounts and values of the account that are in a page, in any of the ways to write them."""
    document = await document_of(page)
    written: set[str] = set()
    for state in await demo.home_assistant.call("GET", "/api/states"):
        attributes = state["attributes"]
        if state["entity_id"].startswith(f"sensor.{ACCOUNT}_") and attributes.get("state_class") == "total":
            numbers = (state["state"], attributes.get("balance"), attributes.get("locked"))
            for number in map(str, numbers):
                if re.fullmatch(r"\d+(\.\d+)?", number):
                    written |= {number, f"{Decimal(number):,.2f}", f"{Decimal(number).normalize():,f}"}
    # Short ones are in any page.
    return sorted(
        each for each in written if len(re.sub(r"\D", "", each).lstrip("0")) > 3 and each in document
    )


async def test_discreet_dashboard_has_no_amount_in_the_document_until_it_is_asked(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5123", "locked": "0.1321"}})
    strategy = {"type": "custom:upbit", "discreet": True}
    await page.goto(await save_dashboard("discreet", {"strategy": strategy}))
    row = card_row(page.locator(CARD), "BTC")
    await expect(row).to_contain_text("%")
    await page.wait_for_load_state("networkidle")
    shown = await amounts_in_the_document(demo, page)
    assert shown == []
    await button(page, frontend_texts("en")["show_amounts"]).click()
    await expect(row).to_contain_text("0.6444")
    await expect(row).to_contain_text("SGD")
    assert "0.6444" in await amounts_in_the_document(demo, page)


async def test_view_of_the_users_own_dashboard_follows_the_account(
    demo: View, page: Page, save_dashboard: SaveDashboard
) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0"}})
    own = {"title": "Mine", "path": "mine", "cards": [{"type": "markdown", "content": "mine"}]}
    strategy = {"type": "custom:upbit", "sections": ["balances", "connection"]}
    generated = {"title": "Coins", "path": "coins", "strategy": strategy}
    path = await save_dashboard("view of my own", {"views": [own, generated]})
    await page.goto(f"{path}/coins")
    await expect(page.get_by_role("tab", name="Coins")).to_be_visible()
    card = page.locator(CARD)
    await expect(card_row(card, "BTC")).to_contain_text("0.5")
    await expect(page.locator("hui-distribution-card")).to_have_count(0)
    async with staying(page):
        await demo.control("PUT", "account", {"BTC": {"available": "0", "locked": "0"}})
        await expect(card_row(card, "BTC")).to_have_count(0)
        await expect(page.locator("hui-tile-card").filter(has_text="BTC")).to_be_visible()


async def test_dashboard_is_configured_in_its_editor_which_shows_a_preview(
    demo: View, user: Visitor, korean_page: Page, save_dashboard: SaveDashboard
) -> None:
    page, texts = korean_page, frontend_texts(language_of(korean_page))
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0"}})
    path = await save_dashboard("to configure", {"strategy": {"type": "custom:upbit"}})
    await page.goto(path)
    await expect(card_row(page.locator(CARD), "BTC")).to_be_visible()
    await edit_dashboard(page)
    editor = page.locator("upbit-dashboard-editor")
    # A slow machine takes long to load Home Assistant's editors for the first time.
    await expect(editor.locator("ha-checkbox").first).to_be_visible(timeout=3 * PATIENCE)
    for option in ("sections", "discreet"):
        await expect(editor.get_by_text(texts[f"option_{option}"]).first).to_be_visible()
    preview = editor.locator(".preview")
    await expect(preview.locator("hui-distribution-card")).to_have_count(1)
    await expect(card_row(preview.locator(CARD), "BTC")).to_contain_text("0.5")
    assert await violations(editor, buttons=False) == []
    for section in ("balances", "value"):
        # The box that is drawn lies over the one that is checked.
        checkbox = editor.get_by_role("checkbox", name=texts[f"section_{section}"], exact=True)
        await checkbox.check(force=True)
    await expect(preview.locator("hui-distribution-card")).to_have_count(0)
    await expect(card_row(preview.locator(CARD), "BTC")).to_contain_text("0.5")
    await button(page, "Save").click()
    await expect(editor).to_have_count(0)
    await page.reload()
    await expect(card_row(page.locator(CARD), "BTC")).to_contain_text("0.5")
    await expect(page.locator("hui-tile-card").first).to_be_visible()
    await expect(page.locator("hui-distribution-card")).to_have_count(0)
    saved = await ask_home_assistant(user.page, type="lovelace/config", url_path=path.removeprefix("/"))
    assert saved["strategy"] == {"type": "custom:upbit", "sections": ["balances", "value"]}


async def test_unknown_option_is_an_error_of_the_dashboard_and_of_its_editor(
    user: Visitor, save_dashboard: SaveDashboard
) -> None:
    strategy = {"type": "custom:upbit", "konten": []}
    path = await save_dashboard("mistyped", {"strategy": strategy})
    error = frontend_texts("en")["error_unknown"]
    shown = error.format(options="konten", choices="accounts, sections, discreet")
    async with user.visit() as visit:
        await visit.page.goto(path)
        await expect(visit.page.locator("hui-markdown-card")).to_contain_text(shown)
        await edit_dashboard(visit.page)
        dialog = visit.page.locator("dialog-dashboard-strategy-editor")
        await expect(dialog.get_by_text(shown)).to_be_visible()
        # Home Assistant writes it to the console too.
        assert all(shown in each for each in visit.errors)
