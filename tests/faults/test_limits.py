"""The exchange asks to wait, or blocks: 429 and 418, at each endpoint and by frame."""

from collections.abc import Callable
from itertools import pairwise

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION
import pytest

from custom_components.upbit.const import TIMINGS
from simulator import Call, SimulatedExchange, most_within
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until


def _since(harness: Harness, started: float) -> list[Call]:
    return [call for call in harness.exchange.record.calls if call.at > started]


async def test_nothing_is_requested_before_the_time_is_over(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.rest.fail_with(429, headers={"Retry-After": "90"}, times=1)
    exchange.cut()
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: exchange.rest.fault is None, within=5)
    limited = virtual_loop().time()
    await wait_until(lambda: connected.is_connected_and_correct, within=90 * 1.1 + 10)
    assert _since(connected, limited)[0].at - limited >= 90
    assert connected.reauth_flows == 0


BLOCKS: dict[str, Callable[[SimulatedExchange], None]] = {
    "rest": lambda exchange: exchange.rest.refuse("I'm a teapot"),
    "both": lambda exchange: (exchange.rest.fail_with(418), exchange.handshake.fail_with(418))[0],
    "handshake": lambda exchange: exchange.handshake.fail_with(418),
    "by_frame": lambda exchange: setattr(
        exchange.stream, "after_subscribe", lambda connection: connection.close_with_error("I'm a teapot")
    ),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
async def test_block_is_followed_by_two_requests_a_minute_at_most(
    connected: Harness, block: Callable[[SimulatedExchange], None]
) -> None:
    exchange = connected.exchange
    await pass_time(TIMINGS.snapshot_interval)
    block(exchange)
    exchange.cut()
    started = virtual_loop().time()
    await wait_until(lambda: connected.wait_seconds > 0, within=5)
    blocked = virtual_loop().time()
    await pass_time(3600)
    assert most_within(_since(connected, blocked), 60) <= 2
    # Attempts that are made together, one at each endpoint, count as one.
    attempts = [blocked]
    for call in _since(connected, blocked):
        if call.at > attempts[-1] + 1:
            attempts.append(call.at)
    waits = [later - earlier for earlier, later in pairwise(attempts)]
    assert waits[0] >= 120
    assert all(later > 1.5 * earlier for earlier, later in pairwise(waits))
    assert len(_since(connected, started)) <= 16
    assert connected.reauth_flows == 0

    exchange.account.set("BTC", "0.7")
    await exchange.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=2 * 3600)


async def test_block_outlives_reloads_and_attempts_to_set_up(harness: Harness) -> None:
    exchange = harness.exchange
    exchange.rest.refuse("I'm a teapot")
    exchange.handshake.fail_with(418)
    assert not await harness.set_up()
    started = virtual_loop().time()
    for _ in range(30):
        await harness.hass.config_entries.async_reload(harness.entry.entry_id)
        await pass_time(1)
    assert _since(harness, started) == []
    await pass_time(3600)
    assert most_within(_since(harness, started), 60) <= 2
    assert len(_since(harness, started)) <= 12
    await exchange.recover()
    exchange.limits.lift()
    await wait_until(lambda: harness.total("BTC") == "0.6", within=2 * 3600)


@pytest.mark.parametrize("status", [429, 418])
async def test_set_up_is_tried_again_when_the_limit_ends(harness: Harness, status: int) -> None:
    harness.exchange.rest.fail_with(status, headers={"Retry-After": "90"}, times=1)
    assert not await harness.set_up()
    # Longer than asked: 2 seconds at least after a 429, 120 after a 418, and a tenth of that.
    least, more = (90 + 2, 0.2) if status == 429 else (90 + 120, 12)
    took = await wait_until(lambda: harness.is_loaded, within=1000)
    assert took >= least
    retries_in_time = (MAJOR_VERSION, MINOR_VERSION) >= (2026, 11)
    # Otherwise Home Assistant tries after 5, 10, 20, ... seconds.
    assert (took <= least + more + 1) is retries_in_time
    assert [call.status for call in harness.exchange.record.failed] == [status]


async def test_documented_limits_are_not_exceeded(connected: Harness) -> None:
    """The simulated exchange is as strict as documented; no fault may make the client exceed its limits."""
    exchange = connected.exchange
    for _ in range(20):
        exchange.cut()
        await pass_time(1)
    exchange.go_down()
    await pass_time(30)
    await exchange.accept_connections()
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.longest_delay)
    for _ in range(10):
        await connected.refresh()
    assert [call.status for call in exchange.record.failed] == []
