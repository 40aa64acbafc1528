"""Adds the simulated exchange to the regions of the Upbit integration, in the demo's Home Assistant only."""

import os

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
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
    """Set up nothing, because the region exists already."""
    return True
