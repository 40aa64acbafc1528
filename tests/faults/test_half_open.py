"""The connection is half open: no close, no pong, nothing; it is noticed and replaced within a minute."""

import pytest

from simulator import ACCESS_KEY

from .clock import pass_time, until
from .world import World


async def test_half_open_connection_is_replaced_within_a_minute(live: World) -> None:
    live.exchange.half_open()
    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.live_and_right, within=60)
    assert live.coordinator.stats.connects == 2
    assert "unavailable" not in live.shown["BTC"]
    assert live.log_lines() == []


@pytest.mark.parametrize("quiet", [0, 5, 19, 25, 29, 59, 300])
async def test_it_is_noticed_whenever_it_begins(live: World, quiet: float) -> None:
    await pass_time(quiet)
    live.exchange.half_open()
    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.live_and_right, within=60)


async def test_it_is_noticed_in_the_middle_of_traffic(live: World) -> None:
    for number in range(1, 30):
        live.exchange.account.set("BTC", number)
        await pass_time(1)
    live.exchange.half_open()
    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.live_and_right, within=60)


async def test_silent_connection_that_answers_pings_is_kept(live: World) -> None:
    """Silence is normal: a frame comes only when an asset changes. The exchange itself closes after 60.5 s."""
    connected = live.coordinator.stats.connects
    await pass_time(590)  # until the documentation's advice for the first use of an account
    assert live.coordinator.stats.connects == connected
    assert live.exchange.record.closes == {}


async def test_silenced_network_makes_unavailable_within_a_minute(live: World) -> None:
    exchange = live.exchange
    exchange.silence()
    exchange.account.set("BTC", "0.7")
    await until(lambda: live.unavailable, within=60)
    await until(lambda: not live.stream_shown_live, within=60)
    await pass_time(1800)
    assert live.unavailable
    exchange.end_silence()
    await until(lambda: live.live_and_right, within=30)
    assert len(live.log_lines()) == 2
    # The silenced sockets were closed by us before others were opened.
    assert exchange.record.most_live[ACCESS_KEY] == 1


async def test_handshake_that_is_never_answered_is_given_up(live: World) -> None:
    exchange = live.exchange
    exchange.handshake.hang()
    exchange.cut()
    await until(lambda: live.coordinator.stats.failed_connects["TimeoutError"] == 3, within=60)
    assert not [call for call in exchange.record.handshakes[1:] if call.status is not None]
    exchange.handshake.recover()
    await until(lambda: live.live_and_right, within=30)
