"""The entry of every HTTP request: it is recorded, then answered, rejected or upgraded to a WebSocket."""

import asyncio
from collections.abc import Callable
from functools import partial
from traceback import format_exception

from aiohttp import web

from .faults import answer_with_fault, forever
from .private import PrivateSide
from .quotation import PUBLIC_PATHS, Quotation


class Router:
    """Routes requests to the side of the exchange that answers them; while `silent` it answers none."""

    def __init__(self, private: PrivateSide, quotation: Quotation, *, changed: Callable[[], None]) -> None:
        self.silent = False
        self.bugs: list[str] = []
        """The tracebacks of errors that are the exchange's own."""
        self._private = private
        self._quotation = quotation
        self._changed = changed

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        try:
            return await self._handle(request)
        except Exception as error:
            # A client may break its connection at any time.
            bugs = error.split(ConnectionError)[1] if isinstance(error, ExceptionGroup) else error
            if bugs is not None and not isinstance(bugs, ConnectionError):
                self.bugs.append("".join(format_exception(bugs)))
            raise

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        side = self._quotation if request.path in PUBLIC_PATHS else self._private
        call = side.record.begin(request)
        self._changed()
        if self.silent:
            await forever()
        endpoint = side.endpoint(request.path)
        if endpoint.delay:
            await asyncio.sleep(endpoint.delay)
        fault = endpoint.take()
        if fault is not None:
            response = await answer_with_fault(fault, request, partial(side.answer, request, call))
        elif request.path == side.stream_path:
            response = await side.open_stream(request, call)
        else:
            response = await side.answer(request, call)
        if call.status is None:
            call.status = response.status
        self._changed()
        return response
