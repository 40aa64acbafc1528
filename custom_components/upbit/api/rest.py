"""The REST calls: the account's rows, and in Korea the expiry of the key."""

from datetime import datetime

import aiohttp

from .auth import Credentials
from .errors import ErrorKind, UpbitError
from .http import get
from .regions import Region
from .throttle import RequestLimit
from .wire import DecodeError, Snapshot, decode_accounts, decode_key_expiration


class RestClient:
    """Calls the Exchange API of one region with one key; it has only calls that read."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        region: Region,
        credentials: Credentials,
        rate_limit: RequestLimit,
    ) -> None:
        self._session = session
        self._region = region
        self._credentials = credentials
        self._rate_limit = rate_limit

    async def accounts(self) -> Snapshot:
        """Return what the account holds, with average buy prices; zero holdings may be absent.

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
        headers = self._credentials.authorization()
        return await get(self._session, self._region.rest_url + path, self._rate_limit, headers=headers)
