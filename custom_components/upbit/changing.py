"""When a number that changes fires a trigger: direction, smallest change, cause and reference."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from homeassistant.core import CALLBACK_TYPE, callback

from .api.wire import exact_difference, exact_product, exact_sum
from .targets import Move, MoveListener, NumberTracker, Targeted
from .valuation import QUOTIENT

_HUNDRED = Decimal(100)


class Direction(StrEnum):
    """Which way a number has to change."""

    ANY = "any"
    INCREASED = "increased"
    DECREASED = "decreased"

    @classmethod
    def of(cls, before: Decimal, after: Decimal) -> Direction:
        """Return the direction of a change."""
        return cls.INCREASED if after > before else cls.DECREASED


class Measure(StrEnum):
    """What the smallest change is measured in."""

    AMOUNT = "amount"
    """The unit of the number."""
    PERCENT = "percent"
    """Percent of the number before. From zero, every change is large enough."""


class Cause(StrEnum):
    """Why a value has to change."""

    ANY = "any"
    PRICES = "prices"


@dataclass(frozen=True, slots=True)
class SmallestChange:
    """The direction and size that a change needs to count."""

    direction: Direction
    at_least: Decimal
    measure: Measure = Measure.AMOUNT

    def counts(self, before: Decimal, after: Decimal) -> bool:
        """Whether a change counts; none at all does not."""
        if before == after or self.direction not in (Direction.ANY, Direction.of(before, after)):
            return False
        size = exact_difference(after, before).copy_abs()
        if self.measure is Measure.AMOUNT:
            return size >= self.at_least
        return exact_product(size, _HUNDRED) >= exact_product(self.at_least, before)

    def reference_after(self, reference: Decimal, move: Move) -> Decimal:
        """Return the reference from which as much has changed as before a move that does not count."""
        if self.measure is Measure.AMOUNT:
            return exact_sum(reference, exact_difference(move.after, move.before))
        return (
            QUOTIENT.divide(exact_product(reference, move.after), move.before) if move.before else move.after
        )


class ValueChange:
    """Fires for values that changed by enough since a reference.

    Prices move in many small steps, so the reference is not the value before the last one. It is the value at the
    start, at the last time it fired, and when the value becomes available again.
    """

    def __init__(self, tracker: NumberTracker, smallest: SmallestChange, cause: Cause) -> None:
        self._tracker = tracker
        self._smallest = smallest
        self._cause = cause
        self._references: dict[Targeted, Decimal] = {}
        self._fire: MoveListener

    async def async_follow(self, fire: MoveListener) -> CALLBACK_TYPE:
        """Call `fire` with every move that fires, from its reference; return what ends that."""
        self._fire = fire
        return await self._tracker.async_follow(self._on_move, self._on_number)

    @callback
    def _on_number(self, targeted: Targeted, number: Decimal | None) -> None:
        if number is None:
            self._references.pop(targeted, None)
        else:
            self._references[targeted] = number

    @callback
    def _on_move(self, move: Move) -> None:
        reference = self._references[move.targeted]
        if move.changes and self._cause is Cause.PRICES:
            # Every price has been followed before, so the whole move comes from the changed amounts.
            self._references[move.targeted] = self._smallest.reference_after(reference, move)
        elif self._smallest.counts(reference, move.after):
            self._references[move.targeted] = move.after
            self._fire(Move(move.targeted, reference, move.after, move.changes))
