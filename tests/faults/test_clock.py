"""The clock jumps, the time zone changes, the host sleeps: the integration connects again and compares."""

from datetime import timedelta

from homeassistant.util import dt as dt_util
import pytest

from custom_components.upbit.api.rest import REQUEST_TIMEOUT
from custom_components.upbit.const import TIMINGS
from simulator import ACCESS_KEY

from .clock import clock, pass_time, until
from .world import World


def _move_wall_clock(seconds: float) -> None:
    """Move the clock on the wall and no other: so it looks when the host has slept, or its time was set."""
    clock().wall.tick(timedelta(seconds=seconds))


@pytest.mark.parametrize("slept", [60, 8 * 3600, 30 * 86_400])
async def test_host_that_slept_connects_again_and_compares(live: World, slept: float) -> None:
    """While a host sleeps, its connections die without a word, and its own timers stand still."""
    exchange = live.exchange
    exchange.half_open()
    exchange.account.change({"BTC": ("0.7", "0"), "ETH": ("1", "0")}, announce=False)
    _move_wall_clock(slept)
    await until(lambda: live.live_and_right, within=TIMINGS.tick + 5)
    assert live.coordinator.stats.planned_reconnects == {"clock_jump": 1}
    assert exchange.record.most_live[ACCESS_KEY] <= 2  # the one that died is still open on the other side
    assert "unavailable" not in live.shown["BTC"]
    assert live.log_lines() == []


async def test_host_that_wakes_without_a_network(live: World) -> None:
    exchange = live.exchange
    exchange.silence()
    exchange.account.change({"BTC": ("0.7", "0")}, announce=False)
    _move_wall_clock(8 * 3600)
    await until(lambda: live.unavailable, within=60)
    await pass_time(60)
    exchange.end_silence()
    await until(lambda: live.live_and_right, within=TIMINGS.longest_snapshot_delay + REQUEST_TIMEOUT + 2)


async def test_balances_from_before_the_sleep_are_not_taken_for_current(live: World) -> None:
    """Without a stream each snapshot counts for more than a minute, but not for a minute and a night."""
    exchange = live.exchange
    exchange.handshake.fail_with(503)
    exchange.cut()
    await until(lambda: not live.stream_shown_live, within=1)
    exchange.account.set("BTC", "0.7")
    await live.coordinator.async_refresh()
    exchange.silence()
    exchange.account.set("BTC", "0.8")
    _move_wall_clock(8 * 3600)
    await until(lambda: live.unavailable, within=TIMINGS.tick + TIMINGS.grace + REQUEST_TIMEOUT + 2)
    await exchange.recover()
    await until(lambda: live.live_and_right, within=TIMINGS.longest_snapshot_delay + REQUEST_TIMEOUT + 2)


@pytest.mark.parametrize("seconds", [-365 * 86_400, -3600, 3600, 20 * 365 * 86_400])
async def test_clock_that_was_set_does_no_harm(live: World, seconds: float) -> None:
    _move_wall_clock(seconds)
    await until(lambda: live.coordinator.stats.planned_reconnects["clock_jump"] == 1, within=TIMINGS.tick + 1)
    await until(lambda: live.live_and_right, within=5)
    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.right, within=1)
    await pass_time(3600)
    assert live.coordinator.stats.planned_reconnects["clock_jump"] == 1
    assert live.right
    assert "unavailable" not in live.shown["BTC"]
    assert live.log_lines() == []


async def test_clock_that_drifts_or_is_corrected_a_little_is_no_reason_to_connect_again(live: World) -> None:
    live.exchange.account.set("BTC", "0.7")  # the stream has spoken
    for _ in range(120):
        _move_wall_clock(1)
        await pass_time(30)
    assert live.coordinator.stats.planned_reconnects == {}
    assert len(live.exchange.record.handshakes) == 1


async def test_clock_that_jumps_while_the_exchange_is_down(live: World) -> None:
    live.exchange.go_down()
    await until(lambda: live.unavailable, within=60)
    _move_wall_clock(3600)
    await pass_time(120)
    live.exchange.account.set("BTC", "0.7")
    await live.exchange.accept_connections()
    await until(lambda: live.live_and_right, within=TIMINGS.longest_snapshot_delay + 2)
    assert len(live.log_lines()) == 2


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/St_Johns", "Pacific/Kiritimati"])
async def test_time_zone_makes_no_difference(live: World, zone: str) -> None:
    before = dt_util.get_default_time_zone()
    try:
        await live.hass.config.async_set_time_zone(zone)
        live.exchange.account.set("BTC", "0.7")
        await until(lambda: live.right, within=1)
        live.exchange.cut()
        await until(lambda: live.live_and_right, within=5)
        await pass_time(900)
        assert live.coordinator.stats.planned_reconnects == {}
        assert live.right
    finally:
        dt_util.set_default_time_zone(before)


async def test_frames_with_the_exchange_clock_off_count(live: World) -> None:
    """Times of frames are compared with each other and never with a clock of ours."""
    for milliseconds in (1, 2, 3):
        live.exchange.account.change({"BTC": (milliseconds, "0")}, asset_timestamp=milliseconds)
        await until(lambda: live.right, within=1)
    live.exchange.account.change({"BTC": ("9", "0")}, asset_timestamp=32_503_680_000_000)
    await until(lambda: live.right, within=1)
