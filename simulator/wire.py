"""The wire format: frames with exact JSON numbers, and the check of a client's request."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
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


# Each field's name in the SIMPLE formats.
_SHORT = {
    "type": "ty",
    "asset_uuid": "astuid",
    "assets": "ast",
    "asset_timestamp": "asttms",
    "timestamp": "tms",
    "stream_type": "st",
    "currency": "cu",
    "balance": "b",
    "locked": "l",
    "method": "mthd",
    "result": "rslt",
    "ticket": "tckt",
}


@dataclass(slots=True)
class FrameFaults:
    """What is wrong in the frames that are sent; values are any JSON, fields have their DEFAULT names.

    `assets` has the fields to replace in the assets of a currency, `repeated` the currencies whose assets are sent
    twice in a frame, and `fields` the fields to replace in the frame itself.
    """

    assets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    repeated: Collection[str] = ()
    fields: Mapping[str, object] = field(default_factory=dict)


_NO_FAULTS = FrameFaults()


def encode_frame(
    event: AssetEvent,
    timestamp: int,
    frame_format: Format = Format.DEFAULT,
    numbers: NumberStyle = NumberStyle.PLAIN,
    faults: FrameFaults = _NO_FAULTS,
) -> str:
    """Return the text of a My Asset frame; `timestamp` is when it is made, in milliseconds."""
    simple = frame_format in (Format.SIMPLE, Format.SIMPLE_LIST)
    assets = []
    for currency, holding in event.assets:
        values = {
            "currency": _json(currency),
            "balance": numbers.write(holding.available),
            "locked": numbers.write(holding.locked),
        }
        asset = _object(values, faults.assets.get(currency, {}), simple=simple)
        assets += [asset, asset] if currency in faults.repeated else [asset]
    values = {
        "type": '"myAsset"',
        "asset_uuid": f'"{uuid.uuid4()}"',
        "assets": f"[{','.join(assets)}]",
        "asset_timestamp": str(event.asset_timestamp),
        "timestamp": str(timestamp),
        "stream_type": '"REALTIME"',
    }
    frame = _object(values, faults.fields, simple=simple)
    return f"[{frame}]" if frame_format in (Format.JSON_LIST, Format.SIMPLE_LIST) else frame


def encode_subscriptions(ticket: str, subscribed: bool, frame_format: Format) -> str:
    """Return the answer to LIST_SUBSCRIPTIONS, an object in every format; Upbit's client names the keys."""
    simple = frame_format in (Format.SIMPLE, Format.SIMPLE_LIST)
    stream = _object({"type": '"myAsset"'}, {}, simple=simple) if subscribed else ""
    values = {"method": '"LIST_SUBSCRIPTIONS"', "result": f"[{stream}]", "ticket": _json(ticket)}
    return _object(values, {}, simple=simple)


def _object(values: Mapping[str, str], faults: Mapping[str, object], *, simple: bool) -> str:
    """Return a JSON object from the JSON texts of its values, some of them replaced."""
    values = {**values, **{name: _json(value) for name, value in faults.items()}}
    names = _SHORT if simple else {}
    return "{" + ",".join(f'"{names.get(name, name)}":{value}' for name, value in values.items()) + "}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


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
