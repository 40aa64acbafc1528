"""The private stream: asset frames of the account a connection's key belongs to."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, override

from aiohttp import web

from .account import Account, AssetEvent, Number
from .connection import Connection
from .keys import ApiKey
from .record import Call
from .stream import Stream
from .wire import FrameFaults, StreamRequest, encode_frame, parse_request


class AssetConnection(Connection[AssetEvent]):
    """A connection of the private stream, opened with a key."""

    def __init__(
        self, stream: PrivateStream, request: web.Request, socket: web.WebSocketResponse, key: ApiKey
    ) -> None:
        super().__init__(stream, request, socket, key.access_key)
        self.key = key
        self._assets = stream

    @override
    def _parse(self, text: str | bytes) -> StreamRequest:
        return parse_request(text)

    @override
    def _encode(self, event: AssetEvent) -> Sequence[str]:
        stream = self._assets
        return (encode_frame(event, stream.clock(), self.format, stream.numbers, stream.frame_faults),)


class PrivateStream(Stream[AssetConnection, AssetEvent]):
    """All private connections and the settings they share; every attribute may be changed at any time.

    `frame_faults` changes the content of asset frames. A connection that subscribes within `first_use_silence`
    seconds of the account's first subscription never gets an asset frame. `reject_by_frame` accepts the handshake
    with a bad token and then sends INVALID_AUTH.
    """

    def __init__(self, **common: Any) -> None:
        self._first_subscriptions: dict[Account, float] = {}
        super().__init__(**common)

    @override
    def recover(self) -> None:
        super().recover()
        self.frame_faults = FrameFaults()
        self.first_use_silence = 0.0
        self.reject_by_frame = False

    async def serve(
        self, request: web.Request, call: Call, key: ApiKey, error: str | None
    ) -> web.StreamResponse:
        """Run an accepted connection until it ends; `error` is sent as its first frame and closes it."""

        def make(socket: web.WebSocketResponse) -> AssetConnection:
            connection = AssetConnection(self, request, socket, key)
            if error is not None:
                connection.close_with_error(error)
            return connection

        return await self.open(request, call, make)

    @override
    def subscribed(self, connection: AssetConnection) -> None:
        now = asyncio.get_running_loop().time()
        first = self._first_subscriptions.setdefault(connection.key.account, now)
        connection.withhold_frames = self.first_use_silence > 0 and now < first + self.first_use_silence
        super().subscribed(connection)

    def announce(self, account: Account, event: AssetEvent) -> None:
        """Send an event to the subscribers of its account."""
        for connection in self.subscriptions:
            if connection.key.account is account:
                for frame in account.frames_of(event):
                    self.outbound.push(connection, frame)

    def send_frame(self, holdings: Mapping[str, tuple[Number, Number]], *, asset_timestamp: int) -> None:
        """Send an asset frame to every subscriber regardless of what the account holds, for instance a stale one."""
        for connection in self.subscriptions:
            account = connection.key.account
            connection.send_frame(account.event(holdings, asset_timestamp=asset_timestamp))
