"""Frames that are invalid or hostile: each is counted and affects what it is about, and everything else goes on."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import gc
import time
import tracemalloc

from aiohttp import WSMsgType
import pytest

from custom_components.upbit.api.wire import MAX_FRAME_SIZE, DecodeError, decode_frame
from custom_components.upbit.const import TIMINGS
from simulator import most_within
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

DEEP = 200_000


def frame(
    balance: str = "666",
    locked: str = "0",
    currency: str = '"BTC"',
    *,
    assets: str | None = None,
    times: str = '"asset_timestamp":4000000000000,"timestamp":1',
) -> bytes:
    """Return a frame that would be right but for what is given."""
    if assets is None:
        assets = f'[{{"currency":{currency},"balance":{balance},"locked":{locked}}}]'
    return f'{{"type":"myAsset","assets":{assets},{times},"stream_type":"REALTIME"}}'.encode()


GOOD = frame().decode()

FRAMES: dict[str, tuple[bytes, str]] = {
    # Not JSON
    "words": (b"hello", "not_json"),
    "nothing": (b"", "not_json"),
    "page": (b"<html><body>502</body></html>", "not_json"),
    "zeros": (b"\x00" * 100, "not_json"),
    "cut_off": (frame()[:-10], "not_json"),
    "two_in_one": (frame() * 2, "not_json"),
    "byte_order_mark": (("\ufeff" + GOOD).encode(), "not_json"),
    "single_quotes": (frame().replace(b'"', b"'"), "not_json"),
    # Not UTF-8
    "latin_1": (frame(currency='"\xd6L"').decode().encode("latin-1"), "not_utf8"),
    "utf_16": (GOOD.encode("utf-16"), "not_utf8"),
    "broken_utf8": (frame().replace(b"BTC", b"\xc3\x28"), "not_utf8"),
    "surrogates": (frame().replace(b"BTC", b"\xed\xa0\x80"), "not_utf8"),
    # Wrong types
    "number": (b"1", "wrong_shape"),
    "text": (b'"myAsset"', "wrong_shape"),
    "null": (b"null", "wrong_shape"),
    "empty_list": (b"[]", "wrong_shape"),
    "list_of_numbers": (b"[1]", "wrong_shape"),
    "list_in_list": (f"[[{GOOD}]]".encode(), "wrong_shape"),
    "one_of_a_list": (f"[{GOOD},7]".encode(), "wrong_shape"),
    "assets_an_object": (frame(assets='{"currency":"BTC","balance":1,"locked":0}'), "wrong_shape"),
    "assets_null": (frame(assets="null"), "wrong_shape"),
    "error_a_list": (b'{"error":[]}', "wrong_shape"),
    "time_a_text": (frame(times='"asset_timestamp":"1","timestamp":1'), "invalid_timestamp"),
    "time_a_fraction": (frame(times='"asset_timestamp":1.5,"timestamp":1'), "invalid_timestamp"),
    "time_true": (frame(times='"asset_timestamp":true,"timestamp":1'), "invalid_timestamp"),
    "time_negative": (frame(times='"asset_timestamp":-1,"timestamp":1'), "invalid_timestamp"),
    "time_beyond_the_calendar": (frame(times='"asset_timestamp":1,"timestamp":1e99'), "invalid_timestamp"),
    # Missing keys
    "no_assets": (b'{"type":"myAsset","asset_timestamp":1,"timestamp":1}', "wrong_shape"),
    "no_asset_timestamp": (frame(times='"timestamp":1'), "invalid_timestamp"),
    # Numbers
    "nan": (frame("NaN"), "invalid_amount"),
    "infinity": (frame("Infinity"), "invalid_amount"),
    "minus_infinity": (frame("-Infinity"), "invalid_amount"),
    "exponent_beyond_decimal": (frame("1e" + "9" * 30), "not_json"),
    "a_million_digits": (frame("9" * 1_000_000), "not_json"),
    # Depth
    "deep_lists": (b"[" * DEEP, "not_json"),
    "deep_closed_lists": (b"[" * DEEP + b"]" * DEEP, "not_json"),
    "deep_objects": (b'{"a":' * DEEP, "not_json"),
    "deep_in_an_asset": (frame("[" * DEEP + "]" * DEEP), "not_json"),
    "deep_in_an_error": (b'{"error":{"name":' + b"[" * DEEP + b"]" * DEEP + b"}}", "not_json"),
    # Types not asked for
    "my_order": (b'{"type":"myOrder","code":"SGD-BTC","uuid":"x"}', "unknown_type"),
    "ticker": (b'{"type":"ticker","code":"SGD-BTC","trade_price":1}', "unknown_type"),
    "empty_object": (b"{}", "unknown_type"),
    "type_null": (b'{"type":null}', "unknown_type"),
    "type_a_list": (b'{"type":["myAsset"]}', "unknown_type"),
}

hostile = pytest.mark.parametrize(("payload", "reason"), FRAMES.values(), ids=FRAMES.keys())

EARLY = '"asset_timestamp":1,"timestamp":1'

ASSETS: dict[str, tuple[str, str]] = {
    "negative": ('{"currency":"BTC","balance":-1,"locked":0}', "invalid_amount"),
    "text": ('{"currency":"BTC","balance":"666","locked":0}', "invalid_amount"),
    "no_locked": ('{"currency":"BTC","balance":666}', "invalid_amount"),
    "a_million_decimals": (
        '{"currency":"BTC","balance":0.' + "9" * 1_000_000 + ',"locked":0}',
        "invalid_amount",
    ),
    "digits_and_exponent": (
        '{"currency":"BTC","balance":' + "9" * 400_000 + 'e1000000000,"locked":0}',
        "invalid_amount",
    ),
    "twice": (
        '{"currency":"BTC","balance":666,"locked":0},{"currency":"BTC","balance":667,"locked":0}',
        "repeated_currency",
    ),
}

CODES = {
    "none": '{"balance":666,"locked":0}',
    "no_object": '"BTC"',
    "line_end": '{"currency":"BTC\\n","balance":666,"locked":0}',
    "long": '{"currency":"' + "A" * 100_000 + '","balance":666,"locked":0}',
}


async def _still_live(harness: Harness, amount: str = "0.7") -> None:
    """See that the next change is told at once, by the connection that was there."""
    snapshots = harness.stats.snapshots
    harness.account.set("BTC", amount)
    await wait_until(lambda: harness.is_correct, within=1)
    assert harness.stats.snapshots == snapshots


@hostile
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
    # It may have been about a balance: a snapshot looks after that.
    connected.account.change({"XRP": ("1", "0")}, announce=False)
    await wait_until(lambda: connected.is_correct, within=TIMINGS.recheck + 1)
    assert virtual_loop().longest_work < 0.25  # seconds of processor time in which nothing else could run


@pytest.mark.parametrize("size", [MAX_FRAME_SIZE, 5_000_000, 50_000_000])
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
    "reserved_bits": b"\xf2\x02{}",
    "unknown_opcode": b"\x83\x02{}",
    "compressed": b"\xc2\x02{}",
    "continuation_of_nothing": b"\x80\x02{}",
    "long_ping": b"\x89\x7e\x01\x00" + b"x" * 256,
    "length_of_9_exabytes": b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
    "length_beyond_64_bits_signed": b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    "close_with_one_byte": b"\x88\x01x",
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


@pytest.mark.parametrize(("asset", "reason"), ASSETS.values(), ids=ASSETS.keys())
async def test_undecodable_asset_makes_its_currency_unavailable_until_a_snapshot(
    connected: Harness, asset: str, reason: str
) -> None:
    exchange = connected.exchange
    exchange.account.change({"XRP": ("7", "0")}, announce=False)
    exchange.stream.send(frame(assets=f'[{asset},{{"currency":"XRP","balance":7,"locked":0}}]', times=EARLY))
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
    exchange.stream.send(frame(assets=f"[{asset}]", times=EARLY))
    await wait_until(lambda: connected.stats.undecodable_items == {reason: 2}, within=1)
    assert len(connected.log_lines()) == 1


@pytest.mark.parametrize("asset", CODES.values(), ids=CODES.keys())
async def test_asset_without_a_readable_code_is_counted_and_a_snapshot_follows(
    connected: Harness, asset: str
) -> None:
    connected.account.change({"XRP": ("7", "0"), "SGD": ("5", "0")}, announce=False)
    for _ in range(2):
        connected.exchange.stream.send(
            frame(assets=f'[{asset},{{"currency":"XRP","balance":7,"locked":0}}]', times=EARLY)
        )
    await wait_until(lambda: connected.total("XRP") == "7", within=1)
    await wait_until(lambda: connected.is_correct, within=TIMINGS.recheck + 1)
    assert connected.stats.undecodable_items == {"unreadable_currency": 2}
    assert connected.log_lines() == ["Upbit Singapore: a currency code can't be read"]
    assert "unavailable" not in connected.shown["SGD"]
    assert connected.stats.connects == 1


async def test_invalid_frame_of_a_list_takes_the_others_of_its_message_with_it(connected: Harness) -> None:
    connected.exchange.stream.send(f'[{GOOD},{{"type":"myAsset"}}]'.encode())
    await wait_until(lambda: connected.stats.invalid_messages.total() == 1, within=1)
    assert connected.total("BTC") == "0.6"


async def test_each_kind_of_invalid_frame_is_logged_once(connected: Harness) -> None:
    exchange = connected.exchange
    kinds = {reason for _, reason in FRAMES.values()}
    small = [payload for payload, _ in FRAMES.values() if len(payload) < 10_000]
    for connection in (1, 2):
        for _ in range(20):
            for payload in small:
                exchange.stream.send(payload)
        expected = 20 * connection * len(small)
        await wait_until(lambda: connected.stats.invalid_messages.total() == expected, within=60)  # noqa: B023
        assert len(connected.log_lines()) == len(set(connected.log_lines())) == len(kinds)
        await _still_live(connected, str(connection))
        exchange.cut()
        await wait_until(lambda: connected.is_connected_and_correct, within=10)


async def test_bad_frames_every_second_cost_a_dozen_snapshots_a_minute(connected: Harness) -> None:
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
    assert len(connected.log_lines()) == 1
    assert connected.is_correct


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
    payloads = [payload for payload, _ in FRAMES.values() if len(payload) > 10_000]
    exchange.stream.send(payloads[0])  # what is only needed once is there after the first
    await wait_until(lambda: connected.stats.invalid_messages.total() == 1, within=1)
    with _growth_below(1_000_000):
        for payload in payloads * 5:
            exchange.stream.send(payload)
            await exchange.flushed()
        total = 1 + 5 * len(payloads)
        await wait_until(lambda: connected.stats.invalid_messages.total() == total, within=60)
    await _still_live(connected)


LARGEST = {
    **{name: payload for name, (payload, _) in FRAMES.items() if len(payload) > 10_000},
    **{name: frame(assets=f"[{asset}]") for name, (asset, _) in ASSETS.items() if len(asset) > 10_000},
    "long_code": frame(assets=f"[{CODES['long']}]"),
    "many_lists": b"[" + b"[]," * (MAX_FRAME_SIZE // 3 - 2) + b"[]]",
    "many_objects": b"[" + b"{}," * (MAX_FRAME_SIZE // 3 - 2) + b"{}]",
    "many_fractions": b"[" + b"0.1," * (MAX_FRAME_SIZE // 4 - 2) + b"0.1]",
    "many_keys": b"{" + b",".join(b'"%x":1' % number for number in range(90_000)) + b"}",
    "many_escapes": b'{"type":"' + b"\\u0041" * (MAX_FRAME_SIZE // 6 - 10) + b'"}',
    "many_assets": frame(
        assets="["
        + ",".join(f'{{"currency":"C{number}","balance":0.1,"locked":-1}}' for number in range(20_000))
        + "]"
    ),
}


@pytest.mark.parametrize("payload", LARGEST.values(), ids=LARGEST.keys())
def test_largest_frames_are_decoded_in_bounded_time_and_memory(payload: bytes) -> None:
    assert len(payload) <= MAX_FRAME_SIZE
    started = time.thread_time()
    with suppress(DecodeError):
        decode_frame(payload)
    assert time.thread_time() - started < 0.5
    tracemalloc.start()
    try:
        with suppress(DecodeError):
            decode_frame(payload)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MAX_FRAME_SIZE


async def test_pings_of_the_exchange_are_answered(connected: Harness) -> None:
    (connection,) = connected.exchange.stream.connections
    await connection._socket.send_frame(b"are you there?", WSMsgType.PING)
    await _still_live(connected)
    assert connected.stats.invalid_messages == {}


async def test_only_a_snapshot_requested_after_an_invalid_frame_restores_sync(connected: Harness) -> None:
    """The balance it was about may have changed; while snapshots fail, its amount is not known."""
    exchange = connected.exchange
    exchange.account.set("XRP", "1")
    await pass_time(330)
    async with exchange.hold_snapshots() as gate:
        refresh = connected.hass.async_create_task(connected.refresh())
        await gate.held()  # its rows are older than the frame that could not be read
        exchange.account.change({"BTC": ("9", "0")}, announce=False)
        exchange.stream.send(b"?")
        await wait_until(lambda: connected.stats.invalid_messages, within=1)
        exchange.rest.fail_with(503)
        gate.release()
        await refresh
    await wait_until(lambda: connected.is_unavailable, within=TIMINGS.grace + 1)
    await pass_time(3600)
    assert connected.is_unavailable

    exchange.rest.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.longest_snapshot_delay + 1)
    assert connected.stats.connects == 1


async def test_invalid_frame_while_rest_is_down_makes_unavailable_after_the_grace(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.set("XRP", "1")
    await pass_time(300)
    exchange.rest.fail_with(503)
    exchange.stream.send(b"?")
    await wait_until(lambda: connected.is_unavailable, within=TIMINGS.grace + 1)
    exchange.account.set("BTC", "0.7")  # a frame that can be read does not tell what the other one said
    await pass_time(60)
    assert connected.is_unavailable
    exchange.rest.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.longest_snapshot_delay + 1)


async def test_undecodable_asset_is_no_missed_update(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.set("XRP", "1")
    for number in range(1, 11):
        exchange.account.change({"BTC": (number, "0")}, announce=False)
        exchange.stream.send(frame(f'"{number}"', times=EARLY))
        await wait_until(lambda: connected.is_correct, within=TIMINGS.recheck + 1)
        await pass_time(20)
    # And the other way round: first the snapshot, then the frame that cannot be read.
    exchange.account.change({"BTC": ("0.5", "0")}, announce=False)
    await connected.refresh()
    exchange.stream.send(frame('"0.5"', times=EARLY))
    await pass_time(60)
    assert connected.missed_updates == 0
    assert connected.stats.connects == 1
