"""Home Assistant stops, or the entry is reloaded, removed or disabled, at any moment: nothing is left of it."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import CoreState
import pytest

from simulator import ACCESS_KEY

from .clock import clock, pass_time, until
from .moments import MOMENTS, SETUP_MOMENTS, Moment, at, key_dead
from .world import World

type Action = Callable[[World], Awaitable[None]]


def _running_tasks() -> list[str]:
    """Return the integration's tasks."""
    codes = {task: getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()}
    return [
        repr(task) for task, code in codes.items() if code and "custom_components/upbit" in code.co_filename
    ]


# What happens then


async def _unload(world: World) -> None:
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert world.entry.state is ConfigEntryState.NOT_LOADED


async def _disable(world: World) -> None:
    await world.hass.config_entries.async_set_disabled_by(world.entry.entry_id, ConfigEntryDisabler.USER)
    assert world.entry.state is ConfigEntryState.NOT_LOADED


async def _remove(world: World) -> None:
    assert await world.hass.config_entries.async_remove(world.entry.entry_id)
    assert world.hass.states.async_entity_ids("sensor") == []
    assert world.issues() == {}


async def _stop(world: World) -> None:
    await world.hass.async_stop()
    assert world.hass.state is CoreState.stopped


def _assert_no_trouble(world: World) -> None:
    assert world.log_lines(logging.ERROR) == []
    assert [record for record in world.log.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("action", [_unload, _disable, _remove, _stop])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_nothing_is_left(live: World, moment: Moment, action: Action) -> None:
    async with at(live, moment):
        assert bool(_running_tasks()) is (moment is not key_dead)
        started = clock().time()
        await action(live)
        assert clock().time() - started <= 1.1
        assert _running_tasks() == []
        calls = len(live.exchange.record.calls)
        await until(
            lambda: not [each for each in live.exchange.stream.connections if not each.half_open], within=1
        )
    await live.exchange.recover()
    await pass_time(300)
    assert live.exchange.stream.connections == []
    assert len(live.exchange.record.calls) <= calls + 1  # one that was on its way
    _assert_no_trouble(live)


@pytest.mark.parametrize("moment", [moment for moment in MOMENTS if moment is not key_dead])
async def test_reload_begins_anew(live: World, moment: Moment) -> None:
    async with at(live, moment):
        reload = live.hass.async_create_task(live.hass.config_entries.async_reload(live.entry.entry_id))
        await pass_time(2)
    await live.exchange.recover()
    live.exchange.account.set("BTC", "0.8")
    await reload
    # A block goes on, and Home Assistant's own attempts to set an entry up again grow apart.
    await until(lambda: live.entry.state is ConfigEntryState.LOADED and live.live_and_right, within=600)
    assert len(live.exchange.stream.connections) == 1
    assert live.exchange.record.most_live[ACCESS_KEY] == 1
    live.exchange.account.set("BTC", "0.9")
    await until(lambda: live.right, within=1)
    _assert_no_trouble(live)


async def test_reload_again_and_again_has_one_connection_at_a_time(live: World) -> None:
    live.exchange.limits.connect.count = None
    for _ in range(20):
        assert await live.hass.config_entries.async_reload(live.entry.entry_id)
    await until(lambda: live.live_and_right, within=5)
    assert len(live.exchange.record.handshakes) == 21
    assert live.exchange.record.most_live[ACCESS_KEY] == 1


@pytest.mark.parametrize("action", [_remove, _stop])
@pytest.mark.parametrize("moment", SETUP_MOMENTS)
async def test_nothing_is_left_of_a_setup(world: World, moment: Moment, action: Action) -> None:
    setup = asyncio.create_task(world.set_up())
    async with at(world, moment):
        started = clock().time()
        await action(world)
        # Home Assistant lets a set-up end before it removes the entry; the handshake and the call have limits.
        assert clock().time() - started <= 21
        await asyncio.wait_for(setup, 21)
        assert _running_tasks() == []
        calls = len(world.exchange.record.calls)
        await until(lambda: not world.exchange.stream.connections, within=1)
    await world.exchange.recover()
    await pass_time(300)
    assert world.exchange.stream.connections == []
    assert len(world.exchange.record.calls) <= calls
    _assert_no_trouble(world)


@pytest.mark.parametrize("moment", SETUP_MOMENTS)
async def test_reload_during_a_setup(world: World, moment: Moment) -> None:
    setup = asyncio.create_task(world.set_up())
    async with at(world, moment):
        reload = world.hass.async_create_task(world.hass.config_entries.async_reload(world.entry.entry_id))
        await pass_time(2)
    await world.exchange.recover()
    await asyncio.wait([setup, reload])
    await until(lambda: world.entry.state is ConfigEntryState.LOADED and world.live_and_right, within=600)
    assert len(world.exchange.stream.connections) == 1
    assert world.exchange.record.most_live[ACCESS_KEY] == 1
    _assert_no_trouble(world)


async def test_new_currency_in_the_middle_of_unloading_leaves_no_entity(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unload_platforms = live.hass.config_entries.async_unload_platforms

    async def unload_slowly(*arguments: Any) -> bool:
        live.exchange.account.set("ETH", 1)
        await pass_time(1)
        unloaded = await unload_platforms(*arguments)
        live.exchange.account.set("DOGE", 1)
        await pass_time(1)
        return unloaded

    monkeypatch.setattr(live.hass.config_entries, "async_unload_platforms", unload_slowly)
    assert await live.hass.config_entries.async_unload(live.entry.entry_id)
    await live.hass.async_block_till_done()
    assert live.total("DOGE") is None
    assert {state.state for state in live.hass.states.async_all("sensor")} == {"unavailable"}
    _assert_no_trouble(live)
    assert await live.hass.config_entries.async_setup(live.entry.entry_id)
    await until(lambda: live.live_and_right, within=5)
    assert live.total("DOGE") == "1"
