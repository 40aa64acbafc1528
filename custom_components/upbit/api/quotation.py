"""The public (Quotation) API of a region: its REST calls and its ticker stream, both without credentials."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from itertools import batched
from typing import NoReturn
import uuid

import aiohttp

from .errors import ErrorKind, UpbitError
from .http import get
from .regions import Region
from .throttle import RequestLimit
from .ticker import (
    Market,
    Ticker,
    TickerDecoder,
    TickerItem,
    Tickers,
    decode_markets,
    decode_tickers,
    ticker_subscription,
)
from .websocket import COMPRESSION, WebSocket, open_websocket
from .wire import DecodeError, DecodeErrorReason

_MAX_MARKETS = 100
"""Markets in one call. No maximum is documented."""

_PAUSE = 0.2
"""Seconds between the calls of one request. Upbit allows 10 calls a second for an IP address."""


class QuotationClient:
    """Calls the Quotation API of one region."""

    def __init__(self, session: aiohttp.ClientSession, region: Region, rate_limit: RequestLimit) -> None:
        self._session = session
        self._region = region
        self._rate_limit = rate_limit

    async def markets(self) -> dict[str, Market]:
        """Return all markets of the region, by code.

        Source: https://global-docs.upbit.com/reference/listing-market-list

        Raises:
            UpbitError: The call failed, or its response is no list of markets.
        """
        return await self._get("/v1/market/all", {}, decode_markets)

    async def tickers(self, markets: Collection[str], *, isolate: bool = False) -> Tickers:
        """Return the last trades of these markets.

        Upbit rejects a call as a whole when it does not know one of the markets.

        Source: https://global-docs.upbit.com/reference/list-tickers

        Args:
            markets: Their codes.
            isolate: Whether to find out which markets are unknown, by halving, and leave them out.

        Raises:
            UpbitError: A call failed. UNKNOWN_MARKET: one of the markets is unknown.
        """
        tickers: dict[str, Ticker] = {}
        invalid: dict[str, DecodeErrorReason] = {}
        unreadable = 0
        batches = [*batched(markets, _MAX_MARKETS, strict=False)]
        while batches:
            batch = batches.pop()
            try:
                found = await self._tickers(batch)
            except UpbitError as err:
                if not isolate or err.kind is not ErrorKind.UNKNOWN_MARKET:
                    raise
                if (middle := len(batch) // 2) > 0:
                    batches += (batch[:middle], batch[middle:])
            else:
                tickers.update(found.tickers)
                invalid.update(found.invalid)
                unreadable += found.unreadable
            if batches:
                await asyncio.sleep(_PAUSE)
        return Tickers(tickers, invalid, unreadable)

    async def _tickers(self, markets: Collection[str]) -> Tickers:
        found = await self._get("/v1/ticker", {"markets": ",".join(markets)}, decode_tickers)
        if not found.unreadable:
            return found
        # A row without a readable code may be that of any market for which there is no other one.
        lost = dict.fromkeys({*markets} - found.tickers.keys(), DecodeErrorReason.INVALID_MARKET)
        return Tickers(found.tickers, lost | {**found.invalid}, found.unreadable)

    async def _get[Response](
        self, path: str, params: dict[str, str], decode: Callable[[bytes], Response]
    ) -> Response:
        body = await get(
            self._session,
            self._region.rest_url + path,
            self._rate_limit,
            params=params,
            not_found=ErrorKind.UNKNOWN_MARKET,
        )
        try:
            return decode(body)
        except DecodeError as err:
            name = path.removeprefix("/v1/").replace("/", "_")
            raise UpbitError(ErrorKind.INVALID_RESPONSE, f"{name}_{err.reason}") from None


class TickerStream:
    """A connection to the public stream."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._decoder = TickerDecoder()

    async def subscribe(self, markets: Iterable[str]) -> None:
        """Request the tickers of these markets and of no other ones; each begins with its last trade.

        A market that Upbit does not know is ignored without an error.

        Raises:
            UpbitError: The connection is lost.
        """
        # The exchange sends every market again, and a market that was not subscribed for a while must be delivered.
        self._decoder.reset()
        await self._websocket.send(ticker_subscription(str(uuid.uuid4()), markets))

    async def read(
        self,
        on_ticker: Callable[[TickerItem], None],
        on_invalid: Callable[[DecodeErrorReason], None],
    ) -> NoReturn:
        """Deliver every ticker of which something is new, every invalid one, and why a message is invalid.

        Raises:
            UpbitError: The exchange rejected a request, or the connection is lost.
        """
        await self._websocket.read(self._decoder.decode, on_ticker, on_invalid)  # type: ignore[misc]  # a union as Item


@asynccontextmanager
async def open_ticker_stream(
    session: aiohttp.ClientSession, region: Region, rate_limit: RequestLimit
) -> AsyncIterator[TickerStream]:
    """Connect to the public stream; leaving the context closes the socket.

    The session should have `reject_redirect` among its middlewares.

    Source: https://global-docs.upbit.com/reference/websocket-ticker

    Raises:
        UpbitError: The handshake was rejected or timed out, or the connection failed.
    """
    async with open_websocket(session, region.websocket_url, rate_limit, compress=COMPRESSION) as websocket:
        yield TickerStream(websocket)
