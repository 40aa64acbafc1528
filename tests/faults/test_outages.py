"""The stream is down, REST is down, or both are: what stays available, and what is said about it."""

import pytest

from custom_components.upbit.api.stream import CONNECT_TIMEOUT
from custom_components.upbit.const import TIMINGS
from simulator import SimulatedExchange, most_within

from .clock import clock, pass_time, until
from .world import World


async def test_stream_down_for_an_hour_is_bridged_by_a_snapshot_a_minute(live: World) -> None:
    exchange = live.exchange
    exchange.handshake.fail_with(503)
    exchange.cut()
    await until(lambda: not live.stream_shown_live, within=1)
    started = clock().time()
    for number in range(1, 61):
        exchange.account.set("BTC", number)
        await until(lambda: live.right, within=62)
        assert not live.stream_shown_live
    snapshots = [call for call in exchange.record.requests("/v1/accounts") if call.at > started]
    assert most_within(snapshots, 60) <= 2
    assert "unavailable" not in live.shown["BTC"]
    assert live.stream_states == ["on", "off"]
    assert live.log_lines() == []

    exchange.handshake.recover()
    await until(lambda: live.live_and_right, within=125)
    assert live.stream_states == ["on", "off", "on"]


async def test_stream_never_up_since_the_start(world: World) -> None:
    world.exchange.handshake.hang()
    assert await world.set_up()
    assert world.right
    assert not world.stream_shown_live
    world.exchange.account.set("BTC", "0.7")
    await until(lambda: world.right, within=62)
    world.exchange.handshake.recover()
    await until(lambda: world.live_and_right, within=125)
    assert world.log_lines() == []


REST_FAILURES = {
    "http_500": lambda exchange: exchange.rest.fail_with(500),
    "hang": lambda exchange: exchange.rest.hang(),
    "cut": lambda exchange: exchange.rest.cut(),
    "maintenance_page": lambda exchange: exchange.rest.fail_with(503, "<html>", content_type="text/html"),
}


@pytest.mark.parametrize("failure", REST_FAILURES.values(), ids=REST_FAILURES.keys())
async def test_rest_down_leaves_the_stream_alone(live: World, failure: object) -> None:
    exchange = live.exchange
    assert callable(failure)
    failure(exchange)
    started = clock().time()
    for number in range(1, 61):
        exchange.account.set("BTC", number)
        await until(lambda: live.right, within=1)
        await pass_time(59)
    assert len(exchange.record.handshakes) == 1
    assert exchange.record.closes == {}
    # With the stream there is no hurry.
    attempts = [call for call in exchange.record.requests("/v1/accounts") if call.at > started]
    assert attempts
    assert most_within(attempts, 60) <= 2
    assert "unavailable" not in live.shown["BTC"]
    assert live.stream_states == ["on"]
    assert live.log_lines() == []

    # The reconciliation that waited comes once it can, and finds what the stream did not tell.
    exchange.account.change({"ETH": ("3", "0")}, announce=False)
    exchange.rest.recover()
    await until(lambda: live.right, within=TIMINGS.snapshot_interval + 1)


async def test_stream_lost_while_rest_is_down_is_not_trusted_blindly(live: World) -> None:
    """What changed between the two connections nobody has told, so the new one alone proves nothing."""
    exchange = live.exchange
    exchange.rest.fail_with(503)
    exchange.cut()
    exchange.account.change({"BTC": ("0.7", "0")}, announce=False)
    await until(lambda: live.unavailable and live.stream_shown_live, within=TIMINGS.grace + 1)
    exchange.account.set("XRP", "5")  # a frame does not make the others right
    await pass_time(60)
    assert live.unavailable
    exchange.rest.recover()
    await until(lambda: live.live_and_right, within=TIMINGS.longest_snapshot_delay + 1)


def _go_down(exchange: SimulatedExchange) -> None:
    exchange.go_down()


def _answer_503(exchange: SimulatedExchange) -> None:
    exchange.rest.fail_with(503)
    exchange.handshake.fail_with(503)
    exchange.cut()


def _silence(exchange: SimulatedExchange) -> None:
    exchange.silence()


@pytest.mark.parametrize("fail", [_go_down, _answer_503, _silence])
@pytest.mark.parametrize("hours", [0.1, 2])
async def test_both_down_is_said_once_and_so_is_their_return(live: World, fail: object, hours: float) -> None:
    exchange = live.exchange
    assert callable(fail)
    fail(exchange)
    await until(lambda: live.unavailable and not live.stream_shown_live, within=60)
    exchange.account.set("BTC", "0.7")
    await pass_time(hours * 3600)
    assert live.unavailable
    (lost,) = live.log_lines()
    assert lost.startswith("Upbit Singapore: the balances are unavailable: ")

    await exchange.recover()
    await until(lambda: live.live_and_right, within=30)
    assert live.log_lines() == [lost, "Upbit Singapore: the balances are available again"]
    assert live.shown["BTC"] == ["0.6", "unavailable", "0.7"]
    assert live.stream_states == ["on", "off", "on"]
    assert live.coordinator.stats.times_unavailable == 1


async def test_return_is_noticed_also_while_a_handshake_is_pending(live: World) -> None:
    exchange = live.exchange
    exchange.handshake.hang()
    exchange.rest.fail_with(503)
    exchange.cut()
    await until(lambda: live.coordinator.stats.failed_connects["TimeoutError"] == 7, within=600)
    tried = len(exchange.record.handshakes)
    await until(lambda: len(exchange.record.handshakes) > tried, within=130)
    await exchange.recover()  # but that handshake will never be answered
    await live.coordinator.async_refresh()
    await until(lambda: live.live_and_right, within=CONNECT_TIMEOUT + 2)


async def test_setup_waits_for_the_exchange_by_itself(world: World) -> None:
    world.exchange.go_down()
    assert not await world.set_up()
    await pass_time(1800)
    assert world.exchange.stream.connections == []
    await world.exchange.accept_connections()
    await until(lambda: world.total("BTC") == "0.6", within=660)
    await until(lambda: world.live_and_right, within=5)
    assert world.reauth_flows() == 0


async def test_stream_that_has_never_spoken_is_not_trusted_without_rest(world: World) -> None:
    """On the first use of an account it may be deaf for minutes."""
    exchange = world.exchange
    exchange.stream.first_use_silence = 300
    await world.live()
    exchange.rest.fail_with(503)
    exchange.account.set("BTC", "0.7")
    await until(lambda: world.unavailable, within=TIMINGS.snapshot_interval + TIMINGS.grace + 1)
    exchange.stream.first_use_silence = 0
    exchange.cut()
    await until(lambda: world.stream_shown_live, within=5)
    exchange.account.set("XRP", "5")  # now it speaks, but nobody has told of BTC
    await pass_time(3600)
    assert world.unavailable
    assert len(world.log_lines()) == 1
    exchange.rest.recover()
    await until(lambda: world.live_and_right, within=TIMINGS.longest_snapshot_delay + 1)


@pytest.mark.parametrize("failure", REST_FAILURES.values(), ids=REST_FAILURES.keys())
async def test_balances_are_not_shown_a_moment_longer_than_they_are_known(
    live: World, failure: object
) -> None:
    """However long a call takes that fails in the end."""
    exchange = live.exchange
    exchange.handshake.fail_with(503)
    exchange.cut()
    await pass_time(1)
    await live.coordinator.async_refresh()
    known = clock().time()
    assert callable(failure)
    failure(exchange)
    await until(lambda: live.unavailable, within=100)
    assert clock().time() - known <= TIMINGS.snapshot_interval + TIMINGS.grace + 0.1
