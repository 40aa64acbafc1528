"""The private side of the exchange: calls and a stream that need a key."""

from collections.abc import Callable
from typing import Any, override

from aiohttp import web

from .errors import ApiError
from .faults import Endpoint
from .keys import ApiKey, KeyRing, Permission
from .limits import Limits
from .private_stream import PrivateStream
from .record import PRIVATE_STREAM, Call
from .regions import Region
from .rest import Rest
from .side import Side


class PrivateSide(Side):
    """The calls and the stream of accounts; while `blocked` says so, calls are answered with 418."""

    def __init__(self, region: Region, keys: KeyRing, *, blocked: Callable[[], bool], **common: Any) -> None:
        super().__init__(korean=region.korean, limits=Limits(), stream_path=PRIVATE_STREAM)
        self.rest = Rest(fiat=region.fiat, korean=region.korean)
        self.stream = PrivateStream(korean=region.korean, limits=self.limits, record=self.record, **common)
        self._keys = keys
        self._blocked = blocked

    @override
    def endpoint(self, path: str) -> Endpoint:
        return self.handshake if path == PRIVATE_STREAM else self.rest

    @override
    async def answer(self, request: web.Request, call: Call) -> web.Response:
        try:
            text = await self._rest_text(request, call)
        except ApiError as api_error:
            return self.reject(api_error, call)
        if text is None:
            return web.json_response({"error": {"name": 404, "message": "Not found"}}, status=404)
        return self.respond(text)

    async def _rest_text(self, request: web.Request, call: Call) -> str | None:
        match request.method, request.path:
            case "GET", path if path == PRIVATE_STREAM:
                # Reached only if a fault replaces the upgrade; the token counts as used nevertheless.
                self._authenticate(request, call, Permission.VIEW_ACCOUNT)
                return ""
            case "GET", "/v1/accounts":
                key = self._authenticate_rest(request, call, Permission.VIEW_ACCOUNT)
                return await self.rest.answer_accounts(key.account)
            case "GET", "/v1/api_keys" if self._korean:
                key = self._authenticate_rest(request, call, None)
                return self.rest.api_keys(self._keys, key.account)
        return None

    def _authenticate_rest(self, request: web.Request, call: Call, permission: Permission | None) -> ApiKey:
        if self._blocked():
            raise ApiError("I'm a teapot")
        self.limits.admit_rest(origin="Origin" in request.headers)
        return self._authenticate(request, call, permission)

    def _authenticate(self, request: web.Request, call: Call, permission: Permission | None) -> ApiKey:
        authorization = request.headers.get("Authorization")
        claimed = self._keys.claimed(authorization)
        call.access_key = claimed.access_key if claimed else None
        return self._keys.authenticate(
            authorization,
            address=request.remote,
            query=request.rel_url.raw_query_string,
            permission=permission,
        )

    @override
    async def open_stream(self, request: web.Request, call: Call) -> web.StreamResponse:
        frame_error: str | None = None
        try:
            self.limits.admit_handshake()
            key = self._authenticate(request, call, Permission.VIEW_ACCOUNT)
        except ApiError as api_error:
            claimed = self._keys.claimed(request.headers.get("Authorization"))
            if not self.stream.reject_by_frame or api_error.status == 429 or claimed is None:
                return self.reject(api_error, call)
            key, frame_error, call.error = claimed, "INVALID_AUTH", api_error.name
        return await self.stream.serve(request, call, key, frame_error)
