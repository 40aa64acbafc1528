"""Faults of HTTP answers, for REST calls and for handshakes: what to answer, and how badly to deliver it."""

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

    REPLY sends `status`, `body` and `headers` instead of the right answer. CUT takes the request, uses up
    its nonce and breaks the connection. HANG never answers. TRUNCATE breaks off in the middle of the body,
    DRIP sends a byte every `seconds`; both take the right answer where `body` is None.
    """

    kind: FaultKind = FaultKind.REPLY
    status: int = 500
    body: str | bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.05

    def response(self) -> web.Response:
        """Return the answer that takes the place of the right one."""
        body = self.body if self.body is not None else ""
        return web.Response(
            status=self.status,
            body=body.encode() if isinstance(body, str) else body,
            headers={"Content-Type": self.content_type, **self.headers},
        )


class Surface:
    """One side of the exchange that can fail: REST, or the handshake of the private stream.

    `delay` is waited before anything else happens to a request, in seconds. A fault with `times` ends by
    itself after so many requests.
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
        """Answer with an error of the documented shape, whether or not its name is documented."""
        documented = ERRORS.get(name)
        status = status or (documented.status if documented else 401)
        self.fail_with(status, error_body(name, korean=self._korean), times=times)

    def cut(self, *, times: int | None = None) -> None:
        """Take requests and break the connection without an answer."""
        self.fail(HttpFault(kind=FaultKind.CUT), times=times)

    def hang(self, *, times: int | None = None) -> None:
        """Take requests and never answer."""
        self.fail(HttpFault(kind=FaultKind.HANG), times=times)

    def truncate(self, *, times: int | None = None) -> None:
        """Break off in the middle of the right body."""
        self.fail(HttpFault(kind=FaultKind.TRUNCATE), times=times)

    def drip(self, seconds: float = 0.05, *, times: int | None = None) -> None:
        """Send the right body a byte at a time."""
        self.fail(HttpFault(kind=FaultKind.DRIP, seconds=seconds), times=times)

    def recover(self) -> None:
        """Answer rightly and at once again."""
        self.fault, self._left, self.delay = None, None, 0.0

    def take(self) -> HttpFault | None:
        """Return the fault for the request at hand and count it."""
        fault = self.fault
        if fault is not None and self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.fault, self._left = None, None
        return fault


async def forever() -> Never:
    """Wait until the client gives up: its handler is cancelled when its connection ends."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("unreachable")


async def cut_connection(request: web.Request) -> Never:
    """Break the connection of a request without another byte."""
    if request.transport is not None:
        request.transport.abort()
    await forever()


async def misbehave(
    fault: HttpFault, request: web.Request, answer: Callable[[], Awaitable[web.Response]]
) -> web.StreamResponse:
    """Answer a request the way the fault says; `answer` gives the right answer."""
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
