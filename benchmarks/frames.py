"""CPU time from a frame's bytes to the written state, against the floor: parse it and write one bare sensor's state.

The integration opens its stream as usual. Only aiohttp's ``ws_connect`` is replaced, so that ``receive()`` returns
prepared messages. Everything from the bytes of a frame to the written state is production code. The socket and the
turns of the event loop are left out, because the floor has neither.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
import json
from time import thread_time
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant

from .figures import Figure, Rounds
from .setting import (
    WITHOUT_PRICES,
    Exchange,
    add_entry,
    amounts,
    currencies,
    frame,
    remove_entry,
    single_frames,
)

_BLOCK = 100
"""Frames of one measurement: long enough for the clock, short enough for many rounds."""
_WIDE = 50

# Like the integration, the floor creates its decoder once.
_DECODER = json.JSONDecoder(parse_float=Decimal)


class Feed:
    """Stands for an open WebSocket: it returns the messages of a round, then waits for the next round."""

    close_code: int | None = None
    closed = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._messages: Iterator[aiohttp.WSMessage] = iter(())
        self._begin: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._end: asyncio.Future[float]
        self._started = 0.0

    async def send_str(self, data: str) -> None:
        """Accept the subscription."""

    async def send_frame(self, data: bytes, opcode: aiohttp.WSMsgType) -> None:
        """Accept the close frame."""
        self.closed = True

    async def close(self) -> None:
        """Do nothing: there is no socket to close."""

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
        """Return what the clock counts from the first message until the next one after the last is requested."""
        self._messages = iter(messages)
        self._end = asyncio.get_running_loop().create_future()
        self._begin.set_result(None)
        return await self._end

    def each(self, payloads: Sequence[bytes]) -> Callable[[], Awaitable[float]]:
        """Return a measure of what one of these frames costs."""
        messages = [message(payload) for payload in payloads]

        async def measure() -> float:
            return await self.cost(messages) / len(messages)

        return measure


def message(payload: bytes) -> aiohttp.WSMessage:
    """Return a frame as aiohttp returns it."""
    return aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, payload, None)


@contextmanager
def fed_streams(clock: Callable[[], float] = thread_time) -> Iterator[dict[str, Feed]]:
    """Give a feed to every stream that is opened in the block; yields the feeds by the URL of their stream.

    Args:
        clock: The measure of the cost; by default the CPU seconds of the event loop's thread.
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


def floor(sensors: Mapping[str, Any], payloads: Sequence[bytes]) -> float:
    """Return the CPU seconds of a frame that is parsed exactly and shown by a bare sensor, and nothing else."""
    started = thread_time()
    for payload in payloads:
        asset = _DECODER.decode(payload.decode())["assets"][0]
        sensors[asset["currency"]].show((asset["balance"], asset["locked"]))
    return (thread_time() - started) / len(payloads)


async def measure_frames(
    hass: HomeAssistant, one: Exchange, fifty: Exchange, five_hundred: Exchange
) -> list[Figure]:
    """Measure frames on accounts that hold 1, 50 and 500 currencies."""
    bare_1, bare_50 = [
        await add_entry(hass, "bare_sensors", {"currencies": currencies(count)}) for count in (1, _WIDE)
    ]
    taken = Rounds()
    with fed_streams() as feeds:
        ours = [
            await add_entry(hass, "upbit", each.entry_data, WITHOUT_PRICES)
            for each in (one, fifty, five_hundred)
        ]
        feed_1, feed_50, feed_500 = (feeds[each.stream_url] for each in (one, fifty, five_hundred))
        single = single_frames("C000", _BLOCK)
        steps = [{currency: amounts(currency, step) for currency in currencies(_WIDE)} for step in (1, 0)]
        wide = [frame(step) for step in steps]
        narrow = [[frame({currency: texts}) for currency, texts in step.items()] for step in steps]

        await taken.take(
            {
                "floor": lambda: floor(bare_1.runtime_data, single),
                "1": feed_1.each(single),
                "500": feed_500.each(single),
            },
            320,
        )
        await taken.take(
            {
                "wide": feed_50.each(wide),
                "fifty floors": lambda: (
                    _WIDE * sum(floor(bare_50.runtime_data, each) for each in narrow) / len(narrow)
                ),
            },
            80,
        )
    for entry in (bare_1, bare_50, *ours):
        await remove_entry(hass, entry)

    def micro(name: str) -> str:
        return f"{taken.typical(name) * 1e6:.1f} µs"

    return [
        Figure(
            "CPU of a frame, 1 changed, 1 held, to the floor",
            taken.ratio("1", "floor"),
            f"{micro('1')}, floor {micro('floor')}, its spread {taken.spread('floor'):.0%}",
            at_most=1.4,
        ),
        Figure(
            "CPU of a frame, 1 changed, 500 held, to 1 held",
            taken.ratio("500", "1"),
            micro("500"),
            at_most=1.1,
        ),
        Figure(
            "CPU of a frame, 50 changed, to fifty floors",
            taken.ratio("wide", "fifty floors"),
            f"{micro('wide')}, floors {micro('fifty floors')}",
            at_most=1.3,
        ),
    ]
