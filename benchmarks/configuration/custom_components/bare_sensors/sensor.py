"""A sensor with the unit, class, attributes and registration of a balance sensor, and nothing else."""

from decimal import Context, Decimal

from homeassistant.components.sensor import SensorEntity, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import DOMAIN

_WIDE = Context(prec=500)

type Amounts = tuple[Decimal | int, Decimal | int]
"""Available and locked, as the standard library's decoder returns them."""


async def async_setup_entry(
    _: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for each currency; the runtime data of the entry has them by currency."""
    entry.runtime_data = {currency: BareSensor(entry, currency) for currency in entry.data["currencies"]}
    async_add_entities(entry.runtime_data.values())


class BareSensor(SensorEntity):
    """A sensor that shows the amounts it gets."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_state_class = SensorStateClass.TOTAL
    _attr_suggested_display_precision = 8

    def __init__(self, entry: ConfigEntry, currency: str) -> None:
        self._attr_unique_id = f"{entry.entry_id}_{currency}"
        self._attr_name = currency
        self._attr_native_unit_of_measurement = currency
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer="Bare",
            model="Sensors",
            name=entry.title,
        )
        self._set((0, 0))

    def _set(self, amounts: Amounts) -> None:
        available, locked = amounts
        self._attr_native_value = format(_WIDE.add(available, locked), "f")
        self._attr_extra_state_attributes = {"balance": float(available), "locked": float(locked)}

    def show(self, amounts: Amounts) -> None:
        """Write the exact total as the state, and its parts as attributes."""
        self._set(amounts)
        self.async_write_ha_state()
