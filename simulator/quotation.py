"""The public side of the exchange, Quotation: the list of markets, prices and the ticker stream, without a key."""

from collections.abc import Callable, Mapping
from typing import Any, override

from aiohttp import web

from .errors import ApiError
from .faults import Endpoint
from .limits import Limit, Limits
from .markets import Market, Markets, Untraded
from .record import PUBLIC_STREAM, Call
from .regions import Region
from .side import Side
from .ticker_stream import TickerStream
from .ticker_wire import encode_market_row, encode_ticker_row
from .wire import NumberStyle, json_text

type Row = Mapping[str, object]

_MARKETS, _TICKER, _TICKERS = "/v1/market/all", "/v1/ticker", "/v1/ticker/all"
PUBLIC_PATHS = frozenset({PUBLIC_STREAM, _MARKETS, _TICKER, _TICKERS})


class Rows(Endpoint):
    """A call that answers with a row for each market.

    `row_faults` has the fields to replace in the row of a market; with None the row is absent. `duplicate_rows` sends
    every row twice, `extra_rows` are added unchanged.
    """

    def __init__(self, *, korean: bool) -> None:
        super().__init__(korean=korean)
        self.recover()

    @override
    def recover(self) -> None:
        super().recover()
        self.duplicate_rows = False
        self.row_faults: Mapping[str, Row | None] = {}
        self.extra_rows: list[object] = []

    def encode(self, markets: list[Market], encode: Callable[[Market, Row], str]) -> str:
        """Return the JSON text of the markets' rows."""
        rows = [
            encode(market, fault)
            for market in markets
            if (fault := self.row_faults.get(market.code, {})) is not None
        ]
        if self.duplicate_rows:
            rows += rows
        return f"[{','.join(rows + [json_text(row) for row in self.extra_rows])}]"


class Quotation(Side):
    """The calls and the stream of prices; `market_all` and `ticker` have the faults of the calls.

    `numbers` is how prices are written in rows. `blocks_accounts` says whether a block of these calls (418) is one of
    the private calls too, which is not known of the real exchange.
    """

    def __init__(self, region: Region, markets: Markets, *, clock: Callable[[], int], **common: Any) -> None:
        limits = Limits(rest_second=Limit(10, 1), rest_minute=Limit(600, 60))
        super().__init__(korean=region.korean, limits=limits, stream_path=PUBLIC_STREAM)
        self.market_all = Rows(korean=region.korean)
        self.ticker = Rows(korean=region.korean)
        self.numbers = NumberStyle.PLAIN
        self.blocks_accounts = False
        self.stream = TickerStream(
            markets, korean=region.korean, limits=limits, record=self.record, clock=clock, **common
        )
        self._markets = markets
        self._clock = clock

    def blocks_private_calls(self) -> bool:
        """Say whether private calls are blocked because of this side."""
        return self.blocks_accounts and self.limits.blocked

    def recover(self) -> None:
        """End every fault; markets and limits stay as they are."""
        for endpoint in (self.market_all, self.ticker, self.handshake):
            endpoint.recover()
        self.stream.recover()

    @override
    def endpoint(self, path: str) -> Endpoint:
        if path == PUBLIC_STREAM:
            return self.handshake
        return self.market_all if path == _MARKETS else self.ticker

    @override
    async def answer(self, request: web.Request, call: Call) -> web.Response:
        group = "market" if request.path == _MARKETS else "ticker"
        try:
            if request.path == PUBLIC_STREAM:
                # Reached only if a fault replaces the upgrade.
                return web.Response()
            if request.method != "GET":
                raise ApiError(404)
            self.limits.admit_rest(group, origin="Origin" in request.headers)
            return self.respond(self._rows(request), group)
        except ApiError as api_error:
            # These calls name every error by its status.
            return self.reject(ApiError(api_error.status), call)

    def _rows(self, request: web.Request) -> str:
        if request.path == _MARKETS:
            details = request.query.get("is_details") == "true"
            return self.market_all.encode(
                self._markets.listed,
                lambda market, fault: encode_market_row(
                    market, korean=self._korean, details=details, faults=fault
                ),
            )
        if request.path == _TICKER:
            markets = [self._listed(code) for code in _parameter(request, "markets")]
        else:
            quotes = _parameter(request, "quote_currencies")
            markets = [market for market in self._markets.listed if market.quote in quotes]
        if self._markets.untraded is Untraded.ABSENT:
            markets = [market for market in markets if market.price is not None]
        now = self._clock()
        return self.ticker.encode(
            markets, lambda market, fault: encode_ticker_row(market, now, self.numbers, fault)
        )

    def _listed(self, code: str) -> Market:
        """Return a market; one unknown code is an error of the whole call."""
        if (market := self._markets.get(code)) is None:
            raise ApiError(404)
        return market

    @override
    async def open_stream(self, request: web.Request, call: Call) -> web.StreamResponse:
        try:
            self.limits.admit_handshake()
        except ApiError as api_error:
            return self.reject(ApiError(api_error.status), call)
        return await self.stream.serve(request, call)


def _parameter(request: web.Request, name: str) -> list[str]:
    """Return the values of a required parameter; raises `ApiError` where there is none."""
    if not (text := request.query.get(name, "")):
        raise ApiError(400)
    return list(dict.fromkeys(text.split(",")))
