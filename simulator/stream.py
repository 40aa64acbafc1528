"""The private stream: its connections, its settings and its faults."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
import time

from aiohttp import web

from .account import Account, AssetEvent, Number
from .connection import Connection
from .errors import error_body
from .keys import ApiKey
from .limits import Limits
from .outbound import HeldFrames, Outbound
from .record import Record
from .wire import FrameFaults, NumberStyle


class Stream:
    """All private connections and the settings they share; every attribute may be changed at any time.

    `withhold_frames` sends no asset frame, `frame_faults` changes their content. A connection that subscribes within
    `first_use_silence` seconds of the account's first subscription never gets an asset frame. `reject_by_frame`
    accepts the handshake with a bad token and then sends INVALID_AUTH. `after_subscribe` is called with a connection
    immediately after its request. All durations are in seconds.
    """

    def __init__(
        self,
        *,
        korean: bool,
        limits: Limits,
        record: Record,
        changed: Callable[[], None],
        until: Callable[[Callable[[], bool]], Awaitable[None]],
    ) -> None:
        self.korean = korean
        self.limits = limits
        self.record = record
        self.changed = changed
        self.until = until
        self.connections: list[Connection] = []
        self.outbound = Outbound()
        self.numbers = NumberStyle.PLAIN
        self.idle_seconds = 60.5
        self.error_close_seconds = 0.15
        self.status_first_seconds = 6.5
        self.status_seconds = 10.0
        self._first_subscriptions: dict[Account, float] = {}
        self.recover()

    def recover(self) -> None:
        """End every fault of the stream; connections that are half open or get no frames stay so."""
        self.text = False
        self.withhold_frames = False
        self.frame_faults = FrameFaults()
        self.first_use_silence = 0.0
        self.reject_by_frame = False
        self.after_subscribe: Callable[[Connection], None] | None = None
        self.outbound.recover()

    def clock(self) -> int:
        """Return the time for a frame, in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    async def serve(
        self, request: web.Request, socket: web.WebSocketResponse, key: ApiKey, error: str | None
    ) -> None:
        """Run an accepted connection until it ends; `error` is sent as its first frame and closes it."""
        connection = Connection(self, request, socket, key)
        self.connections.append(connection)
        self.record.opened(key.access_key)
        self.changed()
        if error is not None:
            connection.close_with_error(error)
        try:
            await connection.serve()
        finally:
            self.ended(connection)

    def ended(self, connection: Connection) -> None:
        """Record that a connection has ended: its closing handshake is complete, or it broke."""
        if connection in self.connections:
            self.connections.remove(connection)
            self.record.closed(connection.key.access_key, connection.end_reason)
            self.changed()

    def subscribed(self, connection: Connection) -> None:
        """Record that a connection has subscribed, and apply the faults that begin there."""
        now = asyncio.get_running_loop().time()
        first = self._first_subscriptions.setdefault(connection.key.account, now)
        connection.withhold_frames = self.first_use_silence > 0 and now < first + self.first_use_silence
        if self.after_subscribe is not None:
            self.after_subscribe(connection)

    @property
    def subscriptions(self) -> list[Connection]:
        """Return the connections that have subscribed and are not half open."""
        return [each for each in self.connections if each.subscribed and not each.half_open]

    def announce(self, account: Account, event: AssetEvent) -> None:
        """Send an event to the subscribers of its account."""
        for connection in self.subscriptions:
            if connection.key.account is account:
                for frame in account.frames_of(event):
                    self.outbound.push(connection, frame)

    # Payloads that no account makes

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

    def send_frame(self, holdings: Mapping[str, tuple[Number, Number]], *, asset_timestamp: int) -> None:
        """Send an asset frame to every subscriber regardless of what the account holds, for instance a stale one."""
        for connection in self.subscriptions:
            account = connection.key.account
            connection.send_frame(account.event(holdings, asset_timestamp=asset_timestamp))

    def hold_frames(self) -> AbstractContextManager[HeldFrames]:
        """Hold asset frames: `with stream.hold_frames() as held: … held.release(1, 0)`."""
        return self.outbound.hold()
