"""What all entities of an account share: its device and the format of unique ids."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_registry import RegistryEntry

from .const import DOMAIN, MANUFACTURER
from .coordinator import UpbitCoordinator

# Keys and regions may change, so neither is part of a unique id. No key of an account-wide entity may begin with the
# prefix of a currency's entities.
_BALANCE, _VALUE, _PROFIT, _PRICE = "balance_", "value_", "profit_", "price_"

TOTAL_VALUE = "total_value"
UNREALIZED_PROFIT = "unrealized_profit"
RETURN = "return"
DAILY_CHANGE = "daily_change"
COST_BASIS = "cost_basis"
PRICE_FEED = "quotation_feed"

_OF_PRICES = (
    TOTAL_VALUE,
    UNREALIZED_PROFIT,
    RETURN,
    DAILY_CHANGE,
    COST_BASIS,
    PRICE_FEED,
    _VALUE,
    _PROFIT,
    _PRICE,
)


def unique_id(entry_id: str, key: str) -> str:
    """Return the unique id of an entity of an account."""
    return f"{entry_id}_{key}"


def balance_key(currency: str) -> str:
    """Return the key of a currency's balance sensor."""
    return f"{_BALANCE}{currency}"


def value_key(currency: str) -> str:
    """Return the key of a coin's value sensor."""
    return f"{_VALUE}{currency}"


def profit_key(currency: str) -> str:
    """Return the key of a coin's profit sensor."""
    return f"{_PROFIT}{currency}"


def price_key(currency: str) -> str:
    """Return the key of a coin's price sensor."""
    return f"{_PRICE}{currency}"


def key_of(registered: RegistryEntry) -> str:
    """Return the key of a registered entity."""
    return registered.unique_id.removeprefix(unique_id(str(registered.config_entry_id), ""))


def currency_of(registered: RegistryEntry) -> str | None:
    """Return the currency of a registered balance sensor; None for the account's other entities."""
    return _after(registered, _BALANCE)


def value_currency_of(registered: RegistryEntry) -> str | None:
    """Return the coin of a registered value sensor; None for the account's other entities."""
    return _after(registered, _VALUE)


def is_of_prices(registered: RegistryEntry) -> bool:
    """Return whether an entity exists only while the account has price updates."""
    return registered.unique_id.startswith(
        tuple(unique_id(str(registered.config_entry_id), key) for key in _OF_PRICES)
    )


def keys_of(currency: str) -> list[str]:
    """Return the keys of all sensors of a currency."""
    return [f"{prefix}{currency}" for prefix in (_BALANCE, _VALUE, _PROFIT, _PRICE)]


@callback
def async_remove_value_entities(hass: HomeAssistant, entry_id: str) -> None:
    """Remove what exists only while there are price updates, and what is in the currency of a region."""
    registry = er.async_get(hass)
    for registered in er.async_entries_for_config_entry(registry, entry_id):
        if is_of_prices(registered):
            registry.async_remove(registered.entity_id)


def _after(registered: RegistryEntry, prefix: str) -> str | None:
    start = unique_id(str(registered.config_entry_id), prefix)
    return registered.unique_id.removeprefix(start) if registered.unique_id.startswith(start) else None


class UpbitEntity(Entity):
    """An entity of one account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, coordinator: UpbitCoordinator, key: str) -> None:
        self.coordinator = coordinator
        entry = coordinator.config_entry
        self._attr_unique_id = unique_id(entry.entry_id, key)
        self._attr_device_info = DeviceInfo(
            configuration_url=coordinator.region.api_keys_url,
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer=MANUFACTURER,
            model=coordinator.region.name,
            name=entry.title,
        )
