"""A record of every call and handshake with its time and answer, and of the open connections."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

PRIVATE_STREAM = "/websocket/v1/private"


@dataclass(slots=True)
class Call:
    """One HTTP request; `at` is the event loop's time in seconds.

    `status` is 101 for an accepted handshake and None if there was no answer. `error` is the name of the error in
    the answer.
    """

    at: float
    method: str
    path: str
    status: int | None = None
    error: str | None = None
    access_key: str | None = None


class Record:
    """What clients did, for tests and the control interface."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.messages: list[str | bytes] = []
        self.closes: Counter[str] = Counter()
        self.frames_sent = 0
        self.live: Counter[str] = Counter()
        self.most_live: Counter[str] = Counter()

    def begin(self, method: str, path: str) -> Call:
        """Record a request."""
        call = Call(asyncio.get_running_loop().time(), method, path)
        self.calls.append(call)
        return call

    def requests(self, path: str) -> list[Call]:
        """Return the requests for a path, for instance `/v1/accounts`."""
        return [call for call in self.calls if call.path == path]

    @property
    def handshakes(self) -> list[Call]:
        """Return every attempt to open the private stream, accepted or not."""
        return self.requests(PRIVATE_STREAM)

    @property
    def failed(self) -> list[Call]:
        """Return the requests that were answered with an error."""
        return [call for call in self.calls if call.status is not None and call.status >= 400]

    def opened(self, access_key: str) -> None:
        """Count a connection that opened."""
        self.live[access_key] += 1
        self.most_live[access_key] = max(self.most_live[access_key], self.live[access_key])

    def closed(self, access_key: str, reason: str) -> None:
        """Count a connection that ended."""
        self.live[access_key] -= 1
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
