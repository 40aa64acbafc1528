"""Home Assistant stops, or the entry is reloaded, removed or disabled, at any moment: nothing is left of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import CoreState
import pytest

from tests.exchange import ACCESS_KEY

from .clock import clock, pass_time, until
from .world import World

type Moment = Callable[[World, AsyncExitStack], Awaitable[None]]
type Action = Callable[[World], Awaitable[None]]


def _running_tasks() -> list[str]:
    """Return the integration's tasks."""
    codes = {task: getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()}
    return [
        repr(task) for task, code in codes.items() if code and "custom_components/upbit" in code.co_filename
    ]


# Moments of an entry that is loaded


async def _live(world: World, stack: AsyncExitStack) -> None:
    assert world.live_and_right


async def _connecting(world: World, stack: AsyncExitStack) -> None:
    world.exchange.handshake.hang()
    world.exchange.cut()
    await world.exchange.until(lambda: len(world.exchange.record.handshakes) == 2)


async def _subscribing(world: World, stack: AsyncExitStack) -> None:
    world.exchange.cut()
    await world.exchange.until(lambda: not world.exchange.stream.connections)
    await world.exchange.until(lambda: bool(world.exchange.stream.connections))
    assert not world.exchange.stream.subscriptions


async def _subscribed(world: World, stack: AsyncExitStack) -> None:
    world.exchange.cut()
    await world.exchange.until(lambda: not world.exchange.stream.connections)
    await world.exchange.subscribed()


async def _reconciling(world: World, stack: AsyncExitStack) -> None:
    gate = await stack.enter_async_context(world.exchange.hold_snapshots())
    world.exchange.cut()
    await gate.held()


async def _reading_a_slow_body(world: World, stack: AsyncExitStack) -> None:
    world.exchange.rest.drip(0.1)
    world.exchange.cut()
    await world.exchange.until(lambda: world.exchange.record.calls[-1].path == "/v1/accounts")
    await pass_time(1)


async def _refreshing(world: World, stack: AsyncExitStack) -> None:
    gate = await stack.enter_async_context(world.exchange.hold_snapshots())

    async def refresh() -> None:
        try:
            await world.coordinator.async_refresh()
        except Exception:  # noqa: BLE001 - however it ends, it must end
            return

    task = asyncio.create_task(refresh())
    stack.push_async_callback(asyncio.wait_for, task, 30)
    await gate.held()


async def _confirming(world: World, stack: AsyncExitStack) -> None:
    world.exchange.account.change({"BTC": ("0.7", "0")}, announce=False)
    await world.coordinator.async_refresh()


async def _after_a_bad_frame(world: World, stack: AsyncExitStack) -> None:
    world.exchange.stream.send(b"hello")
    await until(lambda: world.coordinator.statistics.refused_frames["not_json"] == 1, within=1)


async def _waiting_to_reconnect(world: World, stack: AsyncExitStack) -> None:
    world.exchange.handshake.fail_with(503)
    world.exchange.cut()
    await until(lambda: world.coordinator.statistics.failed_connects["http_503"] == 4, within=30)


async def _in_doubt_of_the_key(world: World, stack: AsyncExitStack) -> None:
    world.exchange.handshake.fail_with(401)
    world.exchange.rest.fail_with(503)
    world.exchange.cut()
    await until(lambda: world.coordinator.statistics.failed_connects["http_401"] == 1, within=5)


async def _blocked(world: World, stack: AsyncExitStack) -> None:
    world.exchange.handshake.fail_with(418)
    world.exchange.cut()
    await until(lambda: world.coordinator.gate.remaining() > 0, within=5)


async def _half_open(world: World, stack: AsyncExitStack) -> None:
    world.exchange.half_open()
    await pass_time(25)  # a ping is out, and no pong will come


async def _closing(world: World, stack: AsyncExitStack) -> None:
    world.exchange.half_open()
    world.coordinator.reconnect("test")
    await pass_time(0.5)


async def _amid_a_flood(world: World, stack: AsyncExitStack) -> None:
    for number in range(1, 200):
        world.exchange.account.set(f"C{number}", number)
    await until(lambda: world.coordinator.statistics.frames > 0, within=1)


async def _silenced(world: World, stack: AsyncExitStack) -> None:
    world.exchange.silence()
    await until(lambda: not world.stream_shown_live, within=40)


async def _both_down(world: World, stack: AsyncExitStack) -> None:
    world.exchange.go_down()
    await until(lambda: world.unavailable, within=40)


async def _key_dead(world: World, stack: AsyncExitStack) -> None:
    world.exchange.key.deleted = True
    world.exchange.cut()
    await until(lambda: world.reauth_flows() == 1, within=10)


MOMENTS: list[Moment] = [
    _live,
    _connecting,
    _subscribing,
    _subscribed,
    _reconciling,
    _reading_a_slow_body,
    _refreshing,
    _confirming,
    _after_a_bad_frame,
    _waiting_to_reconnect,
    _in_doubt_of_the_key,
    _blocked,
    _half_open,
    _closing,
    _amid_a_flood,
    _silenced,
    _both_down,
    _key_dead,
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


@asynccontextmanager
async def _at(world: World, moment: Moment) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await moment(world, stack)
        yield


def _assert_no_trouble(world: World) -> None:
    assert world.log_lines(logging.ERROR) == []
    assert [record for record in world.log.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("action", [_unload, _disable, _remove, _stop])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_nothing_is_left(live: World, moment: Moment, action: Action) -> None:
    async with _at(live, moment):
        assert bool(_running_tasks()) is (moment is not _key_dead)
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


@pytest.mark.parametrize("moment", [moment for moment in MOMENTS if moment is not _key_dead])
async def test_reload_begins_anew(live: World, moment: Moment) -> None:
    async with _at(live, moment):
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


# Moments of an entry that is being set up


async def _handshake_under_way(world: World, stack: AsyncExitStack) -> None:
    world.exchange.handshake.hang()
    await world.exchange.until(lambda: bool(world.exchange.record.handshakes))


async def _handshake_accepted(world: World, stack: AsyncExitStack) -> None:
    await world.exchange.until(lambda: bool(world.exchange.stream.connections))


async def _subscription_taken(world: World, stack: AsyncExitStack) -> None:
    await world.exchange.subscribed()


async def _first_snapshot_under_way(world: World, stack: AsyncExitStack) -> None:
    gate = await stack.enter_async_context(world.exchange.hold_snapshots())
    await gate.held()


async def _first_snapshot_unanswered(world: World, stack: AsyncExitStack) -> None:
    world.exchange.rest.hang()
    await world.exchange.until(lambda: bool(world.exchange.record.requests("/v1/accounts")))


async def _waiting_for_another_attempt(world: World, stack: AsyncExitStack) -> None:
    world.exchange.rest.fail_with(503)
    await until(lambda: world.entry.state is ConfigEntryState.SETUP_RETRY, within=30)


SETUP_MOMENTS: list[Moment] = [
    _handshake_under_way,
    _handshake_accepted,
    _subscription_taken,
    _first_snapshot_under_way,
    _first_snapshot_unanswered,
    _waiting_for_another_attempt,
]


@pytest.mark.parametrize("action", [_remove, _stop])
@pytest.mark.parametrize("moment", SETUP_MOMENTS)
async def test_nothing_is_left_of_a_setup(world: World, moment: Moment, action: Action) -> None:
    setup = asyncio.create_task(world.set_up())
    async with _at(world, moment):
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
    async with _at(world, moment):
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
