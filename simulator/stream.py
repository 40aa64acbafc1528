"""What the private and the public stream have in common: their connections, their settings and their faults."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from aiohttp import web

from .connection import Connection
from .errors import error_body
from .limits import Limits
from .outbound import HeldFrames, Outbound
from .record import Call, Record
from .wire import NumberStyle


class Stream[OneConnection: Connection[Any], Event]:
    """All connections of one stream and the settings they share; every attribute may be changed at any time.

    `withhold_frames` sends no frame of an event, `text` sends text frames in place of binary ones. `after_subscribe`
    is called with a connection immediately after its request. `clock` returns milliseconds since the epoch. All
    durations are in seconds.
    """

    def __init__(
        self,
        *,
        korean: bool,
        limits: Limits,
        record: Record,
        clock: Callable[[], int],
        changed: Callable[[], None],
        until: Callable[[Callable[[], bool]], Awaitable[None]],
    ) -> None:
        self.korean = korean
        self.limits = limits
        self.record = record
        self.clock = clock
        self.changed = changed
        self.until = until
        self.connections: list[OneConnection] = []
        self.outbound = Outbound[Event]()
        self.numbers = NumberStyle.PLAIN
        self.idle_seconds = 60.5
        self.error_close_seconds = 0.15
        self.status_first_seconds = 6.5
        self.status_seconds = 10.0
        self.recover()

    def recover(self) -> None:
        """End every fault of the stream; connections that are half open or get no frames stay so."""
        self.text = False
        self.withhold_frames = False
        self.after_subscribe: Callable[[OneConnection], None] | None = None
        self.outbound.recover()

    async def open(
        self,
        request: web.Request,
        call: Call,
        make: Callable[[web.WebSocketResponse], OneConnection],
        *,
        compress: bool = False,
    ) -> web.StreamResponse:
        """Upgrade a request and run its connection until it ends."""
        socket = web.WebSocketResponse(autoping=False, autoclose=False, compress=compress, timeout=2)
        if not socket.can_prepare(request):
            return web.Response(status=400, text="An upgrade to WebSocket is expected.")
        await socket.prepare(request)
        call.status = 101
        connection = make(socket)
        self.connections.append(connection)
        self.record.opened(connection.owner)
        self.changed()
        try:
            await connection.serve()
        finally:
            self.ended(connection)
        return socket

    def ended(self, connection: OneConnection) -> None:
        """Record that a connection has ended: its closing handshake is complete, or it broke."""
        if connection in self.connections:
            self.connections.remove(connection)
            self.record.closed(connection.owner, connection.end_reason)
            self.changed()

    def subscribed(self, connection: OneConnection) -> None:
        """Apply the faults that begin when a connection has subscribed."""
        if self.after_subscribe is not None:
            self.after_subscribe(connection)

    @property
    def subscriptions(self) -> list[OneConnection]:
        """Return the connections that have subscribed and are not half open."""
        return [each for each in self.connections if each.subscribed and not each.half_open]

    # The ends of connections

    def cut(self) -> None:
        """Break every connection without a close frame (1006)."""
        for connection in self.connections:
            connection.cut()

    def close_all(self, code: int = 1000, message: bytes = b"") -> None:
        """Close every connection with a code."""
        for connection in self.connections:
            connection.close(code, message)

    def half_open(self) -> None:
        """Make the current connections half open until they end: no data, no pong, no close."""
        for connection in self.connections:
            connection.half_open = True

    async def flushed(self) -> None:
        """Wait until everything queued so far is written to the sockets."""
        for connection in tuple(self.connections):
            await connection.flushed()

    # Payloads that no event makes

    def send(self, payload: str | bytes, *, text: bool | None = None) -> None:
        """Send any payload to every connection; binary unless `text` or the stream is set to text."""
        for connection in self.connections:
            connection.send(payload, text=text)

    def send_error(self, name: str, *, close: bool = True) -> None:
        """Send an error frame to every connection; without `close` the connections stay open."""
        for connection in tuple(self.connections):
            if close:
                connection.close_with_error(name)
            else:
                connection.send(error_body(name, korean=self.korean))

    def hold_frames(self) -> AbstractContextManager[HeldFrames[Event]]:
        """Hold the frames of events: `with stream.hold_frames() as held: … held.release(1, 0)`."""
        return self.outbound.hold()
