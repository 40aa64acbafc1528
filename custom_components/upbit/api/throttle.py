"""When the next attempt may be made: backoff after a loss, and Upbit's rate limits."""

import asyncio
import random
from typing import Protocol

from .errors import ErrorKind, UpbitError

_BLOCKED_FIRST_WAIT = 120.0
"""Seconds after the first HTTP 418; doubled with each one in a row."""
_BLOCKED_LONGEST_WAIT = 3600.0
_RATE_LIMITED_FIRST_WAIT = 2.0
"""Seconds after the first HTTP 429; the documentation demands at least 1. Doubled with each one in a row."""
_RATE_LIMITED_LONGEST_WAIT = 120.0


class Backoff:
    """Delays that double from the first to the longest step, with jitter so that clients do not act in step."""

    def __init__(self, first: float = 1.0, longest: float = 120.0) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def next_delay(self) -> float:
        """Return the seconds to wait before the next attempt: the whole step at most, half of it at least."""
        step = min(self._first * 2**self._failures, self._longest)
        # Past the longest step, counting on would only make the power grow without bound.
        if step < self._longest:
            self._failures += 1
        jittered: float = step * random.uniform(0.5, 1.0)
        return jittered

    def reset(self) -> None:
        """Start from the first delay again, after an attempt has proved to hold."""
        self._failures = 0


class RequestLimit(Protocol):
    """What holds requests back; `RateLimit` is one."""

    def check(self) -> None:
        """Raise the error that a request would meet now, without making it."""

    def note_limited(self, error: UpbitError) -> None:
        """Note an error, which may be a 429 or 418."""


class RateLimit:
    """Holds back every request and handshake of one key after a 429 or 418.

    REST and stream share one, because Upbit counts all requests of a key and an address together: under HTTP 418 a
    request to the other endpoint would make the block longer.
    """

    def __init__(self) -> None:
        self._limited_until = 0.0
        self._steps: dict[ErrorKind, float] = {}
        self._kind = ErrorKind.RATE_LIMITED

    def remaining(self) -> float:
        """Return the seconds until requests are allowed again; 0 when they are."""
        return max(0.0, self._limited_until - asyncio.get_running_loop().time())

    def note_limited(self, error: UpbitError) -> None:
        """Note an error; a 429 or 418 starts a wait of at least its Retry-After, longer each time in a row.

        A row ends when requests have been allowed for as long as the last wait.
        """
        match error.kind:
            case ErrorKind.RATE_LIMITED:
                first, longest = _RATE_LIMITED_FIRST_WAIT, _RATE_LIMITED_LONGEST_WAIT
            case ErrorKind.BLOCKED:
                first, longest = _BLOCKED_FIRST_WAIT, _BLOCKED_LONGEST_WAIT
            case _:
                return
        now = asyncio.get_running_loop().time()
        # A response in between does not end a row: one endpoint may be allowed and the other not.
        if now > self._limited_until + max(self._steps.values(), default=0.0):
            self._steps.clear()
        step = self._steps[error.kind] = min(2 * self._steps.get(error.kind, first / 2), longest)
        self._kind = error.kind
        # On top of Retry-After, so that each wait is longer than the last one, even with the same Retry-After.
        wait = (error.retry_after or 0.0) + step * random.uniform(1.0, 1.1)
        self._limited_until = max(self._limited_until, now + wait)

    def check(self) -> None:
        """Raise the error that a request would meet now, without making it.

        Raises:
            UpbitError: Requests are held back; ``retry_after`` has the seconds.
        """
        if remaining := self.remaining():
            raise UpbitError(self._kind, "waiting", remaining)
