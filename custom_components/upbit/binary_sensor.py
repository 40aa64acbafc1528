"""The binary sensors: whether the account's stream is connected, and the price feed."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account_value import AccountValue
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import PRICE_FEED, UpbitEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: UpbitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's connectivity sensors."""
    coordinator = entry.runtime_data
    async_add_entities([LiveConnectionSensor(coordinator)])

    @callback
    def async_add_price_feed() -> None:
        if coordinator.value is not None:
            async_add_entities([PriceFeedSensor(coordinator, coordinator.value)])

    async_add_price_feed()
    entry.async_on_unload(coordinator.listeners.async_add_valued(async_add_price_feed))


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


class PriceFeedSensor(UpbitEntity, BinarySensorEntity):
    """Whether the public stream is subscribed; always available, as the other one."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_translation_key = "price_feed"

    def __init__(self, coordinator: UpbitCoordinator, value: AccountValue) -> None:
        super().__init__(coordinator, PRICE_FEED)
        self._value = value

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self._value.async_add_status(self.async_write_ha_state))

    @property
    @override
    def is_on(self) -> bool:
        return self._value.feed_online
