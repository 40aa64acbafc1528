"""The listeners of an account, kept by currency, so that a change costs only those it concerns."""

from collections.abc import Callable, Collection, Iterable, Set as AbstractSet
from functools import partial
from typing import NamedTuple

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .api.ledger import Change
from .api.wire import Snapshot
from .const import DOMAIN


class ValueUpdate(NamedTuple):
    """Values of an account may have changed; a tuple, because making one is part of the cost of every new price."""

    coins: AbstractSet[str] | None
    """The currencies whose value may have changed; None for all."""
    changes: tuple[Change, ...] = ()
    """The changes of totals behind it; empty when prices moved, or something became available or unavailable."""


class ListenerGroup[*Ts]:
    """The listeners of one kind of event."""

    def __init__(self) -> None:
        self.all: tuple[Callable[[*Ts], None], ...] = ()
        """Replaced rather than changed, because what is called may add or remove some."""

    def add(self, listener: Callable[[*Ts], None]) -> CALLBACK_TYPE:
        """Add a listener; return what removes it."""
        self.all += (listener,)
        return partial(self._remove, listener)

    def _remove(self, listener: Callable[[*Ts], None]) -> None:
        remaining = list(self.all)
        remaining.remove(listener)
        self.all = tuple(remaining)


type ChangesListener = Callable[[list[Change]], None]
type CurrenciesListener = Callable[[list[str]], None]
type AvailabilityListener = Callable[[Iterable[str] | None], None]
type SnapshotListener = Callable[[Snapshot, float], None]
type ValuesListener = Callable[[ValueUpdate], None]


class Followers:
    """Whom an account notifies last: triggers and conditions; they outlive its reloads.

    Not Home Assistant's dispatcher, because sending where nobody listens would be part of the cost of every change.
    """

    def __init__(self) -> None:
        self.changes = ListenerGroup[list[Change]]()
        self.availability = ListenerGroup[Iterable[str] | None]()
        self.values = ListenerGroup[ValueUpdate]()


_FOLLOWERS: HassKey[dict[str, Followers]] = HassKey(f"{DOMAIN}_followers")


@callback
def async_get_followers(hass: HomeAssistant, entry_id: str) -> Followers:
    """Return the followers of an account, which may be loaded or not."""
    return hass.data.setdefault(_FOLLOWERS, {}).setdefault(entry_id, Followers())


@callback
def async_remove_followers(hass: HomeAssistant, entry_id: str) -> None:
    """Drop the followers of an account that is removed."""
    hass.data.get(_FOLLOWERS, {}).pop(entry_id, None)


class Listeners:
    """The listeners of one account; one that raises does not keep the others from being called."""

    def __init__(self, hass: HomeAssistant, entry_id: str, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._followers = async_get_followers(hass, entry_id)
        self._by_currency: dict[str, CALLBACK_TYPE] = {}
        self._currencies = ListenerGroup[list[str]]()
        self._changes = ListenerGroup[list[Change]]()
        self._availability = ListenerGroup[Iterable[str] | None]()
        self._snapshots = ListenerGroup[Snapshot, float]()
        self._status = ListenerGroup[()]()
        self._valued = ListenerGroup[()]()

    @callback
    def async_add_currency(self, currency: str, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the currency's amounts or availability change; return what removes it."""
        self._by_currency[currency] = listener
        return partial(self._by_currency.__delitem__, currency)

    @callback
    def async_add_currencies(self, listener: CurrenciesListener) -> CALLBACK_TYPE:
        """Call the listener with currencies that are new to the account; return what removes it."""
        return self._currencies.add(listener)

    @callback
    def async_add_changes(self, listener: ChangesListener) -> CALLBACK_TYPE:
        """Call the listener with the changes of every merge; return what removes it."""
        return self._changes.add(listener)

    @callback
    def async_add_availability(self, listener: AvailabilityListener) -> CALLBACK_TYPE:
        """Call the listener with the currencies whose availability changes, None for all; return what removes it."""
        return self._availability.add(listener)

    @callback
    def async_add_snapshots(self, listener: SnapshotListener) -> CALLBACK_TYPE:
        """Call the listener with every merged snapshot and the time of its request; return what removes it."""
        return self._snapshots.add(listener)

    @callback
    def async_add_status(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the live connection or the key's expiration changes; return what removes it."""
        return self._status.add(listener)

    @callback
    def async_add_valued(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the account, loaded already, gets values; return what removes it."""
        return self._valued.add(listener)

    @callback
    def async_notify_changes(self, changes: list[Change]) -> None:
        """Notify the listeners that the changes concern."""
        by_currency = self._by_currency
        for change in changes:
            if (listener := by_currency.get(change.currency)) is not None:
                try:
                    listener()
                except Exception as error:  # noqa: BLE001 - as in `_call`, which costs more
                    self._on_error(error)
        for changes_listener in self._changes.all:
            self._call(changes_listener, changes)
        # Read only now, because what was called may have removed some.
        for follower in self._followers.changes.all:
            self._call(follower, changes)

    @callback
    def async_notify_currencies(self, currencies: list[str]) -> None:
        """Notify of currencies that are new to the account."""
        for listener in self._currencies.all:
            self._call(listener, currencies)

    @callback
    def async_notify_availability(self, currencies: Collection[str] | None = None) -> None:
        """Notify the listeners of some currencies, or of all."""
        for currency in list(self._by_currency) if currencies is None else currencies:
            if (listener := self._by_currency.get(currency)) is not None:
                self._call(listener)
        for availability_listener in self._availability.all:
            self._call(availability_listener, currencies)
        for follower in self._followers.availability.all:
            self._call(follower, currencies)

    @callback
    def async_notify_snapshot(self, snapshot: Snapshot, requested_at: float) -> None:
        """Notify of a snapshot, after the changes that it showed."""
        for listener in self._snapshots.all:
            self._call(listener, snapshot, requested_at)

    @callback
    def async_notify_status(self) -> None:
        """Notify the listeners of the account's status."""
        for listener in self._status.all:
            self._call(listener)

    @callback
    def async_notify_valued(self) -> None:
        """Notify the listeners that the account has got values."""
        for listener in self._valued.all:
            self._call(listener)

    @callback
    def async_notify_values(self, update: ValueUpdate) -> None:
        """Notify the followers that values may have changed."""
        for listener in self._followers.values.all:
            self._call(listener, update)

    def _call[*Ts](self, listener: Callable[[*Ts], None], *arguments: *Ts) -> None:
        try:
            listener(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other listeners have to be called
            self._on_error(error)
