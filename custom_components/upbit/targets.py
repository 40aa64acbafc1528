"""From the target of a trigger or condition to the exact numbers in it, and to what moves them."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, override

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import (
    TargetEntityChangeTracker,
    TargetSelection,
    async_extract_referenced_entity_ids,
)
import voluptuous as vol

from .account_value import ACCOUNT
from .amounts import Amount
from .api.ledger import Change
from .const import DOMAIN
from .coordinator import UpbitConfigEntry, UpbitCoordinator
from .entity import TOTAL_VALUE, currency_of, unique_id, value_currency_of
from .listeners import ValueUpdate, async_get_followers


def _not_empty(target: dict[str, Any]) -> dict[str, Any]:
    if not TargetSelection(target).has_any_target:
        raise vol.Invalid("select at least one entity, device, area, floor or label")
    return target


TARGET_SCHEMA = vol.All(cv.TARGET_FIELDS, _not_empty)
"""Home Assistant's own target, without the empty one, which would never trigger."""


@dataclass(frozen=True, slots=True)
class Targeted:
    """A sensor in a target, with the account and the currency whose number it shows."""

    entity_id: str
    entry_id: str
    currency: str
    """`ACCOUNT` for a number of the whole account."""


@dataclass(frozen=True, slots=True)
class Move:
    """The number of a targeted sensor before and after something that happened to it."""

    targeted: Targeted
    before: Decimal
    after: Decimal
    changes: tuple[Change, ...] = ()
    """The balance changes behind it."""


type MoveListener = Callable[[Move], None]
type NumberListener = Callable[[Targeted, Decimal | None], None]


def _ignore(targeted: Targeted, number: Decimal | None) -> None:
    pass


