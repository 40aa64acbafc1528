"""The wire format of tickers: exact prices, what is new only, and a reason for every item that is rejected."""

from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.upbit.api.ticker import (
    InvalidTicker,
    Market,
    Ticker,
    TickerDecoder,
    Tickers,
    decode_markets,
    decode_tickers,
    ticker_subscription,
)
from custom_components.upbit.api.wire import (
    MAX_FRAME_SIZE,
    DecodeError,
    DecodeErrorReason,
    ErrorFrame,
    NoticeFrame,
)

DEFAULT = (
    '{"type":"ticker","code":"SGD-BTC","opening_price":180000.5,"trade_price":181123.45,"prev_closing_price":1.79E+5,'
    '"trade_timestamp":1710146517259,"market_state":"ACTIVE","is_trading_suspended":false,"delisting_date":null,'
    '"timestamp":1710146517267,"stream_type":"SNAPSHOT"}'
)
SIMPLE = (
    '{"ty":"ticker","cd":"SGD-BTC","op":180000.5,"tp":181123.45,"pcp":1.79E+5,"ttms":1710146517259,"ms":"ACTIVE",'
    '"its":false,"dd":null,"tms":1710146517267,"st":"SNAPSHOT"}'
)
SAMPLE = Ticker("SGD-BTC", Decimal("181123.45"), 1710146517259, Decimal(179000), delisted=False)

NOT_NUMBERS = ("null", "true", "false", '"1"', "[1]", "{}", "NaN", "Infinity", "-Infinity")
NOT_PRICES = (
    *NOT_NUMBERS,
    "0",
    "-0",
    "0.0",
    "0E-8",
    "-1",
    "-0.00000001",
    "1e120",
    "1e-121",
    "1e-999999",
    "1e99999999999999999999",
    "9" * 5000,
    "9" * 120 + ".99",
)


def frame(tp: str = "1", market: str = '"SGD-BTC"', **other: str) -> str:
    """Return the text of a SIMPLE frame with other values as JSON text, or without a key."""
    fields = {"ty": '"ticker"', "cd": market, "tp": tp, "ttms": "1000", "pcp": "2", "ms": '"ACTIVE"'} | other
    return "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items() if value) + "}"


def ticker(price: str = "1", market: str = "SGD-BTC", traded_at: int = 1000) -> Ticker:
    return Ticker(market, Decimal(price), traded_at, Decimal(2), delisted=False)


def decode(text: str) -> list[Any]:
    return [*TickerDecoder().decode(text.encode())]


def decode_one(text: str) -> Any:
    (item,) = decode(text)
    return item


# What can be decoded


@pytest.mark.parametrize("text", [DEFAULT, SIMPLE, f"[{DEFAULT}]", f" [{SIMPLE}]\n"])
def test_each_format_is_decoded(text: str) -> None:
    assert decode(text) == [SAMPLE]


@pytest.mark.parametrize(
    "written",
    ["12", "1.50", "7.9276E-4", "1E+5", "138123000.00000000", "0." + "1" * 120, "9" * 120, "1." + "0" * 200],
)
def test_price_is_exact(written: str) -> None:
    item = decode_one(frame(written, pcp=written))
    assert (item.price, item.previous_close) == (Decimal(written), Decimal(written))


def test_trailing_zeros_are_kept() -> None:
    assert str(decode_one(frame("1.500")).price) == "1.500"


@pytest.mark.parametrize(
    "market", ["IDR-BTC", "USDT-BTC-W", "BTC-币安人生", "KRW-1INCH", "KRW-a,b", "A" * 32 + "-" + "B" * 32]
)
def test_market_is_two_codes_with_a_hyphen(market: str) -> None:
    assert decode_one(frame(market=json.dumps(market))) == ticker(market=market)


@pytest.mark.parametrize("written", ["", "0", "-1", *NOT_NUMBERS, "9" * 121])
def test_price_counts_without_a_valid_previous_close(written: str) -> None:
    assert decode_one(frame(pcp=written)) == ticker()._replace(previous_close=None)


@pytest.mark.parametrize(
    ("state", "delisted"),
    [
        ('"DELISTED"', True),
        ('"ACTIVE"', False),
        ('"PREVIEW"', False),
        ('"CLOSED"', False),
        ("null", False),
        ("", False),
    ],
)
def test_only_a_delisted_market_is_delisted(state: str, delisted: bool) -> None:
    assert decode_one(frame(ms=state)) == ticker()._replace(delisted=delisted)


@pytest.mark.parametrize(
    "value", ["", "null", '"2026-01-01"', '{"year": 2026, "month": 1, "day": 1}', "NaN", "9" * 5000]
)
def test_other_fields_may_be_anything(value: str) -> None:
    assert decode_one(frame(dd=value, tv=value, its=value, tms=value, st=value)) == ticker()


def test_items_of_a_list_are_decoded_in_their_order() -> None:
    first, second = frame("1"), frame("2", '"SGD-ETH"')
    assert decode(f"[{second},{first},{second}]") == [ticker("2", "SGD-ETH"), ticker("1")]


