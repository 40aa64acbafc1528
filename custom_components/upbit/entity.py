"""What all entities of an account share: its device, and ids that no key can be read from."""

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_registry import RegistryEntry

from .const import DOMAIN, MANUFACTURER
from .coordinator import UpbitCoordinator

_TOTAL = "total_"


def total_unique_id(entry_id: str, currency: str) -> str:
    """Return the unique id of a currency's sensor; keys and regions may change, so neither is part of it."""
    return f"{entry_id}_{_TOTAL}{currency}"


def currency_of(registered: RegistryEntry) -> str | None:
    """Return the currency of a registered sensor; None for the account's other entities."""
    prefix = f"{registered.config_entry_id}_{_TOTAL}"
    return registered.unique_id.removeprefix(prefix) if registered.unique_id.startswith(prefix) else None


class UpbitEntity(Entity):
    """An entity of one account."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, coordinator: UpbitCoordinator, key: str) -> None:
        self.coordinator = coordinator
        entry = coordinator.config_entry
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = DeviceInfo(
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer=MANUFACTURER,
            model=coordinator.region.name,
            name=entry.title,
        )
