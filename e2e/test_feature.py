"""The feature that shows on Home Assistant's own tile what of a balance is available, and what is locked."""

from playwright.async_api import Page, expect
import pytest

from demo.check import View

from .accessibility import violations
from .browser import language_of
from .conftest import SaveDashboard
from .pages import staying
from .texts import frontend_texts

FEATURE = "upbit-balance"
SENSOR = "sensor.upbit_simulated_exchange_btc"
SUPPORTED = f"""() => Object.keys(document.querySelector("home-assistant").hass.entities).filter((entity_id) =>
    window.customCardFeatures.find(({{ type }}) => type === "{FEATURE}")
        .isSupported(document.querySelector("home-assistant").hass, {{ entity_id }}))"""


@pytest.fixture(scope="session")
async def dashboard(save_dashboard: SaveDashboard) -> str:
    """The path of a dashboard with the feature on a tile."""
    tile = {"type": "tile", "entity": SENSOR, "features": [{"type": f"custom:{FEATURE}"}]}
    return await save_dashboard("tile", {"views": [{"cards": [tile]}]})


async def test_tile_shows_what_is_available_and_locked(demo: View, either_page: Page, dashboard: str) -> None:
    await demo.control("PUT", "account", {"BTC": {"available": "0.5", "locked": "0.1"}})
    page, texts = either_page, frontend_texts(language_of(either_page))
    await page.goto(dashboard)
    feature = page.locator(FEATURE)
    amounts = feature.locator("bdi")
    await expect(amounts).to_have_text(
        [texts["available"].format(amount="0.5"), texts["locked"].format(amount="0.1")]
    )
    assert await violations(page.locator("hui-tile-card"), buttons=False) == []
    async with staying(page):
        await demo.control("PUT", "account", {"BTC": {"available": "0.6", "locked": "0"}})
        await expect(amounts).to_have_text(
            [texts["available"].format(amount="0.6"), texts["locked"].format(amount="0")]
        )
        await expect(feature.locator(".locked")).to_be_hidden()


async def test_feature_is_offered_for_balances_of_this_integration_alone(
    demo: View, page: Page, dashboard: str
) -> None:
    await page.goto(dashboard)
    await expect(page.locator(FEATURE)).to_be_visible()
    sensors = {sensor["entity_id"] for sensor in (await demo.right_sensors()).values()}
    assert set(await page.evaluate(SUPPORTED)) == sensors
