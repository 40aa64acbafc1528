"""The public stream: ticker frames of the markets that a connection has subscribed to."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, override

from aiohttp import web

from .connection import Connection
from .markets import Market, Markets, Untraded
from .record import Call
from .stream import Stream
from .ticker_wire import TickerFaults, encode_ticker
from .wire import Format, StreamRequest, Subscription, check_tickers, parse_request


@dataclass(frozen=True, slots=True)
class Tick:
    """A market as a frame presents it, either after a change or when a client has subscribed."""

    market: Market
    snapshot: bool = False


@dataclass(slots=True)
class _Former:
    """What a connection had subscribed to before its last request, and how many of its frames may still be sent."""

    codes: set[str]
    format: Format
    left: int


class TickerConnection(Connection[Tick]):
    """A connection of the public stream; one request's snapshots are sent in two bursts, each followed by changes."""

    def __init__(self, stream: TickerStream, request: web.Request, socket: web.WebSocketResponse) -> None:
        super().__init__(stream, request, socket, request.remote or "")
        self._tickers = stream
        self._live: set[str] = set()
        self._former = _Former(set(), self.format, 0)
        self._starting: asyncio.Task[None] | None = None

    @property
    def codes(self) -> set[str]:
        """Return the codes of the last request, whether they are listed or not."""
        return {code for stream in self.streams for code in _codes(stream)}

    def wants(self, code: str) -> bool:
        """Say whether changes of a market are sent."""
        return code in self._live or (self._former.left > 0 and code in self._former.codes)

    @override
    def _parse(self, text: str | bytes) -> StreamRequest:
        return parse_request(text, check_tickers)

    @override
    def _subscribe(self, request: StreamRequest) -> None:
        self._former = _Former(self._live, self.format, self._tickers.late_frames)
        self._live = set()
        if self._starting is not None:
            self._starting.cancel()
        super()._subscribe(request)
        (subscription,) = request.streams
        self._starting = self._run(self._start(subscription))

    async def _start(self, subscription: Subscription) -> None:
        codes = _codes(subscription)
        middle = (len(codes) + 1) // 2
        begun = self._loop.time()
        bursts = zip(self._tickers.snapshot_seconds, (codes[:middle], codes[middle:]), strict=True)
        for seconds, burst in bursts:
            await asyncio.sleep(begun + seconds - self._loop.time())
            self._former.left = 0
            for code in burst:
                market = self._tickers.markets.get(code)
                # Whether an unknown code is followed once it is listed is not known; here it is not.
                if market is None:
                    continue
                if not subscription.get("is_only_realtime"):
                    self.send_frame(Tick(market, snapshot=True))
                if not subscription.get("is_only_snapshot"):
                    self._live.add(code)
            self._tickers.changed()

    @override
    def _encode(self, event: Tick) -> Sequence[str]:
        stream, market, frame_format = self._tickers, event.market, self.format
        if market.code in stream.withhold:
            return ()
        if market.price is None and stream.markets.untraded is Untraded.ABSENT:
            return ()
        if not event.snapshot and market.code not in self._live:
            if not self.wants(market.code):
                return ()
            self._former.left -= 1
            frame_format = self._former.format
        stream_type = "SNAPSHOT" if event.snapshot else "REALTIME"
        frame = encode_ticker(market, stream_type, frame_format, stream.numbers, stream.frame_faults)
        return (frame, frame) if market.code in stream.frame_faults.repeated else (frame,)


class TickerStream(Stream[TickerConnection, Tick]):
    """All public connections and the settings they share; every attribute may be changed at any time.

    `withhold` are codes of markets without frames, so that the calls have prices that the stream has not brought.
    `frame_faults` changes the content of frames. `snapshot_seconds` are the times of the two bursts after a request.
    Before the first one, up to `late_frames` of the former request are sent.
    """

    def __init__(self, markets: Markets, **common: Any) -> None:
        self.markets = markets
        self.snapshot_seconds = (0.2, 0.65)
        self.late_frames = 2
        super().__init__(**common)
        markets.listeners.append(self.announce)

    @override
    def recover(self) -> None:
        super().recover()
        self.withhold: Collection[str] = ()
        self.frame_faults = TickerFaults()

    async def serve(self, request: web.Request, call: Call) -> web.StreamResponse:
        """Run a connection until it ends; nobody has to authenticate."""
        return await self.open(
            request, call, lambda socket: TickerConnection(self, request, socket), compress=True
        )

    def announce(self, market: Market) -> None:
        """Send a market's change to its subscribers."""
        for connection in self.subscriptions:
            if connection.wants(market.code):
                self.outbound.push(connection, Tick(market))


def _codes(subscription: Subscription) -> list[str]:
    codes = subscription["codes"]
    assert isinstance(codes, list)
    return list(dict.fromkeys(codes))
