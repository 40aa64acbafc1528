"""The wire format of the My Asset stream and of the account's rows: pure functions from bytes to values.

Source: https://global-docs.upbit.com/reference/websocket-myasset and https://global-docs.upbit.com/reference/accounts
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MINYEAR, UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from enum import StrEnum
from functools import partial, reduce
import json
import re
from typing import Any, NamedTuple, NoReturn, TypeGuard
import unicodedata

MAX_FRAME_SIZE = 1024 * 1024
"""Bytes. A frame with a thousand currencies has about a tenth of it."""

_MAX_PLACES = 120
"""Digits before, and digits after the decimal point of an amount.

Upbit documents amounts with 27 digits. A state in Home Assistant has at most 255 characters, so a sum within
these limits can always be shown to the last digit.
"""
# One call checks all of it: a number outside of these limits would overflow or be rounded, which raises.
_exact_amount = Context(
    prec=_MAX_PLACES + 1, Emax=_MAX_PLACES - 1, Emin=0, traps=[Inexact, InvalidOperation, Overflow]
).plus
_TIMESTAMPS = range(253_402_300_799_001)
"""Milliseconds, up to the end of the year 9999."""

# Wide enough for a sum of products within the limits above, each of an amount, an average price and the prices of two
# markets. Were it ever not, it raises instead of rounding.
_EXACT = Context(prec=12 * _MAX_PLACES, traps=[Inexact, InvalidOperation])

_MAX_CODE_LENGTH = 32
_DECIMAL_TEXT = re.compile(r"-?[0-9]{1,250}(?:\.[0-9]{1,250})?(?:[eE][+-]?[0-9]{1,4})?")

_ZERO = Decimal(0)
_WHITESPACE = " \t\n\r"

_ROW_KEYS = ("currency", "balance", "locked")
# The key of the assets, those of an asset, that of the time: in DEFAULT and JSON_LIST, in SIMPLE and SIMPLE_LIST.
_LONG_KEYS = ("assets", _ROW_KEYS, "asset_timestamp")
_SHORT_KEYS = ("ast", ("cu", "b", "l"), "asttms")


class DecodeErrorReason(StrEnum):
    """Why a frame, a body or an item in one could not be decoded."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_AMOUNT = "invalid_amount"
    INVALID_CURRENCY = "invalid_currency"
    REPEATED_CURRENCY = "repeated_currency"
    INVALID_TIMESTAMP = "invalid_timestamp"
    INVALID_MARKET = "invalid_market"
    INVALID_PRICE = "invalid_price"
    NO_PRICE = "no_price"
    """Null or absent, as of a listed market that was never traded."""


