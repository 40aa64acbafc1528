"""The wire format: frames with exact JSON numbers, and the check of a client's request."""

from collections.abc import Callable, Collection, Mapping, Sequence
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

    @property
    def is_simple(self) -> bool:
        """Say whether the fields have their short names."""
        return self in (Format.SIMPLE, Format.SIMPLE_LIST)

    @property
    def is_list(self) -> bool:
        """Say whether a frame is an array of objects."""
        return self in (Format.JSON_LIST, Format.SIMPLE_LIST)


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
    "codes": "cds",
    "code": "cd",
    "opening_price": "op",
    "high_price": "hp",
    "low_price": "lp",
    "trade_price": "tp",
    "prev_closing_price": "pcp",
    "change": "c",
    "change_price": "cp",
    "signed_change_price": "scp",
    "change_rate": "cr",
    "signed_change_rate": "scr",
    "trade_volume": "tv",
    "acc_trade_volume": "atv",
    "acc_trade_volume_24h": "atv24h",
    "acc_trade_price": "atp",
    "acc_trade_price_24h": "atp24h",
    "trade_date": "tdt",
    "trade_time": "ttm",
    "trade_timestamp": "ttms",
    "ask_bid": "ab",
    "acc_ask_volume": "aav",
    "acc_bid_volume": "abv",
    "highest_52_week_price": "h52wp",
    "highest_52_week_date": "h52wdt",
    "lowest_52_week_price": "l52wp",
    "lowest_52_week_date": "l52wdt",
    "market_state": "ms",
    "delisting_date": "dd",
}


@dataclass(frozen=True, slots=True)
class Raw:
    """A JSON text that stands for itself, whether it is valid or not, for instance `1E+999999`."""

    text: str


ABSENT = Raw("")
"""In place of a field's value: the field is left out."""


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
    simple = frame_format.is_simple
    assets = []
    for currency, holding in event.assets:
        values = {
            "currency": json_text(currency),
            "balance": numbers.write(holding.available),
            "locked": numbers.write(holding.locked),
        }
        asset = json_object(values, faults.assets.get(currency, {}), simple=simple)
        assets += [asset, asset] if currency in faults.repeated else [asset]
    values = {
        "type": '"myAsset"',
        "asset_uuid": f'"{uuid.uuid4()}"',
        "assets": f"[{','.join(assets)}]",
        "asset_timestamp": str(event.asset_timestamp),
        "timestamp": str(timestamp),
        "stream_type": '"REALTIME"',
    }
    frame = json_object(values, faults.fields, simple=simple)
    return f"[{frame}]" if frame_format.is_list else frame


type Subscription = Mapping[str, object]
"""One stream of a request, with its type and for instance its codes."""


def encode_subscriptions(ticket: str, streams: Sequence[Subscription], frame_format: Format) -> str:
    """Return the answer to LIST_SUBSCRIPTIONS, an object in every format; Upbit's client names the keys."""
    simple = frame_format.is_simple
    listed = ",".join(json_object({}, stream, simple=simple) for stream in streams)
    values = {"method": '"LIST_SUBSCRIPTIONS"', "result": f"[{listed}]", "ticket": json_text(ticket)}
    return json_object(values, {}, simple=simple)


def json_object(values: Mapping[str, str], faults: Mapping[str, object], *, simple: bool = False) -> str:
    """Return a JSON object from the JSON texts of its values, some of them replaced or left out."""
    values = {**values, **{name: json_text(value) for name, value in faults.items()}}
    names = _SHORT if simple else {}
    return (
        "{" + ",".join(f'"{names.get(name, name)}":{value}' for name, value in values.items() if value) + "}"
    )


def json_text(value: object) -> str:
    """Return the JSON text of a value; NaN and infinity are written as such."""
    return value.text if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A request that passed the check.

    `streams` are the streams to subscribe to; none if the client asks for its subscriptions. `format` is None where
    it named none.
    """

    ticket: str
    streams: Sequence[Subscription]
    format: Format | None

    @property
    def subscribe(self) -> bool:
        """Say whether the client subscribes."""
        return bool(self.streams)


def check_assets(stream: Subscription) -> None:
    """Check a stream of a request for My Asset."""
    if stream["type"] != "myAsset":
        raise ApiError("INVALID_PARAM")
    # `codes` in particular: documented to be answered so for myAsset.
    if stream.keys() - {"type"}:
        raise ApiError("WRONG_FORMAT")


def check_tickers(stream: Subscription) -> None:
    """Check a stream of a request for tickers; other streams are not simulated."""
    if stream["type"] != "ticker":
        raise ApiError("INVALID_PARAM")
    codes = stream.get("codes")
    if not codes:
        raise ApiError("NO_CODES")
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise ApiError("WRONG_FORMAT")
    for name in ("is_only_snapshot", "is_only_realtime"):
        if not isinstance(stream.get(name, False), bool):
            raise ApiError("WRONG_FORMAT")


def parse_request(text: str | bytes, check: Callable[[Subscription], None] = check_assets) -> StreamRequest:
    """Check a request as strictly as documented: ticket, then type or method, then format.

    Raises `ApiError` with WRONG_FORMAT, NO_TICKET, NO_TYPE, NO_CODES or INVALID_PARAM.
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
    streams = request[1:]
    frame_format = None
    if streams and "format" in streams[-1]:
        frame_format = _parse_format(streams.pop())
    if len(streams) == 1 and streams[0] == {"method": "LIST_SUBSCRIPTIONS"}:
        return StreamRequest(ticket, (), frame_format)
    if not streams or not all("type" in stream for stream in streams):
        raise ApiError("NO_TYPE")
    for stream in streams:
        check(stream)
    if len(streams) > 1:
        raise ApiError("WRONG_FORMAT")
    return StreamRequest(ticket, streams, frame_format)


def _parse_format(part: Mapping[str, object]) -> Format:
    try:
        if len(part) == 1:
            return Format(str(part["format"]))
    except ValueError:
        pass
    raise ApiError("WRONG_FORMAT")
