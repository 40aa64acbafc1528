"""Describes balance changes for Activity: which currency, by how much, to which amount."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback

from .activity_texts import ACTIVITY_TEXTS
from .const import DOMAIN
from .event import (
    ATTR_CURRENCY,
    ATTR_DIFFERENCE,
    ATTR_LOCKED_AFTER,
    ATTR_SENSOR,
    ATTR_TOTAL_AFTER,
    ATTR_TYPE,
    EVENT_BALANCE_CHANGED,
    ChangeType,
)

type Describe = Callable[[Event[dict[str, Any]]], dict[str, Any]]


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Describe], None]
) -> None:
    """Register the description of a balance change, in the language of Home Assistant."""

    @callback
    def describe(event: Event[dict[str, Any]]) -> dict[str, Any]:
        data = event.data
        changed_locked = data[ATTR_TYPE] in (ChangeType.LOCKED, ChangeType.UNLOCKED)
        sensor = data[ATTR_SENSOR]
        state = None if sensor is None else hass.states.get(sensor)
        return {
            LOGBOOK_ENTRY_NAME: data[ATTR_CURRENCY] if state is None else state.name,
            LOGBOOK_ENTRY_MESSAGE: hass.data[ACTIVITY_TEXTS]
            .get(f"activity_{data[ATTR_TYPE]}")
            .format(
                difference=data[ATTR_DIFFERENCE].removeprefix("-"),
                after=data[ATTR_LOCKED_AFTER if changed_locked else ATTR_TOTAL_AFTER],
            ),
            # The page shows this entity's name instead of the name above; the sensor's has the currency.
            LOGBOOK_ENTRY_ENTITY_ID: sensor,
        }

    async_describe_event(DOMAIN, EVENT_BALANCE_CHANGED, describe)
