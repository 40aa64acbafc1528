"""Home Assistant stops, or the entry is reloaded, removed or disabled, at any stage: nothing is left of it."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CoreState
import pytest

from simulator import ACCESS_KEY
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

from .stages import SETUP_STAGES, STAGES, Stage, at, stopped

type Action = Callable[[Harness], Awaitable[None]]


# What happens then


async def _unload(harness: Harness) -> None:
    assert await harness.hass.config_entries.async_unload(harness.entry.entry_id)
    assert harness.entry.state is ConfigEntryState.NOT_LOADED


async def _remove(harness: Harness) -> None:
    assert await harness.hass.config_entries.async_remove(harness.entry.entry_id)
    assert harness.hass.states.async_entity_ids("sensor") == []
    assert harness.issues == {}


async def _stop(harness: Harness) -> None:
    await harness.hass.async_stop()
    assert harness.hass.state is CoreState.stopped


def _assert_no_error(harness: Harness) -> None:
    assert harness.log_lines(logging.ERROR) == []
    assert [record for record in harness.log.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("action", [_unload, _remove, _stop])
@pytest.mark.parametrize("stage", STAGES)
async def test_nothing_is_left(connected: Harness, stage: Stage, action: Action) -> None:
    async with at(connected, stage):
        assert bool(connected.account_tasks()) is (stage is not stopped)
        started = virtual_loop().time()
        await action(connected)
        assert virtual_loop().time() - started <= 1.1
        assert connected.running_tasks() == []
        assert connected.running_timers() == []
        calls = len(connected.exchange.record.calls)
        await wait_until(
            lambda: not [each for each in connected.exchange.stream.connections if not each.half_open],
            within=1,
        )
    await connected.exchange.recover()
    await pass_time(300)
    assert connected.exchange.stream.connections == []
    assert len(connected.exchange.record.calls) <= calls + 1  # one that was on its way
    _assert_no_error(connected)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage is not stopped])
async def test_reload_starts_again(connected: Harness, stage: Stage) -> None:
    async with at(connected, stage):
        reload = connected.hass.async_create_task(
            connected.hass.config_entries.async_reload(connected.entry.entry_id)
        )
        await pass_time(2)
    await connected.exchange.recover()
    connected.account.set("BTC", "0.8")
    await reload
    # A block goes on, and Home Assistant's own attempts to set an entry up again grow apart.
    await wait_until(
        lambda: connected.entry.state is ConfigEntryState.LOADED and connected.is_connected_and_correct,
        within=600,
    )
    assert len(connected.exchange.stream.connections) == 1
    assert connected.exchange.record.most_live[ACCESS_KEY] == 1
    connected.account.set("BTC", "0.9")
    await wait_until(lambda: connected.is_correct, within=1)
    _assert_no_error(connected)


async def test_reload_again_and_again_has_one_connection_at_a_time(connected: Harness) -> None:
    connected.exchange.limits.connect.count = None
    for _ in range(20):
        assert await connected.hass.config_entries.async_reload(connected.entry.entry_id)
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    assert len(connected.exchange.record.handshakes) == 21
    assert connected.exchange.record.most_live[ACCESS_KEY] == 1


@pytest.mark.parametrize("action", [_remove, _stop])
@pytest.mark.parametrize("stage", SETUP_STAGES)
async def test_nothing_is_left_of_a_setup(harness: Harness, stage: Stage, action: Action) -> None:
    setup = asyncio.create_task(harness.set_up())
    async with at(harness, stage):
        started = virtual_loop().time()
        await action(harness)
        # Home Assistant lets a set-up end before it removes the entry; the handshake and the call have limits.
        assert virtual_loop().time() - started <= 21
        await asyncio.wait_for(setup, 21)
        assert harness.running_tasks() == []
        calls = len(harness.exchange.record.calls)
        await wait_until(lambda: not harness.exchange.stream.connections, within=1)
    await harness.exchange.recover()
    await pass_time(300)
    assert harness.exchange.stream.connections == []
    assert len(harness.exchange.record.calls) <= calls
    _assert_no_error(harness)


@pytest.mark.parametrize("stage", SETUP_STAGES)
async def test_reload_during_a_setup(harness: Harness, stage: Stage) -> None:
    setup = asyncio.create_task(harness.set_up())
    async with at(harness, stage):
        reload = harness.hass.async_create_task(
            harness.hass.config_entries.async_reload(harness.entry.entry_id)
        )
        await pass_time(2)
    await harness.exchange.recover()
    await asyncio.wait([setup, reload])
    await wait_until(
        lambda: harness.entry.state is ConfigEntryState.LOADED and harness.is_connected_and_correct,
        within=600,
    )
    assert len(harness.exchange.stream.connections) == 1
    assert harness.exchange.record.most_live[ACCESS_KEY] == 1
    _assert_no_error(harness)


async def test_new_currency_in_the_middle_of_unloading_leaves_no_entity(
    connected: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    unload_platforms = connected.hass.config_entries.async_unload_platforms

    async def unload_slowly(*arguments: Any) -> bool:
        connected.account.set("ETH", 1)
        await pass_time(1)
        unloaded = await unload_platforms(*arguments)
        connected.account.set("DOGE", 1)
        await pass_time(1)
        return unloaded

    monkeypatch.setattr(connected.hass.config_entries, "async_unload_platforms", unload_slowly)
    assert await connected.hass.config_entries.async_unload(connected.entry.entry_id)
    await connected.hass.async_block_till_done()
    assert connected.total("DOGE") is None
    assert {state.state for state in connected.hass.states.async_all("sensor")} == {"unavailable"}
    _assert_no_error(connected)
    assert await connected.hass.config_entries.async_setup(connected.entry.entry_id)
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    assert connected.total("DOGE") == "1"
