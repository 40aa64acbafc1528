"""When a value whose price moved is written as a state: rules without timers or Home Assistant.

Prices change several times a second, and Home Assistant's recorder keeps every state. So a move of a price is written
when it is large enough or has been waiting long enough, and only so many at once. Changes of amounts and of
availability don't pass through here: they are written immediately.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import inf

MOST_WRITES = 5
"""Values an account writes in one interval because of price moves."""
INTERVAL = 1.0
"""Seconds between two times at which values are written."""


class PriceUpdates(StrEnum):
    """How often values are written, as the user selects it."""

    NORMAL = "normal"
    LIVE = "live"
    CALM = "calm"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class _Pace:
    gap: float
    """Seconds after a write in which no price move is written."""
    move: Decimal
    """The move, as a part of the last value that was written, that is written after the gap."""
    settle: float
    """Seconds after a write in which any move is written that changes what is shown."""


_PACES: Mapping[PriceUpdates, _Pace] = {
    PriceUpdates.NORMAL: _Pace(30, Decimal("0.001"), 300),
    PriceUpdates.LIVE: _Pace(5, Decimal("Infinity"), 5),
    PriceUpdates.CALM: _Pace(60, Decimal("0.01"), 900),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A value as it would be written."""

    value: Decimal
    shown: tuple[str, ...]
    """With the digits that are shown, and with what else is written together with it."""


@dataclass(slots=True)
class _Written:
    at: float
    figure: Figure | None


class WriteGate[Key]:
    """Which of an account's values are due to be written.

    Args:
        mode: How often.
        figure_of: Returns the present value; None where there is none.
    """

    def __init__(self, mode: PriceUpdates, figure_of: Callable[[Key], Figure | None]) -> None:
        self._figure_of = figure_of
        self._written: dict[Key, _Written] = {}
        self._moved: dict[Key, float] = {}
        """Values to look at, with the time."""
        self._next_at = 0.0
        self.set_mode(mode)

    def set_mode(self, mode: PriceUpdates) -> None:
        """Change how often values are written."""
        self._pace = _PACES[mode]
        for key in self._moved:
            self._moved[key] = 0.0

    def written(self, key: Key, now: float) -> None:
        """Note that a value is written now."""
        self._written[key] = _Written(now, self._figure_of(key))
        self._moved.pop(key, None)

    def differs(self, key: Key) -> bool:
        """Return whether a value that is written is another one now."""
        return self._written[key].figure != self._figure_of(key)

    def removed(self, key: Key) -> None:
        """Note that a value is no longer written."""
        self._written.pop(key, None)
        self._moved.pop(key, None)

    def moved(self, keys: Iterable[Key]) -> float:
        """Note that prices of values have moved; return when the first of these may be due, infinite for never."""
        first, gap = inf, self._pace.gap
        for key in keys:
            if (written := self._written.get(key)) is not None:
                at = self._moved[key] = written.at + gap
                if at < first:  # noqa: PLR1730 - cheaper than min(), and part of the cost of every new price
                    first = at
        return max(first, self._next_at)

    def next_at(self) -> float:
        """When a value may be due; infinite for never."""
        return max(min(self._moved.values(), default=inf), self._next_at)

    def due(self, now: float) -> list[Key]:
        """Return the values to write now; the caller reports each as written.

        The largest moves come first, but what has waited for long comes before them: the oldest first.
        """
        moves: dict[Key, tuple[float, Decimal]] = {}
        patience = self._pace.settle + self._pace.gap
        for key, at in list(self._moved.items()):
            if at > now:
                continue
            if (move := self._move_due(key, now)) is not None:
                moves[key] = max(0.0, now - self._written[key].at - patience), move
        self._next_at = now + INTERVAL
        return sorted(moves, key=moves.__getitem__, reverse=True)[:MOST_WRITES]

    def _move_due(self, key: Key, now: float) -> Decimal | None:
        """Return by which part a value has moved if that is due; otherwise plan when to look at it again."""
        written, figure = self._written[key], self._figure_of(key)
        if written.figure is None or figure is None:
            del self._moved[key]
            return None
        before = written.figure.value
        move = abs(figure.value - before) / abs(before) if before else Decimal("Infinity")
        if move >= self._pace.move and figure.value != before:
            return move
        if figure.shown == written.figure.shown:
            del self._moved[key]
            return None
        settled_at = written.at + self._pace.settle
        if now >= settled_at:
            return move
        self._moved[key] = settled_at
        return None
