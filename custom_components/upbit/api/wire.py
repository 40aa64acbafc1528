"""The wire format of the My Asset stream and of the account's rows: pure functions from bytes to values.

Source: https://global-docs.upbit.com/reference/websocket-myasset and https://global-docs.upbit.com/reference/accounts
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MINYEAR, UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
import json
import re
from typing import Any, NoReturn

MAX_FRAME_SIZE = 1024 * 1024
"""Bytes. A frame with a thousand currencies has about a tenth of it."""

_MAX_PLACES = 120
"""Digits before, and digits after the decimal point of an amount.

Upbit documents amounts with 27 digits. A state in Home Assistant has at most 255 characters, so a sum within
these limits can always be shown to the last digit.
"""
_MAX_TIMESTAMP = 253_402_300_799_000
"""Milliseconds; the end of the year 9999."""

# Wide enough for any sum within the limits above; were it ever not, it raises instead of rounding.
_EXACT = Context(prec=4 * _MAX_PLACES, traps=[Inexact, InvalidOperation])

_CURRENCY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9])?")
_DECIMAL_TEXT = re.compile(r"-?[0-9]{1,250}(?:\.[0-9]{1,250})?(?:[eE][+-]?[0-9]{1,4})?")

# The keys of a frame in the DEFAULT and JSON_LIST formats, and in SIMPLE and SIMPLE_LIST.
_LONG_KEYS = ("assets", "currency", "balance", "locked", "asset_timestamp", "timestamp")
_SHORT_KEYS = ("ast", "cu", "b", "l", "asttms", "tms")


class DecodeErrorReason(StrEnum):
    """Why a frame or a body was refused."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_KEY = "missing_key"
    INVALID_AMOUNT = "invalid_amount"
    INVALID_CURRENCY = "invalid_currency"
    REPEATED_CURRENCY = "repeated_currency"
    INVALID_TIMESTAMP = "invalid_timestamp"


