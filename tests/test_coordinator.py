"""The coordinator where no exchange can lead it: faults of our own, failing listeners, and whoever waits."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
import logging

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, callback
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.const import TIMINGS
from custom_components.upbit.coordinator import UpbitCoordinator
from custom_components.upbit.stats import ConnectionStats
from simulator import ACCESS_KEY, SimulatedExchange
from tests.waiting import until

BTC, XRP = "sensor.upbit_singapore_btc", "sensor.upbit_singapore_xrp"


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    timings = replace(TIMINGS, first_delay=0.1, longest_delay=0.2, recheck=0.1, delivery=0.2)
    monkeypatch.setattr("custom_components.upbit.coordinator.TIMINGS", timings)


class ExplosionError(Exception):
    """A fault of our own, whose text carries what it held in its hands."""


def explosive(original: Callable[..., object], times: int = 1) -> Callable[..., object]:
    """Return a function that fails some times, and then does what the original does."""
    left = times

    def explode(*arguments: object) -> object:
        nonlocal left
        if left:
            left -= 1
            raise ExplosionError("120 XRP")
        return original(*arguments)

    return explode


# Faults of our own


async def test_fault_of_our_own_ends_neither_the_stream_nor_in_silence(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(Ledger, "merge_update", explosive(Ledger.merge_update))
    availability = []
    coordinator.listeners.async_add_currency("DOGE", lambda: availability.append(coordinator.available))
    exchange.account.set("BTC", 7)
    # The frame was lost with the fault; the snapshot after it tells what it said.
    await until(lambda: hass.states.get(BTC).state == "7")
    await until(lambda: coordinator.sync.in_sync)
    assert availability == [False, True]
    ((place, count),) = coordinator.stats.unexpected_errors.items()
    assert count == 1
    assert place.startswith("ExplosionError at explode:")
    assert f"Unexpected {place}; Upbit Singapore starts again" in caplog.text
    assert exchange.record.most_live == {ACCESS_KEY: 1}
    first, second = coordinator.stats.connections
    assert first.end == place
    assert first.ended_at is not None
    assert second.ended_at is None
    # What it held in its hands is in no log.
    assert "120 XRP" not in caplog.text


async def test_fault_of_our_own_at_each_attempt_is_not_a_busy_loop(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ConnectionStats, "connected", explosive(ConnectionStats.connected, times=3))
    exchange.cut()
    await until(lambda: not coordinator.available)
    assert hass.states.get(BTC).state == STATE_UNAVAILABLE
    await until(lambda: coordinator.sync.in_sync)
    assert coordinator.stats.unexpected_errors.total() == 3
    times = [call.at for call in exchange.record.handshakes]
    assert len(times) == 5
    # Half of the first delay at least between one and the next.
    assert all(later - earlier > 0.049 for earlier, later in pairwise(times[1:]))


async def test_fault_of_our_own_during_set_up_is_retried(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "merge_snapshot", explosive(Ledger.merge_snapshot))
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "unknown"
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(BTC).state == "0.6"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_timeout_that_is_not_a_planned_reconnect_is_a_fault(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def time_out(*_: object) -> None:
        monkeypatch.undo()
        raise TimeoutError

    monkeypatch.setattr(Ledger, "merge_update", time_out)
    exchange.account.set("BTC", 7)
    await until(lambda: coordinator.stats.unexpected_errors)
    await until(lambda: hass.states.get(BTC).state == "7")
    assert not coordinator.stats.planned_reconnects


# Listeners


async def test_failing_listener_keeps_no_other_from_being_told(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    @callback
    def explode(*_: object) -> None:
        raise ExplosionError("120 XRP")

    told: list[list[str]] = []
    listeners = coordinator.listeners
    stop = [
        listeners.async_add_currency("BTC", explode),
        listeners.async_add_changes(explode),
        listeners.async_add_changes(lambda changes: told.append([change.currency for change in changes])),
        listeners.async_add_health(explode),
    ]
    for balance in (7, 8):
        exchange.account.change({"BTC": (balance, 0), "XRP": (balance, 0)})
        await until(lambda balance=balance: hass.states.get(XRP).state == str(balance))
    assert told == [["BTC"], ["XRP"]] * 2
    assert coordinator.sync.in_sync
    assert len(exchange.record.handshakes) == 1

    # Neither does it hinder the news that the balances are lost, or are back.
    coordinator.sync._timings = replace(TIMINGS, grace=0)
    exchange.go_down()
    await until(lambda: hass.states.get(XRP).state == STATE_UNAVAILABLE)
    await exchange.accept_connections()
    await until(lambda: hass.states.get(XRP).state == "8")

    ((place, count),) = coordinator.stats.unexpected_errors.items()
    assert count >= 8
    # Said once, although it comes with every frame.
    assert caplog.text.count(f"Unexpected {place}") == 1
    assert "120 XRP" not in caplog.text
    for each in stop:
        each()


async def test_listener_may_stop_itself_while_it_is_told(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    told: list[str] = []

    def once(changes: list[Change]) -> None:
        told.append("once")
        stop_once()

    stop_once = coordinator.listeners.async_add_changes(once)
    stop_other = coordinator.listeners.async_add_changes(lambda _: told.append("other"))
    exchange.account.set("BTC", 7)
    exchange.account.set("BTC", 8)
    await until(lambda: len(told) == 3)
    assert told == ["once", "other", "other"]
    stop_other()


# Whoever waits for a snapshot


async def test_refresh_waits_for_a_snapshot_that_was_asked_for_after_it(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    async with exchange.hold_snapshots() as gate, asyncio.timeout(5):
        early = asyncio.create_task(coordinator.async_refresh())
        await gate.held()
        exchange.account.change({"BTC": (7, 0)}, announce=False)
        # The rows that are held do not know of it yet; this one wants others.
        late = asyncio.create_task(coordinator.async_refresh())
        asyncio.get_running_loop().call_soon(gate.release)
        await early
        assert hass.states.get(BTC).state == "0.6"
        assert not late.done()
        await late
    assert hass.states.get(BTC).state == "7"


async def test_refreshes_at_once_share_a_snapshot(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    before = len(exchange.record.requests("/v1/accounts"))
    await asyncio.gather(*(coordinator.async_refresh() for _ in range(20)))
    assert len(exchange.record.requests("/v1/accounts")) == before + 1


async def test_refresh_tells_why_there_was_no_snapshot(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    exchange.rest.fail_with(503, times=1)
    with pytest.raises(UpbitError) as caught:
        await coordinator.async_refresh()
    assert caught.value.kind is ErrorKind.CANNOT_CONNECT
    # Nobody but the one who asked minds: the stream is up.
    assert hass.states.get(BTC).state == "0.6"
    await coordinator.async_refresh()


async def test_refresh_after_the_key_was_refused_does_not_wait_for_ever(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    exchange.key.deleted = True
    async with asyncio.timeout(5):
        with pytest.raises(UpbitError) as caught:
            await coordinator.async_refresh()
        assert caught.value.kind is ErrorKind.INVALID_ACCESS_KEY
        # While everything ends, and when it has.
        with pytest.raises(UpbitError) as caught:
            await coordinator.async_refresh()
        assert caught.value.kind is ErrorKind.INVALID_ACCESS_KEY
        await until(coordinator._task.done)
        with pytest.raises(UpbitError) as caught:
            await coordinator.async_refresh()
        assert caught.value.kind is ErrorKind.UNAUTHORIZED
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_refresh_that_is_given_up_disturbs_nobody(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with exchange.hold_snapshots() as gate, asyncio.timeout(5):
        given_up = asyncio.create_task(coordinator.async_refresh())
        other = asyncio.create_task(coordinator.async_refresh())
        await gate.held()
        given_up.cancel()
        gate.release()
        await other
    assert given_up.cancelled()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_everybody_who_waits_is_told_when_the_entry_is_unloaded(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    async with exchange.hold_snapshots() as gate, asyncio.timeout(5):
        waiting = [asyncio.create_task(coordinator.async_refresh()) for _ in range(3)]
        await gate.held()
        waiting.append(asyncio.create_task(coordinator.async_refresh()))
        assert await hass.config_entries.async_unload(entry.entry_id)
        await asyncio.wait(waiting)
    assert {task.exception().kind for task in waiting} == {ErrorKind.UNKNOWN}


# A stream that does not tell


async def test_stream_that_does_not_tell_what_a_snapshot_showed_is_replaced(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    exchange.account.change({"BTC": (7, 0)}, announce=False)
    await coordinator.async_refresh()
    await until(lambda: coordinator.stats.connects == 2 and coordinator.sync.in_sync)
    assert coordinator.stats.planned_reconnects == {"deaf": 1}
    assert coordinator.sync.missed_updates == 1


async def test_stream_is_not_blamed_for_what_the_one_before_it_did_not_tell(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    exchange.account.change({"BTC": (7, 0)}, announce=False)
    async with exchange.hold_snapshots() as gate:
        refreshing = asyncio.create_task(coordinator.async_refresh())
        async with asyncio.timeout(5):
            await gate.held()
        exchange.cut()
        await until(lambda: coordinator.stats.connects == 2)
    await refreshing
    assert hass.states.get(BTC).state == "7"
    await until(lambda: coordinator.sync.in_sync)
    # Longer than the time to confirm.
    told = asyncio.get_running_loop().time()
    await until(lambda: asyncio.get_running_loop().time() > told + 0.4)
    assert not coordinator.stats.planned_reconnects
    assert not coordinator.sync.missed_updates


async def test_snapshot_that_succeeds_again_hastens_no_later_reconnect(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator
) -> None:
    exchange.rest.fail_with(503, times=1)
    with pytest.raises(UpbitError):
        await coordinator.async_refresh()
    # The exchange is back, but the stream was there all along.
    await coordinator.async_refresh()
    lost_at = asyncio.get_running_loop().time()
    exchange.cut()
    await until(lambda: coordinator.stats.connects == 2)
    # Clients that lost their connections together must not come back together.
    assert exchange.record.handshakes[-1].at - lost_at > 0.049


# Frames that cannot be used


async def test_frames_that_cannot_be_used_cost_one_snapshot_and_one_line_in_the_log(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = len(exchange.record.requests("/v1/accounts"))
    exchange.account.change({"BTC": (7, 0)}, announce=False)
    for _ in range(20):
        exchange.stream.send('{"type":"myAsset","assets":[{"currency":"BTC","balance":7}]}')
    await until(lambda: hass.states.get(BTC).state == "7")
    assert coordinator.stats.invalid_messages == {"missing_key": 20}
    assert len(exchange.record.requests("/v1/accounts")) == before + 1
    assert caplog.text.count("a frame was refused whole: missing_key") == 1


async def test_entry_can_be_unloaded_while_a_snapshot_is_due(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    before = len(exchange.record.calls)
    exchange.stream.send("{")
    await until(lambda: coordinator.stats.invalid_messages)
    # No timer may be left; the test's own clean-up looks for one.
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert len(exchange.record.calls) == before
