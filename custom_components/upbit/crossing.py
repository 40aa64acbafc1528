"""When a number that enters the range of a threshold fires a trigger: the options `behavior` and `for`."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .amounts import Range, ReasonReporter, Threshold
from .targets import Move, MoveListener, NumberTracker, Targeted


class Behavior(StrEnum):
    """Which of the numbers in a target fire when they enter the range; Home Assistant's own names."""

    EACH = "each"
    FIRST = "first"
    """The one that is in range when no other is."""
    ALL = "all"
    """The one after which all are in range. One that is not known is in no range."""


class Crossing:
    """Fires for a number that enters a range and, with a duration, stays in it.

    The duration is counted from the move into the range. It ends early when the number leaves the range or becomes
    unavailable; with `first` when none is in range any longer, with `all` when one is not.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        tracker: NumberTracker,
        threshold: Threshold,
        behavior: Behavior,
        duration: timedelta | None,
    ) -> None:
        self._hass = hass
        self._tracker = tracker
        self._threshold = threshold
        self._behavior = behavior
        self._duration = duration
        self._fire: MoveListener
        self._report: ReasonReporter
        self._pending: dict[Targeted | None, CALLBACK_TYPE] = {}
        """What cancels a duration, by the sensor that it is for; None for that of all sensors together."""

    async def async_follow(self, fire: MoveListener, report: ReasonReporter) -> CALLBACK_TYPE:
        """Call `fire` with every move that fires; return what ends that."""
        self._fire, self._report = fire, report
        unsubscribe = await self._tracker.async_follow(self._on_move, self._on_number)

        @callback
        def stop() -> None:
            unsubscribe()
            for cancel in self._pending.values():
                cancel()
            self._pending.clear()

        return stop

    @callback
    def _on_number(self, _: Targeted, __: Decimal | None) -> None:
        if self._pending:
            self._cancel_ended(self._threshold.now(self._hass))

    @callback
    def _on_move(self, move: Move) -> None:
        amounts = self._threshold.now(self._hass, self._report)
        self._cancel_ended(amounts)
        if amounts is None or move.before in amounts or move.after not in amounts:
            return
        in_range = sum(number in amounts for number in self._tracker.numbers.values())
        match self._behavior:
            case Behavior.FIRST if in_range > 1:
                return
            case Behavior.ALL if in_range < len(self._tracker.numbers):
                return
        if not self._duration:
            self._fire(move)
            return
        key = move.targeted if self._behavior is Behavior.EACH else None
        if (cancel := self._pending.pop(key, None)) is not None:
            cancel()
        self._pending[key] = async_call_later(self._hass, self._duration, partial(self._on_time, key, move))

    @callback
    def _on_time(self, key: Targeted | None, move: Move, _: datetime) -> None:
        del self._pending[key]
        # A limit may have changed, which is no move, and a change may have come while the balance was unavailable.
        numbers = {each: self._tracker.number_of(each) for each in self._tracker.numbers}
        if self._holds(key, self._threshold.now(self._hass), numbers):
            self._fire(move)

    def _cancel_ended(self, amounts: Range | None) -> None:
        for key in list(self._pending):
            if not self._holds(key, amounts, self._tracker.numbers):
                self._pending.pop(key)()

    def _holds(
        self, key: Targeted | None, amounts: Range | None, numbers: Mapping[Targeted, Decimal | None]
    ) -> bool:
        """Whether what a duration is for is still so."""
        if amounts is None:
            return False
        if key is not None:
            return numbers.get(key) in amounts
        combine: Callable[[list[bool]], bool] = any if self._behavior is Behavior.FIRST else all
        return bool(numbers) and combine([number in amounts for number in numbers.values()])
