"""The connection is half open: no close, no pong, nothing; it is noticed and replaced within a minute."""

import pytest

from simulator import ACCESS_KEY
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until


async def test_half_open_connection_is_replaced_within_a_minute(connected: Harness) -> None:
    connected.exchange.half_open()
    connected.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_connected_and_correct, within=60)
    assert connected.stats.connects == 2
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []


@pytest.mark.parametrize("quiet", [0, 5, 19, 25, 29, 59, 300])
async def test_it_is_noticed_whenever_it_begins(connected: Harness, quiet: float) -> None:
    await pass_time(quiet)
    connected.exchange.half_open()
    connected.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_connected_and_correct, within=60)


async def test_it_is_noticed_in_the_middle_of_traffic(connected: Harness) -> None:
    for number in range(1, 30):
        connected.account.set("BTC", number)
        await pass_time(1)
    connected.exchange.half_open()
    connected.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_connected_and_correct, within=60)


async def test_silent_connection_that_answers_pings_is_kept(connected: Harness) -> None:
    """Silence is normal: a frame comes only when an asset changes. The exchange itself closes after 60.5 s."""
    before = connected.stats.connects
    await pass_time(590)  # until the documentation's advice for the first use of an account
    assert connected.stats.connects == before
    assert connected.exchange.record.closes == {}


async def test_silenced_network_makes_unavailable_within_a_minute(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.silence()
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_unavailable, within=60)
    await wait_until(lambda: not connected.shows_connected, within=60)
    await pass_time(1800)
    assert connected.is_unavailable
    exchange.end_silence()
    await wait_until(lambda: connected.is_connected_and_correct, within=30)
    assert len(connected.log_lines()) == 2
    # The silenced sockets were closed by us before others were opened.
    assert exchange.record.most_live[ACCESS_KEY] == 1
