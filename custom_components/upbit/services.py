"""The action: take a snapshot of an account now."""

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import service
from homeassistant.helpers.selector import ConfigEntrySelector, ConfigEntrySelectorConfig
import voluptuous as vol

from .api.errors import UpbitError
from .const import DOMAIN
from .coordinator import UpbitConfigEntry

SERVICE_REFRESH = "refresh"

_REFRESH_SCHEMA = vol.Schema(
    {vol.Required(ATTR_CONFIG_ENTRY_ID): ConfigEntrySelector(ConfigEntrySelectorConfig(integration=DOMAIN))}
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the action, without an account too, so that automations can be validated."""
    hass.services.async_register(DOMAIN, SERVICE_REFRESH, _async_refresh, schema=_REFRESH_SCHEMA)


async def _async_refresh(call: ServiceCall) -> None:
    """Take a snapshot, and end when it is merged.

    Raises:
        ServiceValidationError: There is no such account, or it is not loaded.
        HomeAssistantError: The snapshot failed.
    """
    entry: UpbitConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    coordinator = entry.runtime_data
    try:
        await coordinator.async_refresh()
    except UpbitError as error:
        # Without the original error: its text is for diagnostics.
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=error.kind.value,
            translation_placeholders={"region": coordinator.region.name},
        ) from None
