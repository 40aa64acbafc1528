"""The coordinator where no exchange can lead it: faults of our own, failing listeners, and whoever waits."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
import logging

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import callback
import pytest

from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.stats import ConnectionStats
from simulator import ACCESS_KEY
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

BTC, XRP = "sensor.upbit_singapore_btc", "sensor.upbit_singapore_xrp"


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
    connected: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "merge_update", explosive(Ledger.merge_update))
    availability = []
    connected.listeners.async_add_currency("DOGE", lambda: availability.append(connected.is_current))
    connected.account.set("BTC", 7)
    # The frame was lost with the fault; the snapshot after it tells what it said.
    await connected.becomes(BTC, "7")
    await wait_until(lambda: connected.in_sync)
    assert availability == [False, True]
    ((place, count),) = connected.stats.unexpected_errors.items()
    assert count == 1
    assert place.startswith("ExplosionError at explode:")
    assert f"Unexpected {place}; Upbit Singapore starts again" in connected.log.text
    assert connected.exchange.record.most_live == {ACCESS_KEY: 1}
    first, second = connected.stats.connections
    assert first.end == place
    assert first.ended_at is not None
    assert second.ended_at is None
    # What it held in its hands is in no log.
    assert "120 XRP" not in connected.log.text


async def test_fault_of_our_own_at_each_attempt_is_not_a_busy_loop(
    connected: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConnectionStats, "connected", explosive(ConnectionStats.connected, times=3))
    connected.exchange.cut()
    await wait_until(lambda: not connected.is_current)
    assert connected.state(BTC) == STATE_UNAVAILABLE
    await wait_until(lambda: connected.in_sync)
    assert connected.stats.unexpected_errors.total() == 3
    times = [call.at for call in connected.exchange.record.handshakes]
    assert len(times) == 5
    # Half of the first delay at least between one and the next.
    assert all(later - earlier >= 0.5 for earlier, later in pairwise(times[1:]))


async def test_fault_of_our_own_during_set_up_is_retried(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "merge_snapshot", explosive(Ledger.merge_snapshot))
    assert not await harness.set_up()
    assert harness.entry.error_reason_translation_key == "unknown"
    assert await harness.reload()
    assert harness.state(BTC) == "0.6"


async def test_timeout_that_is_not_a_planned_reconnect_is_a_fault(
    connected: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(*_: object) -> None:
        monkeypatch.undo()
        raise TimeoutError

    monkeypatch.setattr(Ledger, "merge_update", time_out)
    connected.account.set("BTC", 7)
    await wait_until(lambda: connected.stats.unexpected_errors)
    await connected.becomes(BTC, "7")
    assert not connected.stats.planned_reconnects


# Listeners


async def test_failing_listener_keeps_no_other_from_being_told(connected: Harness) -> None:
    @callback
    def explode(*_: object) -> None:
        raise ExplosionError("120 XRP")

    told: list[list[str]] = []
    listeners = connected.listeners
    stop = [
        listeners.async_add_currency("BTC", explode),
        listeners.async_add_changes(explode),
        listeners.async_add_changes(lambda changes: told.append([change.currency for change in changes])),
        listeners.async_add_status(explode),
    ]
    for balance in (7, 8):
        connected.account.change({"BTC": (balance, 0), "XRP": (balance, 0)})
        await wait_until(lambda balance=balance: connected.state(XRP) == str(balance))
    assert told == [["BTC"], ["XRP"]] * 2
    assert connected.in_sync
    assert len(connected.exchange.record.handshakes) == 1

    # Neither does it hinder the news that the balances are lost, or are back.
    connected.exchange.go_down()
    await connected.becomes(XRP, STATE_UNAVAILABLE, within=80)
    await connected.exchange.accept_connections()
    await connected.becomes(XRP, "8", within=120)

    ((place, count),) = connected.stats.unexpected_errors.items()
    assert count >= 8
    # Said once, although it comes with every frame.
    assert connected.log.text.count(f"Unexpected {place}") == 1
    assert "120 XRP" not in connected.log.text
    for each in stop:
        each()


async def test_listener_may_stop_itself_while_it_is_told(connected: Harness) -> None:
    told: list[str] = []

    def once(changes: list[Change]) -> None:
        told.append("once")
        stop_once()

    stop_once = connected.listeners.async_add_changes(once)
    stop_other = connected.listeners.async_add_changes(lambda _: told.append("other"))
    connected.account.set("BTC", 7)
    connected.account.set("BTC", 8)
    await wait_until(lambda: len(told) == 3)
    assert told == ["once", "other", "other"]
    stop_other()


# Whoever waits for a snapshot


async def test_refresh_waits_for_a_snapshot_that_was_asked_for_after_it(connected: Harness) -> None:
    async with connected.exchange.hold_snapshots() as gate, asyncio.timeout(5):
        early = asyncio.create_task(connected.refresh())
        await gate.held()
        connected.account.change({"BTC": (7, 0)}, announce=False)
        # The rows that are held do not know of it yet; this one wants others.
        late = asyncio.create_task(connected.refresh())
        asyncio.get_running_loop().call_soon(gate.release)
        await early
        assert connected.state(BTC) == "0.6"
        assert not late.done()
        await late
    assert connected.state(BTC) == "7"


async def test_refreshes_at_once_share_a_snapshot(connected: Harness) -> None:
    before = len(connected.exchange.record.requests("/v1/accounts"))
    await asyncio.gather(*(connected.refresh() for _ in range(20)))
    assert len(connected.exchange.record.requests("/v1/accounts")) == before + 1


async def test_refresh_tells_why_there_was_no_snapshot(connected: Harness) -> None:
    connected.exchange.rest.fail_with(503, times=1)
    with pytest.raises(UpbitError) as caught:
        await connected.refresh()
    assert caught.value.kind is ErrorKind.CANNOT_CONNECT
    # Nobody but the one who asked minds: the stream is up.
    assert connected.state(BTC) == "0.6"
    await connected.refresh()


async def test_refresh_after_the_key_was_refused_does_not_wait_for_ever(connected: Harness) -> None:
    connected.exchange.key.deleted = True
    async with asyncio.timeout(5):
        with pytest.raises(UpbitError) as caught:
            await connected.refresh()
        assert caught.value.kind is ErrorKind.INVALID_ACCESS_KEY
        # While everything ends, and when it has.
        with pytest.raises(UpbitError) as caught:
            await connected.refresh()
        assert caught.value.kind is ErrorKind.INVALID_ACCESS_KEY
        await wait_until(lambda: connected.has_stopped)
        with pytest.raises(UpbitError) as caught:
            await connected.refresh()
        assert caught.value.kind is ErrorKind.UNAUTHORIZED


async def test_refresh_that_is_given_up_disturbs_nobody(connected: Harness) -> None:
    async with connected.exchange.hold_snapshots() as gate, asyncio.timeout(5):
        given_up = asyncio.create_task(connected.refresh())
        other = asyncio.create_task(connected.refresh())
        await gate.held()
        given_up.cancel()
        gate.release()
        await other
    assert given_up.cancelled()
    assert not [record for record in connected.log.records if record.levelno >= logging.ERROR]


async def test_everybody_who_waits_is_told_when_the_entry_is_unloaded(connected: Harness) -> None:
    async with connected.exchange.hold_snapshots() as gate, asyncio.timeout(5):
        waiting = [asyncio.create_task(connected.refresh()) for _ in range(3)]
        await gate.held()
        waiting.append(asyncio.create_task(connected.refresh()))
        assert await connected.unload()
        await asyncio.wait(waiting)
    assert {task.exception().kind for task in waiting} == {ErrorKind.UNKNOWN}


# Reconnects


async def test_snapshot_that_succeeds_again_brings_no_later_reconnect_forward(connected: Harness) -> None:
    connected.exchange.rest.fail_with(503, times=1)
    with pytest.raises(UpbitError):
        await connected.refresh()
    # The exchange is back, but the stream was there all along.
    await connected.refresh()
    lost_at = asyncio.get_running_loop().time()
    connected.exchange.cut()
    await wait_until(lambda: connected.stats.connects == 2)
    # Clients that lost their connections together must not come back together.
    assert connected.exchange.record.handshakes[-1].at - lost_at >= 0.5


# Invalid messages


async def test_entry_can_be_unloaded_while_a_snapshot_is_due(connected: Harness) -> None:
    before = len(connected.exchange.record.calls)
    connected.exchange.stream.send("{")
    await wait_until(lambda: connected.stats.invalid_messages)
    # No timer may be left; the test's own clean-up looks for one.
    assert await connected.unload()
    assert len(connected.exchange.record.calls) == before
