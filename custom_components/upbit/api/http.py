"""What the private and the public REST calls have in common: one GET request, and its body or its error."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
import ssl

import aiohttp

from .errors import ErrorKind, UpbitError, response_error
from .throttle import RequestLimit
from .wire import MAX_FRAME_SIZE, error_name

REQUEST_TIMEOUT = 10.0
"""Seconds for a whole call, the body included."""

_WAIT = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.IM_A_TEAPOT)


async def get(
    session: aiohttp.ClientSession,
    url: str,
    rate_limit: RequestLimit,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    not_found: ErrorKind = ErrorKind.UNKNOWN,
) -> bytes:
    """Return the body of a successful call.

    Args:
        session: Where the connections are kept.
        url: The address without a query.
        rate_limit: Checked before the call; gets a 429 or 418.
        headers: The authorization, if the call needs one.
        params: The query.
        not_found: What a 404 means when it is Upbit's own.

    Raises:
        UpbitError: The call was rejected or timed out, or the connection failed.
    """
    rate_limit.check()
    # aiohttp's errors print the request's headers, the token among them: they end here.
    try:
        async with (
            asyncio.timeout(REQUEST_TIMEOUT),
            session.get(
                url,
                params=params,
                headers={**(headers or {}), "Accept": "application/json"},
                # The token is for this host alone.
                allow_redirects=False,
            ) as response,
        ):
            # The status of a 429 or 418 counts, even if the body can't be read.
            body = b"" if response.status in _WAIT else await _read(response)
    except (TimeoutError, aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as err:
        raise UpbitError(ErrorKind.CANNOT_CONNECT, type(err).__name__) from None
    if response.status != HTTPStatus.OK:
        error = response_error(response.status, error_name(body), response.headers, not_found)
        rate_limit.note_limited(error)
        raise error
    return body


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, up to the size limit."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_FRAME_SIZE:
            raise UpbitError(ErrorKind.INVALID_RESPONSE, "body_too_large")
    return bytes(body)
