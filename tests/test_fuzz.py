"""The decoder with any input: it returns a value or a typed reason, within bounded time and memory.

``pytest tests/test_fuzz.py --hypothesis-profile thorough`` tries a hundred times as many cases, new ones each time.
"""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
import json
import random
from typing import Any

from hypothesis import example, given, strategies as st
import pytest

from custom_components.upbit.api.errors import response_error, short_reason
from custom_components.upbit.api.wire import (
    MAX_FRAME_SIZE,
    AssetUpdate,
    ErrorFrame,
    Holding,
    Holdings,
    NoticeFrame,
    decode_accounts,
    decode_frame,
    decode_key_expiration,
    error_name,
    plain,
)
from simulator import AssetEvent, Format, Holding as TrueHolding, NumberStyle
from simulator.wire import encode_frame
from tests.helpers.fuzzing import bounded, chances, counts, is_amount, is_code
from tests.helpers.hypothesis_profiles import scaled_settings
from tests.helpers.mutation import mutate_bytes, mutate_structure

_LONGEST_STATE = 255
"""Characters that a state of Home Assistant may have."""


def check_holding(holding: Holding) -> None:
    for amount in (holding.available, holding.locked, holding.total):
        assert amount.is_finite()
        assert amount >= 0
        assert len(text := plain(amount)) <= _LONGEST_STATE
        assert Decimal(text) == amount


def check_assets(assets: Holdings, items: list[Any], keys: tuple[str, str, str]) -> None:
    """Check that each item is decoded to what a plain JSON reader finds in it, and affects its currency only."""
    by_code: dict[str, list[dict[str, Any]]] = {}
    unreadable = 0
    for item in items:
        if isinstance(item, dict) and is_code(code := item.get(keys[0])):
            by_code.setdefault(code, []).append(item)
        else:
            unreadable += 1
    assert assets.unreadable == unreadable
    assert assets.amounts.keys() | assets.undecodable.keys() == by_code.keys()
    assert assets.amounts.keys().isdisjoint(assets.undecodable)
    for code, (first, *others) in by_code.items():
        decodable = not others and is_amount(first.get(keys[1])) and is_amount(first.get(keys[2]))
        assert (code in assets.amounts) is decodable
        if decodable:
            holding = assets.amounts[code]
            check_holding(holding)
            assert (holding.available, holding.locked) == (first[keys[1]], first[keys[2]])


def check_frames(data: bytes) -> None:
    """Decode a message; what is accepted is exactly what a plain JSON reader finds in it."""
    frames = bounded(decode_frame, data)
    if frames is None:
        return
    assert len(data) <= MAX_FRAME_SIZE
    read = json.loads(data, parse_float=Decimal)
    objects = read if isinstance(read, list) else [read]
    assert len(frames) == len(objects)
    for frame, fields in zip(frames, objects, strict=True):
        match frame:
            case AssetUpdate(asset_timestamp=asset_timestamp):
                if fields.get("type") == "myAsset":
                    check_assets(frame, fields["assets"], ("currency", "balance", "locked"))
                else:
                    check_assets(frame, fields["ast"], ("cu", "b", "l"))
                assert asset_timestamp in (fields.get("asset_timestamp"), fields.get("asttms"))
                assert datetime.fromtimestamp(asset_timestamp / 1000, UTC).year < 10_000
            case ErrorFrame(name):
                assert short_reason(name).isascii()
                assert len(name) <= 80
            case NoticeFrame():
                assert {"status", "method"} & fields.keys()
            case _:
                pytest.fail(f"a frame of the type {type(frame).__name__}")


def check_rows(data: bytes) -> None:
    rows = bounded(decode_accounts, data)
    if rows is None:
        return
    assert len(data) <= MAX_FRAME_SIZE
    # Frames and rows differ in how amounts are written, and in what two items of one currency mean.
    items = json.loads(data)
    codes = [item["currency"] for item in items if isinstance(item, dict) and is_code(item.get("currency"))]
    assert rows.unreadable == len(items) - len(codes)
    assert rows.amounts.keys() | rows.undecodable.keys() == {*codes}
    assert rows.amounts.keys().isdisjoint(rows.undecodable)
    for holding in rows.amounts.values():
        check_holding(holding)


def check_expiry(data: bytes) -> None:
    expiry = bounded(lambda body: decode_key_expiration(body, "own"), data)
    if expiry is not None:
        # The sensor shows it in UTC; a notice that it is near, or over, shows it where Home Assistant is.
        expiry.astimezone(UTC)
        if expiry < datetime.now(UTC):
            for hours in (-12, 14):
                expiry.astimezone(timezone(timedelta(hours=hours)))


# What an exchange sends

amounts = st.one_of(
    st.sampled_from(("0", "1E-8", "1386929.37231066771348207123", "10329.670127489597585685")).map(Decimal),
    st.decimals(min_value=0, max_value=10**30, places=30, allow_nan=False, allow_infinity=False),
)
true_holdings = st.builds(TrueHolding, amounts, amounts)
currencies = st.sampled_from(("SGD", "KRW", "BTC", "1INCH", "USDT", "BTC-W", "a.b_c"))
events = st.builds(
    AssetEvent,
    st.dictionaries(currencies, true_holdings, max_size=5).map(lambda assets: tuple(assets.items())),
    st.integers(0, 253_402_300_799_000),
)
styles = st.tuples(st.sampled_from(Format), st.sampled_from(NumberStyle))


