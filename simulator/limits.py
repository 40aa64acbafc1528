"""The request limits: how many calls, handshakes and messages are accepted, and the block after too many."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

from .errors import ApiError


@dataclass(slots=True)
class Limit:
    """At most `count` in any `seconds`, for each group of calls on its own; None is no limit."""

    count: int | None
    seconds: float
    _times: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque), repr=False)

    def admit(self, group: str = "default") -> bool:
        """Count one more and say whether it was within the limit; one beyond it is not counted."""
        if self.count is None:
            return True
        if self.left(group) <= 0:
            return False
        self._times[group].append(asyncio.get_running_loop().time())
        return True

    def left(self, group: str = "default") -> int:
        """Return how many more are within the limit now."""
        now = asyncio.get_running_loop().time()
        times = self._times[group]
        while times and times[0] <= now - self.seconds:
            times.popleft()
        return (self.count or 0) - len(times)


@dataclass(slots=True)
class Limits:
    """The documented limits of one side, private or public, each adjustable while the exchange runs.

    After `limited_before_block` answers with 429 within ten seconds every REST call is answered with 418 for
    `block_seconds`, which doubles each time.
    """

    rest_second: Limit = field(default_factory=lambda: Limit(30, 1))
    rest_minute: Limit = field(default_factory=lambda: Limit(1800, 60))
    origin: Limit = field(default_factory=lambda: Limit(1, 10))
    connect: Limit = field(default_factory=lambda: Limit(5, 1))
    messages_second: int | None = 5
    messages_minute: int | None = 100
    limited_before_block: int | None = 10
    block_seconds: float = 60
    _limited: deque[float] = field(default_factory=deque, repr=False)
    _blocked_until: float = field(default=0, repr=False)

    @property
    def blocked(self) -> bool:
        """Say whether REST calls are answered with 418."""
        return asyncio.get_running_loop().time() < self._blocked_until

    def admit_rest(self, group: str = "default", *, origin: bool) -> None:
        """Raise `ApiError` (429 or 418) unless a REST call is within the limits of its group."""
        now = asyncio.get_running_loop().time()
        if self.blocked:
            raise ApiError("I'm a teapot")
        if (
            not (origin and not self.origin.admit())
            and self.rest_second.admit(group)
            and self.rest_minute.admit(group)
        ):
            return
        self._limited.append(now)
        while self._limited[0] < now - 10:
            self._limited.popleft()
        if self.limited_before_block is not None and len(self._limited) >= self.limited_before_block:
            self._limited.clear()
            self._blocked_until = now + self.block_seconds
            self.block_seconds *= 2
        raise ApiError("too_many_requests")

    def admit_handshake(self) -> None:
        """Raise `ApiError` (429) unless a handshake is within the limit."""
        if not self.connect.admit():
            raise ApiError("too_many_requests")

    def message_limits(self) -> tuple[Limit, Limit]:
        """Return fresh counters for the messages of one connection."""
        return Limit(self.messages_second, 1), Limit(self.messages_minute, 60)

    def remaining(self, group: str = "default") -> str:
        """Return the value of the Remaining-Req header."""
        minute, second = self.rest_minute.left(group), self.rest_second.left(group)
        return f"group={group}; min={max(0, minute)}; sec={max(0, second)}"

    def lift(self) -> None:
        """Switch all limits off and end a block."""
        for limit in (self.rest_second, self.rest_minute, self.origin, self.connect):
            limit.count = None
        self.messages_second = self.messages_minute = self.limited_before_block = None
        self._blocked_until = 0
