"""Diagnostics: states and counters, with no amount, key, token or account id."""

from typing import Any

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .api.wire import EMPTY
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import currency_of


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: UpbitConfigEntry) -> dict[str, Any]:
    """Return diagnostics of an account; they list what they include, so nothing has to be redacted."""
    known = {
        "region": entry.data[CONF_REGION],
        "state": entry.state.value,
        # Why it is not set up, by the name of the text.
        "reason": entry.error_reason_translation_key,
        "entities": _entities(hass, entry),
    }
    # There is a coordinator only once an attempt to set the account up has succeeded.
    return known | (_running(entry.runtime_data) if hasattr(entry, "runtime_data") else {})


def _running(coordinator: UpbitCoordinator) -> dict[str, Any]:
    """Return the state and the history of the connection."""
    sync, ledger = coordinator.sync, coordinator.ledger
    return {
        "balances_available": coordinator.available,
        "stream": {
            "connected": sync.connected,
            "in_sync": sync.in_sync,
            "update_received": sync.update_received,
            "ever_received": sync.ever_received,
            "missed_updates": sync.missed_updates,
        },
        "rate_limited_seconds": round(coordinator.rate_limit.remaining(), 1),
        "currencies": {
            "known": len(ledger.currencies),
            "empty": sum(ledger.holding(currency) == EMPTY for currency in ledger.currencies),
            "unavailable": len(coordinator.unavailable_currencies),
            "stale_assets": ledger.stale_count,
        },
        "key_expires_at": coordinator.key_expires_at,
        "stats": {"updates": ledger.sequence, **coordinator.stats.as_dict()},
        "value": None if coordinator.value is None else coordinator.value.diagnostics(),
    }


def _entities(hass: HomeAssistant, entry: UpbitConfigEntry) -> dict[str, Any]:
    """Return which entities there are: triggers need the account's sensors, Activity its event entity."""
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    sensors = [entity for entity in registered if currency_of(entity) is not None]
    return {
        "balance_sensors": len(sensors),
        "balance_sensors_disabled": sum(entity.disabled for entity in sensors),
        "event_enabled": any(entity.domain == EVENT_DOMAIN and not entity.disabled for entity in registered),
    }
