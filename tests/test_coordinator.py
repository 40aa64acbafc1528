"""The coordinator where no exchange is involved: bugs, listeners that raise, and waiting for a snapshot."""

import asyncio
from decimal import Decimal
from itertools import pairwise
import logging
from unittest.mock import Mock

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import callback
import pytest

from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.listeners import async_get_followers
from custom_components.upbit.stats import ConnectionStats
from simulator import ACCESS_KEY
from tests.helpers.bugs import ExplosionError, explosive
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

BTC, XRP = "sensor.upbit_singapore_btc", "sensor.upbit_singapore_xrp"


# Bugs


async def test_bug_is_logged_once_and_the_account_starts_again(
    connected: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "merge_update", explosive(Ledger.merge_update))
    availability = []
    connected.listeners.async_add_currency("DOGE", lambda: availability.append(connected.is_current))
    connected.account.set("BTC", 7)
    # The frame was lost, and the next snapshot shows what was in it.
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
    assert "120 XRP" not in connected.log.text


async def test_bug_at_each_attempt_is_not_a_busy_loop(
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


async def test_bug_during_set_up_is_retried(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "merge_snapshot", explosive(Ledger.merge_snapshot))
    assert not await harness.set_up()
    assert harness.entry.error_reason_translation_key == "unknown"
    assert await harness.reload()
    assert harness.state(BTC) == "0.6"


async def test_timeout_that_is_no_planned_reconnect_is_a_bug(
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


async def test_listener_that_raises_keeps_no_other_from_being_notified(connected: Harness) -> None:
    @callback
    def explode(*_: object) -> None:
        raise ExplosionError("120 XRP")

    notified: list[list[str]] = []
    listeners = connected.listeners
    stop = [
        listeners.async_add_currency("BTC", explode),
        listeners.async_add_changes(explode),
        listeners.async_add_changes(lambda changes: notified.append([change.currency for change in changes])),
        listeners.async_add_status(explode),
    ]
    for balance in (7, 8):
        connected.account.change({"BTC": (balance, 0), "XRP": (balance, 0)})
        await wait_until(lambda balance=balance: connected.state(XRP) == str(balance))
    assert notified == [["BTC"], ["XRP"]] * 2
    assert connected.in_sync
    assert len(connected.exchange.record.handshakes) == 1

    # Availability is notified as well.
    connected.exchange.go_down()
    await connected.becomes(XRP, STATE_UNAVAILABLE, within=80)
    await connected.exchange.accept_connections()
    await connected.becomes(XRP, "8", within=120)

    ((place, count),) = connected.stats.unexpected_errors.items()
    assert count >= 8
    # Logged once, although every frame raises it.
    assert connected.log.text.count(f"Unexpected {place}") == 1
    assert "120 XRP" not in connected.log.text
    for each in stop:
        each()


async def test_listener_may_remove_itself_while_it_is_notified(connected: Harness) -> None:
    notified: list[str] = []

    def once(changes: list[Change]) -> None:
        notified.append("once")
        stop_once()

    stop_once = connected.listeners.async_add_changes(once)
    stop_other = connected.listeners.async_add_changes(lambda _: notified.append("other"))
    connected.account.set("BTC", 7)
    connected.account.set("BTC", 8)
    await wait_until(lambda: len(notified) == 3)
    assert notified == ["once", "other", "other"]
    stop_other()


@pytest.mark.parametrize("kind", ["changes", "availability"])
async def test_follower_that_a_listener_removes_is_not_notified_any_more(
    connected: Harness, kind: str
) -> None:
    """A change may turn an automation off, which then must not begin to wait for its `for`."""
    follower = Mock()
    followers = async_get_followers(connected.hass, connected.entry.entry_id)
    remove = getattr(followers, kind).add(follower)
    end = getattr(connected.listeners, f"async_add_{kind}")(lambda _: remove())
    getattr(connected.listeners, f"async_notify_{kind}")([])
    follower.assert_not_called()
    end()


async def test_changes_are_notified_once_the_balances_are_available(connected: Harness) -> None:
    """As one of each currency, by which triggers and conditions know the number before and after."""
    notified = []
    stop = connected.listeners.async_add_changes(
        lambda changes: notified.append(
            (connected.is_current, {each.currency: (each.before.total, each.after.total) for each in changes})
        )
    )
    connected.exchange.rest.fail_with(503)
    connected.exchange.cut()
    await wait_until(lambda: not connected.is_current, within=20)
    await wait_until(lambda: connected.stream_connected, within=300)
    xrp = connected.ledger.holding("XRP").total
    connected.account.change({"BTC": ("0.7", 0), "XRP": ("3.5", 0)})
    await wait_until(lambda: connected.ledger.holding("XRP").total == Decimal("3.5"))
    connected.account.change({"BTC": ("0.8", 0), "XRP": (xrp, 0)})
    await wait_until(lambda: connected.ledger.holding("XRP").total == xrp)
    assert notified == []
    # What the next snapshot shows belongs to them, and what can't be decoded waits longer.
    connected.account.change({"BTC": ("0.9", 0)}, announce=False)
    connected.account.set("ETH", "2")
    await wait_until(lambda: connected.ledger.holding("ETH").total == 2)
    connected.exchange.rest.recover()
    connected.exchange.rest.row_faults["ETH"] = {"balance": "x"}
    await wait_until(lambda: connected.in_sync, within=60)
    assert notified == [(True, {"BTC": (Decimal("0.6"), Decimal("0.9"))})]
    connected.exchange.rest.row_faults.clear()
    connected.account.set("ETH", "3")
    await wait_until(lambda: len(notified) == 2)
    assert notified[1:] == [(True, {"ETH": (Decimal(0), Decimal(3))})]
    stop()


# Waiting for a snapshot


async def test_refresh_waits_for_a_snapshot_that_is_requested_after_it(connected: Harness) -> None:
    async with connected.exchange.hold_snapshots() as held, asyncio.timeout(5):
        early = asyncio.create_task(connected.refresh())
        await held.held()
        connected.account.change({"BTC": (7, 0)}, announce=False)
        # The held rows are from before the change.
        late = asyncio.create_task(connected.refresh())
        asyncio.get_running_loop().call_soon(held.release)
        await early
        assert connected.state(BTC) == "0.6"
        assert not late.done()
        await late
    assert connected.state(BTC) == "7"


async def test_simultaneous_refreshes_share_a_snapshot(connected: Harness) -> None:
    before = len(connected.exchange.record.requests("/v1/accounts"))
    await asyncio.gather(*(connected.refresh() for _ in range(20)))
    assert len(connected.exchange.record.requests("/v1/accounts")) == before + 1


async def test_refresh_fails_immediately_once_the_key_is_rejected(connected: Harness) -> None:
    connected.exchange.key.deleted = True
    async with asyncio.timeout(5):
        with pytest.raises(UpbitError) as caught:
            await connected.refresh()
        assert caught.value.kind is ErrorKind.INVALID_ACCESS_KEY
        # While the coordinator stops, and afterwards.
        with pytest.raises(UpbitError) as caught:
            await connected.refresh()
        assert caught.value.kind is ErrorKind.INVALID_ACCESS_KEY
        await wait_until(lambda: not connected.account_tasks())
        with pytest.raises(UpbitError) as caught:
            await connected.refresh()
        assert caught.value.kind is ErrorKind.UNAUTHORIZED


async def test_cancelled_refresh_does_not_affect_another_one(connected: Harness) -> None:
    async with connected.exchange.hold_snapshots() as held, asyncio.timeout(5):
        cancelled = asyncio.create_task(connected.refresh())
        other = asyncio.create_task(connected.refresh())
        await held.held()
        cancelled.cancel()
        held.release()
        await other
    assert cancelled.cancelled()
    assert not [record for record in connected.log.records if record.levelno >= logging.ERROR]
