"""What the private and the public side of the exchange have in common: calls and a stream, each with its faults."""

from abc import ABC, abstractmethod

from aiohttp import web

from .errors import ApiError
from .faults import Endpoint
from .limits import Limits
from .record import Call, Record


class Side(ABC):
    """Answers the requests of one side; `handshake` is the endpoint of its stream."""

    def __init__(self, *, korean: bool, limits: Limits, stream_path: str) -> None:
        self.limits = limits
        self.record = Record(stream_path)
        self.handshake = Endpoint(korean=korean)
        self.stream_path = stream_path
        self._korean = korean

    @abstractmethod
    def endpoint(self, path: str) -> Endpoint:
        """Return the endpoint that has the faults of a path."""

    @abstractmethod
    async def answer(self, request: web.Request, call: Call) -> web.Response:
        """Return the correct answer to a call, or to a handshake that a fault keeps from its upgrade."""

    @abstractmethod
    async def open_stream(self, request: web.Request, call: Call) -> web.StreamResponse:
        """Upgrade a handshake and run its connection, or reject it."""

    def reject(self, api_error: ApiError, call: Call) -> web.Response:
        """Return the answer that rejects a request."""
        call.error = api_error.name
        return web.json_response(text=api_error.body(korean=self._korean), status=api_error.status)

    def respond(self, text: str, group: str = "default") -> web.Response:
        """Return the answer of a call within its limits."""
        return web.Response(
            text=text,
            content_type="application/json",
            charset="utf-8",
            headers={"Remaining-Req": self.limits.remaining(group)},
        )