def test_other_frames_are_told_apart() -> None:
    text = f'[{{"status":"UP"}},{{"error":{{"name":"NO_CODES"}}}},{{"error":{{"name":404}}}},{frame()}]'
    assert decode(text) == [NoticeFrame(), ErrorFrame("NO_CODES"), ErrorFrame(""), ticker()]


# What is new


def test_price_that_did_not_change_is_the_same_object() -> None:
    decoder = TickerDecoder()
    (first,) = decoder.decode(frame("1.5", ttms="1").encode())
    (second,) = decoder.decode(frame("1.5", ttms="2", tv="7").encode())
    assert isinstance(first, Ticker)
    assert isinstance(second, Ticker)
    assert second == first._replace(traded_at=2)
    assert second.price is first.price
    assert second.previous_close is first.previous_close


@pytest.mark.parametrize("again", [frame(tv="2", tms="5"), frame("1.0"), frame(ms="null")])
def test_nothing_is_returned_when_nothing_is_new(again: str) -> None:
    decoder = TickerDecoder()
    decoder.decode(frame().encode())
    assert decoder.decode(again.encode()) == []


@pytest.mark.parametrize(
    ("after", "new"),
    [
        (frame("2"), ticker("2")),
        (frame(ttms="999"), ticker(traded_at=999)),
        (frame(pcp="3"), ticker()._replace(previous_close=Decimal(3))),
        (frame(pcp=""), ticker()._replace(previous_close=None)),
        (frame(ms='"DELISTED"'), ticker()._replace(delisted=True)),
        (frame(market='"SGD-ETH"'), ticker(market="SGD-ETH")),
    ],
)
def test_what_is_new_is_returned(after: str, new: Ticker) -> None:
    decoder = TickerDecoder()
    decoder.decode(frame().encode())
    assert decoder.decode(after.encode()) == [new]


def test_everything_is_new_after_a_reset() -> None:
    decoder = TickerDecoder()
    decoder.decode(frame().encode())
    decoder.reset()
    assert decoder.decode(frame().encode()) == [ticker()]


def test_rejected_item_changes_nothing_of_what_is_known() -> None:
    decoder = TickerDecoder()
    decoder.decode(frame().encode())
    decoder.decode(frame("0").encode())
    decoder.decode(frame("5", ttms="true").encode())
    assert decoder.decode(frame().encode()) == []
    assert decoder.decode(frame("5").encode()) == [ticker("5")]


def test_true_is_no_price_after_a_price_of_one() -> None:
    decoder = TickerDecoder()
    decoder.decode(frame("1").encode())
    assert decoder.decode(frame("true").encode()) == [
        InvalidTicker("SGD-BTC", DecodeErrorReason.INVALID_PRICE)
    ]


def test_number_of_markets_in_memory_is_limited() -> None:
    decoder = TickerDecoder()
    for start in range(0, 40_000, 1000):
        frames = ",".join(frame(market=f'"KRW-{start + number}"') for number in range(1000))
        decoder.decode(f"[{frames}]".encode())
    assert len(decoder._memories) <= 10_000


# What is rejected


@pytest.mark.parametrize(
    ("bad", "market", "reason"),
    [
        *((frame(price), "SGD-BTC", DecodeErrorReason.NO_PRICE) for price in ("", "null")),
        *(
            (frame(price), "SGD-BTC", DecodeErrorReason.INVALID_PRICE)
            for price in NOT_PRICES
            if price != "null"
        ),
        *(
            (frame(ttms=time), "SGD-BTC", DecodeErrorReason.INVALID_TIMESTAMP)
            for time in ("", *NOT_NUMBERS, "-1", "1.0", "1E3", "253402300799001", "1" * 5000)
        ),
        *(
            (frame(market=market), None, DecodeErrorReason.INVALID_MARKET)
            for market in (
                "",
                "null",
                "1",
                "[]",
                '""',
                '"BTC"',
                '"-BTC"',
                '"SGD-"',
                '"SGD- BTC"',
                '"\\ud800-BTC"',
            )
        ),
        (frame(market=f'"SGD-{"A" * 33}"'), None, DecodeErrorReason.INVALID_MARKET),
        # The keys of two formats mixed.
        (frame(ty='"x"', type='"ticker"'), None, DecodeErrorReason.INVALID_MARKET),
        (frame(ty='"trade"'), None, DecodeErrorReason.UNKNOWN_TYPE),
        ('{"error": 1}', None, DecodeErrorReason.WRONG_SHAPE),
        ("1", None, DecodeErrorReason.WRONG_SHAPE),
        ("NaN", None, DecodeErrorReason.WRONG_SHAPE),
        ("[]", None, DecodeErrorReason.WRONG_SHAPE),
    ],
)
def test_invalid_item_affects_itself_only(bad: str, market: str | None, reason: DecodeErrorReason) -> None:
    good = frame(market='"SGD-ETH"')
    invalid = InvalidTicker(market, reason)
    assert decode(f"[{bad}, {good}, {bad}]") == [invalid, ticker(market="SGD-ETH"), invalid]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", DecodeErrorReason.NOT_JSON),
        ("{", DecodeErrorReason.NOT_JSON),
        (frame() + frame(), DecodeErrorReason.NOT_JSON),
        (frame("01"), DecodeErrorReason.NOT_JSON),
        ("[" * 100_000, DecodeErrorReason.NOT_JSON),
        (b"\xff", DecodeErrorReason.NOT_UTF8),
        (frame().ljust(MAX_FRAME_SIZE + 1), DecodeErrorReason.TOO_LARGE),
        ("[]", DecodeErrorReason.WRONG_SHAPE),
    ],
)
def test_message_that_is_invalid_as_a_whole_has_a_reason(
    data: bytes | str, reason: DecodeErrorReason
) -> None:
    with pytest.raises(DecodeError) as caught:
        TickerDecoder().decode(data if isinstance(data, bytes) else data.encode())
    assert caught.value.reason is reason


