"""The event entity: every change of every currency of the account, told apart by what the amounts show."""

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
"""Fired beside the entity's state, for Activity shows no attribute of a state but its event type."""


ATTR_TYPE = "type"
ATTR_SENSOR = "sensor"
ATTR_CURRENCY = "currency"
ATTR_DIFFERENCE = "difference"
ATTR_LOCKED_AFTER = "locked_after"
ATTR_TOTAL_AFTER = "total_after"


class ChangeType(StrEnum):
    """What happened to a holding, as far as its amounts show it."""

    INCREASED = "increased"
    """The account owns more."""
    DECREASED = "decreased"
    """The account owns less."""
    LOCKED = "locked"
    """It owns as much as before, and more of that is tied up in open orders."""
    UNLOCKED = "unlocked"
    """It owns as much as before, and less of that is tied up in open orders."""

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
    """Every change of a balance; disabled at first, for it writes a state with each of them."""

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
            # One state each: a state that is written over within the same moment would never be seen.
            self._trigger_event(change_type, attributes)
            self.async_write_ha_state()
            self.hass.bus.async_fire(
                EVENT_BALANCE_CHANGED,
                {
                    ATTR_DEVICE_ID: None if self.device_entry is None else self.device_entry.id,
                    # Activity never asks for a sensor with a unit: a filter lets the event in by this entity.
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
    """Return a change as JSON can hold it: amounts as texts with every digit, in units of the currency."""
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
        # A snapshot does not say when; then it is the moment at which the change was learnt.
        "changed_at": (change.changed_at or dt_util.utcnow()).isoformat(),
        "source": "snapshot" if change.changed_at is None else "stream",
    }
