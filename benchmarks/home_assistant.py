"""A Home Assistant core with the bare sensors beside the integration, its entries and its events."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
import sys
from types import MappingProxyType
from typing import Any

from homeassistant import block_async_io
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_STATE_REPORTED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback

from tests.helpers.hass_app import hass_app

_CONFIGURATION = Path(__file__).parent / "configuration"


@asynccontextmanager
async def home_assistant(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run a real core: registries, storage, translations; no recorder and no frontend."""
    # custom_components is a namespace: the bare sensors' folder joins the project's own.
    if str(_CONFIGURATION) not in sys.path:
        sys.path.append(str(_CONFIGURATION))
    async with hass_app(folder) as hass:
        # Home Assistant then reports every blocking call in its event loop.
        block_async_io.enable()
        yield hass


async def add_entry(hass: HomeAssistant, domain: str, data: Mapping[str, Any]) -> ConfigEntry:
    """Add a config entry and return it once it is set up with all its entities."""
    entry = ConfigEntry(
        data=data,
        discovery_keys=MappingProxyType({}),
        domain=domain,
        minor_version=1,
        options={},
        source=SOURCE_USER,
        subentries_data=None,
        title=f"{domain} {len(hass.config_entries.async_entries())}",
        unique_id=None,
        version=1,
    )
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"{domain} could not be set up: {entry.state}, {entry.reason}")
    return entry


async def remove_entry(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove a config entry with its entities."""
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()


@contextmanager
def counted_events(hass: HomeAssistant) -> Iterator[Counter[str]]:
    """Count the events that are fired, by type; a state written without a change is a state_reported."""
    events: Counter[str] = Counter()

    @callback
    def count(event: Event[Any]) -> None:
        events[str(event.event_type)] += 1

    @callback
    def every(_: Any) -> bool:
        return True

    # state_reported is left out of MATCH_ALL, and may only be listened to with a filter.
    stops = [
        hass.bus.async_listen(MATCH_ALL, count),
        hass.bus.async_listen(EVENT_STATE_REPORTED, count, event_filter=every),
    ]
    try:
        yield events
    finally:
        for stop in stops:
            stop()
