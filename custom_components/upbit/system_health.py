"""System information: whether the regions of the accounts can be reached, and their price feeds."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration, async_check_can_reach_url
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant, callback

from .api.regions import REGIONS
from .const import DOMAIN
from .price_feed import async_running_feeds


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register what to show."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return a check for each region with an account: a plain request, without a key and outside of any limit."""
    used = {entry.data[CONF_REGION] for entry in hass.config_entries.async_entries(DOMAIN)}
    feeds = {
        f"price_feed_{code}": "connected" if feed.online else "disconnected"
        for code, feed in async_running_feeds(hass).items()
    }
    return feeds | {
        f"can_reach_{region.code}": async_check_can_reach_url(hass, region.rest_url)
        for region in REGIONS.values()
        if region.code in used
    }