class DecodeError(ValueError):
    """A frame or body was refused whole; it has changed nothing, and its content is not part of the error."""

    def __init__(self, reason: DecodeErrorReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account has of one currency, in units of that currency."""

    balance: Decimal
    """Available for orders."""
    locked: Decimal
    """Tied up in open orders."""

    @property
    def total(self) -> Decimal:
        """What the account owns: available and locked, exact, without trailing zeros."""
        return _EXACT.normalize(_EXACT.add(self.balance, self.locked))


EMPTY = Holding(Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class AssetUpdate:
    """One My Asset message: the new absolute amounts of the currencies that changed."""

    holdings: Mapping[str, Holding]
    asset_timestamp: int
    """Milliseconds since 1970: when the assets changed."""
    timestamp: int
    """Milliseconds since 1970: when the message was made."""


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """The exchange refuses what was sent; it closes the connection right after, with code 1000."""

    name: str


@dataclass(frozen=True, slots=True)
class NoticeFrame:
    """A frame that says nothing about assets: a status, or the answer to a method."""


type Frame = AssetUpdate | ErrorFrame | NoticeFrame


def exact_difference(after: Decimal, before: Decimal) -> Decimal:
    """Return after - before without rounding, whatever the precision of the current context."""
    return _EXACT.normalize(_EXACT.subtract(after, before))


def plain(amount: Decimal) -> str:
    """Return an amount in plain notation: every digit, no exponent, no trailing zeros."""
    return format(_EXACT.normalize(amount), "f")


def subscription(ticket: str) -> str:
    """Return the request for My Asset messages; ``codes`` must not be in it, or it is refused as WRONG_FORMAT."""
    return json.dumps([{"ticket": ticket}, {"type": "myAsset"}, {"format": "DEFAULT"}])


def decode_frame(data: bytes | str) -> list[Frame]:
    """Decode one WebSocket message in any of the four formats, binary or text.

    Raises:
        DecodeError: The message is malformed; nothing in it may be used.
    """
    value = _decode_json(data)
    if not isinstance(value, list):
        return [_decode_object(value)]
    if not value:
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    return [_decode_object(item) for item in value]


def decode_accounts(data: bytes) -> dict[str, Holding]:
    """Decode the rows of ``GET /v1/accounts``; rows with one currency are parts of one holding and are added.

    Raises:
        DecodeError: The body is malformed; nothing in it may be used.
    """
    rows = _decode_json(data)
    if not isinstance(rows, list):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    holdings: dict[str, Holding] = {}
    for row in rows:
        fields = _object(row)
        currency = _currency(_get(fields, "currency"))
        holding = Holding(_row_amount(_get(fields, "balance")), _row_amount(_get(fields, "locked")))
        if (other := holdings.get(currency)) is not None:
            holding = Holding(
                _EXACT.add(other.balance, holding.balance), _EXACT.add(other.locked, holding.locked)
            )
        holdings[currency] = holding
    return holdings


def decode_key_expiry(data: bytes, access_key: str) -> datetime | None:
    """Return when this key expires, from the body of ``GET /v1/api_keys``; None when the key is not listed.

    Raises:
        DecodeError: The body is malformed.
    """
    rows = _decode_json(data)
    if not isinstance(rows, list):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    for row in rows:
        fields = _object(row)
        if fields.get("access_key") != access_key:
            continue
        expire_at = _get(fields, "expire_at")
        try:
            expiry = datetime.fromisoformat(expire_at)
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
        value = _decode_json(data)
    except DecodeError:
        return None
    if isinstance(value, dict) and isinstance(error := value.get("error"), dict):
        return error.get("name")
    return None


def _no_constant(_: str) -> NoReturn:
    raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)


# One decoder for all frames: making one costs more than decoding a frame.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def _decode_json(data: bytes | str) -> Any:
    if len(data) > MAX_FRAME_SIZE:
        raise DecodeError(DecodeErrorReason.TOO_LARGE)
    try:
        text = data if isinstance(data, str) else data.decode()
        return _DECODER.decode(text)
    except UnicodeDecodeError:
        raise DecodeError(DecodeErrorReason.NOT_UTF8) from None
    except DecodeError:
        raise
    # RecursionError: nested too deep. ValueError: also an integer with thousands of digits.
    # InvalidOperation: a number whose exponent no Decimal can hold.
    except ValueError, RecursionError, InvalidOperation:
        raise DecodeError(DecodeErrorReason.NOT_JSON) from None


def _decode_object(value: Any) -> Frame:
    fields = _object(value)
    if fields.get("type") == "myAsset":
        return _decode_assets(fields, _LONG_KEYS)
    if fields.get("ty") == "myAsset":
        return _decode_assets(fields, _SHORT_KEYS)
    if "error" in fields:
        name = _object(fields["error"]).get("name")
        # Only a text: to write out what is nested deeply takes the square of its depth.
        return ErrorFrame(name[:80] if isinstance(name, str) else "")
    if "status" in fields or "method" in fields:
        return NoticeFrame()
    raise DecodeError(DecodeErrorReason.UNKNOWN_TYPE)


def _decode_assets(fields: dict[str, Any], keys: tuple[str, str, str, str, str, str]) -> AssetUpdate:
    assets_key, currency_key, balance_key, locked_key, asset_timestamp_key, timestamp_key = keys
    assets = _get(fields, assets_key)
    if not isinstance(assets, list):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    holdings: dict[str, Holding] = {}
    for asset in assets:
        row = _object(asset)
        currency = _currency(_get(row, currency_key))
        if currency in holdings:
            # Amounts are absolute: two of them for one currency contradict each other.
            raise DecodeError(DecodeErrorReason.REPEATED_CURRENCY)
        holdings[currency] = Holding(_amount(_get(row, balance_key)), _amount(_get(row, locked_key)))
    return AssetUpdate(
        holdings, _timestamp(_get(fields, asset_timestamp_key)), _timestamp(_get(fields, timestamp_key))
    )


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DecodeError(DecodeErrorReason.WRONG_SHAPE)
    return value


def _get(fields: dict[str, Any], key: str) -> Any:
    try:
        return fields[key]
    except KeyError:
        raise DecodeError(DecodeErrorReason.MISSING_KEY) from None


def _currency(value: Any) -> str:
    if isinstance(value, str) and _CURRENCY.fullmatch(value):
        return value
    raise DecodeError(DecodeErrorReason.INVALID_CURRENCY)


def _timestamp(value: Any) -> int:
    if type(value) is int and 0 <= value <= _MAX_TIMESTAMP:
        return value
    raise DecodeError(DecodeErrorReason.INVALID_TIMESTAMP)


def _amount(value: Any) -> Decimal:
    """Return a number of the decoder as an amount: finite, not negative, with digits that can be shown."""
    if type(value) is int:
        value = Decimal(value)
    elif type(value) is not Decimal:
        raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)
    amount: Decimal = value
    if amount.is_zero():
        return EMPTY.balance
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int):  # NaN or infinite
        raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)
    if amount.is_signed() or amount.adjusted() >= _MAX_PLACES or exponent < -_MAX_PLACES:
        raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)
    return amount


def _row_amount(value: Any) -> Decimal:
    """Return an amount of a row, which is a text there."""
    if isinstance(value, str) and _DECIMAL_TEXT.fullmatch(value):
        return _amount(Decimal(value))
    raise DecodeError(DecodeErrorReason.INVALID_AMOUNT)
