"""The binary sensor: whether the account's stream is connected."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import UpbitEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: UpbitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's connectivity sensor."""
    async_add_entities([LiveConnectionSensor(entry.runtime_data)])


class LiveConnectionSensor(UpbitEntity, BinarySensorEntity):
    """Whether the stream is connected; always available, because it shows when the connection is lost."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_translation_key = "live_connection"

    def __init__(self, coordinator: UpbitCoordinator) -> None:
        super().__init__(coordinator, "live_connection")

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self.coordinator.listeners.async_add_status(self.async_write_ha_state))

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.sync.online
