"""The exchange asks to wait, or blocks: 429 and 418, by status, by page and by frame."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from custom_components.upbit.const import TIMINGS
from simulator import Call, SimulatedExchange, most_within
from simulator.faults import FaultKind, HttpFault
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

BODIES = {
    "json": ('{"error": {"name": "too_many_requests", "message": "Too many requests."}}', "application/json"),
    "plain_text": ("Too many API requests.", "text/plain"),
    "nothing": ("", "application/octet-stream"),
}

bodies = pytest.mark.parametrize(("body", "content_type"), BODIES.values(), ids=BODIES.keys())


def _in_ninety_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)


def _since(harness: Harness, started: float) -> list[Call]:
    return [call for call in harness.exchange.record.calls if call.at > started]


@bodies
@pytest.mark.parametrize(
    ("retry_after", "least"),
    [(None, 1), ("7", 7), ("90", 90), (_in_ninety_seconds, 85), ("soon", 1), ("-5", 1)],
)
async def test_waits_at_least_what_is_asked(
    connected: Harness,
    body: str,
    content_type: str,
    retry_after: str | Callable[[], str] | None,
    least: float,
) -> None:
    exchange = connected.exchange
    header = retry_after() if callable(retry_after) else retry_after
    exchange.rest.fail_with(
        429,
        body,
        content_type=content_type,
        headers={} if header is None else {"Retry-After": header},
        times=1,
    )
    exchange.cut()
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: exchange.rest.fault is None, within=5)
    refused = virtual_loop().time()
    # Nothing goes out by either door until the time is over; then the balances are right again at once.
    await wait_until(lambda: connected.is_connected_and_correct, within=least * 1.1 + 10)
    assert _since(connected, refused)[0].at - refused >= least
    assert connected.reauth_flows == 0


@pytest.mark.parametrize("door", ["rest", "handshake", "both"])
async def test_each_refusal_is_answered_with_a_longer_wait(connected: Harness, door: str) -> None:
    exchange = connected.exchange
    if door != "handshake":
        exchange.rest.fail_with(429)
    if door != "rest":
        exchange.handshake.fail_with(429)
    exchange.cut()
    started = virtual_loop().time()
    await pass_time(3600)
    refused = [call.at for call in _since(connected, started) if call.status == 429]
    # Those that go out together, one by each door, count as one.
    waits = [later - earlier for earlier, later in pairwise(refused) if later - earlier > 1]
    assert waits[0] >= 1
    assert all(later > 1.2 * earlier for earlier, later in pairwise(waits[:4]))
    assert most_within([call for call in _since(connected, started + 120) if call.status == 429], 60) <= 2
    await exchange.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=135)


BLOCKS: dict[str, Callable[[SimulatedExchange], None]] = {
    "json": lambda exchange: exchange.rest.refuse("I'm a teapot"),
    "plain_text": lambda exchange: exchange.rest.fail_with(418, "blocked", content_type="text/plain"),
    "short_retry_after": lambda exchange: exchange.rest.fail_with(418, headers={"Retry-After": "1"}),
    "handshake_as_well": lambda exchange: (
        exchange.rest.fail_with(418),
        exchange.handshake.fail_with(418),
    )[0],
    "handshake_alone": lambda exchange: exchange.handshake.fail_with(418),
    "by_frame": lambda exchange: setattr(
        exchange.stream, "after_subscribe", lambda connection: connection.close_with_error("I'm a teapot")
    ),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
async def test_block_is_never_met_with_more_than_two_requests_a_minute(
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
    # Attempts that go out together, one by each door, count as one.
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


async def test_stream_that_still_speaks_keeps_the_sensors_right(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_correct, within=1)
    exchange.rest.refuse("I'm a teapot")
    for number in range(1, 61):
        await pass_time(60)
        exchange.account.set("BTC", number)
        await wait_until(lambda: connected.is_correct, within=1)
    assert len(exchange.record.handshakes) == 1
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []


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


async def test_limits_as_the_exchange_documents_them_are_never_met(connected: Harness) -> None:
    """The simulated exchange is as strict as documented; no fault may make the client run into it."""
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


async def test_frame_that_asks_to_wait_is_obeyed(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.stream.send_error("Too Many Requests")
    await wait_until(lambda: connected.wait_seconds > 0, within=1)
    told = virtual_loop().time()
    await wait_until(lambda: connected.is_connected_and_correct, within=10)
    assert _since(connected, told)[0].at - told >= 1
    assert "unavailable" not in connected.shown["BTC"]


@pytest.mark.parametrize("status", [418, 429])
@pytest.mark.parametrize(
    ("kind", "length"), [(FaultKind.TRUNCATE, 2000), (FaultKind.DRIP, 2000), (FaultKind.REPLY, 2_000_000)]
)
async def test_waits_whatever_becomes_of_the_body(
    connected: Harness, status: int, kind: FaultKind, length: int
) -> None:
    exchange = connected.exchange
    exchange.rest.fail(
        HttpFault(kind=kind, status=status, body="x" * length, headers={"Retry-After": "600"}, seconds=1)
    )
    exchange.handshake.fail_with(503)
    exchange.cut()
    await wait_until(lambda: connected.wait_seconds > 0, within=5)
    told = virtual_loop().time()
    await pass_time(600)
    assert _since(connected, told) == []
    await exchange.recover()


@pytest.mark.parametrize("status", [418, 429])
@pytest.mark.parametrize("retry_after", [60, 300])
async def test_each_wait_is_longer_also_when_the_same_is_asked_again(
    connected: Harness, status: int, retry_after: int
) -> None:
    exchange = connected.exchange
    for door in (exchange.rest, exchange.handshake):
        door.fail_with(status, headers={"Retry-After": str(retry_after)})
    exchange.cut()
    started = virtual_loop().time()
    await pass_time(7200)
    waits = [
        later.at - earlier.at
        for earlier, later in pairwise(_since(connected, started))
        if later.at - earlier.at > 2  # not those that go out together, one by each door
    ]
    assert len(waits) >= 4
    assert waits[0] >= retry_after
    assert all(later > earlier for earlier, later in pairwise(waits[:6]))
    await exchange.recover()
