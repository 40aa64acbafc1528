"""Faults of HTTP answers, for REST calls and for handshakes: what is answered, and how it is delivered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Never

from aiohttp import web

from .errors import ERRORS, error_body


class FaultKind(StrEnum):
    """How an answer fails."""

    REPLY = "reply"
    CUT = "cut"
    HANG = "hang"
    TRUNCATE = "truncate"
    DRIP = "drip"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFault:
    """One fault of an HTTP answer.

    REPLY sends `status`, `body` and `headers` instead of the correct answer. CUT handles the request, so that its
    nonce is used, and breaks the connection. HANG never answers. TRUNCATE breaks the connection in the middle of
    the body, DRIP sends a byte every `seconds`; both use the correct answer if `body` is None.
    """

    kind: FaultKind = FaultKind.REPLY
    status: int = 500
    body: str | bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.05

    def response(self) -> web.Response:
        """Return the answer that replaces the correct one."""
        body = self.body if self.body is not None else ""
        return web.Response(
            status=self.status,
            body=body.encode() if isinstance(body, str) else body,
            headers={"Content-Type": self.content_type, **self.headers},
        )


class Endpoint:
    """The REST calls, or the handshake of the private stream, with the fault they have at the moment.

    Each request waits for `delay` seconds first. A fault with `times` ends automatically after so many requests.
    """

    def __init__(self, *, korean: bool) -> None:
        self.delay = 0.0
        self.fault: HttpFault | None = None
        self._left: int | None = None
        self._korean = korean

    def fail(self, fault: HttpFault, *, times: int | None = None) -> None:
        """Answer with a fault from now on."""
        self.fault, self._left = fault, times

    def fail_with(
        self,
        status: int = 500,
        body: str | bytes = "",
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
    ) -> None:
        """Answer with this status and body; a redirect is status 302 with a Location header."""
        self.fail(
            HttpFault(status=status, body=body, content_type=content_type, headers=headers or {}),
            times=times,
        )

    def refuse(self, name: str, *, status: int | None = None, times: int | None = None) -> None:
        """Answer with an error in the documented format; the name may be undocumented."""
        documented = ERRORS.get(name)
        status = status or (documented.status if documented else 401)
        self.fail_with(status, error_body(name, korean=self._korean), times=times)

    def cut(self, *, times: int | None = None) -> None:
        """Handle requests and break their connection without an answer."""
        self.fail(HttpFault(kind=FaultKind.CUT), times=times)

    def hang(self, *, times: int | None = None) -> None:
        """Accept requests and never answer."""
        self.fail(HttpFault(kind=FaultKind.HANG), times=times)

    def truncate(self, *, times: int | None = None) -> None:
        """Break the connection in the middle of the correct body."""
        self.fail(HttpFault(kind=FaultKind.TRUNCATE), times=times)

    def drip(self, seconds: float = 0.05, *, times: int | None = None) -> None:
        """Send the correct body a byte at a time."""
        self.fail(HttpFault(kind=FaultKind.DRIP, seconds=seconds), times=times)

    def recover(self) -> None:
        """End the fault and the delay."""
        self.fault, self._left, self.delay = None, None, 0.0

    def take(self) -> HttpFault | None:
        """Return the fault for the current request, and count the request."""
        fault = self.fault
        if fault is not None and self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.fault, self._left = None, None
        return fault


async def forever() -> Never:
    """Wait until the client gives up: its handler is canceled when its connection ends."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("unreachable")


async def cut_connection(request: web.Request) -> Never:
    """Break the connection of a request without another byte."""
    if request.transport is not None:
        request.transport.abort()
    await forever()


async def answer_with_fault(
    fault: HttpFault, request: web.Request, answer: Callable[[], Awaitable[web.Response]]
) -> web.StreamResponse:
    """Answer a request with a fault; `answer` returns the correct answer."""
    match fault.kind:
        case FaultKind.REPLY:
            return fault.response()
        case FaultKind.HANG:
            await forever()
        case FaultKind.CUT:
            await answer()
            await cut_connection(request)
    response = await answer() if fault.body is None else fault.response()
    body = response.body if isinstance(response.body, bytes) else b""
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    if fault.kind is FaultKind.TRUNCATE:
        await stream.write(body[: len(body) // 2])
        # Ends the connection after what was written, unlike abort().
        if request.transport is not None:
            request.transport.close()
        await forever()
    for index in range(len(body)):
        await stream.write(body[index : index + 1])
        await asyncio.sleep(fault.seconds)
    return stream
