"""The private WebSocket: connect, subscribe, then yield what the exchange says until the connection is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import ssl
from typing import assert_never
import uuid

import aiohttp

from .auth import Credentials
from .errors import ErrorKind, UpbitError, error_of_answer, kind_of_name, short_reason
from .regions import Region
from .throttle import Gate
from .wire import (
    MAX_FRAME_SIZE,
    AssetUpdate,
    ErrorFrame,
    NoticeFrame,
    Refusal,
    RefusedError,
    decode_frame,
    subscription,
)

CONNECT_TIMEOUT = 10.0
"""Seconds for the handshake and the subscription."""

HEARTBEAT = 20.0
"""Seconds of silence before a ping.

The exchange closes a connection without traffic after 120 s by its documentation, after 60.5 s as measured. A pong
that does not come within half of this time means that the connection is dead, so a half-open one is noticed
after 30 s.
"""

_CLOSE_TIMEOUT = 0.0
"""Seconds to wait for the exchange's part of the closing handshake.

None: closing is at once, also when the connection is dead. aiohttp would take the exchange's closing frame for a
sign of life, and start the heartbeat's timer again on a connection that is closed.
"""


@dataclass(frozen=True, slots=True)
class RefusedFrame:
    """A frame came that could not be used; what it meant to say is unknown."""

    refusal: Refusal


type StreamEvent = AssetUpdate | RefusedFrame


class Stream:
    """A subscribed connection; iterate it until it raises, for it never ends by itself."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, gate: Gate) -> None:
        self._websocket = websocket
        self._gate = gate

    async def events(self) -> AsyncIterator[StreamEvent]:
        """Yield every update and every refused frame.

        Raises:
            UpbitError: The exchange refused the subscription, or the connection is lost, whatever its close code:
                the exchange uses 1000 even after an error.
        """
        while True:
            message = await self._websocket.receive()
            if message.type not in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                if _was_too_large(message):
                    yield RefusedFrame(Refusal.TOO_LARGE)
                raise UpbitError(ErrorKind.CONNECTION_LOST, f"close_{self._websocket.close_code}")
            try:
                frames = decode_frame(message.data)
            except RefusedError as err:
                yield RefusedFrame(err.refusal)
                continue
            for frame in frames:
                match frame:
                    case AssetUpdate():
                        yield frame
                    case ErrorFrame(name):
                        raise self._error(name)
                    case NoticeFrame():
                        pass
                    case _:
                        assert_never(frame)

    def _error(self, name: str) -> UpbitError:
        error = UpbitError(kind_of_name(name) or ErrorKind.UNKNOWN, f"frame_{short_reason(name)}")
        self._gate.refused(error)
        return error


@asynccontextmanager
async def open_stream(
    session: aiohttp.ClientSession, region: Region, credentials: Credentials, gate: Gate
) -> AsyncIterator[Stream]:
    """Connect and subscribe to My Asset messages; leaving the context closes the socket.

    Neither an acknowledgement nor a snapshot follows the request; only later changes do.
    Source: https://global-docs.upbit.com/reference/websocket-myasset

    Raises:
        UpbitError: The handshake was refused, not answered in time, or the connection failed.
    """
    gate.check()
    # aiohttp's errors print the request's headers, the token among them: they end here.
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            websocket = await session.ws_connect(
                region.private_websocket_url,
                headers=credentials.authorization(),
                heartbeat=HEARTBEAT,
                max_msg_size=MAX_FRAME_SIZE,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT),
            )
    except aiohttp.WSServerHandshakeError as err:
        raise _refused_handshake(err, gate) from None
    except (TimeoutError, aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as err:
        raise UpbitError(ErrorKind.CANNOT_CONNECT, type(err).__name__) from None
    try:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await websocket.send_str(subscription(str(uuid.uuid4())))
        except (TimeoutError, aiohttp.ClientError, OSError) as err:
            raise UpbitError(ErrorKind.CONNECTION_LOST, type(err).__name__) from None
        yield Stream(websocket, gate)
    finally:
        await websocket.close()


def _refused_handshake(err: aiohttp.WSServerHandshakeError, gate: Gate) -> UpbitError:
    error = error_of_answer(err.status, None, err.headers or {})
    gate.refused(error)
    if error.kind.needs_new_key:
        # A handshake tells a status and no reason: a key, its address and its permission look alike here.
        return UpbitError(ErrorKind.UNAUTHORIZED, error.reason)
    return error


def _was_too_large(message: aiohttp.WSMessage) -> bool:
    return (
        message.type is aiohttp.WSMsgType.ERROR
        and isinstance(message.data, aiohttp.WebSocketError)
        and message.data.code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    )