def rows_text(event: AssetEvent) -> str:
    return json.dumps(
        [
            {
                "currency": currency,
                "balance": format(holding.available, "f"),
                "locked": format(holding.locked, "f"),
                "avg_buy_price": "0",
                "avg_buy_price_modified": False,
                "unit_currency": "SGD",
            }
            for currency, holding in event.assets
        ]
    )


# Frames


@given(event=events, style=styles, time=st.integers(0, 253_402_300_799_000))
@scaled_settings(100)
def test_true_frame_is_decoded_to_the_last_digit(
    event: AssetEvent, style: tuple[Format, NumberStyle], time: int
) -> None:
    (frame,) = decode_frame(encode_frame(event, time, *style).encode())
    assert isinstance(frame, AssetUpdate)
    decoded = [(currency, holding.available, holding.locked) for currency, holding in frame.amounts.items()]
    assert decoded == [(currency, holding.available, holding.locked) for currency, holding in event.assets]
    assert frame.asset_timestamp == event.asset_timestamp


@given(data=st.binary(max_size=4000))
@scaled_settings(150)
@example(data=b"")
def test_arbitrary_bytes(data: bytes) -> None:
    check_frames(data)
    check_rows(data)


@given(event=events, style=styles, chance=chances, times=counts)
@scaled_settings(300)
def test_frame_with_a_mutated_structure(
    event: AssetEvent, style: tuple[Format, NumberStyle], chance: random.Random, times: int
) -> None:
    text = mutate_structure(encode_frame(event, 1_790_000_000_000, *style), chance, times)
    check_frames(text.encode(errors="surrogatepass"))


@given(event=events, style=styles, chance=chances, times=counts)
@scaled_settings(200)
def test_frame_with_mutated_bytes(
    event: AssetEvent, style: tuple[Format, NumberStyle], chance: random.Random, times: int
) -> None:
    check_frames(mutate_bytes(encode_frame(event, 1_790_000_000_000, *style).encode(), chance, times))


ASSETS = b'{"type":"myAsset","assets":[%s],"asset_timestamp":1,"timestamp":1}'
LARGE = {
    "lists": b"[",
    "empty lists": b"[],",
    "empty objects": b"{},",
    "nested lists": b"[[[[[[]]]]]],",
    "numbers": b"1e9,",
    "long integers": b"9" * 4300 + b",",
    "texts": b'"\\u0041",',
    "digits": b"1",
    "notices": b'{"status":0},',
    "frames": ASSETS % b"" + b",",
    "amounts": ASSETS % (b'{"currency":"A","balance":%s,"locked":0}' % (b"9" * 119)) + b",",
    "deep errors": b'{"error":{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}},",
}


@pytest.mark.slow
@pytest.mark.parametrize("unit", LARGE.values(), ids=LARGE.keys())
@pytest.mark.parametrize("size", [MAX_FRAME_SIZE, 5 * MAX_FRAME_SIZE])
def test_large_message_of_one_kind(unit: bytes, size: int) -> None:
    items = unit * ((size - 2) // len(unit))
    for data in (b"[" + items.rstrip(b",") + b"]", ASSETS % items[: -len(ASSETS)].rstrip(b",")):
        check_frames(data)
        check_rows(data)


# Bodies of REST calls


@given(event=events, chance=chances, times=counts, in_bytes=st.booleans())
@scaled_settings(200)
def test_mutated_rows(event: AssetEvent, chance: random.Random, times: int, in_bytes: bool) -> None:
    text = rows_text(event)
    check_rows(
        mutate_bytes(text.encode(), chance, times)
        if in_bytes
        else mutate_structure(text, chance, times).encode(errors="surrogatepass")
    )


@given(chance=chances, times=counts)
@scaled_settings(200)
def test_mutated_list_of_keys(chance: random.Random, times: int) -> None:
    text = '[{"access_key":"own","expire_at":"2026-11-30T11:22:54+09:00"}]'
    check_expiry(mutate_structure(text, chance, times).encode(errors="surrogatepass"))


@pytest.mark.parametrize("year", ["0001", "0002", "1970", "9998", "9999"])
@pytest.mark.parametrize("day", ["01-01T00:00:00", "12-31T23:59:59.999999"])
@pytest.mark.parametrize("offset", ["-23:59", "Z", "+09:00", "+23:59"])
def test_expiry_at_the_ends_of_the_calendar(year: str, day: str, offset: str) -> None:
    check_expiry(f'[{{"access_key":"own","expire_at":"{year}-{day}{offset}"}}]'.encode())


@given(chance=chances, times=counts)
@scaled_settings(200)
def test_mutated_error(chance: random.Random, times: int) -> None:
    text = '{"error":{"name":"no_authorization_ip","message":"..."}}'
    data = mutate_structure(text, chance, times).encode(errors="surrogatepass")
    error = response_error(401, bounded(error_name, data), {"Retry-After": data[:50].decode("latin-1")})
    assert len(str(error)) < 80
