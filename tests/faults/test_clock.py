"""The clock jumps, the time zone changes, the host sleeps: the integration connects again and compares."""

from homeassistant.util import dt as dt_util
import pytest

from custom_components.upbit.api.rest import REQUEST_TIMEOUT
from custom_components.upbit.const import TIMINGS
from simulator import ACCESS_KEY
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until


def _move_wall_clock(seconds: float) -> None:
    """Move the clock on the wall and no other: so it looks when the host has slept, or its time was set."""
    virtual_loop().move_wall_clock(seconds)


@pytest.mark.parametrize("slept", [60, 8 * 3600, 30 * 86_400])
async def test_host_that_slept_connects_again_and_compares(connected: Harness, slept: float) -> None:
    """While a host sleeps, its connections die without a word, and its own timers stand still."""
    exchange = connected.exchange
    await pass_time(25)  # the next ping is due after the next check of the clock
    exchange.half_open()
    exchange.account.change({"BTC": ("0.7", "0"), "ETH": ("1", "0")}, announce=False)
    _move_wall_clock(slept)
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.tick + 5)
    assert connected.stats.planned_reconnects == {"clock_jump": 1}
    # The one that died is still open on the other side.
    assert exchange.record.most_live.pop(ACCESS_KEY) <= 2
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []


async def test_host_that_wakes_without_a_network(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.silence()
    exchange.account.change({"BTC": ("0.7", "0")}, announce=False)
    _move_wall_clock(8 * 3600)
    await wait_until(lambda: connected.is_unavailable, within=60)
    await pass_time(60)
    exchange.end_silence()
    await wait_until(
        lambda: connected.is_connected_and_correct,
        within=TIMINGS.longest_snapshot_delay + REQUEST_TIMEOUT + 2,
    )


async def test_balances_from_before_the_sleep_are_not_taken_for_current(connected: Harness) -> None:
    """Without a stream each snapshot counts for more than a minute, but not for a minute and a night."""
    exchange = connected.exchange
    exchange.handshake.fail_with(503)
    exchange.cut()
    await wait_until(lambda: not connected.shows_connected, within=1)
    exchange.account.set("BTC", "0.7")
    await connected.refresh()
    exchange.silence()
    exchange.account.set("BTC", "0.8")
    _move_wall_clock(8 * 3600)
    await wait_until(
        lambda: connected.is_unavailable, within=TIMINGS.tick + TIMINGS.grace + REQUEST_TIMEOUT + 2
    )
    await exchange.recover()
    await wait_until(
        lambda: connected.is_connected_and_correct,
        within=TIMINGS.longest_snapshot_delay + REQUEST_TIMEOUT + 2,
    )


@pytest.mark.parametrize("seconds", [-365 * 86_400, -3600, 3600, 20 * 365 * 86_400])
async def test_clock_that_was_set_does_no_harm(connected: Harness, seconds: float) -> None:
    _move_wall_clock(seconds)
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
    connected.account.set("BTC", "0.7")  # the stream has spoken
    for _ in range(120):
        _move_wall_clock(1)
        await pass_time(30)
    assert connected.stats.planned_reconnects == {}
    assert len(connected.exchange.record.handshakes) == 1


async def test_clock_that_jumps_while_the_exchange_is_down(connected: Harness) -> None:
    connected.exchange.go_down()
    await wait_until(lambda: connected.is_unavailable, within=60)
    _move_wall_clock(3600)
    await pass_time(120)
    connected.account.set("BTC", "0.7")
    await connected.exchange.accept_connections()
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.longest_snapshot_delay + 2)
    assert len(connected.log_lines()) == 2


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/St_Johns", "Pacific/Kiritimati"])
async def test_time_zone_makes_no_difference(connected: Harness, zone: str) -> None:
    before = dt_util.get_default_time_zone()
    try:
        await connected.hass.config.async_set_time_zone(zone)
        connected.account.set("BTC", "0.7")
        await wait_until(lambda: connected.is_correct, within=1)
        connected.exchange.cut()
        await wait_until(lambda: connected.is_connected_and_correct, within=5)
        await pass_time(900)
        assert connected.stats.planned_reconnects == {}
        assert connected.is_correct
    finally:
        dt_util.set_default_time_zone(before)


async def test_frames_with_the_exchange_clock_off_count(connected: Harness) -> None:
    """Times of frames are compared with each other and never with a clock of ours."""
    for milliseconds in (1, 2, 3):
        connected.account.change({"BTC": (milliseconds, "0")}, asset_timestamp=milliseconds)
        await wait_until(lambda: connected.is_correct, within=1)
    connected.account.change({"BTC": ("9", "0")}, asset_timestamp=32_503_680_000_000)
    await wait_until(lambda: connected.is_correct, within=1)
