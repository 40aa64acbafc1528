"""The wire format of the public API: tickers, of the stream and of REST, and the list of markets; pure functions.

Source: https://global-docs.upbit.com/reference/websocket-ticker, https://global-docs.upbit.com/reference/list-tickers
and https://global-docs.upbit.com/reference/listing-market-list
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
import json
from typing import Any, NamedTuple, TypeGuard

from .wire import (
    DecodeError,
    DecodeErrorReason,
    OtherFrame,
    check_amount,
    check_timestamp,
    decode_json,
    decode_other,
    is_code,
)

_MAX_TIMESTAMP_LENGTH = 20
_MAX_NAME_LENGTH = 100

_MAX_MARKETS = 10_000
"""About ten times as many as a region has; more than these are not remembered at the same time."""

# A number stays the bytes that it was received as, which costs less than a float and tells it from a text. Most
# frames bring no new price, so most numbers are never converted. NaN and Infinity are the only floats.
_DECODER = json.JSONDecoder(parse_float=str.encode, parse_int=str.encode)

# The keys of the market, the price, its time, the previous close and the state of the market.
type _Keys = tuple[str, str, str, str, str]
# In the DEFAULT and JSON_LIST formats, in SIMPLE and SIMPLE_LIST, and in the rows of REST, which have no state.
_LONG_KEYS = ("code", "trade_price", "trade_timestamp", "prev_closing_price", "market_state")
_SHORT_KEYS = ("cd", "tp", "ttms", "pcp", "ms")
_ROW_KEYS = ("market", *_LONG_KEYS[1:])


class Ticker(NamedTuple):
    """The last trade of a market; a tuple, because making one is part of the cost of every frame."""

    market: str
    """QUOTE-BASE in upper case, such as SGD-BTC."""
    price: Decimal
    """What one unit of BASE costs in QUOTE; positive, exact as received."""
    traded_at: int
    """Milliseconds since 1970: when the last trade was."""
    previous_close: Decimal | None
    """The price at the last 00:00 UTC; None if absent or invalid."""
    delisted: bool
    """Whether the market is closed for ever, so that the price is none any more."""


@dataclass(frozen=True, slots=True)
class InvalidTicker:
    """An item that is rejected: it has no valid price or time, or can't be decoded at all."""

    market: str | None
    """None where it is not readable."""
    reason: DecodeErrorReason


type TickerItem = Ticker | InvalidTicker


@dataclass(frozen=True, slots=True)
class Market:
    """A row of the list of markets; None for a name that the region does not have."""

    korean_name: str | None
    english_name: str | None


@dataclass(frozen=True, slots=True)
class Tickers:
    """The decoded rows of ``GET /v1/ticker``; a market whose row has no price is in neither."""

    tickers: Mapping[str, Ticker]
    invalid: Mapping[str, DecodeErrorReason]
    """Markets with a row whose code was readable, and whose price or time was not."""
    unreadable: int = 0
    """Rows without a readable code."""


class _Memory:
    """The last ticker of a market, and the numbers that it was made of, as they were received."""

    __slots__ = ("previous_close", "price", "ticker")

    def __init__(self) -> None:
        # No number is empty, so that the first price is a new one.
        self.price = b""
        self.previous_close: bytes | None = None
        self.ticker = _NONE


_NONE = Ticker("", Decimal(0), 0, None, delisted=False)


class TickerDecoder:
    """Decodes the messages of one ticker stream; remembers each market's numbers, to convert only what changed."""

    def __init__(self) -> None:
        self._memories: dict[str, _Memory] = {}

    def reset(self) -> None:
        """Forget all markets, so that what comes next is new."""
        self._memories.clear()

    def decode(self, data: bytes) -> list[TickerItem | OtherFrame]:
        """Decode one WebSocket message in any of the four formats; text comes as bytes, too.

        Returns:
            Its items; a ticker only if something of it is new. An item that can't be decoded affects itself only.

        Raises:
            DecodeError: The message as a whole is invalid.
        """
        value = decode_json(data, _DECODER)
        if not isinstance(value, list):
            return [] if (decoded := self._decode_item(value)) is None else [decoded]
        if not value:
            raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
        return [decoded for item in value if (decoded := self._decode_item(item)) is not None]

    def _decode_item(self, item: Any) -> TickerItem | OtherFrame | None:
        if not isinstance(item, dict):
            return InvalidTicker(None, DecodeErrorReason.WRONG_SHAPE)
        keys: _Keys
        if item.get("ty") == "ticker":
            keys = _SHORT_KEYS
        elif item.get("type") == "ticker":
            keys = _LONG_KEYS
        else:
            try:
                return decode_other(item)
            except DecodeError as err:
                return InvalidTicker(None, err.reason)
        market: Any = item.get(keys[0])
        memory = self._memories.get(market) if isinstance(market, str) else None
        if memory is None:
            if not is_market(market):
                return InvalidTicker(None, DecodeErrorReason.INVALID_MARKET)
            if len(self._memories) >= _MAX_MARKETS:
                self.reset()
            memory = self._memories[market] = _Memory()
        last = memory.ticker
        try:
            ticker = _decode_ticker(item, keys, market, memory)
        except DecodeError as err:
            return InvalidTicker(market, err.reason)
        return None if ticker == last else ticker


