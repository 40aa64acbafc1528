import asyncio
from decimal import Decimal

import aiohttp
import pytest

from simulator import NumberStyle, SimulatedExchange, Untraded

from .client import Client


async def test_markets_are_listed_with_their_names(exchange: SimulatedExchange, client: Client) -> None:
    status, rows = await client.get_public("/v1/market/all")
    assert status == 200
    assert rows[0] == {"market": "SGD-BTC", "english_name": "Bitcoin", "market_warning": "NONE"}
    assert {row["market"].partition("-")[0] for row in rows} == {"SGD"}
    (call,) = exchange.quotation.record.calls
    assert (call.path, call.status, "authorization" in call.headers) == ("/v1/market/all", 200, False)


async def test_in_korea_markets_have_korean_names_and_other_currencies(
    socket_enabled: None, session: aiohttp.ClientSession
) -> None:
    async with SimulatedExchange("kr") as korea:
        client = Client(korea, session)
        _, rows = await client.get_public("/v1/market/all")
        assert rows[0] == {"market": "KRW-BTC", "korean_name": "비트코인", "english_name": "Bitcoin"}
        assert {row["market"].partition("-")[0] for row in rows} == {"KRW", "BTC", "USDT"}
        _, rows = await client.get_public("/v1/market/all", is_details="true")
        assert rows[0]["market_event"]["warning"] is False


async def test_tickers_of_named_markets_and_of_whole_currencies(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.quotation.numbers = NumberStyle.PADDED
    market = exchange.markets.set_price("SGD-XRP", "2.950")
    status, rows = await client.get_public("/v1/ticker", markets="SGD-XRP,SGD-BTC")
    assert status == 200
    assert [row["market"] for row in rows] == ["SGD-XRP", "SGD-BTC"]
    assert str(rows[0]["trade_price"]) == "2.950000"
    assert rows[0]["trade_timestamp"] == market.traded_at
    assert rows[0]["timestamp"] >= market.traded_at
    assert rows[0]["change"] == "RISE"
    assert exchange.quotation.record.calls[-1].query == {"markets": "SGD-XRP,SGD-BTC"}
    exchange.markets.list_market("BTC-XRP", "0.000025")
    _, rows = await client.get_public("/v1/ticker/all", quote_currencies="BTC,USDT")
    assert [(row["market"], row["trade_price"]) for row in rows] == [("BTC-XRP", Decimal("0.000025"))]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/v1/ticker", {"markets": "SGD-BTC,SGD-NONE"}, 404),
        ("/v1/ticker", {"markets": "sgd-btc"}, 404),
        ("/v1/ticker", {}, 400),
        ("/v1/ticker/all", {}, 400),
    ],
)
async def test_errors_have_an_integer_as_name(
    client: Client, path: str, query: dict[str, str], status: int
) -> None:
    answered, body = await client.get_public(path, **query)
    assert (answered, body["error"]["name"]) == (status, status)


async def test_market_that_never_traded_has_a_row_of_nulls_or_none(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.markets.list_market("SGD-NEW")
    _, (row,) = await client.get_public("/v1/ticker", markets="SGD-NEW")
    assert (row["trade_price"], row["trade_timestamp"]) == (None, None)
    exchange.markets.untraded = Untraded.ABSENT
    assert await client.get_public("/v1/ticker", markets="SGD-NEW") == (200, [])
    exchange.markets.set_price("SGD-NEW", 5)
    _, (row,) = await client.get_public("/v1/ticker", markets="SGD-NEW")
    assert (row["trade_price"], row["prev_closing_price"]) == (5, 5)


async def test_calls_fail_each_on_its_own(exchange: SimulatedExchange, client: Client) -> None:
    exchange.quotation.market_all.fail_with(503)
    exchange.quotation.ticker.row_faults = {"SGD-BTC": {"trade_price": "x"}, "SGD-ETH": None}
    exchange.quotation.ticker.extra_rows = [7]
    async with client.session.get(f"{exchange.rest_url}/v1/market/all") as response:
        assert response.status == 503
    _, rows = await client.get_public("/v1/ticker", markets="SGD-BTC,SGD-ETH,SGD-XRP")
    assert [row["trade_price"] for row in rows[:2]] == ["x", Decimal("2.95")]
    assert rows[2] == 7
    assert (await client.get())[0] == 200
    await exchange.recover()
    exchange.rest.fail_with(500)
    assert (await client.get_public("/v1/market/all"))[0] == 200
    assert [call.path for call in exchange.record.calls] == ["/v1/accounts"]


async def test_limits_count_per_group_and_block_the_public_side(
    exchange: SimulatedExchange, client: Client
) -> None:
    limits = exchange.quotation.limits
    limits.rest_second.count, limits.limited_before_block, limits.block_seconds = 2, 2, 0.3

    async def ticker() -> int:
        return (await client.get_public("/v1/ticker", markets="SGD-BTC"))[0]

    url = f"{exchange.rest_url}/v1/market/all"
    async with client.session.get(url) as response:
        assert response.headers["Remaining-Req"] == "group=market; min=599; sec=1"
    assert [await ticker() for _ in range(5)] == [200, 200, 429, 429, 418]
    assert (await client.get_public("/v1/market/all"))[1]["error"]["name"] == 418
    assert (await client.get())[0] == 200
    exchange.quotation.blocks_accounts = True
    assert (await client.get())[0] == 418
    limits.rest_second.count = None
    while await ticker() == 418:
        await asyncio.sleep(0.01)
    assert (await client.get())[0] == 200
