"""The sensors: the balance of each currency, the time of the last change, the expiration of the API key.

Those that need a price are in `value_sensor`.
"""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    DOMAIN as SENSOR_DOMAIN,
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .api.ledger import Change, Ledger
from .api.wire import plain
from .const import DOMAIN, TIMINGS
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import UpbitEntity, balance_key, unique_id
from .refresh import async_refresh
from .value_sensor import async_setup_value_sensors

PARALLEL_UPDATES = 0

_COIN_DIGITS = 8
_API_KEY_EXPIRATION = "api_key_expiration"

# Those that Material Design Icons has. All others have the one in icons.json, which can't depend on a currency.
_ICONS = {
    "BTC": "mdi:bitcoin",
    "ETH": "mdi:ethereum",
    "LTC": "mdi:litecoin",
    "KRW": "mdi:currency-krw",
    "THB": "mdi:currency-thb",
}


async def async_setup_entry(
    hass: HomeAssistant, entry: UpbitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for every currency of the account, now and whenever one appears."""
    coordinator = entry.runtime_data
    async_add_entities(
        BalanceSensor(coordinator, currency) for currency in sorted(coordinator.ledger.currencies)
    )
    async_add_entities([LastChangeSensor(coordinator)])
    if coordinator.region.has_key_expiration:
        async_add_entities([KeyExpirationSensor(coordinator)])
    else:
        # The account may have moved from a region that has this sensor.
        registry = er.async_get(hass)
        sensor_id = unique_id(entry.entry_id, _API_KEY_EXPIRATION)
        if (stale := registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, sensor_id)) is not None:
            registry.async_remove(stale)

    async_setup_value_sensors(entry, async_add_entities)

    @callback
    def async_add_new(currencies: list[str]) -> None:
        async_add_entities(BalanceSensor(coordinator, currency, is_new=True) for currency in currencies)

    entry.async_on_unload(coordinator.listeners.async_add_currencies(async_add_new))


class BalanceSensor(UpbitEntity, SensorEntity):
    """The total of one currency: available and locked.

    A sensor that is new while the account runs shows 0 first. Statistics take the first state as their zero point, so
    the first purchase would be missing from the change of that day.
    """

    _attr_state_class = SensorStateClass.TOTAL
    _attr_translation_key = "balance"

    def __init__(self, coordinator: UpbitCoordinator, currency: str, *, is_new: bool = False) -> None:
        super().__init__(coordinator, balance_key(currency))
        self._currency = currency
        # An empty ledger has zero of every currency.
        self._ledger = Ledger() if is_new else coordinator.ledger
        self._attr_icon = _ICONS.get(currency)
        self._attr_translation_placeholders = {"currency": currency}
        self._attr_native_unit_of_measurement = currency
        if currency == coordinator.region.fiat:
            self._attr_device_class = SensorDeviceClass.MONETARY
            self._attr_suggested_display_precision = coordinator.region.fiat_digits
        else:
            # A coin is no device class: Home Assistant shows a monetary one with two digits.
            self._attr_suggested_display_precision = _COIN_DIGITS

    @override
    async def async_added_to_hass(self) -> None:
        shows_zero = self._ledger is not self.coordinator.ledger
        listener = self._async_show_first_amount if shows_zero else self.async_write_ha_state
        self.async_on_remove(self.coordinator.listeners.async_add_currency(self._currency, listener))
        if shows_zero:
            self.hass.loop.call_soon(listener)  # after Home Assistant has written the first state

    @override
    async def async_update_ha_state(self, force_refresh: bool = False) -> None:
        # Called by `homeassistant.update_entity`. There is no `async_update`, because Home Assistant logs its errors
        # with a traceback instead of raising them, and drops a call while another one is under way.
        if force_refresh:
            await async_refresh(self.coordinator, TIMINGS.shared_refresh)
        await super().async_update_ha_state(force_refresh)

    @callback
    def _async_show_first_amount(self) -> None:
        self.async_write_ha_state()
        if self._ledger is not self.coordinator.ledger and self.available:
            self._ledger = self.coordinator.ledger
            self.async_write_ha_state()

    @property
    @override
    def available(self) -> bool:
        return self.coordinator.is_available(self._currency)

    @property
    @override
    def native_value(self) -> str:
        # As text: Home Assistant writes a small Decimal with an exponent, and cuts a float to 15 digits.
        return plain(self._ledger.holding(self._currency).total)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, float]:
        holding = self._ledger.holding(self._currency)
        # JSON numbers, because templates expect numbers; a Decimal would break the state's JSON.
        return {"balance": float(holding.available), "locked": float(holding.locked)}


class LastChangeSensor(UpbitEntity, RestoreSensor):
    """When a balance of the account last changed; disabled by default, because each change writes a state."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _attr_translation_key = "last_change"

    def __init__(self, coordinator: UpbitCoordinator) -> None:
        super().__init__(coordinator, "last_change")

    @override
    async def async_added_to_hass(self) -> None:
        if (data := await self.async_get_last_sensor_data()) is not None:
            self._attr_native_value = data.native_value
        self.async_on_remove(self.coordinator.listeners.async_add_changes(self._async_on_changes))

    @callback
    def _async_on_changes(self, changes: list[Change]) -> None:
        # A snapshot has no time of the change; then it is the time of the merge.
        self._attr_native_value = max(change.changed_at or dt_util.utcnow() for change in changes)
        self.async_write_ha_state()


class KeyExpirationSensor(UpbitEntity, SensorEntity):
    """When the API key expires, where the region has that information."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_translation_key = _API_KEY_EXPIRATION

    def __init__(self, coordinator: UpbitCoordinator) -> None:
        super().__init__(coordinator, _API_KEY_EXPIRATION)

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self.coordinator.listeners.async_add_status(self.async_write_ha_state))

    @property
    @override
    def native_value(self) -> datetime | None:
        return self.coordinator.key_expires_at
