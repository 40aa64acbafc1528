"""The listeners of an account, kept by currency, so that a change costs only those it concerns."""

from collections.abc import Callable, Collection, Iterable, Set as AbstractSet
from functools import partial
from typing import NamedTuple

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .api.ledger import Change
from .api.wire import Snapshot
from .const import DOMAIN

SIGNAL_CHANGES = f"{DOMAIN}_changes_{{}}"
"""Dispatched with the changes of a merge; formatted with the entry's id, so that it outlives a reload."""

SIGNAL_AVAILABILITY = f"{DOMAIN}_availability_{{}}"
"""Dispatched with the currencies whose availability may have changed, None for all; formatted as above."""

SIGNAL_VALUES = f"{DOMAIN}_values_{{}}"
"""Dispatched with a `ValueUpdate`; formatted with the entry's id, so that it outlives a reload."""


class ValueUpdate(NamedTuple):
    """Values of an account may have changed; a tuple, because making one is part of the cost of every new price."""

    coins: AbstractSet[str] | None
    """The currencies whose value may have changed; None for all."""
    changes: tuple[Change, ...] = ()
    """The changes of totals behind it; empty when prices moved, or something became available or unavailable."""


type ChangesListener = Callable[[list[Change]], None]
type CurrenciesListener = Callable[[list[str]], None]
type AvailabilityListener = Callable[[Iterable[str] | None], None]
type SnapshotListener = Callable[[Snapshot, float], None]


class Listeners:
    """The listeners of one account; one that raises does not keep the others from being called."""

    def __init__(self, hass: HomeAssistant, entry_id: str, on_error: Callable[[Exception], None]) -> None:
        self._hass = hass
        self._on_error = on_error
        self._signal_changes = SIGNAL_CHANGES.format(entry_id)
        self._signal_availability = SIGNAL_AVAILABILITY.format(entry_id)
        self._by_currency: dict[str, CALLBACK_TYPE] = {}
        self._currencies: list[CurrenciesListener] = []
        self._changes: list[ChangesListener] = []
        self._availability: list[AvailabilityListener] = []
        self._snapshots: list[SnapshotListener] = []
        self._status: list[CALLBACK_TYPE] = []
        self._valued: list[CALLBACK_TYPE] = []

    @callback
    def async_add_currency(self, currency: str, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the currency's amounts or availability change; return what removes it."""
        self._by_currency[currency] = listener
        return partial(self._by_currency.__delitem__, currency)

    @callback
    def async_add_currencies(self, listener: CurrenciesListener) -> CALLBACK_TYPE:
        """Call the listener with currencies that are new to the account; return what removes it."""
        self._currencies.append(listener)
        return partial(self._currencies.remove, listener)

    @callback
    def async_add_changes(self, listener: ChangesListener) -> CALLBACK_TYPE:
        """Call the listener with the changes of every merge; return what removes it."""
        self._changes.append(listener)
        return partial(self._changes.remove, listener)

    @callback
    def async_add_availability(self, listener: AvailabilityListener) -> CALLBACK_TYPE:
        """Call the listener with the currencies whose availability changes, None for all; return what removes it."""
        self._availability.append(listener)
        return partial(self._availability.remove, listener)

    @callback
    def async_add_snapshots(self, listener: SnapshotListener) -> CALLBACK_TYPE:
        """Call the listener with every merged snapshot and the time of its request; return what removes it."""
        self._snapshots.append(listener)
        return partial(self._snapshots.remove, listener)

    @callback
    def async_add_status(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the live connection or the key's expiration changes; return what removes it."""
        self._status.append(listener)
        return partial(self._status.remove, listener)

    @callback
    def async_add_valued(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the account, loaded already, gets values; return what removes it."""
        self._valued.append(listener)
        return partial(self._valued.remove, listener)

    @callback
    def async_notify_changes(self, changes: list[Change]) -> None:
        """Notify the listeners that the changes concern."""
        by_currency = self._by_currency
        for change in changes:
            if (listener := by_currency.get(change.currency)) is not None:
                self._call(listener)
        for changes_listener in list(self._changes):
            self._call(changes_listener, changes)
        async_dispatcher_send(self._hass, self._signal_changes, changes)

    @callback
    def async_notify_currencies(self, currencies: list[str]) -> None:
        """Notify of currencies that are new to the account."""
        for listener in list(self._currencies):
            self._call(listener, currencies)

    @callback
    def async_notify_availability(self, currencies: Collection[str] | None = None) -> None:
        """Notify the listeners of some currencies, or of all."""
        for currency in list(self._by_currency) if currencies is None else currencies:
            if (listener := self._by_currency.get(currency)) is not None:
                self._call(listener)
        for availability_listener in list(self._availability):
            self._call(availability_listener, currencies)
        async_dispatcher_send(self._hass, self._signal_availability, currencies)

    @callback
    def async_notify_snapshot(self, snapshot: Snapshot, requested_at: float) -> None:
        """Notify of a snapshot, after the changes that it showed."""
        for listener in list(self._snapshots):
            self._call(listener, snapshot, requested_at)

    @callback
    def async_notify_status(self) -> None:
        """Notify the listeners of the account's status."""
        for listener in list(self._status):
            self._call(listener)

    @callback
    def async_notify_valued(self) -> None:
        """Notify the listeners that the account has got values."""
        for listener in list(self._valued):
            self._call(listener)

    def _call[*Ts](self, listener: Callable[[*Ts], None], *arguments: *Ts) -> None:
        try:
            listener(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other listeners have to be called
            self._on_error(error)