def ticker_subscription(ticket: str, markets: Iterable[str]) -> str:
    """Return the request for the tickers of these markets; it replaces the former one of the connection."""
    return json.dumps([{"ticket": ticket}, {"type": "ticker", "codes": [*markets]}, {"format": "SIMPLE"}])


def is_market(value: object) -> TypeGuard[str]:
    """Return whether a value can be the code of a market: QUOTE-BASE, where BASE may have a hyphen."""
    if not isinstance(value, str):
        return False
    quote, _, base = value.partition("-")
    return is_code(quote) and is_code(base)


def decode_markets(body: bytes) -> dict[str, Market]:
    """Decode the rows of ``GET /v1/market/all``; one that can't be decoded is left out.

    Raises:
        DecodeError: The body is no list of rows, or has no market.
    """
    markets = {
        market: Market(_name(row.get("korean_name")), _name(row.get("english_name")))
        for row in _decode_rows(body)
        if isinstance(row, dict) and is_market(market := row.get("market"))
    }
    # No region is without a market. To believe it would mean that no coin has a price.
    if not markets:
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    return markets


def decode_tickers(body: bytes) -> Tickers:
    """Decode the rows of ``GET /v1/ticker``.

    Raises:
        DecodeError: The body is no list of rows.
    """
    tickers: dict[str, Ticker] = {}
    invalid: dict[str, DecodeErrorReason] = {}
    unreadable = 0
    for row in _decode_rows(body):
        if not (isinstance(row, dict) and is_market(market := row.get("market"))):
            unreadable += 1
        elif row.get("trade_price") is not None:
            try:
                tickers[market] = _decode_ticker(row, _ROW_KEYS, market, _Memory())
            except DecodeError as err:
                invalid[market] = err.reason
    for market in invalid:
        tickers.pop(market, None)
    return Tickers(tickers, invalid, unreadable)


def _decode_rows(body: bytes) -> list[Any]:
    rows = decode_json(body, _DECODER)
    if not isinstance(rows, list):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    return rows


def _decode_ticker(fields: dict[str, Any], keys: _Keys, market: str, memory: _Memory) -> Ticker:
    """Return the ticker of an item, and remember it.

    Raises:
        DecodeError: The price or its time is invalid; the memory is unchanged.
    """
    _, price_key, traded_at_key, previous_close_key, state_key = keys
    last = memory.ticker
    raw_price: Any = fields.get(price_key)
    raw_close = fields.get(previous_close_key)
    if type(raw_close) is not bytes:
        raw_close = None
    price = last.price if raw_price == memory.price else _price(raw_price)
    previous_close = last.previous_close if raw_close == memory.previous_close else _previous_close(raw_close)
    traded_at = _timestamp(fields.get(traded_at_key))
    ticker = Ticker(market, price, traded_at, previous_close, fields.get(state_key) == "DELISTED")
    memory.price, memory.previous_close, memory.ticker = raw_price, raw_close, ticker
    return ticker


def _price(raw: object) -> Decimal:
    if raw is None:
        raise DecodeError(DecodeErrorReason.NO_PRICE)
    if type(raw) is not bytes:
        raise DecodeError(DecodeErrorReason.INVALID_PRICE)
    try:
        price = check_amount(Decimal(raw.decode()))
    # InvalidOperation: a number whose exponent no Decimal can hold.
    except DecodeError, InvalidOperation:
        raise DecodeError(DecodeErrorReason.INVALID_PRICE) from None
    if not price:
        raise DecodeError(DecodeErrorReason.INVALID_PRICE)
    return price


def _previous_close(raw: bytes | None) -> Decimal | None:
    try:
        return _price(raw)
    except DecodeError:
        return None


def _timestamp(raw: object) -> int:
    if type(raw) is bytes and len(raw) <= _MAX_TIMESTAMP_LENGTH:
        try:
            return check_timestamp(int(raw))
        except ValueError:
            pass
    raise DecodeError(DecodeErrorReason.INVALID_TIMESTAMP)


def _name(value: object) -> str | None:
    """Return the name of a coin, if it can be shown."""
    if isinstance(value, str) and 0 < len(value) <= _MAX_NAME_LENGTH and value.isprintable():
        return value
    return None
