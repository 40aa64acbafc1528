"""A record of every call and handshake with its time and answer, and of the open connections."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

PUBLIC_STREAM = "/websocket/v1"
PRIVATE_STREAM = f"{PUBLIC_STREAM}/private"


@dataclass(slots=True)
class Call:
    """One HTTP request; `at` is the event loop's time in seconds.

    `status` is 101 for an accepted handshake and None if there was no answer. `error` is the name of the error in
    the answer. `headers` are the names of the request's headers in lower case, `query` is its decoded query.
    """

    at: float
    method: str
    path: str
    query: dict[str, str]
    headers: frozenset[str]
    status: int | None = None
    error: str | int | None = None
    access_key: str | None = None


class Record:
    """What clients did on one side, private or public, for tests and the control interface."""

    def __init__(self, stream_path: str) -> None:
        self._stream_path = stream_path
        self.calls: list[Call] = []
        self.messages: list[str | bytes] = []
        self.closes: Counter[str] = Counter()
        self.frames_sent = 0
        self.live: Counter[str] = Counter()
        self.most_live: Counter[str] = Counter()

    def begin(self, request: web.Request) -> Call:
        """Record a request."""
        call = Call(
            asyncio.get_running_loop().time(),
            request.method,
            request.path,
            dict(request.query),
            frozenset(name.lower() for name in request.headers),
        )
        self.calls.append(call)
        return call

    def requests(self, path: str) -> list[Call]:
        """Return the requests for a path, for instance `/v1/accounts`."""
        return [call for call in self.calls if call.path == path]

    @property
    def handshakes(self) -> list[Call]:
        """Return every attempt to open the stream, accepted or not."""
        return self.requests(self._stream_path)

    @property
    def failed(self) -> list[Call]:
        """Return the requests that were answered with an error."""
        return [call for call in self.calls if call.status is not None and call.status >= 400]

    def opened(self, owner: str) -> None:
        """Count a connection that opened, under its access key or its address."""
        self.live[owner] += 1
        self.most_live[owner] = max(self.most_live[owner], self.live[owner])

    def closed(self, owner: str, reason: str) -> None:
        """Count a connection that ended."""
        self.live[owner] -= 1
        self.closes[reason] += 1


def most_within(calls: Iterable[Call], seconds: float) -> int:
    """Return the greatest number of calls in any window of that many seconds."""
    window: deque[float] = deque()
    most = 0
    for call in calls:
        window.append(call.at)
        while window[0] <= call.at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
