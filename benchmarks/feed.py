"""Feeds prepared messages to the integration's stream loop, and takes what it costs until it asks for more.

The integration opens its stream as always; only aiohttp's ``ws_connect`` is replaced, so that ``receive()`` hands out
messages that are there already. Everything from the bytes of a frame to the state written is the production code;
the socket and the event loop's turns, which the floor has none of either, are left out.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import thread_time

import aiohttp


class Feed:
    """What an open WebSocket is to the integration: it hands out messages, and is silent in between."""

    close_code: int | None = None
    closed = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._messages: Iterator[aiohttp.WSMessage] = iter(())
        self._begin: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._end: asyncio.Future[float]
        self._started = 0.0

    async def send_str(self, data: str) -> None:
        """Take the subscription."""

    async def send_frame(self, data: bytes, opcode: aiohttp.WSMsgType) -> None:
        """Take the frame that closes, and count as closed."""
        self.closed = True

    async def close(self) -> None:
        """Take the end."""

    async def receive(self) -> aiohttp.WSMessage:
        """Return the next message, or wait for the next round."""
        for message in self._messages:
            return message
        return await self._next_round()

    async def _next_round(self) -> aiohttp.WSMessage:
        if self._begin.done():
            self._end.set_result(self._clock() - self._started)
            self._begin = asyncio.get_running_loop().create_future()
        await self._begin
        self._started = self._clock()
        return next(self._messages)

    async def cost(self, messages: Sequence[aiohttp.WSMessage]) -> float:
        """Return what the clock counts from the first message handed out until one more is asked for."""
        self._messages = iter(messages)
        self._end = asyncio.get_running_loop().create_future()
        self._begin.set_result(None)
        return await self._end


def message(payload: bytes) -> aiohttp.WSMessage:
    """Return a frame as aiohttp hands it out."""
    return aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, payload, None)


@contextmanager
def fed_streams(clock: Callable[[], float] = thread_time) -> Iterator[dict[str, Feed]]:
    """Give every stream that is opened meanwhile a feed; returns them by the stream's address.

    Args:
        clock: What the cost is measured with; by default the seconds of CPU of the event loop's thread.
    """
    feeds: dict[str, Feed] = {}
    connect = aiohttp.ClientSession.ws_connect

    async def open_feed(_: aiohttp.ClientSession, url: str, **__: object) -> Feed:
        feeds[url] = Feed(clock)
        return feeds[url]

    aiohttp.ClientSession.ws_connect = open_feed
    try:
        yield feeds
    finally:
        aiohttp.ClientSession.ws_connect = connect
