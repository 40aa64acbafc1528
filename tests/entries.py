"""An entry's life, and what it leaves behind."""

import asyncio

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.const import DOMAIN
from simulator import SimulatedExchange


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Add an entry and set it up; return whether it is."""
    entry.add_to_hass(hass)
    loaded = await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return loaded


def tasks_of(entry: MockConfigEntry) -> list[asyncio.Task[object]]:
    """Return what still runs for an entry."""
    return [task for task in asyncio.all_tasks() if task.get_name() == f"{DOMAIN} {entry.title}"]


async def closed(exchange: SimulatedExchange) -> None:
    """Wait until the exchange sees no connection any more."""
    async with asyncio.timeout(2):
        await exchange.until(lambda: not exchange.stream.connections)
