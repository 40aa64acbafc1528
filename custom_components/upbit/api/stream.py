"""The private WebSocket: connect, subscribe, then deliver messages until the connection is lost."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn
import uuid

import aiohttp

from .auth import Credentials
from .regions import Region
from .throttle import RequestLimit
from .websocket import WebSocket, open_websocket
from .wire import AssetUpdate, DecodeErrorReason, decode_frame, subscription


class Stream:
    """A subscribed connection."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def read(
        self, on_update: Callable[[AssetUpdate], None], on_invalid: Callable[[DecodeErrorReason], None]
    ) -> NoReturn:
        """Deliver every update, and why a message is invalid: it may have been about any balance.

        Raises:
            UpbitError: The exchange rejected the subscription, or the connection is lost.
        """
        await self._websocket.read(decode_frame, on_update, on_invalid)


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