class DecodeError(ValueError):
    """Something could not be decoded; its content is not part of the error."""

    def __init__(self, reason: DecodeErrorReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Holding(NamedTuple):
    """What an account has of one currency, in units of that currency."""

    available: Decimal
    """Available for orders."""
    locked: Decimal
    """Locked by pending orders or withdrawals."""

    @property
    def total(self) -> Decimal:
        """What the account owns: available and locked, exact."""
        return _EXACT.add(self.available, self.locked)


EMPTY = Holding(_ZERO, _ZERO)

# A call of the class would run a function in Python, for each item of every message.
_new_holding: Callable[[tuple[Decimal, Decimal]], Holding] = partial(tuple.__new__, Holding)


@dataclass(slots=True)
class Holdings:
    """The decoded items of a message or a snapshot. An item that can't be decoded affects its currency only.

    Not frozen, because to make a frozen one takes four times as long, for every message.
    """

    amounts: Mapping[str, Holding]
    """What could be decoded, by currency."""
    undecodable: Mapping[str, DecodeErrorReason]
    """Currencies with an item whose code was readable and whose amount was not."""
    unreadable: int
    """Items without a readable currency code."""


@dataclass(frozen=True, slots=True)
class AverageBuyPrice:
    """What an account paid for one unit of a currency on average, without fees."""

    price: Decimal
    """Greater than zero, in units of `currency`."""
    currency: str
    """What the price is counted in; not always the region's own currency."""


@dataclass(slots=True)
class Snapshot(Holdings):
    """The rows of `GET /v1/accounts`."""

    averages: Mapping[str, AverageBuyPrice]
    """By currency; absent where it is zero, can't be decoded, or differs between rows of one currency."""


@dataclass(slots=True)
class AssetUpdate(Holdings):
    """One My Asset message: the new absolute amounts of the currencies that changed."""

    asset_timestamp: int
    """Milliseconds since 1970: when the assets changed."""


class OtherFrame:
    """A message without data."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ErrorFrame(OtherFrame):
    """The exchange rejects the request; it closes the connection right after, with code 1000."""

    name: str


@dataclass(frozen=True, slots=True)
class NoticeFrame(OtherFrame):
    """A status, or the response to a method."""


type Frame = AssetUpdate | OtherFrame


def exact_difference(after: Decimal, before: Decimal) -> Decimal:
    """Return after - before without rounding, whatever the precision of the current context."""
    return _EXACT.subtract(after, before)


def exact_sum(one: Decimal, other: Decimal) -> Decimal:
    """Return the sum without rounding, whatever the precision of the current context."""
    return _EXACT.add(one, other)


def exact_product(*factors: Decimal) -> Decimal:
    """Return the product without rounding, whatever the precision of the current context."""
    return reduce(_EXACT.multiply, factors, Decimal(1))


def plain(amount: Decimal) -> str:
    """Return an amount in plain notation: every digit, no exponent, no trailing zeros."""
    return format(_EXACT.normalize(amount), "f")


def subscription(ticket: str) -> str:
    """Return the request for My Asset messages; with ``codes`` in it, Upbit would reject it as WRONG_FORMAT."""
    return json.dumps([{"ticket": ticket}, {"type": "myAsset"}, {"format": "DEFAULT"}])


def decode_frame(data: bytes) -> list[Frame]:
    """Decode one WebSocket message in any of the four formats; text comes as bytes, too.

    Raises:
        DecodeError: The message as a whole is invalid; nothing in it may be used.
    """
    value = decode_json(data)
    if not isinstance(value, list):
        return [_decode_object(value)]
    if not value:
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    return [_decode_object(item) for item in value]


def decode_accounts(data: bytes) -> Snapshot:
    """Decode the rows of ``GET /v1/accounts``; rows of one currency are parts of one holding and are added.

    Raises:
        DecodeError: The body is no list of rows; nothing in it may be used.
    """
    rows = decode_json(data)
    if not isinstance(rows, list):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    return Snapshot(*_decode_items(rows, _ROW_KEYS, _row_amount, _add), _decode_averages(rows))


def decode_key_expiration(data: bytes, access_key: str) -> datetime | None:
    """Return when this key expires, from the body of ``GET /v1/api_keys``; None when the key is not listed.

    Raises:
        DecodeError: The body is invalid.
    """
    rows = decode_json(data)
    if not isinstance(rows, list):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    for row in rows:
        fields = _object(row)
        if fields.get("access_key") != access_key:
            continue
        try:
            expiry = datetime.fromisoformat(fields.get("expire_at", ""))
            in_utc = expiry.astimezone(UTC)
        # OverflowError: at the ends of the calendar another time zone may have no such moment.
        except TypeError, ValueError, OverflowError:
            raise DecodeError(DecodeErrorReason.INVALID_TIMESTAMP) from None
        if expiry.tzinfo is None or in_utc.year == MINYEAR:
            raise DecodeError(DecodeErrorReason.INVALID_TIMESTAMP)
        return expiry
    return None


def error_name(data: bytes) -> object:
    """Return ``error.name`` of a body, or None where the body has none: a page of HTML, plain text, nothing."""
    try:
        value = decode_json(data)
    except DecodeError:
        return None
    if isinstance(value, dict) and isinstance(error := value.get("error"), dict):
        return error.get("name")
    return None


def _no_constant(_: str) -> NoReturn:
    raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)


# One decoder for all messages: making one costs more than decoding a message.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def decode_json(data: bytes, decoder: json.JSONDecoder = _DECODER) -> Any:
    """Decode a message or a body within the size limit.

    Raises:
        DecodeError: It is too large, or not JSON in UTF-8.
    """
    if len(data) > MAX_FRAME_SIZE:
        raise DecodeError(DecodeErrorReason.TOO_LARGE)
    try:
        text = data.decode().strip(_WHITESPACE)
        value, end = decoder.raw_decode(text)
    except UnicodeDecodeError:
        raise DecodeError(DecodeErrorReason.NOT_UTF8) from None
    except DecodeError:
        raise
    # RecursionError: nested too deep. ValueError: also an integer with thousands of digits.
    # InvalidOperation: a number whose exponent no Decimal can hold.
    except ValueError, RecursionError, InvalidOperation:
        raise DecodeError(DecodeErrorReason.NOT_JSON) from None
    if end != len(text):
        raise DecodeError(DecodeErrorReason.NOT_JSON)
    return value


def _decode_object(value: Any) -> Frame:
    if not isinstance(value, dict):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    if value.get("type") == "myAsset":
        assets_key, item_keys, timestamp_key = _LONG_KEYS
    elif value.get("ty") == "myAsset":
        assets_key, item_keys, timestamp_key = _SHORT_KEYS
    else:
        return decode_other(value)
    assets = value.get(assets_key)
    if not isinstance(assets, list):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    asset_timestamp = check_timestamp(value.get(timestamp_key))
    amounts, undecodable, unreadable = _decode_items(assets, item_keys, check_amount, _contradiction)
    return AssetUpdate(amounts, undecodable, unreadable, asset_timestamp)


def decode_other(fields: dict[str, Any]) -> OtherFrame:
    """Decode a message that has no data.

    Raises:
        DecodeError: Its type is unknown.
    """
    if "error" in fields:
        name = _object(fields["error"]).get("name")
        # Only a text: to write out what is nested deeply takes the square of its depth.
        return ErrorFrame(name[:80] if isinstance(name, str) else "")
    if "status" in fields or "method" in fields:
        return NoticeFrame()
    raise DecodeError(DecodeErrorReason.UNKNOWN_TYPE)


def _decode_items(
    items: list[Any],
    keys: tuple[str, str, str],
    decode_amount: Callable[[Any], Decimal],
    combine: Callable[[Holding, Holding], Holding],
) -> tuple[dict[str, Holding], dict[str, DecodeErrorReason], int]:
    """Decode items with a currency and two amounts into what `Holdings` consists of.

    Args:
        items: The rows, or the assets of a message.
        keys: The keys of the currency, the available and the locked amount.
        decode_amount: Decodes one amount.
        combine: Makes one holding of two with the same currency.
    """
    currency_key, available_key, locked_key = keys
    amounts: dict[str, Holding] = {}
    undecodable: dict[str, DecodeErrorReason] = {}
    unreadable = 0
    for item in items:
        if not (isinstance(item, dict) and is_code(currency := item.get(currency_key))):
            unreadable += 1
            continue
        try:
            holding = _new_holding(
                (decode_amount(item.get(available_key)), decode_amount(item.get(locked_key)))
            )
            if currency in amounts:
                holding = combine(amounts[currency], holding)
        except DecodeError as err:
            undecodable[currency] = err.reason
        else:
            amounts[currency] = holding
    for currency in undecodable:
        amounts.pop(currency, None)
    return amounts, undecodable, unreadable


def _decode_averages(rows: list[Any]) -> dict[str, AverageBuyPrice]:
    """Decode the average buy prices; one that can't be decoded affects no amount."""
    averages: dict[str, AverageBuyPrice | None] = {}
    for row in rows:
        if isinstance(row, dict) and is_code(currency := row.get("currency")):
            average = _average(row)
            averages[currency] = average if averages.get(currency, average) == average else None
    return {currency: average for currency, average in averages.items() if average is not None}


def _average(row: dict[str, Any]) -> AverageBuyPrice | None:
    unit = row.get("unit_currency")
    try:
        price = _row_amount(row.get("avg_buy_price"))
    except DecodeError:
        return None
    return AverageBuyPrice(price, unit) if price and is_code(unit) else None


def _add(one: Holding, other: Holding) -> Holding:
    return Holding(_EXACT.add(one.available, other.available), _EXACT.add(one.locked, other.locked))


def _contradiction(one: Holding, other: Holding) -> NoReturn:
    # The amounts in a frame are absolute.
    raise DecodeError(DecodeErrorReason.REPEATED_CURRENCY)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    return value


def is_code(value: object) -> TypeGuard[str]:
    """Return whether a value can be the code of a currency."""
    return (
        isinstance(value, str)
        and len(value) <= _MAX_CODE_LENGTH
        and (value.isalnum() or _is_printable(value))
    )


def _is_printable(code: str) -> bool:
    """Return whether it has characters: no control, format, surrogate or private ones, unassigned ones, separators."""
    return code != "" and not any(unicodedata.category(character)[0] in "CZ" for character in code)


def check_timestamp(value: object) -> int:
    """Return a time in milliseconds since 1970.

    Raises:
        DecodeError: It is no time up to the year 9999.
    """
    if type(value) is int and value in _TIMESTAMPS:
        return value
    raise DecodeError(DecodeErrorReason.INVALID_TIMESTAMP)


def check_amount(value: object) -> Decimal:
    """Return a number of the decoder as an amount or a price: not negative, with digits that can be shown.

    Raises:
        DecodeError: It is none.
    """
    # A bool is an int too, but no number.
    if type(value) is not Decimal and type(value) is not int:
        raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)
    try:
        amount = _exact_amount(value)
    except Inexact, InvalidOperation, Overflow:
        raise DecodeError(DecodeErrorReason.INVALID_AMOUNT) from None
    if amount >= _ZERO:  # NaN is not: without a trap in its context, Decimal makes it of an enormous exponent
        return amount
    raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)


def _row_amount(value: Any) -> Decimal:
    """Return an amount of a row, which is a text there."""
    if isinstance(value, str) and _DECIMAL_TEXT.fullmatch(value):
        return check_amount(Decimal(value))
    raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)
