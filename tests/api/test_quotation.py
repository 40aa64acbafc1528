"""The public API: REST calls that isolate unknown markets, and the ticker stream, both without credentials."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
import json

import aiohttp
import pytest

from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.quotation import (
    QuotationClient,
    TickerStream,
    open_ticker_stream,
)
from custom_components.upbit.api.regions import Region
from custom_components.upbit.api.throttle import RateLimit
from custom_components.upbit.api.ticker import InvalidTicker, Market, Ticker, Tickers
from custom_components.upbit.api.wire import MAX_FRAME_SIZE, DecodeErrorReason
from simulator import NumberStyle, SimulatedExchange, Untraded
from simulator.record import most_within
from tests.helpers.virtual_time import pass_time, wait_until


class Reader:
    """Collects the events of a ticker stream in a task."""

    def __init__(self, stream: TickerStream) -> None:
        self.stream = stream
        self.events: list[Ticker | InvalidTicker | DecodeErrorReason] = []
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        await self.stream.read(self.events.append, self.events.append)

    async def prices(self, count: int) -> list[tuple[str, Decimal]]:
        """Wait for so many events, which must be tickers; return their prices, and forget the events."""
        await wait_until(lambda: len(self.events) >= count)
        tickers = [event for event in self.events if isinstance(event, Ticker)]
        assert len(tickers) == len(self.events) == count
        self.events.clear()
        return [(ticker.market, ticker.price) for ticker in tickers]

    async def error(self) -> UpbitError:
        """Return the error that the stream ends with."""
        with pytest.raises(UpbitError) as caught:
            await self.task
        return caught.value


@pytest.fixture
def quotation(session: aiohttp.ClientSession, place: Region, rate_limit: RateLimit) -> QuotationClient:
    return QuotationClient(session, place, rate_limit)


@pytest.fixture
async def reader(
    session: aiohttp.ClientSession, place: Region, rate_limit: RateLimit
) -> AsyncIterator[Reader]:
    async with open_ticker_stream(session, place, rate_limit) as stream:
        reader = Reader(stream)
        yield reader
        reader.task.cancel()
        await asyncio.wait([reader.task])


async def failure(quotation: QuotationClient, *markets: str, isolate: bool = False) -> UpbitError:
    with pytest.raises(UpbitError) as caught:
        await quotation.tickers(markets or ["SGD-BTC"], isolate=isolate)
    return caught.value


def list_markets(exchange: SimulatedExchange, codes: Iterable[str]) -> None:
    for code in codes:
        exchange.markets.list_market(code, 1)


def asked(exchange: SimulatedExchange) -> list[list[str]]:
    """Return the codes of each call for tickers so far."""
    return [call.query["markets"].split(",") for call in exchange.quotation.record.requests("/v1/ticker")]


# REST


@pytest.mark.parametrize(("region", "korean_name"), [("sg", None), ("kr", "비트코인")])
async def test_markets_have_their_names(
    quotation: QuotationClient, exchange: SimulatedExchange, korean_name: str | None
) -> None:
    markets = await quotation.markets()
    assert markets.keys() == {market.code for market in exchange.markets.listed}
    assert markets[f"{exchange.region.fiat}-BTC"] == Market(korean_name, "Bitcoin")


async def test_last_trades_are_exact(quotation: QuotationClient, exchange: SimulatedExchange) -> None:
    exchange.quotation.numbers = NumberStyle.SCIENTIFIC
    btc = exchange.markets.set_price("SGD-BTC", "118123.4567890123456789", traded_at=1_790_000_000_000)
    shib = exchange.markets.set_price("SGD-SHIB", "0.00001234")
    found = await quotation.tickers(["SGD-BTC", "SGD-SHIB"])
    assert not found.invalid
    assert btc.previous_close is not None
    assert found.tickers["SGD-BTC"] == Ticker(
        "SGD-BTC",
        Decimal("118123.4567890123456789"),
        1_790_000_000_000,
        btc.previous_close,
        delisted=False,
    )
    assert found.tickers["SGD-SHIB"].price == shib.price


@pytest.mark.parametrize("untraded", Untraded)
async def test_market_that_never_traded_is_left_out(
    quotation: QuotationClient, exchange: SimulatedExchange, untraded: Untraded
) -> None:
    exchange.markets.untraded = untraded
    exchange.markets.list_market("SGD-NEW")
    found = await quotation.tickers(["SGD-NEW", "SGD-BTC"])
    assert (found.tickers.keys(), found.invalid) == ({"SGD-BTC"}, {})


async def test_nothing_carries_an_authorization_or_an_origin(
    quotation: QuotationClient, exchange: SimulatedExchange, reader: Reader
) -> None:
    await quotation.markets()
    await quotation.tickers(["SGD-BTC"])
    calls = exchange.quotation.record.calls
    assert [call.path for call in calls] == ["/websocket/v1", "/v1/market/all", "/v1/ticker"]
    for call in calls:
        assert not {"authorization", "origin"} & call.headers


async def test_no_markets_make_no_call(quotation: QuotationClient, exchange: SimulatedExchange) -> None:
    assert await quotation.tickers([]) == Tickers({}, {})
    assert not exchange.quotation.record.calls


async def test_at_most_100_markets_are_in_a_call(
    quotation: QuotationClient, exchange: SimulatedExchange
) -> None:
    codes = [f"SGD-{number}" for number in range(250)]
    list_markets(exchange, codes)
    assert (await quotation.tickers(codes)).tickers.keys() == {*codes}
    assert sorted(len(codes) for codes in asked(exchange)) == [50, 100, 100]


async def test_market_with_any_characters_is_one_market(
    quotation: QuotationClient, exchange: SimulatedExchange
) -> None:
    list_markets(exchange, ["SGD-币&a=+%2C#?"])
    codes = {"SGD-币&a=+%2C#?", "SGD-BTC"}
    assert (await quotation.tickers(codes)).tickers.keys() == codes


async def test_unknown_market_is_an_error(quotation: QuotationClient, exchange: SimulatedExchange) -> None:
    error = await failure(quotation, "SGD-BTC", "SGD-NONE")
    assert (error.kind, error.reason) == (ErrorKind.UNKNOWN_MARKET, "http_404")
    assert len(asked(exchange)) == 1


@pytest.mark.parametrize("unknown", [1, 3, 100])
async def test_unknown_markets_are_isolated_within_the_limits(
    quotation: QuotationClient, exchange: SimulatedExchange, unknown: int
) -> None:
    codes = [f"SGD-{number}" for number in range(100)]
    list_markets(exchange, codes[unknown:])
    found = await quotation.tickers(codes, isolate=True)
    assert (found.tickers.keys(), found.invalid) == ({*codes[unknown:]}, {})
    assert len(asked(exchange)) < 2 * len(codes)
    # Well below the ten that Upbit allows, because the address may have other clients.
    assert most_within(exchange.quotation.record.calls, 1) <= 6


async def test_no_market_is_taken_for_unknown_because_of_something_in_between(
    quotation: QuotationClient, exchange: SimulatedExchange
) -> None:
    exchange.quotation.ticker.fail_with(404, "<html>")
    assert (await failure(quotation, isolate=True)).kind is ErrorKind.UNKNOWN


async def test_row_without_a_readable_market_may_be_that_of_any_market_without_a_row(
    quotation: QuotationClient, exchange: SimulatedExchange
) -> None:
    exchange.quotation.ticker.row_faults = {"SGD-ETH": {"trade_price": 0}, "SGD-XRP": {"market": None}}
    found = await quotation.tickers(["SGD-BTC", "SGD-ETH", "SGD-XRP"])
    assert found.tickers.keys() == {"SGD-BTC"}
    assert found.invalid == {
        "SGD-ETH": DecodeErrorReason.INVALID_PRICE,
        "SGD-XRP": DecodeErrorReason.INVALID_MARKET,
    }


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
    quotation: QuotationClient,
    exchange: SimulatedExchange,
    status: int,
    body: str,
    kind: ErrorKind,
    reason: str,
) -> None:
    exchange.quotation.ticker.fail_with(status, body, headers={"Location": "/elsewhere"})
    error = await failure(quotation, isolate=True)
    assert (error.kind, error.reason) == (kind, reason)
    assert len(exchange.quotation.record.calls) == 1


async def test_list_without_a_market_is_an_error(
    quotation: QuotationClient, exchange: SimulatedExchange
) -> None:
    exchange.quotation.market_all.fail_with(200, "[]")
    with pytest.raises(UpbitError) as caught:
        await quotation.markets()
    assert caught.value.reason == "market_all_wrong_shape"


async def test_no_call_is_made_while_the_exchange_asks_to_wait(
    quotation: QuotationClient, exchange: SimulatedExchange, rate_limit: RateLimit
) -> None:
    exchange.quotation.ticker.refuse("I'm a teapot", times=1)
    assert (await failure(quotation)).kind is ErrorKind.BLOCKED
    assert rate_limit.remaining() >= 60
    assert (await failure(quotation)).reason == "waiting"
    assert len(exchange.quotation.record.calls) == 1


# The stream


async def test_frames_are_compressed(reader: Reader, exchange: SimulatedExchange) -> None:
    (connection,) = exchange.quotation.stream.connections
    assert connection.compressed


async def test_each_market_begins_with_its_last_trade(reader: Reader, exchange: SimulatedExchange) -> None:
    await reader.stream.subscribe(["SGD-BTC", "SGD-NONE", "SGD-ETH"])
    assert await reader.prices(2) == [("SGD-BTC", 118000), ("SGD-ETH", 3900)]
    exchange.markets.set_price("SGD-ETH", "3900.5")
    assert await reader.prices(1) == [("SGD-ETH", Decimal("3900.5"))]


async def test_subscription_has_the_whole_list_and_a_ticket_of_its_own(
    reader: Reader, exchange: SimulatedExchange
) -> None:
    await reader.stream.subscribe(["SGD-BTC"])
    assert await reader.prices(1) == [("SGD-BTC", 118000)]
    await reader.stream.subscribe(["SGD-ETH", "SGD-BTC"])
    # Also a market of which nothing is new.
    assert await reader.prices(2) == [("SGD-ETH", 3900), ("SGD-BTC", 118000)]
    first, second = (json.loads(text) for text in exchange.quotation.record.messages)
    assert (first[1]["codes"], second[1]["codes"]) == (["SGD-BTC"], ["SGD-ETH", "SGD-BTC"])
    assert first[0]["ticket"] != second[0]["ticket"]


async def test_delisting_is_delivered(reader: Reader, exchange: SimulatedExchange) -> None:
    await reader.stream.subscribe(["SGD-BTC"])
    await reader.prices(1)
    exchange.markets.delist("SGD-BTC")
    await wait_until(lambda: reader.events)
    (event,) = reader.events
    assert isinstance(event, Ticker)
    assert event.delisted


def frame(market: str = "SGD-BTC", price: str = "1") -> str:
    return f'{{"ty":"ticker","cd":"{market}","tp":{price},"ttms":1000}}'


async def test_what_is_new_or_invalid_is_delivered(reader: Reader, exchange: SimulatedExchange) -> None:
    stream = exchange.quotation.stream
    for text in (
        frame(),
        frame(),
        '{"status":"UP"}',
        "{",
        f"[{frame(price='0')},{frame('SGD-ETH')}]",
    ):
        stream.send(text)
    stream.close_all(1000)
    error = await reader.error()
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "close_1000")
    assert reader.events == [
        Ticker("SGD-BTC", Decimal(1), 1000, None, delisted=False),
        DecodeErrorReason.NOT_JSON,
        InvalidTicker("SGD-BTC", DecodeErrorReason.INVALID_PRICE),
        Ticker("SGD-ETH", Decimal(1), 1000, None, delisted=False),
    ]


async def test_error_frame_ends_the_stream(
    reader: Reader, exchange: SimulatedExchange, rate_limit: RateLimit
) -> None:
    exchange.quotation.stream.send_error("Too Many Requests")
    error = await reader.error()
    assert (error.kind, error.reason) == (ErrorKind.RATE_LIMITED, "frame_too_many_requests")
    assert rate_limit.remaining()


async def test_frame_that_is_small_only_while_compressed_is_too_large(
    reader: Reader, exchange: SimulatedExchange
) -> None:
    exchange.quotation.stream.send(b" " * (MAX_FRAME_SIZE + 1))
    assert (await reader.error()).reason == "close_1009"
    assert reader.events == [DecodeErrorReason.TOO_LARGE]


async def test_quiet_connection_is_kept_open_by_pings(reader: Reader, exchange: SimulatedExchange) -> None:
    await reader.stream.subscribe(["SGD-BTC"])
    await pass_time(300)
    assert not exchange.quotation.record.closes


async def test_subscription_on_a_lost_connection_is_an_error(
    reader: Reader, exchange: SimulatedExchange
) -> None:
    exchange.quotation.stream.cut()
    assert (await reader.error()).reason == "close_1006"
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
    exchange: SimulatedExchange,
    status: int,
    kind: ErrorKind,
) -> None:
    exchange.quotation.handshake.fail_with(status, headers={"Location": "/elsewhere"})
    with pytest.raises(UpbitError) as caught:
        async with open_ticker_stream(session, place, rate_limit):
            pass
    assert (caught.value.kind, caught.value.reason) == (kind, f"http_{status}")
    assert len(exchange.quotation.record.calls) == 1
    assert (rate_limit.remaining() > 0) is (kind is ErrorKind.BLOCKED)


async def test_leaving_closes_the_socket_in_order(
    session: aiohttp.ClientSession, place: Region, rate_limit: RateLimit, exchange: SimulatedExchange
) -> None:
    async with open_ticker_stream(session, place, rate_limit):
        assert exchange.quotation.stream.connections
    await wait_until(lambda: not exchange.quotation.stream.connections)
    assert exchange.quotation.record.closes == {"client": 1}