# The request


def test_subscription_is_what_the_exchange_documents() -> None:
    assert json.loads(ticker_subscription("a-ticket", iter(("SGD-BTC", "SGD-ETH")))) == [
        {"ticket": "a-ticket"},
        {"type": "ticker", "codes": ["SGD-BTC", "SGD-ETH"]},
        {"format": "SIMPLE"},
    ]


# The list of markets


def test_markets_of_both_shapes_are_decoded() -> None:
    body = """[
        {"market": "KRW-BTC", "korean_name": "비트코인", "english_name": "Bitcoin", "market_event": {"warning": 0}},
        {"market": "SGD-BTC", "english_name": "Bitcoin Cash", "market_warning": "NONE"}
    ]"""
    assert decode_markets(body.encode()) == {
        "KRW-BTC": Market("비트코인", "Bitcoin"),
        "SGD-BTC": Market(None, "Bitcoin Cash"),
    }


@pytest.mark.parametrize(
    "bad", ["1", "null", "[]", "{}", '{"market": 1}', '{"market": "BTC"}', '{"market": "SGD-\\n"}']
)
def test_bad_row_of_markets_affects_itself_only(bad: str) -> None:
    body = f'[{bad}, {{"market": "SGD-BTC"}}, {bad}]'.encode()
    assert decode_markets(body) == {"SGD-BTC": Market(None, None)}


@pytest.mark.parametrize("name", ["1", "null", "[]", '""', '"\\ud800"', '"a\\nb"', f'"{"a" * 101}"'])
def test_name_that_cannot_be_shown_is_none(name: str) -> None:
    body = f'[{{"market": "SGD-BTC", "korean_name": {name}, "english_name": {name}}}]'.encode()
    assert decode_markets(body) == {"SGD-BTC": Market(None, None)}


@pytest.mark.parametrize("body", [b"[]", b"{}", b"[1]", b"1"])
def test_body_without_a_market_is_invalid(body: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_markets(body)
    assert caught.value.reason is DecodeErrorReason.WRONG_SHAPE


# Rows of tickers


def row(price: str = "1", market: str = '"SGD-BTC"', time: str = "1000") -> str:
    return (
        f'{{"market": {market}, "trade_price": {price}, "trade_timestamp": {time}, "prev_closing_price": 2,'
        ' "timestamp": 7}'
    )


def test_rows_are_decoded_by_market() -> None:
    body = f"[{row('1.50')}, {row('7.9276E-4', '"SGD-ADA"')}]".encode()
    assert decode_tickers(body) == Tickers(
        {"SGD-BTC": ticker("1.5"), "SGD-ADA": ticker("7.9276E-4", "SGD-ADA")}, {}
    )


@pytest.mark.parametrize(
    "bad", [row("null"), '{"market": "SGD-BTC", "trade_timestamp": 1}', row("null", time="null")]
)
def test_row_without_a_price_is_left_out(bad: str) -> None:
    good = row(market='"SGD-ETH"')
    assert decode_tickers(f"[{bad}, {good}]".encode()) == Tickers({"SGD-ETH": ticker(market="SGD-ETH")}, {})


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        *((row(price), DecodeErrorReason.INVALID_PRICE) for price in NOT_PRICES if price != "null"),
        *((row(time=time), DecodeErrorReason.INVALID_TIMESTAMP) for time in NOT_NUMBERS),
    ],
)
def test_invalid_row_affects_its_market_only(bad: str, reason: DecodeErrorReason) -> None:
    good = row(market='"SGD-ETH"')
    decoded = Tickers({"SGD-ETH": ticker(market="SGD-ETH")}, {"SGD-BTC": reason})
    assert decode_tickers(f"[{bad}, {good}, {row()}]".encode()) == decoded
    assert decode_tickers(f"[{row()}, {bad}, {good}]".encode()) == decoded


@pytest.mark.parametrize("bad", ["1", "{}", row(market="null"), row(market='"BTC"')])
def test_row_without_a_readable_market_is_counted(bad: str) -> None:
    assert decode_tickers(f"[{bad}, {row()}, {bad}]".encode()) == Tickers({"SGD-BTC": ticker()}, {}, 2)


def test_body_that_is_no_list_is_invalid() -> None:
    with pytest.raises(DecodeError) as caught:
        decode_tickers(b"{}")
    assert caught.value.reason is DecodeErrorReason.WRONG_SHAPE
