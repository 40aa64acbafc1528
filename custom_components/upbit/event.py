"""The event entity: every balance change of the account, with its type."""

from enum import StrEnum
from typing import Any, override

from homeassistant.components.event import EventEntity
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .api.ledger import Change
from .api.wire import exact_difference, plain
from .const import DOMAIN
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import UpbitEntity, balance_key, unique_id

PARALLEL_UPDATES = 0

EVENT_BALANCE_CHANGED = f"{DOMAIN}_balance_changed"
"""Fired beside the entity's state, because Activity shows only the event type of a state."""


ATTR_TYPE = "type"
ATTR_SENSOR = "sensor"
ATTR_CURRENCY = "currency"
ATTR_DIFFERENCE = "difference"
ATTR_LOCKED_AFTER = "locked_after"
ATTR_TOTAL_AFTER = "total_after"


class ChangeType(StrEnum):
    """The type of a balance change, derived from its amounts."""

    INCREASED = "increased"
    """The account owns more."""
    DECREASED = "decreased"
    """The account owns less."""
    LOCKED = "locked"
    """It owns as much as before, and more of it is locked."""
    UNLOCKED = "unlocked"
    """It owns as much as before, and less of it is locked."""

    @classmethod
    def of(cls, change: Change) -> ChangeType:
        """Return the type of a change."""
        before, after = change.before, change.after
        if after.total != before.total:
            return cls.INCREASED if after.total > before.total else cls.DECREASED
        return cls.LOCKED if after.locked > before.locked else cls.UNLOCKED


async def async_setup_entry(
    hass: HomeAssistant, entry: UpbitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's event entity."""
    async_add_entities([BalanceEvent(entry.runtime_data)])


class BalanceEvent(UpbitEntity, EventEntity):
    """Every balance change; disabled by default, because each one writes a state."""

    _attr_entity_registry_enabled_default = False
    _attr_translation_key = "balance_change"

    def __init__(self, coordinator: UpbitCoordinator) -> None:
        super().__init__(coordinator, "change")
        self._attr_event_types = list(ChangeType)

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self.coordinator.listeners.async_add_changes(self._async_on_changes))

    @callback
    def _async_on_changes(self, changes: list[Change]) -> None:
        for change in changes:
            change_type, attributes = ChangeType.of(change), _attributes(change)
            # One state each: listeners would not see a state that is replaced within the same call.
            self._trigger_event(change_type, attributes)
            self.async_write_ha_state()
            self.hass.bus.async_fire(
                EVENT_BALANCE_CHANGED,
                {
                    ATTR_DEVICE_ID: None if self.device_entry is None else self.device_entry.id,
                    # Activity leaves out sensors with a unit: its filter finds the event by this entity.
                    ATTR_ENTITY_ID: self.entity_id,
                    ATTR_SENSOR: self._sensor_of(change.currency),
                    ATTR_TYPE: change_type.value,
                    **attributes,
                },
            )

    def _sensor_of(self, currency: str) -> str | None:
        sensor_id = unique_id(self.coordinator.config_entry.entry_id, balance_key(currency))
        return er.async_get(self.hass).async_get_entity_id(SENSOR_DOMAIN, DOMAIN, sensor_id)


def _attributes(change: Change) -> dict[str, Any]:
    """Return a change for JSON: amounts as texts with every digit, in units of the currency."""
    before, after = change.before, change.after
    if before.total != after.total:
        difference = exact_difference(after.total, before.total)
    else:
        difference = exact_difference(after.locked, before.locked)
    return {
        ATTR_CURRENCY: change.currency,
        "total_before": plain(before.total),
        ATTR_TOTAL_AFTER: plain(after.total),
        "available_before": plain(before.available),
        "available_after": plain(after.available),
        "locked_before": plain(before.locked),
        ATTR_LOCKED_AFTER: plain(after.locked),
        ATTR_DIFFERENCE: plain(difference),
        # A snapshot has no time of the change; then it is the time of the merge.
        "changed_at": (change.changed_at or dt_util.utcnow()).isoformat(),
        "source": "snapshot" if change.changed_at is None else "stream",
    }
