"""When the next attempt may be made: backoff after a loss, and the waits that Upbit asks for."""

import asyncio
import random

from .errors import ErrorKind, UpbitError

_BLOCKED_FIRST_WAIT = 120.0
"""Seconds after the first HTTP 418; doubled with each one that follows."""
_BLOCKED_LONGEST_WAIT = 3600.0
_RATE_LIMITED_FIRST_WAIT = 2.0
"""Seconds after the first HTTP 429, where documentation asks for at least 1; doubled with each one that follows."""
_RATE_LIMITED_LONGEST_WAIT = 120.0


class Backoff:
    """Delays that double from about one second to two minutes, with jitter so that clients do not move in step."""

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


class RateLimit:
    """Holds back every request and handshake of one key while Upbit has asked to wait.

    REST and stream share one rate_limit, since Upbit counts what comes from a key and from an address together: under
    HTTP 418 a request through the other door would only make the block longer.
    """

    def __init__(self) -> None:
        self._closed_until = 0.0
        self._steps: dict[ErrorKind, float] = {}
        self._kind = ErrorKind.RATE_LIMITED

    def remaining(self) -> float:
        """Return the seconds until the rate_limit opens; 0 when it is open."""
        return max(0.0, self._closed_until - asyncio.get_running_loop().time())

    def note_limited(self, error: UpbitError) -> None:
        """Close the rate_limit after a 429 or 418, at least for what was asked, and longer with each reason in a row.

        A row ends when the rate_limit has stayed open for as long as it was closed at last.
        """
        match error.kind:
            case ErrorKind.RATE_LIMITED:
                first, longest = _RATE_LIMITED_FIRST_WAIT, _RATE_LIMITED_LONGEST_WAIT
            case ErrorKind.BLOCKED:
                first, longest = _BLOCKED_FIRST_WAIT, _BLOCKED_LONGEST_WAIT
            case _:
                return
        now = asyncio.get_running_loop().time()
        # That an answer came in between does not end a row: one door may be let through and the other not.
        if now > self._closed_until + max(self._steps.values(), default=0.0):
            self._steps.clear()
        step = self._steps[error.kind] = min(2 * self._steps.get(error.kind, first / 2), longest)
        self._kind = error.kind
        # On top of what was asked, so that each wait is longer than the last, also when the same is asked again.
        wait = (error.retry_after or 0.0) + step * random.uniform(1.0, 1.1)
        self._closed_until = max(self._closed_until, now + wait)

    def check(self) -> None:
        """Raise the error that a request would meet now, without making it.

        Raises:
            UpbitError: The rate_limit is closed; ``retry_after`` says for how long.
        """
        if remaining := self.remaining():
            raise UpbitError(self._kind, "waiting", remaining)