class NumberTracker(TargetEntityChangeTracker):
    """Follows the numbers of a target, also while the target's entities and accounts come and go.

    The numbers do not come from states: these change when a sensor becomes available too, they may be written late,
    and their attributes are floats.
    """

    def __init__(self, hass: HomeAssistant, selection: TargetSelection) -> None:
        super().__init__(hass, selection, lambda entity_ids: entity_ids)
        self.numbers: dict[Targeted, Decimal | None] = {}
        """The last number of each targeted sensor; None while it is not known."""
        self._by_currency: dict[tuple[str, str], Targeted] = {}
        """The targeted sensors by entry and currency."""
        self._on_move: MoveListener
        self._on_number: NumberListener
        self._accounts: dict[str, list[CALLBACK_TYPE]] = {}
        """What ends the subscriptions to an account, by entry id."""

    @callback
    def find(self) -> list[Targeted]:
        """Return the sensors that are in the target now, whether they are followed or not."""
        selected = async_extract_referenced_entity_ids(self._hass, self._target_selection, expand_group=False)
        return list(self._targeted(selected.referenced | selected.indirectly_referenced))

    async def async_follow(self, on_move: MoveListener, on_number: NumberListener = _ignore) -> CALLBACK_TYPE:
        """Follow the numbers until the returned function is called.

        Args:
            on_move: Called with every move from a known number to a known one.
            on_number: Called with a number that becomes known, and with None when it is no longer known. A sensor
                that is new in the target or leaves it counts as one that becomes known or unknown.
        """
        self._on_move, self._on_number = on_move, on_number
        unsubscribe = await self.async_setup()
        self._registry_unsubs.append(
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._on_entry_changed)
        )
        return unsubscribe

    @abstractmethod
    def number_of(self, targeted: Targeted) -> Decimal | None:
        """Return the exact number of a sensor now; None while it is not known."""

    @abstractmethod
    def _currency_of(self, registered: er.RegistryEntry) -> str | None:
        """Return the currency of a sensor that has such a number; None for other entities."""

    @abstractmethod
    def _subscribe(self, entry_id: str) -> Iterator[CALLBACK_TYPE]:
        """Subscribe to what moves the numbers of an account."""

    def _targeted(self, entity_ids: Iterable[str]) -> Iterator[Targeted]:
        registry = er.async_get(self._hass)
        for registered in map(registry.async_get, entity_ids):
            if (
                registered is not None
                and registered.platform == DOMAIN
                and registered.disabled_by is None
                and registered.config_entry_id is not None
                and (currency := self._currency_of(registered)) is not None
            ):
                yield Targeted(registered.entity_id, registered.config_entry_id, currency)

    @callback
    @override
    def _handle_entities_update(self, tracked_entities: set[str]) -> None:
        targeted = set(self._targeted(tracked_entities))
        self._by_currency = {(each.entry_id, each.currency): each for each in targeted}
        self._subscribe_to({each.entry_id for each in targeted})
        removed = self.numbers.keys() - targeted
        for each in removed:
            del self.numbers[each]
        added = {each: self.number_of(each) for each in targeted - self.numbers.keys()}
        self.numbers |= added
        for each in removed:
            self._on_number(each, None)
        for each, number in added.items():
            self._on_number(each, number)

    def _subscribe_to(self, entry_ids: set[str]) -> None:
        for entry_id in self._accounts.keys() - entry_ids:
            for unsubscribe in self._accounts.pop(entry_id):
                unsubscribe()
        for entry_id in entry_ids - self._accounts.keys():
            self._accounts[entry_id] = list(self._subscribe(entry_id))

    @callback
    def _on_entry_changed(self, _: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Read the numbers again when an account is loaded or unloaded."""
        if entry.entry_id in self._accounts:
            self._read(entry.entry_id)

    def _read(
        self, entry_id: str, currencies: Iterable[str] | None = None, changes: tuple[Change, ...] = ()
    ) -> None:
        """Read the numbers of some currencies of an account again, or of all; the changes are why."""
        if currencies is None:
            currencies = [each.currency for each in self.numbers if each.entry_id == entry_id]
        for currency in currencies:
            if (each := self._by_currency.get((entry_id, currency))) is None:
                continue
            before, after = self.numbers[each], self.number_of(each)
            if before == after:
                continue
            if before is None or after is None:
                self.numbers[each] = after
                self._on_number(each, after)
            else:
                self._move(Move(each, before, after, changes))

    def _move(self, move: Move) -> None:
        self.numbers[move.targeted] = move.after
        self._on_move(move)

    def _loaded(self, targeted: Targeted) -> UpbitCoordinator | None:
        entry: UpbitConfigEntry | None = self._hass.config_entries.async_get_entry(targeted.entry_id)
        return entry.runtime_data if entry is not None and entry.state is ConfigEntryState.LOADED else None

    @override
    def _unsubscribe(self) -> None:
        super()._unsubscribe()
        self._subscribe_to(set())


class BalanceTracker(NumberTracker):
    """Follows one amount of the balances in a target, in units of their currencies."""

    def __init__(self, hass: HomeAssistant, selection: TargetSelection, amount: Amount) -> None:
        super().__init__(hass, selection)
        self._amount = amount

    @override
    def number_of(self, targeted: Targeted) -> Decimal | None:
        coordinator = self._loaded(targeted)
        if coordinator is None or not coordinator.is_available(targeted.currency):
            return None
        return self._amount.of(coordinator.ledger.holding(targeted.currency))

    @override
    def _currency_of(self, registered: er.RegistryEntry) -> str | None:
        return currency_of(registered)

    @override
    def _subscribe(self, entry_id: str) -> Iterator[CALLBACK_TYPE]:
        followers = async_get_followers(self._hass, entry_id)
        yield followers.changes.add(partial(self._on_changes, entry_id))
        yield followers.availability.add(partial(self._on_availability, entry_id))

    @callback
    def _on_changes(self, entry_id: str, changes: list[Change]) -> None:
        # Entities are notified first, so a new currency has its sensor already.
        moves = [
            Move(each, self._amount.of(change.before), self._amount.of(change.after), (change,))
            for change in changes
            if (each := self._by_currency.get((entry_id, change.currency))) is not None
        ]
        # One after the other, although the ledger has all of them: what was read in between has the later amounts.
        self.numbers |= {move.targeted: move.before for move in moves}
        for move in moves:
            # Another amount of the holding may have changed.
            if move.before != move.after:
                self._move(move)

    @callback
    def _on_availability(self, entry_id: str, currencies: Collection[str] | None) -> None:
        self._read(entry_id, currencies)


class ValueTracker(NumberTracker):
    """Follows the values in a target, in the currency of their region.

    An account, area, floor or label stands for the total value; a coin is targeted by its own sensor.
    """

    @override
    def number_of(self, targeted: Targeted) -> Decimal | None:
        coordinator = self._loaded(targeted)
        if coordinator is None or (values := coordinator.value) is None:
            return None
        if targeted.currency == ACCOUNT:
            return values.account().total_value
        return values.coin(targeted.currency).value

    @override
    def _currency_of(self, registered: er.RegistryEntry) -> str | None:
        if registered.unique_id == unique_id(str(registered.config_entry_id), TOTAL_VALUE):
            return ACCOUNT
        is_named = registered.entity_id in self._target_selection.entity_ids
        return value_currency_of(registered) if is_named else None

    @override
    def _subscribe(self, entry_id: str) -> Iterator[CALLBACK_TYPE]:
        followers = async_get_followers(self._hass, entry_id)
        yield followers.values.add(partial(self._on_values, entry_id))

    @callback
    def _on_values(self, entry_id: str, update: ValueUpdate) -> None:
        currencies = None if update.coins is None else (*update.coins, ACCOUNT)
        self._read(entry_id, currencies, update.changes)
