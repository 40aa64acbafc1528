"""The wire format: frames with exact JSON numbers, and the check of a client's request."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
import json
import uuid

from .account import AssetEvent
from .errors import ApiError


class Format(StrEnum):
    """The four formats a client can request."""

    DEFAULT = "DEFAULT"
    SIMPLE = "SIMPLE"
    JSON_LIST = "JSON_LIST"
    SIMPLE_LIST = "SIMPLE_LIST"


class NumberStyle(StrEnum):
    """How amounts are written; all three mean the same number."""

    PLAIN = "plain"
    SCIENTIFIC = "scientific"
    PADDED = "padded"

    def write(self, amount: Decimal) -> str:
        """Return the amount as JSON number text with every digit."""
        match self:
            case NumberStyle.PLAIN:
                return format(amount, "f")
            case NumberStyle.SCIENTIFIC:
                return format(amount, "E")
            case NumberStyle.PADDED:
                text = format(amount, "f")
                return text + ("000" if "." in text else ".000")


_LONG = ("type", "asset_uuid", "assets", "asset_timestamp", "timestamp", "stream_type")
_SHORT = ("ty", "astuid", "ast", "asttms", "tms", "st")
_LONG_ASSET = ("currency", "balance", "locked")
_SHORT_ASSET = ("cu", "b", "l")
_LONG_ANSWER = ("method", "result", "ticket", "type")
_SHORT_ANSWER = ("mthd", "rslt", "tckt", "ty")


def encode_frame(
    event: AssetEvent,
    timestamp: int,
    frame_format: Format = Format.DEFAULT,
    numbers: NumberStyle = NumberStyle.PLAIN,
) -> str:
    """Return the text of a My Asset frame; `timestamp` is when it is made, in milliseconds."""
    simple = frame_format in (Format.SIMPLE, Format.SIMPLE_LIST)
    keys = _SHORT if simple else _LONG
    code, available, locked = _SHORT_ASSET if simple else _LONG_ASSET
    assets = ",".join(
        f'{{"{code}":{json.dumps(currency, ensure_ascii=False)},'
        f'"{available}":{numbers.write(holding.available)},"{locked}":{numbers.write(holding.locked)}}}'
        for currency, holding in event.assets
    )
    values = (
        '"myAsset"',
        f'"{uuid.uuid4()}"',
        f"[{assets}]",
        str(event.asset_timestamp),
        str(timestamp),
        '"REALTIME"',
    )
    frame = ",".join(f'"{key}":{value}' for key, value in zip(keys, values, strict=True))
    if frame_format in (Format.JSON_LIST, Format.SIMPLE_LIST):
        return f"[{{{frame}}}]"
    return f"{{{frame}}}"


def encode_subscriptions(ticket: str, subscribed: bool, frame_format: Format) -> str:
    """Return the answer to LIST_SUBSCRIPTIONS, an object in every format; Upbit's client names the keys."""
    simple = frame_format in (Format.SIMPLE, Format.SIMPLE_LIST)
    method, result, ticket_key, kind = _SHORT_ANSWER if simple else _LONG_ANSWER
    streams = [{kind: "myAsset"}] if subscribed else []
    return json.dumps({method: "LIST_SUBSCRIPTIONS", result: streams, ticket_key: ticket})


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A request that passed the check; `format` is None where the client named none."""

    ticket: str
    subscribe: bool
    format: Format | None


def parse_request(text: str | bytes) -> StreamRequest:
    """Check a request as strictly as documented: ticket, then type or method, then format.

    Raises `ApiError` with WRONG_FORMAT, NO_TICKET, NO_TYPE or INVALID_PARAM.
    """
    try:
        request = json.loads(text)
    except ValueError as error:
        raise ApiError("WRONG_FORMAT") from error
    if not isinstance(request, list) or not all(isinstance(part, dict) for part in request):
        raise ApiError("WRONG_FORMAT")
    ticket = request[0].get("ticket") if request else None
    if not isinstance(ticket, str) or not ticket:
        raise ApiError("NO_TICKET")
    parts = request[1:]
    frame_format = None
    if parts and "format" in parts[-1]:
        frame_format = _parse_format(parts.pop())
    if len(parts) == 1 and parts[0] == {"method": "LIST_SUBSCRIPTIONS"}:
        return StreamRequest(ticket, False, frame_format)
    _check_types(parts)
    return StreamRequest(ticket, True, frame_format)


def _parse_format(part: Mapping[str, object]) -> Format:
    try:
        if len(part) == 1:
            return Format(str(part["format"]))
    except ValueError:
        pass
    raise ApiError("WRONG_FORMAT")


def _check_types(parts: list[dict[str, object]]) -> None:
    if not parts or not all("type" in part for part in parts):
        raise ApiError("NO_TYPE")
    for part in parts:
        if part["type"] != "myAsset":
            raise ApiError("INVALID_PARAM")
        # `codes` in particular: documented to be answered so for myAsset.
        if part.keys() - {"type"}:
            raise ApiError("WRONG_FORMAT")
    if len(parts) > 1:
        raise ApiError("WRONG_FORMAT")
