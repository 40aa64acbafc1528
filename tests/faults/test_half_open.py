"""The connection is half open: no close, no pong, nothing; it is noticed and replaced within a minute."""

import pytest

from simulator import ACCESS_KEY
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until


@pytest.mark.parametrize("quiet", [0, 25])
async def test_half_open_connection_is_replaced_within_a_minute(connected: Harness, quiet: float) -> None:
    await pass_time(quiet)
    connected.exchange.half_open()
    connected.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_connected_and_correct and connected.stats.connects == 2, within=60)
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []


async def test_network_that_delivers_nothing_makes_unavailable_within_a_minute(connected: Harness) -> None:
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
    # The dead sockets were closed by us before others were opened.
    assert exchange.record.most_live[ACCESS_KEY] == 1
