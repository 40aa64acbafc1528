"""The stream's connection is lost: it is replaced automatically, and no change is missed."""

from collections.abc import Callable

import pytest

from custom_components.upbit.const import TIMINGS
from simulator import SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

type Way = Callable[[SimulatedExchange], None]

WAYS: dict[str, Way] = {
    "close_1000": lambda exchange: exchange.close_all(1000),
    "cut": lambda exchange: exchange.cut(),
    "error_frame_left_open": lambda exchange: exchange.stream.send_error("INVALID_PARAM", close=False),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_lost_connection_is_replaced_within_seconds(connected: Harness, way: Way) -> None:
    before = connected.stats.connects
    way(connected.exchange)
    await wait_until(lambda: not connected.shows_connected, within=1)
    # No frame is ever sent about this one, because it happens while there is no connection.
    connected.account.change({"BTC": ("0.75", "0"), "ETH": ("2", "0")})
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    assert connected.stats.connects == before + 1
    # So short a loss is neither shown nor logged.
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []
    # After it the stream delivers again.
    snapshots = connected.stats.snapshots
    connected.account.set("BTC", "0.8")
    await wait_until(lambda: connected.is_correct, within=1)
    assert connected.stats.snapshots == snapshots


FAILING_HANDSHAKES: dict[str, Way] = {
    "maintenance_page": lambda exchange: exchange.handshake.fail_with(
        503, "<html>Maintenance</html>", content_type="text/html", times=3
    ),
    "no_upgrade": lambda exchange: exchange.handshake.fail_with(200, "[]", times=3),
    "never_answered": lambda exchange: exchange.handshake.hang(times=3),
    "truncated": lambda exchange: exchange.handshake.truncate(times=3),
}


@pytest.mark.parametrize("failure", FAILING_HANDSHAKES.values(), ids=FAILING_HANDSHAKES.keys())
async def test_snapshots_keep_the_balances_correct_while_handshakes_fail(
    connected: Harness, failure: Way
) -> None:
    failure(connected.exchange)
    connected.exchange.cut()
    await wait_until(lambda: not connected.shows_connected, within=1)
    connected.account.set("BTC", "0.8")
    await wait_until(lambda: connected.is_correct, within=TIMINGS.snapshot_interval)
    await wait_until(lambda: connected.is_connected_and_correct, within=60)
    assert len(connected.exchange.record.handshakes) >= 5
    assert "unavailable" not in connected.shown["BTC"]


async def test_connection_that_held_is_replaced_quickly_however_often_it_is_lost(connected: Harness) -> None:
    for _ in range(5):
        await pass_time(TIMINGS.held + 1)
        connected.exchange.cut()
        await wait_until(lambda: not connected.shows_connected, within=1)
        assert await wait_until(lambda: connected.shows_connected, within=2) <= 1.1


async def test_connection_that_did_not_hold_is_replaced_ever_more_slowly(connected: Harness) -> None:
    waits = []
    for _ in range(5):
        await pass_time(TIMINGS.held - 10)
        connected.exchange.cut()
        await wait_until(lambda: not connected.shows_connected, within=1)
        waits.append(await wait_until(lambda: connected.shows_connected, within=60))
    for number, wait in enumerate(waits):
        assert 2.0**number / 2 <= wait <= 2.0**number + 0.1


async def test_connection_that_held_and_was_replaced_by_us_counts_as_well(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.handshake.fail_with(503)
    exchange.cut()
    await pass_time(600)
    exchange.handshake.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.longest_delay + 5)
    await pass_time(TIMINGS.held + 1)
    exchange.handshake.fail_with(503, times=1)
    connected.replace_stream()
    await wait_until(lambda: exchange.handshake.fault is None, within=1)
    assert await wait_until(lambda: connected.is_connected_and_correct, within=5) <= 1.1
