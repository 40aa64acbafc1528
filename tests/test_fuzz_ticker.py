"""The decoder of tickers with any input: the exact price or a typed reason, whatever came before.

``pytest tests/test_fuzz_ticker.py --hypothesis-profile thorough`` tries a hundred times as many cases, new ones each
time.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
import json
import random
from typing import Any

from hypothesis import example, given, strategies as st
import pytest

from custom_components.upbit.api.errors import short_reason
from custom_components.upbit.api.ticker import (
    InvalidTicker,
    Ticker,
    TickerDecoder,
    Tickers,
    decode_markets,
    decode_tickers,
)
from custom_components.upbit.api.wire import MAX_FRAME_SIZE, ErrorFrame, NoticeFrame
from tests.helpers.fuzzing import bounded, chances, counts, is_amount, is_code
from tests.helpers.hypothesis_profiles import scaled_settings
from tests.helpers.mutation import mutate_bytes, mutate_structure

LONG = {
    "market": "code",
    "price": "trade_price",
    "time": "trade_timestamp",
    "close": "prev_closing_price",
    "state": "market_state",
}
SHORT = {"market": "cd", "price": "tp", "time": "ttms", "close": "pcp", "state": "ms"}
ROW = LONG | {"market": "market"}


class Number(str):
    """A number as it is written, apart from a text."""

    __slots__ = ()


# What a plain JSON reader finds


def read(data: bytes) -> Any:
    """Return what is in a message; raise ValueError or RecursionError if it is not JSON in UTF-8."""
    if len(data) > MAX_FRAME_SIZE:
        raise ValueError
    return json.loads(
        data.decode(), parse_float=Number, parse_int=Number, parse_constant=lambda _: float("nan")
    )


def read_price(value: object) -> Decimal | None:
    if not isinstance(value, Number):
        return None
    try:
        price = Decimal(value)
    except InvalidOperation:
        return None
    return price if price.is_finite() and is_amount(price) and price > 0 else None


def read_time(value: object) -> int | None:
    digits = value.removeprefix("-") if isinstance(value, Number) else ""
    if not digits.isdecimal() or len(digits) > 15:
        return None
    time = int(str(value))
    return time if 0 <= time <= 253_402_300_799_000 else None


def read_market(value: object) -> str | None:
    if isinstance(value, Number) or not isinstance(value, str):
        return None
    quote, hyphen, base = value.partition("-")
    return value if hyphen and is_code(quote) and is_code(base) else None


def read_ticker(fields: dict[str, Any], keys: dict[str, str]) -> Ticker | None:
    market, price = read_market(fields.get(keys["market"])), read_price(fields.get(keys["price"]))
    time = read_time(fields.get(keys["time"]))
    if market is None or price is None or time is None:
        return None
    state = fields.get(keys["state"])
    return Ticker(market, price, time, read_price(fields.get(keys["close"])), state == "DELISTED")


@dataclass(slots=True)
class Checked:
    """A decoder, and the last ticker of each market that it must know."""

    decoder: TickerDecoder
    last: dict[str, Ticker]

    def check(self, data: bytes) -> None:
        """Decode a message; what is returned is exactly what is new in it, and each bad item affects itself."""
        items = bounded(self.decoder.decode, data)
        try:
            value = read(data)
        except ValueError, RecursionError:
            assert items is None
            return
        objects = value if isinstance(value, list) else [value]
        if items is None:
            # How deep a message may be nested depends on the stack.
            assert not objects or data.count(b"[") + data.count(b"{") > 500
            return
        rest = iter(items)
        for fields in objects:
            self._check_item(fields, rest)
        assert not [*rest]

    def _check_item(self, fields: Any, rest: Any) -> None:
        if not isinstance(fields, dict):
            assert isinstance(item := next(rest), InvalidTicker)
            assert item.market is None
        elif "ticker" in (fields.get("ty"), fields.get("type")):
            keys = SHORT if fields.get("ty") == "ticker" else LONG
            if (ticker := read_ticker(fields, keys)) is None:
                assert isinstance(item := next(rest), InvalidTicker)
                assert item.market == read_market(fields.get(keys["market"]))
            elif ticker != self.last.get(ticker.market):
                item = next(rest)
                assert isinstance(item, Ticker)
                assert item == ticker
                assert type(item.traded_at) is int
                self.last[ticker.market] = ticker
        else:
            match item := next(rest):
                case ErrorFrame(name):
                    assert short_reason(name).isascii()
                    assert len(name) <= 80
                case NoticeFrame():
                    assert {"status", "method"} & fields.keys()
                case InvalidTicker(market):
                    assert market is None
                case _:
                    pytest.fail(f"an item of the type {type(item).__name__}")


def check_alone(data: bytes) -> None:
    Checked(TickerDecoder(), {}).check(data)


def check_rows(data: bytes) -> Tickers | None:
    """Decode rows of ``GET /v1/ticker``; a market has the price of its last row, unless one of them is invalid."""
    rows = bounded(decode_tickers, data)
    if rows is None:
        return None
    tickers: dict[str, Ticker] = {}
    invalid: set[str] = set()
    unreadable = 0
    for fields in read(data):
        if not isinstance(fields, dict) or (market := read_market(fields.get("market"))) is None:
            unreadable += 1
        elif fields.get("trade_price") is None:
            pass
        elif (ticker := read_ticker(fields, ROW)) is None:
            invalid.add(market)
        else:
            tickers[market] = ticker
    assert rows.tickers == {market: ticker for market, ticker in tickers.items() if market not in invalid}
    assert rows.invalid.keys() == invalid
    assert rows.unreadable == unreadable
    return rows


def check_markets(data: bytes) -> None:
    markets = bounded(decode_markets, data)
    if markets is None:
        return
    codes = {read_market(row.get("market")) for row in read(data) if isinstance(row, dict)}
    assert markets.keys() == codes - {None}
    for market in markets.values():
        for name in (market.korean_name, market.english_name):
            assert name is None or (len(name) <= 100 and name.encode())


# What an exchange sends

prices = st.one_of(
    st.sampled_from(("1", "1.0", "138123000.00000000", "7.9276E-4", "1E+5", "1e-120", "0.1", "9" * 119)),
    st.decimals(min_value="1e-30", max_value=10**30, places=30, allow_nan=False, allow_infinity=False).map(
        str
    ),
)
NOT_CLOSES = ("0", "null", "-1", "true", '"1"', "NaN", "[[]]")
closes = st.one_of(prices, st.sampled_from(NOT_CLOSES))
times = st.one_of(st.integers(1_790_000_000_000, 1_790_000_000_003), st.integers(0, 253_402_300_799_000))
markets = st.sampled_from(("SGD-BTC", "KRW-BTC", "USDT-BTC-W", "BTC-1INCH"))
states = st.sampled_from(('"ACTIVE"', '"PREVIEW"', '"DELISTED"', "null"))


@dataclass(frozen=True, slots=True)
class Sent:
    """A ticker as it is written: every value as JSON text."""

    market: str
    price: str
    time: int
    close: str
    state: str

    def text(self, keys: dict[str, str]) -> str:
        values = {
            "market": json.dumps(self.market),
            "price": self.price,
            "time": str(self.time),
            "close": self.close,
            "state": self.state,
        }
        fields = [f'"{keys[name]}":{value}' for name, value in values.items()]
        types = {"cd": '"ty":"ticker"', "code": '"type":"ticker"', "market": '"timestamp":1'}
        return "{" + ",".join([types[keys["market"]], *fields, '"dd":null']) + "}"


sent_tickers = st.builds(Sent, markets, prices, times, closes, states)
formats = st.tuples(st.sampled_from((SHORT, LONG)), st.booleans())


def encode(tickers: list[Sent], style: tuple[dict[str, str], bool]) -> list[str]:
    """Return tickers as one message for all, or one for each."""
    keys, as_list = style
    texts = [ticker.text(keys) for ticker in tickers]
    return [f"[{','.join(texts)}]"] if as_list else texts


# Frames


@given(tickers=st.lists(sent_tickers, min_size=1, max_size=8), style=formats)
@scaled_settings(100)
def test_true_frames_are_decoded_exactly(tickers: list[Sent], style: tuple[dict[str, str], bool]) -> None:
    expected: list[Ticker] = []
    last: dict[str, Ticker] = {}
    for sent in tickers:
        close = None if sent.close in NOT_CLOSES else Decimal(sent.close)
        ticker = Ticker(sent.market, Decimal(sent.price), sent.time, close, sent.state == '"DELISTED"')
        if ticker != last.get(sent.market):
            expected.append(ticker)
        last[sent.market] = ticker
    decoder = TickerDecoder()
    decoded = [item for text in encode(tickers, style) for item in decoder.decode(text.encode())]
    assert decoded == expected


@given(data=st.binary(max_size=4000))
@scaled_settings(50)
@example(data=b"")
@example(data=b"[]")
def test_arbitrary_bytes(data: bytes) -> None:
    check_alone(data)
    check_rows(data)
    check_markets(data)


@given(
    tickers=st.lists(sent_tickers, min_size=1, max_size=4),
    style=formats,
    chance=chances,
    times=counts,
    in_bytes=st.booleans(),
)
@scaled_settings(100)
def test_mutated_frames_between_true_ones(
    tickers: list[Sent], style: tuple[dict[str, str], bool], chance: random.Random, times: int, in_bytes: bool
) -> None:
    checked = Checked(TickerDecoder(), {})
    for text in encode(tickers, style):
        checked.check(mutate(text, chance, times, in_bytes=in_bytes))
        checked.check(text.encode())
        checked.check(mutate(text, chance, times, in_bytes=in_bytes))
        checked.check(text.encode())


TICKER = b'{"ty":"ticker","cd":"SGD-BTC","tp":%s,"ttms":1}'
# What is no ticker in other ways is read as in other messages; see test_fuzz.py.
LARGE = {
    "nested lists": b"[[[[[[]]]]]],",
    "notices": b'{"status":0},',
    "tickers": TICKER % b"1" + b",",
    "invalid tickers": TICKER % b"0" + b",",
    "long prices": TICKER % (b"9" * 119) + b",",
    "longer prices": TICKER % (b"9" * 100_000) + b",",
    "deep prices": TICKER % (b"[" * 50_000 + b"]" * 50_000) + b",",
}


@pytest.mark.slow
@pytest.mark.parametrize("unit", LARGE.values(), ids=LARGE.keys())
def test_large_message_of_one_kind(unit: bytes) -> None:
    items = unit * ((MAX_FRAME_SIZE - 2) // len(unit))
    for data in (b"[" + items.rstrip(b",") + b"]", TICKER % items[: -len(TICKER)].rstrip(b",")):
        check_alone(data)
        check_rows(data)
        check_markets(data)


# Bodies of REST calls


@given(tickers=st.lists(sent_tickers, max_size=4), chance=chances, times=counts, in_bytes=st.booleans())
@scaled_settings(100)
def test_mutated_rows(tickers: list[Sent], chance: random.Random, times: int, in_bytes: bool) -> None:
    text = f"[{','.join(ticker.text(ROW) for ticker in tickers)}]"
    rows = check_rows(text.encode())
    assert rows is not None
    assert rows.tickers.keys() == {ticker.market for ticker in tickers}
    check_rows(mutate(text, chance, times, in_bytes=in_bytes))


@given(chance=chances, times=counts, in_bytes=st.booleans())
@scaled_settings(100)
def test_mutated_markets(chance: random.Random, times: int, in_bytes: bool) -> None:
    text = (
        '[{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin","market_event":{"warning":false}},'
        '{"market":"BTC-ADA","english_name":"Cardano","market_warning":"NONE"}]'
    )
    check_markets(mutate(text, chance, times, in_bytes=in_bytes))


def mutate(text: str, chance: random.Random, times: int, *, in_bytes: bool) -> bytes:
    if in_bytes:
        return mutate_bytes(text.encode(), chance, times)
    return mutate_structure(text, chance, times).encode(errors="surrogatepass")
