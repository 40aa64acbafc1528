"""The REST calls: the account's rows, and in Korea the expiry of the key."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
import ssl

import aiohttp

from .auth import Credentials
from .errors import ErrorKind, UpbitError, response_error
from .regions import Region
from .throttle import RateLimit
from .wire import (
    MAX_FRAME_SIZE,
    DecodeError,
    Holdings,
    decode_accounts,
    decode_key_expiration,
    error_name,
)

REQUEST_TIMEOUT = 10.0
"""Seconds for a whole call, the body included."""

_WAIT = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.IM_A_TEAPOT)


class RestClient:
    """Calls the Exchange API of one region with one key; it has only calls that read."""

    def __init__(
        self, session: aiohttp.ClientSession, region: Region, credentials: Credentials, rate_limit: RateLimit
    ) -> None:
        self._session = session
        self._region = region
        self._credentials = credentials
        self._rate_limit = rate_limit

    async def accounts(self) -> Holdings:
        """Return what the account holds, by currency; zero holdings may be absent.

        Source: https://global-docs.upbit.com/reference/overall-account-inquiry

        Raises:
            UpbitError: The call failed, or its response is no list of rows.
        """
        body = await self._get("/v1/accounts")
        try:
            return decode_accounts(body)
        except DecodeError as err:
            raise UpbitError(ErrorKind.INVALID_RESPONSE, f"accounts_{err.reason}") from None

    async def key_expiration(self) -> datetime | None:
        """Return when the key expires; None where the region has no such call or does not list the key.

        Source: https://docs.upbit.com/kr/reference/list-api-keys

        Raises:
            UpbitError: The call failed, or its response is no list of keys.
        """
        if not self._region.has_key_expiration:
            return None
        body = await self._get("/v1/api_keys")
        try:
            return decode_key_expiration(body, self._credentials.access_key)
        except DecodeError as err:
            raise UpbitError(ErrorKind.INVALID_RESPONSE, f"api_keys_{err.reason}") from None

    async def _get(self, path: str) -> bytes:
        try:
            return await self._get_once(path)
        except UpbitError as err:
            if err.kind is not ErrorKind.NONCE_USED:
                raise
        # aiohttp repeats a request with the same nonce when a reused connection was cut.
        try:
            return await self._get_once(path)
        except UpbitError as err:
            if err.kind is ErrorKind.NONCE_USED:
                raise UpbitError(ErrorKind.CANNOT_CONNECT, err.reason) from None
            raise

    async def _get_once(self, path: str) -> bytes:
        self._rate_limit.check()
        # aiohttp's errors print the request's headers, the token among them: they end here.
        try:
            async with (
                asyncio.timeout(REQUEST_TIMEOUT),
                self._session.get(
                    self._region.rest_url + path,
                    headers={**self._credentials.authorization(), "Accept": "application/json"},
                    # The token is for this host alone.
                    allow_redirects=False,
                ) as response,
            ):
                status, headers = response.status, response.headers
                if status in _WAIT:
                    # The status counts, even if the body can't be read.
                    raise self._rejected(status, b"", headers)
                body = await _read(response)
        except (TimeoutError, aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as err:
            raise UpbitError(ErrorKind.CANNOT_CONNECT, type(err).__name__) from None
        if status != HTTPStatus.OK:
            raise self._rejected(status, body, headers)
        return body

    def _rejected(self, status: int, body: bytes, headers: Mapping[str, str]) -> UpbitError:
        error = response_error(status, error_name(body), headers)
        self._rate_limit.note_limited(error)
        return error


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, up to the size limit."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_FRAME_SIZE:
            raise UpbitError(ErrorKind.INVALID_RESPONSE, "body_too_large")
    return bytes(body)
