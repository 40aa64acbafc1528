"""The private WebSocket: connect, subscribe, then yield messages until the connection is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import uuid

import aiohttp

from .auth import Credentials
from .regions import Region
from .throttle import RequestLimit
from .websocket import WebSocket, open_websocket
from .wire import AssetUpdate, DecodeErrorReason, decode_frame, subscription


@dataclass(frozen=True, slots=True)
class InvalidFrame:
    """A message that could not be decoded; it may have been about any balance."""

    reason: DecodeErrorReason


type StreamEvent = AssetUpdate | InvalidFrame


class Stream:
    """A subscribed connection; its iteration ends only by an exception."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    def events(self) -> AsyncIterator[StreamEvent]:
        """Yield every update and every invalid message.

        Raises:
            UpbitError: The exchange rejected the subscription, or the connection is lost.
        """
        return self._websocket.events(decode_frame, InvalidFrame)


@asynccontextmanager
async def open_stream(
    session: aiohttp.ClientSession, region: Region, credentials: Credentials, rate_limit: RequestLimit
) -> AsyncIterator[Stream]:
    """Connect and subscribe to My Asset messages; leaving the context closes the socket.

    The session should have `reject_redirect` among its middlewares.

    Neither an acknowledgment nor a snapshot follows the request; only later changes do.
    Source: https://global-docs.upbit.com/reference/websocket-myasset

    Raises:
        UpbitError: The handshake was rejected or timed out, or the connection failed.
    """
    async with open_websocket(
        session, region.private_websocket_url, rate_limit, headers=credentials.authorization()
    ) as websocket:
        await websocket.send(subscription(str(uuid.uuid4())))
        yield Stream(websocket)
