"""The key is of no use, and Home Assistant and its host do what they do."""

import asyncio
from datetime import UTC, datetime

from homeassistant.config_entries import ConfigEntryDisabler

from tests.world import World

from .register import mishap


@mishap(blinds=True)
async def key_replaced(world: World, seconds: float) -> None:
    """The key is of no use any more; after a while the user types another one."""
    key = world.exchange.key
    match world.random.randrange(3):
        case 0:
            key.deleted = True
        case 1:
            key.permissions = frozenset()
        case 2:
            key.expires_at = datetime.now(UTC)
    await asyncio.sleep(seconds)
    await world.issue_key()


@mishap(blinds=True)
async def address_refused(world: World, seconds: float) -> None:
    """This network's address is not on the key's list."""
    async with world.home_lock:
        key = world.exchange.key
        key.allowed_addresses = frozenset({"203.0.113.1"})
        world.exchange.cut()
        await asyncio.sleep(seconds)
        key.allowed_addresses = None


@mishap()
async def reloaded(world: World, seconds: float) -> None:
    """The entry is reloaded, perhaps in the middle of something."""
    async with world.home_lock:
        await world.hass.config_entries.async_reload(world.entry.entry_id)
        await asyncio.sleep(seconds)


@mishap()
async def disabled(world: World, seconds: float) -> None:
    """The entry is disabled for a while."""
    async with world.home_lock:
        entries, entry_id = world.hass.config_entries, world.entry.entry_id
        await entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
        await asyncio.sleep(seconds)
        await entries.async_set_disabled_by(entry_id, None)


@mishap()
async def restarted(world: World, seconds: float) -> None:
    """Home Assistant is stopped and started again."""
    async with world.home_lock:
        await world.stop_home()
        await asyncio.sleep(min(seconds, 60))
        await world.start_home()


@mishap()
async def clock_set(world: World, seconds: float) -> None:
    """Somebody sets the clock."""
    world.loop.move_wall_clock(world.random.uniform(-7200, 7200))
    await asyncio.sleep(seconds)


@mishap()
async def host_slept(world: World, seconds: float) -> None:
    """The host was suspended: the clock on the wall went on, and the connection did not survive."""
    world.exchange.half_open()
    world.loop.move_wall_clock(world.random.uniform(60, 40_000))
    await asyncio.sleep(seconds)
