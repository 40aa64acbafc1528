"""Who is told what: listeners kept by currency, so that a change costs only those it concerns."""

from collections.abc import Callable
from functools import partial

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .api.ledger import Change
from .const import DOMAIN

SIGNAL_CHANGES = f"{DOMAIN}_changes_{{}}"
"""Dispatched with a list of changes; formatted with the entry's id, so that it outlives a reload."""

type ChangesListener = Callable[[list[Change]], None]


class Listeners:
    """The listeners of one account; one that fails keeps no other from being told."""

    def __init__(self, hass: HomeAssistant, entry_id: str, failed: Callable[[Exception], None]) -> None:
        self._hass = hass
        self._failed = failed
        self._signal = SIGNAL_CHANGES.format(entry_id)
        self._by_currency: dict[str, CALLBACK_TYPE] = {}
        self._to_changes: list[ChangesListener] = []
        self._to_health: list[CALLBACK_TYPE] = []

    @callback
    def async_add_currency(self, currency: str, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the currency's amounts or the availability change; return what stops it."""
        self._by_currency[currency] = listener
        return partial(self._by_currency.__delitem__, currency)

    @callback
    def async_add_changes(self, listener: ChangesListener) -> CALLBACK_TYPE:
        """Call the listener with the changes of every merge; return what stops it."""
        self._to_changes.append(listener)
        return partial(self._to_changes.remove, listener)

    @callback
    def async_add_health(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the stream comes or goes, or the key's expiry is learnt."""
        self._to_health.append(listener)
        return partial(self._to_health.remove, listener)

    @callback
    def async_notify_changes(self, changes: list[Change]) -> None:
        """Tell those whom the changes concern."""
        by_currency = self._by_currency
        for change in changes:
            if (listener := by_currency.get(change.currency)) is not None:
                self._notify(listener)
        for tell in list(self._to_changes):
            self._notify(tell, changes)
        async_dispatcher_send(self._hass, self._signal, changes)

    @callback
    def async_notify_availability(self) -> None:
        """Tell the listeners of every currency."""
        for listener in list(self._by_currency.values()):
            self._notify(listener)

    @callback
    def async_notify_health(self) -> None:
        """Tell the listeners of the account's health."""
        for listener in list(self._to_health):
            self._notify(listener)

    def _notify[*Ts](self, listener: Callable[[*Ts], None], *news: *Ts) -> None:
        try:
            listener(*news)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others still have to be told
            self._failed(error)
