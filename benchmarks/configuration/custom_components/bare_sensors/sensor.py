"""The bare sensor, and the same sensor on one coordinator that tells all of them of every change."""

from collections.abc import Mapping
from decimal import Context, Decimal
import logging
from typing import Any, override

from homeassistant.components.sensor import SensorEntity, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from . import DOMAIN

_WIDE = Context(prec=500)

type Amounts = tuple[Decimal | int, Decimal | int]
"""Balance and locked, as the standard library's decoder gives them."""


def exact_total(amounts: Amounts) -> str:
    """Return the sum as a text with every digit."""
    return format(_WIDE.add(*amounts), "f")


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for each currency; what drives them is kept as the entry's runtime data."""
    currencies: list[str] = entry.data["currencies"]
    if not entry.data["common_coordinator"]:
        entry.runtime_data = {currency: BareSensor(entry, currency) for currency in currencies}
        async_add_entities(entry.runtime_data.values())
        return
    coordinator = DataUpdateCoordinator[dict[str, Amounts]](
        hass, logging.getLogger(__name__), config_entry=entry, name=entry.title
    )
    coordinator.data = dict.fromkeys(currencies, (0, 0))
    entry.runtime_data = coordinator
    async_add_entities(CoordinatedSensor(coordinator, entry, currency) for currency in currencies)


class _Described(Entity):
    """What Home Assistant is told of a balance's sensor, whoever feeds it."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_state_class = SensorStateClass.TOTAL

    def _describe(self, entry: ConfigEntry, currency: str) -> None:
        self._attr_unique_id = f"{entry.entry_id}_{currency}"
        self._attr_name = currency
        self._attr_native_unit_of_measurement = currency
        self._attr_suggested_display_precision = 8
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer="Bare",
            model="Sensors",
            name=entry.title,
        )


class BareSensor(_Described, SensorEntity):
    """A sensor that shows what it is given."""

    def __init__(self, entry: ConfigEntry, currency: str) -> None:
        self._describe(entry, currency)
        self.take((0, 0))

    def take(self, amounts: Amounts) -> None:
        """Take over amounts: the exact total as the state, its parts as attributes."""
        balance, locked = amounts
        self._attr_native_value = exact_total(amounts)
        self._attr_extra_state_attributes = {"balance": float(balance), "locked": float(locked)}

    def show(self, amounts: Amounts) -> None:
        """Take over amounts and write them as the state."""
        self.take(amounts)
        self.async_write_ha_state()


class CoordinatedSensor(
    CoordinatorEntity[DataUpdateCoordinator[dict[str, Amounts]]], _Described, SensorEntity
):
    """A sensor that reads its coordinator's data, as most integrations have it."""

    def __init__(
        self, coordinator: DataUpdateCoordinator[dict[str, Amounts]], entry: ConfigEntry, currency: str
    ) -> None:
        super().__init__(coordinator)
        self._describe(entry, currency)
        self._currency = currency

    @property
    @override
    def native_value(self) -> str:
        return exact_total(self.coordinator.data[self._currency])

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        balance, locked = self.coordinator.data[self._currency]
        return {"balance": float(balance), "locked": float(locked)}
