"""What Upbit's own client library makes of the simulator's markets, tickers and ticker frames."""

import json
from typing import Any

import pytest
from upbit import AsyncUpbit, NotFoundError
from upbit.types import SimpleTicker
from upbit.types.connect_public_server_event import Ticker

from simulator import NumberStyle, SimulatedExchange

from .conftest import Connect, assert_modeled, receive, running

PRICE = "118123.450000000000000000001"
FORMATS = {
    "DEFAULT": (False, Ticker),
    "SIMPLE": (False, SimpleTicker),
    "JSON_LIST": (True, Ticker),
    "SIMPLE_LIST": (True, SimpleTicker),
}


@pytest.mark.parametrize("frame_format", FORMATS)
async def test_ticker_frames(exchange: SimulatedExchange, client: AsyncUpbit, frame_format: Any) -> None:
    is_list, model = FORMATS[frame_format]
    async with client.ws_stream.ticker(["SGD-BTC"], format=frame_format) as stream:
        frames = [await receive(stream)]
        market = exchange.markets.set_price("SGD-BTC", PRICE)
        frames.append(await receive(stream))
        exchange.markets.delist("SGD-BTC")
        frames.append(await receive(stream))
    if is_list:
        frames = [frame for (frame,) in frames]
    for frame in frames:
        assert type(frame) is model
        assert_modeled(frame)
    if model is Ticker:
        seen = [(each.stream_type, each.trade_price, each.market_state) for each in frames]
        times = [each.trade_timestamp for each in frames[1:]]
        date = frames[-1].delisting_date
    else:
        seen = [(each.st, each.tp, each.ms) for each in frames]
        times = [each.ttms for each in frames[1:]]
        date = frames[-1].dd
    assert seen == [
        ("SNAPSHOT", "118000", "ACTIVE"),
        ("REALTIME", PRICE, "ACTIVE"),
        ("REALTIME", PRICE, "DELISTED"),
    ]
    assert times == [market.traded_at] * 2
    assert date.year >= 2026


async def test_tickers(exchange: SimulatedExchange, client: AsyncUpbit) -> None:
    # The library makes texts of numbers with a point only.
    exchange.quotation.numbers = NumberStyle.PADDED
    exchange.markets.set_price("SGD-BTC", PRICE)
    rows = await client.tickers.list_by_trading_pairs(markets="SGD-BTC,SGD-XRP")
    assert [(row.market, row.trade_price) for row in rows] == [
        ("SGD-BTC", f"{PRICE}000"),
        ("SGD-XRP", "2.95000"),
    ]
    for row in await client.tickers.list_by_quote_currencies(quote_currencies="SGD"):
        assert_modeled(row)
    with pytest.raises(NotFoundError) as raised:
        await client.tickers.list_by_trading_pairs(markets="SGD-NONE")
    assert raised.value.status_code == 404


async def test_markets_of_korea() -> None:
    async with running("kr") as (_, connect):
        response = await connect().trading_pairs.with_raw_response.list(is_details=True)
        rows = await response.parse()
        assert json.loads(await response.text()) == [row.to_dict() for row in rows]
        assert (rows[0].market, rows[0].korean_name) == ("KRW-BTC", "비트코인")
        assert rows[0].market_event.warning is False


async def test_markets_elsewhere_lack_the_korean_name_that_the_library_requires(connect: Connect) -> None:
    response = await connect().trading_pairs.with_raw_response.list()
    rows = json.loads(await response.text())
    assert rows[0] == {"market": "SGD-BTC", "english_name": "Bitcoin", "market_warning": "NONE"}
