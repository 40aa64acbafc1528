"""The stream's connection is lost, in every way it can be: it is back by itself, and nothing was missed."""

from collections.abc import Callable
from http import HTTPStatus
from itertools import pairwise

import pytest

from custom_components.upbit.const import TIMINGS
from simulator import SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

type Way = Callable[[SimulatedExchange], None]

WAYS: dict[str, Way] = {
    "close_1000": lambda exchange: exchange.close_all(1000),
    "close_1001": lambda exchange: exchange.close_all(1001),
    "close_1011": lambda exchange: exchange.close_all(1011),
    "close_4000": lambda exchange: exchange.close_all(4000, b"maintenance"),
    "cut": lambda exchange: exchange.cut(),
    "error_frame": lambda exchange: exchange.stream.send_error("WRONG_FORMAT"),
    "unknown_error_frame": lambda exchange: exchange.stream.send_error("SOMETHING_NEW"),
    "error_frame_left_open": lambda exchange: exchange.stream.send_error("INVALID_PARAM", close=False),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_lost_connection_is_replaced_within_seconds(connected: Harness, way: Way) -> None:
    before = connected.stats.connects
    way(connected.exchange)
    await wait_until(lambda: not connected.shows_connected, within=1)
    # No frame will ever tell of this one: it happens while there is no connection.
    connected.account.change({"BTC": ("0.75", "0"), "ETH": ("2", "0")})
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    assert connected.stats.connects == before + 1
    assert connected.total("BTC") == "0.75"
    assert connected.total("ETH") == "2"
    # For so short a loss nobody has to be told anything.
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_changes_reach_the_sensors_after_each_reconnect(connected: Harness, way: Way) -> None:
    for number in range(1, 4):
        way(connected.exchange)
        await wait_until(lambda: not connected.shows_connected, within=1)
        await wait_until(lambda: connected.is_connected_and_correct, within=15)
        snapshots = connected.stats.snapshots
        connected.account.set("BTC", number)
        await wait_until(lambda: connected.is_correct, within=1)
        assert connected.stats.snapshots == snapshots  # it was the stream that told


FAILING_HANDSHAKES: dict[str, Way] = {
    "cut": lambda exchange: exchange.handshake.cut(times=3),
    "http_500": lambda exchange: exchange.handshake.fail_with(500, times=3),
    "maintenance_page": lambda exchange: exchange.handshake.fail_with(
        503, "<html>Maintenance</html>", content_type="text/html", times=3
    ),
    "no_upgrade": lambda exchange: exchange.handshake.fail_with(200, "[]", times=3),
    "bad_request": lambda exchange: exchange.handshake.fail_with(400, times=3),
    "never_answered": lambda exchange: exchange.handshake.hang(times=3),
    "truncated": lambda exchange: exchange.handshake.truncate(times=3),
}


@pytest.mark.parametrize("failure", FAILING_HANDSHAKES.values(), ids=FAILING_HANDSHAKES.keys())
async def test_connection_lost_during_the_handshake(connected: Harness, failure: Way) -> None:
    failure(connected.exchange)
    connected.exchange.cut()
    await wait_until(lambda: not connected.shows_connected, within=1)
    connected.account.set("BTC", "0.8")
    # Snapshots keep the sensors right while the handshakes fail.
    await wait_until(lambda: connected.is_correct, within=TIMINGS.snapshot_interval)
    await wait_until(lambda: connected.is_connected_and_correct, within=60)
    accepted = [
        call for call in connected.exchange.record.handshakes if call.status == HTTPStatus.SWITCHING_PROTOCOLS
    ]
    assert len(accepted) == 2
    assert len(connected.exchange.record.handshakes) >= 5
    assert "unavailable" not in connected.shown["BTC"]


AFTER_SUBSCRIBING: dict[str, Callable[..., None]] = {
    "close_1000": lambda connection: connection.close(1000),
    "cut": lambda connection: connection.cut(),
    "error_frame": lambda connection: connection.close_with_error("WRONG_FORMAT"),
}


@pytest.mark.parametrize("end", AFTER_SUBSCRIBING.values(), ids=AFTER_SUBSCRIBING.keys())
async def test_connection_lost_right_after_subscribing(connected: Harness, end: Callable[..., None]) -> None:
    exchange = connected.exchange
    exchange.stream.after_subscribe = end
    exchange.cut()
    await wait_until(lambda: len(exchange.record.handshakes) == 5, within=60)
    exchange.account.set("BTC", "0.9")
    exchange.stream.after_subscribe = None
    await wait_until(lambda: connected.is_connected_and_correct, within=60)
    assert "unavailable" not in connected.shown["BTC"]


async def test_attempts_back_off_from_a_second_to_two_minutes(connected: Harness) -> None:
    connected.exchange.handshake.fail_with(503)
    connected.exchange.cut()
    lost = virtual_loop().time()
    await pass_time(3600)
    attempts = [call.at for call in connected.exchange.record.handshakes if call.at > lost]
    assert 0.5 <= attempts[0] - lost <= 1.1
    for number, (earlier, later) in enumerate(pairwise(attempts), 1):
        step = min(2.0**number, 120)
        assert step / 2 <= later - earlier <= step + 0.1
    assert len(attempts) >= 30


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


async def test_right_within_seconds_of_the_exchange_being_back(connected: Harness) -> None:
    for minutes in (3, 30):
        connected.exchange.go_down()
        await pass_time(minutes * 60)
        assert connected.is_unavailable
        connected.account.set("BTC", minutes)
        await connected.exchange.accept_connections()
        await wait_until(
            lambda: connected.is_connected_and_correct, within=TIMINGS.longest_snapshot_delay + 2
        )


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
