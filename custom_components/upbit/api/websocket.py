"""What the private and the public WebSocket have in common: connect, receive until the connection is lost, close."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
import ssl
from typing import Literal, NoReturn

import aiohttp
from aiohttp.http_websocket import WSMessageTextBytes

from .errors import ErrorKind, UpbitError, kind_of_name, response_error, short_reason
from .throttle import RequestLimit
from .wire import MAX_FRAME_SIZE, DecodeError, DecodeErrorReason, ErrorFrame, OtherFrame

CONNECT_TIMEOUT = 10.0
"""Seconds for the handshake, and for sending a request."""

HEARTBEAT = 20.0
"""Seconds of silence before a ping.

The exchange closes a connection without traffic after 120 s by its documentation, after 60.5 s as measured. A pong
that does not come within half of this time means that the connection is dead, so a half-open one is noticed
after 30 s.
"""

COMPRESSION = 15
"""The window of permessage-deflate in bits, the largest one; 0 is no compression."""

_CLOSE_TIMEOUT = 1.0
"""Seconds to wait for the exchange's part of the closing handshake.

Once it has come, the exchange is done with this connection, and another one with the same key is not a second one.
"""
_CLOSE_OK = aiohttp.WSCloseCode.OK.to_bytes(2)

# Text comes as bytes: aiohttp would end the connection for a text that is not UTF-8.
type _WebSocket = aiohttp.ClientWebSocketResponse[Literal[False]]
_DATA = (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT)
type _Message = aiohttp.WSMessage | WSMessageTextBytes


class WebSocket:
    """An open connection; aiohttp's errors end here."""

    def __init__(self, websocket: _WebSocket, rate_limit: RequestLimit) -> None:
        self._websocket = websocket
        self._rate_limit = rate_limit

    async def send(self, text: str) -> None:
        """Send a request.

        Raises:
            UpbitError: The connection is lost.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._websocket.send_str(text)
        except (TimeoutError, aiohttp.ClientError, OSError) as err:
            raise UpbitError(ErrorKind.CONNECTION_LOST, type(err).__name__) from None

    async def read[Item](
        self,
        decode: Callable[[bytes], Sequence[Item | OtherFrame]],
        on_item: Callable[[Item], None],
        on_invalid: Callable[[DecodeErrorReason], None],
    ) -> NoReturn:
        """Receive messages until the connection ends.

        Args:
            decode: Decodes one message.
            on_item: Called with each item that a message is decoded to.
            on_invalid: Called for a message that can't be decoded.

        Raises:
            UpbitError: The exchange rejected the request, or the connection is lost, whatever its close code: the
                exchange uses 1000 even after an error.
        """
        while True:
            message = await self._websocket.receive()
            if message.type not in _DATA:
                if _was_too_large(message):
                    on_invalid(DecodeErrorReason.TOO_LARGE)
                raise UpbitError(ErrorKind.CONNECTION_LOST, f"close_{self._websocket.close_code}")
            try:
                frames = decode(message.data)
            except DecodeError as err:
                on_invalid(err.reason)
                continue
            for frame in frames:
                if not isinstance(frame, OtherFrame):
                    on_item(frame)
                elif isinstance(frame, ErrorFrame):
                    raise self._error(frame.name)

    def _error(self, name: str) -> UpbitError:
        error = UpbitError(kind_of_name(name) or ErrorKind.UNKNOWN, f"frame_{short_reason(name)}")
        self._rate_limit.note_limited(error)
        return error


@asynccontextmanager
async def open_websocket(
    session: aiohttp.ClientSession,
    url: str,
    rate_limit: RequestLimit,
    *,
    headers: Mapping[str, str] | None = None,
    compress: int = 0,
) -> AsyncIterator[WebSocket]:
    """Connect; leaving the context closes the socket.

    The session should have `reject_redirect` among its middlewares.

    Raises:
        UpbitError: The handshake was rejected or timed out, or the connection failed.
    """
    rate_limit.check()
    # aiohttp's errors print the request's headers, the token among them: they end here.
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            websocket = await session.ws_connect(
                url,
                headers=headers,
                heartbeat=HEARTBEAT,
                compress=compress,
                max_msg_size=MAX_FRAME_SIZE,
                decode_text=False,
            )
    except aiohttp.WSServerHandshakeError as err:
        raise _handshake_error(err, rate_limit) from None
    except (TimeoutError, aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as err:
        raise UpbitError(ErrorKind.CANNOT_CONNECT, type(err).__name__) from None
    try:
        yield WebSocket(websocket, rate_limit)
    finally:
        await _close(websocket)


async def reject_redirect(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Treat a redirect as a failure, because the token is for one address only.

    A middleware for the session, because `ws_connect` follows redirects and takes no argument against it.
    """
    response = await handler(request)
    if 300 <= response.status < 400:
        response.close()
        raise UpbitError(ErrorKind.CANNOT_CONNECT, f"http_{response.status}")
    return response


async def _close(websocket: _WebSocket) -> None:
    """Close a connection with a closing handshake, or without one when the exchange does not answer."""
    try:
        # aiohttp's close() does not wait for the exchange after a receive() that was cancelled; where it waits, it
        # does so for as long as frames come, and starts the heartbeat again with the last of them.
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                if not websocket.closed:
                    await websocket.send_frame(_CLOSE_OK, aiohttp.WSMsgType.CLOSE)
                while not websocket.closed:
                    await websocket.receive()
    finally:
        await websocket.close()


def _handshake_error(err: aiohttp.WSServerHandshakeError, rate_limit: RequestLimit) -> UpbitError:
    error = response_error(err.status, None, err.headers or {})
    rate_limit.note_limited(error)
    if err.status == HTTPStatus.UNAUTHORIZED:
        # aiohttp has the status of a rejected handshake, not its body, so the reason is unknown here.
        return UpbitError(ErrorKind.UNAUTHORIZED, error.reason)
    return error


def _was_too_large(message: _Message) -> bool:
    return (
        message.type is aiohttp.WSMsgType.ERROR
        and isinstance(message.data, aiohttp.WebSocketError)
        and message.data.code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    )
