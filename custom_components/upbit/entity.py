"""What all entities of an account share: its device and the format of unique ids."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_registry import RegistryEntry

from .const import DOMAIN, MANUFACTURER
from .coordinator import UpbitCoordinator

# Keys and regions may change, so neither is part of a unique id. No key of an account-wide entity may begin with the
# prefix of a currency's entities.
_BALANCE = "balance_"


def unique_id(entry_id: str, key: str) -> str:
    """Return the unique id of an entity of an account."""
    return f"{entry_id}_{key}"


def balance_key(currency: str) -> str:
    """Return the key of a currency's balance sensor."""
    return f"{_BALANCE}{currency}"


def currency_of(registered: RegistryEntry) -> str | None:
    """Return the currency of a registered balance sensor; None for the account's other entities."""
    prefix = unique_id(str(registered.config_entry_id), _BALANCE)
    return registered.unique_id.removeprefix(prefix) if registered.unique_id.startswith(prefix) else None


class UpbitEntity(Entity):
    """An entity of one account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, coordinator: UpbitCoordinator, key: str) -> None:
        self.coordinator = coordinator
        entry = coordinator.config_entry
        self._attr_unique_id = unique_id(entry.entry_id, key)
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer=MANUFACTURER,
            model=coordinator.region.name,
            name=entry.title,
        )
