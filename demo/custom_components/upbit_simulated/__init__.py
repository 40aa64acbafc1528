"""The demo's own part of its Home Assistant: the simulated exchange as a region, and buttons to try things with."""

import os
from pathlib import Path

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.discovery import async_load_platform
from homeassistant.helpers.typing import ConfigType

from custom_components.upbit.api.regions import REGIONS, Region

DOMAIN = "upbit_simulated"

CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)

# On import, which the demo's configuration.yaml places before the setup of any config entry.
REGIONS["sim"] = Region(
    code="sim",
    name="Simulated exchange",
    fiat="SGD",
    rest_url=os.environ["UPBIT_SIMULATED_REST_URL"],
    websocket_url=os.environ["UPBIT_SIMULATED_WEBSOCKET_URL"],
    # The simulated exchange has no page for API keys.
    api_keys_url=os.environ["UPBIT_SIMULATED_REST_URL"],
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Add the buttons, and have pages load the demo's dashboard."""
    module = Path(__file__).with_name("dashboard.js")
    path = f"/{DOMAIN}/{module.name}"
    # Not cached, because the demo is where the project is changed.
    await hass.http.async_register_static_paths([StaticPathConfig(path, str(module), cache_headers=False)])
    add_extra_js_url(hass, path)
    hass.async_create_task(async_load_platform(hass, Platform.BUTTON, DOMAIN, {}, config))
    return True
