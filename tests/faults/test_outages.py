"""The stream is down, REST is down, or both are: what stays available, and what is logged."""

from itertools import pairwise

import pytest

from custom_components.upbit.api.http import REQUEST_TIMEOUT
from custom_components.upbit.api.websocket import CONNECT_TIMEOUT
from custom_components.upbit.const import TIMINGS
from simulator import SimulatedExchange, most_within
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until


async def test_stream_down_for_an_hour_is_bridged_by_a_snapshot_a_minute(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.handshake.fail_with(503)
    exchange.cut()
    await wait_until(lambda: not connected.shows_connected, within=1)
    started = virtual_loop().time()
    for number in range(60, 0, -1):
        exchange.account.set("BTC", f"0.{number:03}")
        await wait_until(lambda: connected.is_correct, within=62)
        assert not connected.shows_connected
    snapshots = [call for call in exchange.record.requests("/v1/accounts") if call.at > started]
    assert most_within(snapshots, 60) <= 2
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.stream_states == ["on", "off"]
    assert connected.log_lines() == []

    exchange.handshake.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=125)
    assert connected.stream_states == ["on", "off", "on"]


async def test_stream_never_up_since_the_start(harness: Harness) -> None:
    harness.exchange.handshake.hang()
    assert await harness.set_up()
    assert harness.is_correct
    assert not harness.shows_connected
    harness.account.set("BTC", "0.7")
    await wait_until(lambda: harness.is_correct, within=62)
    harness.exchange.handshake.recover()
    await wait_until(lambda: harness.is_connected_and_correct, within=125)
    assert harness.log_lines() == []


REST_FAILURES = {
    "http_500": lambda exchange: exchange.rest.fail_with(500),
    "hang": lambda exchange: exchange.rest.hang(),
}


@pytest.mark.parametrize("failure", REST_FAILURES.values(), ids=REST_FAILURES.keys())
async def test_rest_down_leaves_the_stream_alone(connected: Harness, failure: object) -> None:
    exchange = connected.exchange
    assert callable(failure)
    failure(exchange)
    started = virtual_loop().time()
    for number in range(20, 0, -1):
        exchange.account.set("BTC", number)
        await wait_until(lambda: connected.is_correct, within=1)
        await pass_time(59)
    passed = virtual_loop().time() - started
    assert len(exchange.record.handshakes) == 1
    assert exchange.record.closes == {}
    # A snapshot that failed is repeated with the short backoff.
    assert connected.stats.failed_snapshots.total() < passed / (TIMINGS.longest_snapshot_delay / 2) + 5
    attempts = [call for call in exchange.record.requests("/v1/accounts") if call.at > started]
    longest_gap = TIMINGS.longest_snapshot_delay + REQUEST_TIMEOUT + 1
    assert all(later.at - earlier.at <= longest_gap for earlier, later in pairwise(attempts))
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.stream_states == ["on"]
    assert connected.log_lines() == []

    # The first snapshot that succeeds shows what the stream did not deliver.
    exchange.account.change({"ETH": ("3", "0")}, announce=False)
    exchange.rest.recover()
    await wait_until(lambda: connected.is_correct, within=longest_gap)


def _go_down(exchange: SimulatedExchange) -> None:
    exchange.go_down()


def _answer_503(exchange: SimulatedExchange) -> None:
    exchange.rest.fail_with(503)
    exchange.handshake.fail_with(503)
    exchange.cut()


def _silence(exchange: SimulatedExchange) -> None:
    exchange.silence()


@pytest.mark.parametrize("fail", [_go_down, _answer_503, _silence])
async def test_both_down_is_logged_once_and_so_is_their_return(connected: Harness, fail: object) -> None:
    exchange = connected.exchange
    assert callable(fail)
    fail(exchange)
    await wait_until(lambda: connected.is_unavailable and not connected.shows_connected, within=60)
    exchange.account.set("BTC", "0.7")
    await pass_time(1800)
    assert connected.is_unavailable
    (lost,) = connected.log_lines()
    assert lost.startswith("Upbit Singapore: the balances are unavailable: ")

    await exchange.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=30)
    assert connected.log_lines() == [lost, "Upbit Singapore: the balances are available again"]
    assert connected.shown["BTC"] == ["0.6", "unavailable", "0.7"]
    assert connected.stream_states == ["on", "off", "on"]
    assert connected.stats.times_unavailable == 1


async def test_recovery_is_noticed_also_while_a_handshake_is_pending(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.handshake.hang()
    exchange.rest.fail_with(503)
    exchange.cut()
    await wait_until(lambda: connected.stats.failed_connects["TimeoutError"] == 7, within=600)
    tried = len(exchange.record.handshakes)
    await wait_until(lambda: len(exchange.record.handshakes) > tried, within=130)
    await exchange.recover()  # but that handshake will never be answered
    await connected.refresh()
    await wait_until(lambda: connected.is_connected_and_correct, within=CONNECT_TIMEOUT + 2)


async def test_setup_waits_for_the_exchange_automatically(harness: Harness) -> None:
    harness.exchange.go_down()
    assert not await harness.set_up()
    await pass_time(1800)
    assert harness.exchange.stream.connections == []
    await harness.exchange.accept_connections()
    await wait_until(lambda: harness.total("BTC") == "0.6", within=660)
    await wait_until(lambda: harness.is_connected_and_correct, within=5)
    assert harness.reauth_flows == 0


async def test_balances_are_not_shown_longer_than_they_are_current(connected: Harness) -> None:
    """However long a call takes that fails in the end."""
    exchange = connected.exchange
    exchange.handshake.fail_with(503)
    exchange.cut()
    await pass_time(1)
    await connected.refresh()
    merged = virtual_loop().time()
    exchange.rest.hang()
    await wait_until(lambda: connected.is_unavailable, within=100)
    assert virtual_loop().time() - merged <= TIMINGS.snapshot_interval + TIMINGS.grace + 0.1
