"""The button that takes a snapshot."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import TIMINGS
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import UpbitEntity
from .refresh import async_refresh

PARALLEL_UPDATES = 0

_REFRESH = "refresh"


async def async_setup_entry(
    hass: HomeAssistant, entry: UpbitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's button."""
    async_add_entities([RefreshButton(entry.runtime_data)])


class RefreshButton(UpbitEntity, ButtonEntity):
    """Takes a snapshot; disabled by default, because changes are pushed."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False
    _attr_translation_key = _REFRESH

    def __init__(self, coordinator: UpbitCoordinator) -> None:
        super().__init__(coordinator, _REFRESH)

    @override
    async def async_press(self) -> None:
        await async_refresh(self.coordinator, TIMINGS.shared_refresh)
