"""The public API: REST calls that isolate unknown markets, and the ticker stream, both without credentials."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
import json
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.quotation import (
    QuotationClient,
    TickerEvent,
    TickerStream,
    open_ticker_stream,
)
from custom_components.upbit.api.regions import REGIONS, Region
from custom_components.upbit.api.throttle import RateLimit
from custom_components.upbit.api.ticker import InvalidTicker, Market, Ticker, Tickers
from custom_components.upbit.api.wire import MAX_FRAME_SIZE, DecodeErrorReason
from tests.helpers.virtual_time import wait_until


class Exchange:
    """The public side of an exchange: a price of 1 for each listed market, and tickers as a test sends them."""

    def __init__(self) -> None:
        self.address = ""
        self.listed: set[str] = set()
        self.response: web.Response | None = None
        self.requests: list[web.BaseRequest] = []
        self.asked: list[list[str]] = []
        self.times: list[float] = []
        self.messages: list[Any] = []
        self.sockets: list[web.WebSocketResponse] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        if self.response is not None:
            return self.response
        match request.path:
            case "/v1/market/all":
                return web.json_response([{"market": market} for market in sorted(self.listed)])
            case "/v1/ticker":
                return self._tickers(request.query["markets"].split(","))
        return await self._stream(request)

    def _tickers(self, markets: list[str]) -> web.Response:
        self.asked.append(markets)
        if not self.listed.issuperset(markets):
            return web.json_response({"error": {"name": 404, "message": "Code not found"}}, status=404)
        rows = [{"market": market, "trade_price": 1, "trade_timestamp": 1000} for market in markets]
        return web.json_response(rows)

    async def _stream(self, request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            self.messages.append(json.loads(message.data))
        self.sockets.remove(socket)
        return socket

    async def send(self, *texts: str) -> None:
        for text in texts:
            await self.sockets[-1].send_bytes(text.encode())


class Reader:
    """Collects the events of a ticker stream."""

    def __init__(self, stream: TickerStream) -> None:
        self.stream = stream
        self.events: list[TickerEvent] = []

    async def run(self) -> None:
        async for event in self.stream.events():
            self.events.append(event)

    async def error(self) -> UpbitError:
        with pytest.raises(UpbitError) as caught:
            await self.run()
        return caught.value


@pytest.fixture
async def exchange(socket_enabled: None) -> AsyncIterator[Exchange]:
    exchange = Exchange()
    runner = web.ServerRunner(web.Server(exchange.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    exchange.address = f"127.0.0.1:{runner.addresses[0][1]}"
    yield exchange
    await runner.cleanup()


@pytest.fixture
def place(exchange: Exchange) -> Region:
    return replace(
        REGIONS["sg"],
        rest_url=f"http://{exchange.address}",
        websocket_url=f"ws://{exchange.address}/websocket/v1",
    )


@pytest.fixture
def client(session: aiohttp.ClientSession, place: Region, rate_limit: RateLimit) -> QuotationClient:
    return QuotationClient(session, place, rate_limit)


@pytest.fixture
async def reader(
    session: aiohttp.ClientSession, place: Region, rate_limit: RateLimit
) -> AsyncIterator[Reader]:
    async with open_ticker_stream(session, place, rate_limit) as stream:
        yield Reader(stream)


async def failure(client: QuotationClient, *markets: str, isolate: bool = False) -> UpbitError:
    with pytest.raises(UpbitError) as caught:
        await client.tickers(markets or ["SGD-BTC"], isolate=isolate)
    return caught.value


def ticker(market: str = "SGD-BTC") -> Ticker:
    return Ticker(market, Decimal(1), 1000, None, delisted=False)


def frame(market: str = "SGD-BTC", price: str = "1") -> str:
    return f'{{"ty":"ticker","cd":"{market}","tp":{price},"ttms":1000}}'


# REST


async def test_calls_carry_no_authorization_and_no_origin(
    client: QuotationClient, exchange: Exchange
) -> None:
    exchange.listed = {"SGD-BTC"}
    assert await client.markets() == {"SGD-BTC": Market(None, None)}
    assert await client.tickers(["SGD-BTC"]) == Tickers({"SGD-BTC": ticker()}, {})
    assert [request.path for request in exchange.requests] == ["/v1/market/all", "/v1/ticker"]
    for request in exchange.requests:
        assert not {"Authorization", "Origin"} & request.headers.keys()


async def test_no_markets_make_no_call(client: QuotationClient, exchange: Exchange) -> None:
    assert await client.tickers([]) == Tickers({}, {})
    assert not exchange.requests


async def test_at_most_100_markets_are_in_a_call(client: QuotationClient, exchange: Exchange) -> None:
    exchange.listed = {f"SGD-{number}" for number in range(250)}
    found = await client.tickers(exchange.listed)
    assert found == Tickers({market: ticker(market) for market in exchange.listed}, {})
    assert sorted(len(markets) for markets in exchange.asked) == [50, 100, 100]


async def test_market_with_any_characters_is_one_market(client: QuotationClient, exchange: Exchange) -> None:
    exchange.listed = {"SGD-币&a=+%2C#?", "SGD-BTC"}
    assert (await client.tickers(exchange.listed)).tickers.keys() == exchange.listed


async def test_unknown_market_is_an_error(client: QuotationClient, exchange: Exchange) -> None:
    exchange.listed = {"SGD-BTC"}
    error = await failure(client, "SGD-BTC", "SGD-X")
    assert (error.kind, error.reason) == (ErrorKind.UNKNOWN_MARKET, "http_404")
    assert len(exchange.requests) == 1


@pytest.mark.parametrize("unknown", [1, 3, 100])
async def test_unknown_markets_are_isolated(
    client: QuotationClient, exchange: Exchange, unknown: int
) -> None:
    markets = [f"SGD-{number}" for number in range(100)]
    exchange.listed = {*markets[unknown:]}
    found = await client.tickers(markets, isolate=True)
    assert found == Tickers({market: ticker(market) for market in exchange.listed}, {})
    # Upbit allows 10 calls a second.
    assert all(later - earlier >= 0.15 for earlier, later in pairwise(exchange.times))
    assert len(exchange.asked) <= 200


async def test_no_market_is_taken_for_unknown_because_of_something_in_between(
    client: QuotationClient, exchange: Exchange
) -> None:
    exchange.response = web.Response(status=404, text="<html>")
    assert (await failure(client, isolate=True)).kind is ErrorKind.UNKNOWN


async def test_row_without_a_readable_market_may_be_that_of_any_market_without_a_row(
    client: QuotationClient, exchange: Exchange
) -> None:
    exchange.response = web.json_response(
        [
            {"market": None, "trade_price": 1, "trade_timestamp": 1000},
            {"market": "SGD-BTC", "trade_price": 1, "trade_timestamp": 1000},
            {"market": "SGD-ETH", "trade_price": 0, "trade_timestamp": 1000},
        ]
    )
    assert await client.tickers(["SGD-BTC", "SGD-ETH", "SGD-ADA"]) == Tickers(
        {"SGD-BTC": ticker()},
        {"SGD-ETH": DecodeErrorReason.INVALID_PRICE, "SGD-ADA": DecodeErrorReason.INVALID_MARKET},
        1,
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (200, "{}", ErrorKind.INVALID_RESPONSE, "ticker_wrong_shape"),
        (302, "", ErrorKind.CANNOT_CONNECT, "http_302"),
        (429, "Too many API requests.", ErrorKind.RATE_LIMITED, "http_429"),
        (503, "", ErrorKind.CANNOT_CONNECT, "http_503"),
    ],
)
async def test_answer_without_rows_is_an_error(
    client: QuotationClient, exchange: Exchange, status: int, body: str, kind: ErrorKind, reason: str
) -> None:
    exchange.response = web.Response(status=status, text=body, headers={"Location": "/elsewhere"})
    error = await failure(client, isolate=True)
    assert (error.kind, error.reason) == (kind, reason)
    assert len(exchange.requests) == 1


async def test_markets_that_cannot_be_decoded_are_an_error(
    client: QuotationClient, exchange: Exchange
) -> None:
    with pytest.raises(UpbitError) as caught:
        await client.markets()
    assert caught.value.reason == "market_all_wrong_shape"


async def test_no_call_is_made_while_the_exchange_asks_to_wait(
    client: QuotationClient, exchange: Exchange, rate_limit: RateLimit
) -> None:
    rate_limit.note_limited(UpbitError(ErrorKind.BLOCKED, "http_418"))
    assert (await failure(client)).reason == "waiting"
    assert not exchange.requests


# The stream


async def test_handshake_offers_compression_and_carries_no_authorization_and_no_origin(
    reader: Reader, exchange: Exchange
) -> None:
    (request,) = exchange.requests
    assert request.path == "/websocket/v1"
    assert not {"Authorization", "Origin"} & request.headers.keys()
    assert "permessage-deflate" in request.headers["Sec-WebSocket-Extensions"]
    assert exchange.sockets[0].compress == 15


async def test_each_subscription_has_the_whole_list_and_a_ticket_of_its_own(
    reader: Reader, exchange: Exchange
) -> None:
    await reader.stream.subscribe(["SGD-BTC"])
    await reader.stream.subscribe(["SGD-BTC", "SGD-ETH"])
    await wait_until(lambda: len(exchange.messages) == 2)
    assert [message[1]["codes"] for message in exchange.messages] == [["SGD-BTC"], ["SGD-BTC", "SGD-ETH"]]
    assert len({message[0]["ticket"] for message in exchange.messages}) == 2


async def test_what_is_new_or_invalid_is_yielded(reader: Reader, exchange: Exchange) -> None:
    await exchange.send(frame(), frame(), '{"status":"UP"}', "{", f"[{frame(price='0')},{frame('SGD-ETH')}]")
    await exchange.sockets[0].close(code=1000)
    error = await reader.error()
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "close_1000")
    assert reader.events == [
        ticker(),
        InvalidTicker(None, DecodeErrorReason.NOT_JSON),
        InvalidTicker("SGD-BTC", DecodeErrorReason.INVALID_PRICE),
        ticker("SGD-ETH"),
    ]


async def test_every_market_is_yielded_again_after_a_subscription(reader: Reader, exchange: Exchange) -> None:
    reading = asyncio.create_task(reader.error())
    for count in (1, 2):
        await reader.stream.subscribe(["SGD-BTC"])
        await exchange.send(frame())
        await wait_until(lambda count=count: reader.events == [ticker()] * count)
    await exchange.sockets[0].close()
    await reading


async def test_error_frame_ends_the_stream(reader: Reader, exchange: Exchange, rate_limit: RateLimit) -> None:
    await exchange.send('{"error":{"name":"Too Many Requests"}}')
    error = await reader.error()
    assert (error.kind, error.reason) == (ErrorKind.RATE_LIMITED, "frame_too_many_requests")
    assert rate_limit.remaining()


async def test_frame_that_is_small_only_while_compressed_is_too_large(
    reader: Reader, exchange: Exchange
) -> None:
    await exchange.send(" " * (MAX_FRAME_SIZE + 1))
    assert (await reader.error()).reason == "close_1009"
    assert reader.events == [InvalidTicker(None, DecodeErrorReason.TOO_LARGE)]


async def test_subscription_on_a_lost_connection_is_an_error(reader: Reader, exchange: Exchange) -> None:
    await exchange.sockets[0].close()
    await reader.error()
    with pytest.raises(UpbitError) as caught:
        await reader.stream.subscribe(["SGD-BTC"])
    assert caught.value.kind is ErrorKind.CONNECTION_LOST


@pytest.mark.parametrize(
    ("status", "kind"),
    [(307, ErrorKind.CANNOT_CONNECT), (418, ErrorKind.BLOCKED), (503, ErrorKind.CANNOT_CONNECT)],
)
async def test_failed_handshake_is_classified(
    session: aiohttp.ClientSession,
    place: Region,
    rate_limit: RateLimit,
    exchange: Exchange,
    status: int,
    kind: ErrorKind,
) -> None:
    exchange.response = web.Response(status=status, headers={"Location": "/elsewhere"})
    with pytest.raises(UpbitError) as caught:
        async with open_ticker_stream(session, place, rate_limit):
            pass
    assert (caught.value.kind, caught.value.reason) == (kind, f"http_{status}")
    assert len(exchange.requests) == 1
    assert (rate_limit.remaining() > 0) is (kind is ErrorKind.BLOCKED)


async def test_leaving_closes_the_socket(
    session: aiohttp.ClientSession, place: Region, rate_limit: RateLimit, exchange: Exchange
) -> None:
    async with open_ticker_stream(session, place, rate_limit):
        (socket,) = exchange.sockets
    await wait_until(lambda: not exchange.sockets)
    assert socket.close_code == 1000
