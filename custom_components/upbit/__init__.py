"""Upbit: the balances of an exchange account, pushed to Home Assistant when they change."""

from homeassistant.const import CONF_REGION, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.typing import ConfigType

from . import issues
from .activity_texts import async_setup_activity_texts
from .api.auth import Credentials
from .api.errors import ErrorKind, UpbitError
from .api.regions import REGIONS
from .const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import async_remove_value_entities, currency_of
from .frontend import async_setup_frontend
from .listeners import async_remove_followers
from .rate_limits import async_remove_rate_limit
from .services import async_setup_services

PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT, Platform.SENSOR]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all accounts share, once."""
    async_setup_services(hass)
    issues.async_setup_issues(hass)
    await async_setup_activity_texts(hass)
    await async_setup_frontend(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: UpbitConfigEntry) -> bool:
    """Set up an account: connect, take a first snapshot, add its entities."""
    region = REGIONS.get(entry.data[CONF_REGION])
    if region is None:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="unknown_region",
            translation_placeholders={"region": entry.data[CONF_REGION]},
        )
    credentials = Credentials(entry.data[CONF_ACCESS_KEY], entry.data[CONF_SECRET_KEY])
    coordinator = UpbitCoordinator(hass, entry, region, credentials)
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    coordinator.async_start_value()
    if coordinator.value is None:
        async_remove_value_entities(hass, entry.entry_id)
    try:
        await coordinator.async_start(filter(None, map(currency_of, registered)))
        entry.runtime_data = coordinator
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except UpbitError as error:
        await coordinator.async_stop_value()
        # Without the original error: its text is for diagnostics.
        failure = (ConfigEntryAuthFailed if error.kind.needs_new_key else ConfigEntryNotReady)(
            translation_domain=DOMAIN,
            translation_key=error.kind.value,
            translation_placeholders={"region": region.name},
        )
        if isinstance(failure, ConfigEntryNotReady):
            # No argument, because Home Assistant 2026.10 has none, and ignores the attribute.
            failure.retry_after = coordinator.rate_limit.remaining() or None
        raise failure from None
    except BaseException:
        await coordinator.async_stop()
        await coordinator.async_stop_value()
        raise
    return True


async def async_unload_entry(hass: HomeAssistant, entry: UpbitConfigEntry) -> bool:
    """Close the connection and remove the entities."""
    # First the connection: a currency that appeared in between would get an entity that is not removed.
    await entry.runtime_data.async_stop()
    try:
        if await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
            return True
        # The entities that stay would show amounts and values that are no longer updated.
        entry.runtime_data.mark_unavailable(UpbitError(ErrorKind.UNKNOWN, "not_unloaded"))
        return False
    finally:
        await entry.runtime_data.async_stop_value()


async def async_remove_entry(hass: HomeAssistant, entry: UpbitConfigEntry) -> None:
    """Remove what is kept beside the entry."""
    issues.async_clear(hass, entry)
    async_remove_rate_limit(hass, entry.entry_id)
    async_remove_followers(hass, entry.entry_id)
