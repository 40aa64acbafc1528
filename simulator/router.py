"""The entry of every HTTP request: it is recorded, then answered, rejected or upgraded to a WebSocket."""

import asyncio
from collections.abc import Callable
from functools import partial

from aiohttp import web

from .errors import ApiError
from .faults import Endpoint, answer_with_fault, forever
from .keys import ApiKey, KeyRing, Permission
from .limits import Limits
from .record import PRIVATE_STREAM, Call, Record
from .regions import Region
from .rest import Rest
from .stream import Stream


class Router:
    """Routes requests to the parts of the exchange that answer them; while `silent` it answers none."""

    def __init__(
        self,
        region: Region,
        *,
        keys: KeyRing,
        limits: Limits,
        record: Record,
        changed: Callable[[], None],
        rest: Rest,
        handshake: Endpoint,
        stream: Stream,
    ) -> None:
        self.silent = False
        self._region = region
        self._keys = keys
        self._limits = limits
        self._record = record
        self._changed = changed
        self._rest = rest
        self._handshake = handshake
        self._stream = stream

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        call = self._record.begin(request.method, request.path)
        self._changed()
        if self.silent:
            await forever()
        is_stream = request.path == PRIVATE_STREAM
        endpoint = self._handshake if is_stream else self._rest
        if endpoint.delay:
            await asyncio.sleep(endpoint.delay)
        fault = endpoint.take()
        if fault is not None:
            response = await answer_with_fault(fault, request, partial(self._answer, request, call))
        elif is_stream:
            response = await self._open_stream(request, call)
        else:
            response = await self._answer(request, call)
        if call.status is None:
            call.status = response.status
        self._changed()
        return response

    async def _answer(self, request: web.Request, call: Call) -> web.Response:
        try:
            text = await self._rest_text(request, call)
        except ApiError as api_error:
            return self._error(api_error, call)
        if text is None:
            return web.json_response({"error": {"name": 404, "message": "Not found"}}, status=404)
        return web.Response(
            text=text,
            content_type="application/json",
            charset="utf-8",
            headers={"Remaining-Req": self._limits.remaining},
        )

    async def _rest_text(self, request: web.Request, call: Call) -> str | None:
        match request.method, request.path:
            case "GET", path if path == PRIVATE_STREAM:
                # Reached only if a fault replaces the upgrade; the token counts as used nevertheless.
                self._authenticate(request, call, Permission.VIEW_ACCOUNT)
                return ""
            case "GET", "/v1/accounts":
                key = self._authenticate_rest(request, call, Permission.VIEW_ACCOUNT)
                return await self._rest.answer_accounts(key.account)
            case "GET", "/v1/api_keys" if self._region.korean:
                key = self._authenticate_rest(request, call, None)
                return self._rest.api_keys(self._keys, key.account)
        return None

    def _authenticate_rest(self, request: web.Request, call: Call, permission: Permission | None) -> ApiKey:
        self._limits.admit_rest(origin="Origin" in request.headers)
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

    def _error(self, api_error: ApiError, call: Call) -> web.Response:
        call.error = api_error.name
        return web.json_response(text=api_error.body(korean=self._region.korean), status=api_error.status)

    async def _open_stream(self, request: web.Request, call: Call) -> web.StreamResponse:
        frame_error: str | None = None
        try:
            self._limits.admit_handshake()
            key = self._authenticate(request, call, Permission.VIEW_ACCOUNT)
        except ApiError as api_error:
            claimed = self._keys.claimed(request.headers.get("Authorization"))
            if not self._stream.reject_by_frame or api_error.status == 429 or claimed is None:
                return self._error(api_error, call)
            key, frame_error, call.error = claimed, "INVALID_AUTH", api_error.name
        socket = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, timeout=2)
        if not socket.can_prepare(request):
            return web.Response(status=400, text="An upgrade to WebSocket is expected.")
        await socket.prepare(request)
        call.status = 101
        await self._stream.serve(request, socket, key, frame_error)
        return socket
