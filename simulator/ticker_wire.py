"""The wire format of prices: ticker frames, and the rows of the quotation calls."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal

from .markets import Market
from .wire import Format, NumberStyle, json_object, json_text

# Figures beside the price, which nobody computes with.
_CONTEXT = Context(prec=12)
_KOREA = timedelta(hours=9)


@dataclass(slots=True)
class TickerFaults:
    """What is wrong in the frames that are sent; values are any JSON, fields have their DEFAULT names.

    `markets` has the fields to replace in the frames of a market, `fields` those in every frame; `ABSENT` leaves a
    field out, and a `Raw` text need not be JSON. The frames of the markets in `repeated` are sent twice.
    """

    markets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    fields: Mapping[str, object] = field(default_factory=dict)
    repeated: Collection[str] = ()


_NO_FAULTS = TickerFaults()


def encode_ticker(
    market: Market,
    stream_type: str,
    frame_format: Format = Format.DEFAULT,
    numbers: NumberStyle = NumberStyle.PLAIN,
    faults: TickerFaults = _NO_FAULTS,
) -> str:
    """Return the text of a ticker frame; `stream_type` is SNAPSHOT or REALTIME."""
    values = {
        "type": '"ticker"',
        "code": json_text(market.code),
        **_figures(market, numbers),
        "ask_bid": '"BID"',
        "acc_ask_volume": numbers.write(market.volume / 4),
        "acc_bid_volume": numbers.write(market.volume / 4 * 3),
        "market_state": json_text(market.state),
        "delisting_date": _date_object(market.delisting_date),
        "timestamp": str(market.changed_at),
        "stream_type": json_text(stream_type),
    }
    wrong = {**faults.fields, **faults.markets.get(market.code, {})}
    frame = json_object(values, wrong, simple=frame_format.is_simple)
    return f"[{frame}]" if frame_format.is_list else frame


def encode_ticker_row(
    market: Market, timestamp: int, numbers: NumberStyle, faults: Mapping[str, object]
) -> str:
    """Return a row of the ticker calls; `timestamp` is when it is made, in milliseconds."""
    values = {"market": json_text(market.code), **_figures(market, numbers), "timestamp": str(timestamp)}
    at = _KOREA + _time(market.changed_at if market.traded_at is None else market.traded_at)
    values |= {"trade_date_kst": json_text(f"{at:%Y%m%d}"), "trade_time_kst": json_text(f"{at:%H%M%S}")}
    return json_object(values, faults)


def encode_market_row(market: Market, *, korean: bool, details: bool, faults: Mapping[str, object]) -> str:
    """Return a row of the list of markets; `details` adds the warnings of Korea."""
    row: dict[str, object] = {"market": market.code}
    if korean:
        row["korean_name"] = market.korean_name
    row["english_name"] = market.english_name
    if not korean:
        row["market_warning"] = "NONE"
    elif details:
        row["market_event"] = {"warning": False, "caution": dict.fromkeys(_CAUTIONS, False)}
    return json_object({}, {**row, **faults})


_CAUTIONS = (
    "PRICE_FLUCTUATIONS",
    "TRADING_VOLUME_SOARING",
    "DEPOSIT_AMOUNT_SOARING",
    "GLOBAL_PRICE_DIFFERENCES",
    "CONCENTRATION_OF_SMALL_ACCOUNTS",
)


def _figures(market: Market, numbers: NumberStyle) -> dict[str, str]:
    """Return what frames and rows have in common, as JSON texts."""

    def number(value: Decimal | None) -> str:
        return "null" if value is None else numbers.write(value)

    price, close = market.price, market.previous_close
    change = None if price is None or close is None else price - close
    rate = None if change is None or not close else _CONTEXT.divide(change, close)
    at = None if market.traded_at is None else _time(market.traded_at)
    turnover = None if price is None else _CONTEXT.multiply(price, market.volume)
    since = json_text(f"{_time(market.changed_at):%Y-%m-%d}")
    return {
        "opening_price": number(market.opening),
        "high_price": number(market.high),
        "low_price": number(market.low),
        "trade_price": number(price),
        "prev_closing_price": number(close),
        "change": json_text("EVEN" if not change else "RISE" if change > 0 else "FALL"),
        "change_price": number(None if change is None else abs(change)),
        "signed_change_price": number(change),
        "change_rate": number(None if rate is None else abs(rate)),
        "signed_change_rate": number(rate),
        "trade_volume": number(market.last_volume),
        "acc_trade_volume": number(market.volume),
        "acc_trade_volume_24h": number(market.volume),
        "acc_trade_price": number(turnover),
        "acc_trade_price_24h": number(turnover),
        "trade_date": "null" if at is None else json_text(f"{at:%Y%m%d}"),
        "trade_time": "null" if at is None else json_text(f"{at:%H%M%S}"),
        "trade_timestamp": json_text(market.traded_at),
        "highest_52_week_price": number(market.high),
        "highest_52_week_date": since,
        "lowest_52_week_price": number(market.low),
        "lowest_52_week_date": since,
    }


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _date_object(day: date | None) -> str:
    return json_text(None if day is None else {"year": day.year, "month": day.month, "day": day.day})
