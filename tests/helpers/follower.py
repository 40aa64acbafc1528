"""A follower of an account's balances, as triggers and conditions are, that finds numbers which do not fit together."""

from collections.abc import Callable
from decimal import Decimal

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.target import TargetSelection

from custom_components.upbit.amounts import Amount
from custom_components.upbit.coordinator import UpbitCoordinator
from custom_components.upbit.targets import BalanceTracker, Move, Targeted

from .observer import Observer, WrongState


class Follower:
    """Follows the totals of an account; what is wrong is added to what its observer has found.

    A number is wrong when its sensor is not available. A move is wrong when it does not begin where the last one of its
    currency has ended. `settled` finds numbers that are not what the account has.
    """

    def __init__(self, observer: Observer, coordinator: Callable[[], UpbitCoordinator]) -> None:
        self._observer = observer
        self._coordinator = coordinator
        self._tracker: BalanceTracker
        self._loaded: UpbitCoordinator | None = None
        self._ends: dict[str, Decimal] = {}
        """By currency: the number after the last move since the account was loaded."""

    async def follow(self, hass: HomeAssistant, device_id: str) -> CALLBACK_TYPE:
        """Follow the balances of a device from now on; return what ends that."""
        self._tracker = BalanceTracker(hass, TargetSelection({"device_id": [device_id]}), Amount.TOTAL)
        return await self._tracker.async_follow(self._on_move, self._on_number)

    def settled(self) -> list[WrongState]:
        """Return every number that is not what the account has."""
        account = self._observer.account
        return [
            self._wrong(each, number, f"the account has {total}")
            for each, number in self._tracker.numbers.items()
            if number != (total := account[each.currency].total)
        ]

    @callback
    def _on_number(self, targeted: Targeted, number: Decimal | None) -> None:
        if number is not None:
            self._check_available(targeted, number)

    @callback
    def _on_move(self, move: Move) -> None:
        self._check_available(move.targeted, move.after)
        if (loaded := self._coordinator()) is not self._loaded:
            self._loaded = loaded
            self._ends.clear()
        end = self._ends.get(move.targeted.currency, move.before)
        if move.before != end:
            self._observer.wrong.append(
                self._wrong(move.targeted, move.before, f"the last move ended at {end}")
            )
        self._ends[move.targeted.currency] = move.after

    def _check_available(self, targeted: Targeted, number: Decimal) -> None:
        if not self._coordinator().is_available(targeted.currency):
            self._observer.wrong.append(self._wrong(targeted, number, "it is not available"))

    def _wrong(self, targeted: Targeted, number: Decimal | None, expected: str) -> WrongState:
        return WrongState(self._observer.now, targeted.entity_id, f"{number} to triggers", expected)
