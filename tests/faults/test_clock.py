"""The clock jumps or the host sleeps: the integration connects again and compares."""

import pytest

from custom_components.upbit.const import TIMINGS
from simulator import ACCESS_KEY
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until


async def test_host_that_slept_connects_again_and_compares(connected: Harness) -> None:
    """While a host sleeps, its connections are lost without a sign, and its own timers stand still."""
    exchange = connected.exchange
    await pass_time(25)  # the next ping is due after the next check of the clock
    exchange.half_open()
    exchange.account.change({"BTC": ("0.7", "0"), "ETH": ("1", "0")}, announce=False)
    virtual_loop().move_wall_clock(8 * 3600)
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.tick + 5)
    assert connected.stats.planned_reconnects == {"clock_jump": 1}
    # The one that was lost is still open on the other side.
    assert exchange.record.most_live.pop(ACCESS_KEY) <= 2
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []


@pytest.mark.parametrize("seconds", [-365 * 86_400, 3600])
async def test_clock_that_was_set_costs_one_connection(connected: Harness, seconds: float) -> None:
    virtual_loop().move_wall_clock(seconds)
    await wait_until(lambda: connected.stats.planned_reconnects["clock_jump"] == 1, within=TIMINGS.tick + 1)
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    connected.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_correct, within=1)
    await pass_time(3600)
    assert connected.stats.planned_reconnects["clock_jump"] == 1
    assert connected.is_correct
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []


async def test_clock_that_drifts_or_is_corrected_a_little_is_no_reason_to_connect_again(
    connected: Harness,
) -> None:
    connected.account.set("BTC", "0.7")  # the stream has delivered
    await connected.hass.config.async_set_time_zone("Asia/Seoul")  # it moves no clock
    for _ in range(120):
        virtual_loop().move_wall_clock(1)
        await pass_time(30)
    assert connected.stats.planned_reconnects == {}
    assert len(connected.exchange.record.handshakes) == 1
