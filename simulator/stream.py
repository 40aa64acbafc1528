"""The private stream: who is connected, how it behaves, and how it misbehaves."""

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
from .wire import NumberStyle


class Stream:
    """All private connections and the settings they share; every attribute may be changed at any time.

    `deaf` withholds all asset frames. `first_use_silence` makes a connection deaf for life when it subscribes
    within so many seconds of the account's first subscription. `refuse_by_frame` accepts a handshake with a
    bad token and then sends INVALID_AUTH. `after_subscribe` is called with a connection right after its
    request. All durations are in seconds.
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
        """Undo every misbehaviour of the stream; connections that are half open or deaf stay so."""
        self.text = False
        self.deaf = False
        self.first_use_silence = 0.0
        self.refuse_by_frame = False
        self.after_subscribe: Callable[[Connection], None] | None = None
        self.outbound.recover()

    def clock(self) -> int:
        """Return the time that goes into a frame, in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    async def serve(
        self, request: web.Request, socket: web.WebSocketResponse, key: ApiKey, refusal: str | None
    ) -> None:
        """Run a connection whose handshake was accepted, to its end."""
        connection = Connection(self, request, socket, key)
        self.connections.append(connection)
        self.record.opened(key.access_key)
        self.changed()
        if refusal is not None:
            connection.refuse(refusal)
        try:
            await connection.serve()
        finally:
            self.ended(connection)

    def ended(self, connection: Connection) -> None:
        """Note that a connection is over: its closing handshake is complete, or it broke."""
        if connection in self.connections:
            self.connections.remove(connection)
            self.record.closed(connection.key.access_key, connection.end_reason)
            self.changed()

    def subscribed(self, connection: Connection) -> None:
        """Note that a connection has subscribed, and do to it what is set."""
        now = asyncio.get_running_loop().time()
        first = self._first_subscriptions.setdefault(connection.key.account, now)
        connection.deaf = self.first_use_silence > 0 and now < first + self.first_use_silence
        if self.after_subscribe is not None:
            self.after_subscribe(connection)

    @property
    def subscriptions(self) -> list[Connection]:
        """Return the connections that have subscribed and still work."""
        return [each for each in self.connections if each.subscribed and not each.half_open]

    def announce(self, account: Account, event: AssetEvent) -> None:
        """Tell an event to the subscribers of its account."""
        for connection in self.subscriptions:
            if connection.key.account is account:
                for frame in account.frames_of(event):
                    self.outbound.push(connection, frame)

    # Things to send that no account made

    def send(self, payload: str | bytes, *, text: bool | None = None) -> None:
        """Send any payload to every connection; binary unless `text` or the stream is set to text."""
        for connection in self.connections:
            connection.send(payload, text=text)

    def send_error(self, name: str, *, close: bool = True) -> None:
        """Send an error frame to every connection; without `close` the connections stay open."""
        for connection in tuple(self.connections):
            if close:
                connection.refuse(name)
            else:
                connection.send(error_body(name, korean=self.korean))

    def send_frame(self, holdings: Mapping[str, tuple[Number, Number]], *, asset_timestamp: int) -> None:
        """Send an asset frame to every subscriber whatever the account holds, for instance a stale one."""
        for connection in self.subscriptions:
            account = connection.key.account
            connection.send_frame(account.event(holdings, asset_timestamp=asset_timestamp))

    def hold_frames(self) -> AbstractContextManager[HeldFrames]:
        """Hold asset frames back: `with stream.hold_frames() as held: … held.release(1, 0)`."""
        return self.outbound.hold()
