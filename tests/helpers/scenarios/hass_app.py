"""The key is rejected, Home Assistant is reloaded or restarted, and its host changes the clock."""

import asyncio
from datetime import UTC, datetime

from homeassistant.config_entries import ConfigEntryDisabler

from tests.helpers.harness import Harness

from .register import scenario


@scenario(blinds=True)
async def key_replaced(harness: Harness, seconds: float) -> None:
    """The key is rejected; after a while the user enters another one."""
    # Not the new key of another such scenario that is still being entered, which would then never be accepted.
    async with harness.entry_lock:
        key = harness.exchange.key
        match harness.random.randrange(3):
            case 0:
                key.deleted = True
            case 1:
                key.permissions = frozenset()
            case 2:
                key.expires_at = datetime.now(UTC)
    await asyncio.sleep(seconds)
    await harness.replace_key()


@scenario(blinds=True)
async def address_rejected(harness: Harness, seconds: float) -> None:
    """This network's address is not on the key's list."""
    async with harness.entry_lock:
        key = harness.exchange.key
        key.allowed_addresses = frozenset({"203.0.113.1"})
        harness.exchange.cut()
        await asyncio.sleep(seconds)
        key.allowed_addresses = None


@scenario()
async def reloaded(harness: Harness, seconds: float) -> None:
    """The entry is reloaded, perhaps in the middle of something."""
    async with harness.entry_lock:
        await harness.hass.config_entries.async_reload(harness.entry.entry_id)
        await asyncio.sleep(seconds)


@scenario()
async def disabled(harness: Harness, seconds: float) -> None:
    """The entry is disabled for a while."""
    async with harness.entry_lock:
        entries, entry_id = harness.hass.config_entries, harness.entry.entry_id
        await entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
        await asyncio.sleep(seconds)
        await entries.async_set_disabled_by(entry_id, None)


@scenario()
async def restarted(harness: Harness, seconds: float) -> None:
    """Home Assistant is stopped and started again."""
    async with harness.entry_lock:
        await harness.stop_hass()
        await asyncio.sleep(min(seconds, 60))
        await harness.start_hass()


@scenario()
async def clock_set(harness: Harness, seconds: float) -> None:
    """The clock is set."""
    harness.loop.move_wall_clock(harness.random.uniform(-7200, 7200))
    await asyncio.sleep(seconds)


@scenario()
async def host_slept(harness: Harness, seconds: float) -> None:
    """The host was suspended: the clock on the wall went on, and the connection did not survive."""
    harness.exchange.half_open()
    harness.loop.move_wall_clock(harness.random.uniform(60, 40_000))
    await asyncio.sleep(seconds)
