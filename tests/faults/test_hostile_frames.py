"""Frames that are invalid or hostile: each is counted and affects what it is about, and everything else goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
import gc
import tracemalloc

import pytest

from custom_components.upbit.api.wire import MAX_FRAME_SIZE
from custom_components.upbit.const import TIMINGS
from simulator import most_within
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until


def frame(balance: str, *, assets: str | None = None) -> bytes:
    """Return a frame that would be valid but for what is given."""
    if assets is None:
        assets = f'[{{"currency":"BTC","balance":{balance},"locked":0}}]'
    return (
        f'{{"type":"myAsset","assets":{assets},"asset_timestamp":1,"timestamp":1,"stream_type":"REALTIME"}}'
    ).encode()


# The reasons are tested with the decoder. These are what differs in the connection, and what takes longest to decode.
FRAMES: dict[str, tuple[bytes, str]] = {
    "words": (b"hello", "not_json"),
    "broken_utf8": (frame("666").replace(b"BTC", b"\xc3\x28"), "not_utf8"),
    "deep": (frame("[" * 200_000 + "]" * 200_000), "not_json"),
    "a_million_digits": (frame("9" * 1_000_000), "not_json"),
}


async def _still_live(harness: Harness) -> None:
    """See that the next change is received immediately, on the connection that was there."""
    snapshots = harness.stats.snapshots
    harness.account.set("BTC", "0.7")
    await wait_until(lambda: harness.is_correct, within=1)
    assert harness.stats.snapshots == snapshots


@pytest.mark.parametrize(("payload", "reason"), FRAMES.values(), ids=FRAMES.keys())
async def test_invalid_frame_is_counted_and_a_snapshot_follows(
    connected: Harness, payload: bytes, reason: str
) -> None:
    # As text and as binary: for a text that is not UTF-8 a connection need not end.
    connected.exchange.stream.send(payload, text=True)
    connected.exchange.stream.send(payload, text=False)
    await wait_until(lambda: connected.stats.invalid_messages == {reason: 2}, within=1)
    assert connected.shown == {"BTC": ["0.6"], "SGD": ["1200.75"], "XRP": ["120"]}
    await _still_live(connected)
    assert connected.stats.connects == 1
    (line,) = connected.log_lines()
    assert reason in line
    assert "666" not in line
    # It may have been about a balance, so a snapshot is taken.
    connected.account.change({"XRP": ("1", "0")}, announce=False)
    await wait_until(lambda: connected.is_correct, within=TIMINGS.recheck + 1)
    assert virtual_loop().longest_work < 0.25  # seconds of processor time in which nothing else could run


@pytest.mark.parametrize("size", [MAX_FRAME_SIZE, 5_000_000])
@pytest.mark.parametrize("text", [False, True], ids=["binary", "text"])
async def test_frame_that_is_too_large_costs_the_connection_and_no_more(
    connected: Harness, size: int, text: bool
) -> None:
    connected.exchange.stream.send(frame("0." + "9" * (size - len(frame("0.")))), text=text)
    await wait_until(lambda: connected.stats.invalid_messages == {"too_large": 1}, within=5)
    await wait_until(lambda: connected.is_connected_and_correct and connected.stats.connects == 2, within=5)
    await _still_live(connected)
    assert "unavailable" not in connected.shown["BTC"]
    assert len(connected.log_lines()) == 1


PROTOCOL_ERRORS = {
    "unknown_opcode": b"\x83\x02{}",
    "length_of_9_exabytes": b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
    "close_with_an_impossible_code": b"\x88\x02\x00\x01",
    "not_websocket_at_all": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("raw", PROTOCOL_ERRORS.values(), ids=PROTOCOL_ERRORS.keys())
async def test_broken_protocol_is_a_loss_like_any_other(connected: Harness, raw: bytes) -> None:
    (connection,) = connected.exchange.stream.connections
    assert connection._transport is not None
    connection._transport.write(raw)
    await wait_until(lambda: connected.stats.connects == 2 and connected.is_connected_and_correct, within=5)
    await _still_live(connected)
    assert "unavailable" not in connected.shown["BTC"]


ASSETS: dict[str, tuple[str, str]] = {
    "negative": ('{"currency":"BTC","balance":-1,"locked":0}', "invalid_amount"),
    "digits_and_exponent": (
        '{"currency":"BTC","balance":' + "9" * 400_000 + 'e1000000000,"locked":0}',
        "invalid_amount",
    ),
    "twice": (
        '{"currency":"BTC","balance":666,"locked":0},{"currency":"BTC","balance":667,"locked":0}',
        "repeated_currency",
    ),
}


@pytest.mark.parametrize(("asset", "reason"), ASSETS.values(), ids=ASSETS.keys())
async def test_undecodable_asset_makes_its_currency_unavailable_until_a_snapshot(
    connected: Harness, asset: str, reason: str
) -> None:
    exchange = connected.exchange
    exchange.account.change({"XRP": ("7", "0")}, announce=False)
    exchange.stream.send(frame("7", assets=f'[{asset},{{"currency":"XRP","balance":7,"locked":0}}]'))
    await wait_until(lambda: connected.total("BTC") == "unavailable", within=1)
    assert connected.total("XRP") == "7"
    assert connected.total("SGD") == "1200.75"
    assert connected.stats.undecodable_items.total() == 1
    assert connected.log_lines() == [f"Upbit Singapore: the amount of BTC can't be decoded: {reason}"]
    assert virtual_loop().longest_work < 0.25  # seconds of processor time in which nothing else could run

    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.recheck + 1)
    assert connected.shown["BTC"] == ["0.6", "unavailable", "0.6"]
    assert connected.shown["XRP"] == ["120", "7"]
    assert connected.stats.connects == 1
    exchange.stream.send(frame("7", assets=f"[{asset}]"))
    await wait_until(lambda: connected.stats.undecodable_items == {reason: 2}, within=1)
    assert len(connected.log_lines()) == 1


async def test_asset_without_a_readable_code_is_counted_and_a_snapshot_follows(connected: Harness) -> None:
    connected.exchange.stream.send(frame("", assets="[]"))
    await wait_until(lambda: connected.ledger.sequence == 1, within=1)
    # Not XRP in the frame: a coin that changes has another snapshot taken, for its cost.
    connected.account.change({"SGD": ("7", "0"), "XRP": ("5", "0")}, announce=False)
    for _ in range(2):
        connected.exchange.stream.send(frame("7", assets='["BTC",{"currency":"SGD","balance":7,"locked":0}]'))
    await wait_until(lambda: connected.total("SGD") == "7", within=1)
    await wait_until(lambda: connected.is_correct, within=TIMINGS.recheck + 1)
    assert connected.stats.undecodable_items == {"unreadable_currency": 2}
    assert connected.log_lines() == ["Upbit Singapore: a currency code can't be read"]
    assert "unavailable" not in connected.shown["XRP"]
    assert connected.stats.connects == 1


async def test_invalid_frames_every_second_cost_a_dozen_snapshots_a_minute(connected: Harness) -> None:
    exchange = connected.exchange
    started = virtual_loop().time()
    for second in range(600):
        exchange.stream.send(b"hello")
        if second % 60 == 0:
            exchange.account.set("BTC", second + 1)
        await pass_time(1)
    assert connected.stats.invalid_messages == {"not_json": 600}
    snapshots = [call for call in exchange.record.requests("/v1/accounts") if call.at > started]
    assert most_within(snapshots, 60) <= 60 / TIMINGS.recheck + 1
    assert exchange.record.failed == []
    assert connected.stats.connects == 1
    assert connected.is_correct
    exchange.cut()
    await wait_until(lambda: connected.is_connected_and_correct, within=10)
    exchange.stream.send(b"hello")
    exchange.stream.send(b"\xff")
    await wait_until(lambda: connected.stats.invalid_messages == {"not_json": 601, "not_utf8": 1}, within=1)
    assert len(connected.log_lines()) == 2


async def test_flood_does_not_stop_the_event_loop(connected: Harness) -> None:
    for number in range(20_000):
        connected.exchange.stream.send(b"hello" if number % 2 else b'{"status":"UP"}')
    await wait_until(lambda: connected.stats.invalid_messages["not_json"] == 10_000, within=60)
    await _still_live(connected)
    assert virtual_loop().longest_work < 0.25


@contextmanager
def _growth_below(limit: int) -> Iterator[None]:
    """Fail when more than so many bytes are left in use."""
    gc.collect()
    tracemalloc.start()
    try:
        yield
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < limit


async def test_memory_does_not_grow_with_invalid_frames(connected: Harness) -> None:
    exchange = connected.exchange
    payload = frame("9" * 1_000_000)
    exchange.stream.send(payload)  # what is only needed once is there after the first
    await wait_until(lambda: connected.stats.invalid_messages.total() == 1, within=1)
    with _growth_below(1_000_000):
        for _ in range(20):
            exchange.stream.send(payload)
            await exchange.flushed()
        await wait_until(lambda: connected.stats.invalid_messages.total() == 21, within=60)
        await _still_live(connected)  # the last message is in use until the next one
