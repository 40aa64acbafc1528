"""What one account is worth: connects its balances with the region's prices, and decides when values are written."""

from collections.abc import Iterable, Set as AbstractSet
from functools import partial
from typing import Any, Protocol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .api.ledger import Change
from .api.regions import Region
from .api.wire import Snapshot
from .const import COST_TIMINGS
from .costs import Costs
from .deadline import DeadlineTimer
from .listeners import ListenerGroup, Listeners, ValueUpdate
from .price_feed import FeedListener, async_get_price_feed
from .price_updates import Figure, PriceUpdates, WriteGate
from .valuation import AccountFigures, Balances, CoinValue, Valuation, rounded

ACCOUNT = ""
"""In place of a currency: the figures of the account."""

type Presence = tuple[object, ...]


class Account(Balances, Protocol):
    """The account that is valued."""

    region: Region
    listeners: Listeners

    def snapshot_by(self, deadline: float) -> None:
        """Have a snapshot taken until then, on the event loop's clock; infinite for none."""


class AccountValue:
    """The figures of one account, and who is notified of them.

    Figures are computed when somebody asks for them. A sensor is written immediately when an amount or the availability
    of a figure changed, and otherwise when the write gate says so. Triggers are notified of every change.
    """

    def __init__(self, hass: HomeAssistant, account: Account, mode: PriceUpdates) -> None:
        region = account.region
        self.feed = async_get_price_feed(hass, region)
        self._hass = hass
        self._now = hass.loop.time
        self._account = account
        self._fiat, self._fiat_digits = region.fiat, region.fiat_digits
        self._costs = Costs(region.fiat, COST_TIMINGS)
        self._valuation = Valuation(region.fiat, account, self.feed.book, self._costs)
        self._mode = mode
        self._gate: WriteGate[str] = WriteGate(mode, self._figure)
        self._writers: dict[str, list[CALLBACK_TYPE]] = {}
        self._status = ListenerGroup[()]()
        self._presence: dict[str, Presence] = {}
        """By currency: which figures there were when they were last written."""
        self._without_share: set[str] = set()
        """Coins that were written while the total value was not available."""
        self._merging: tuple[Change, ...] = ()
        """The changes that are being merged, while prices may follow from them."""
        self._timer = DeadlineTimer(hass, self._write_due)
        self._ending: list[CALLBACK_TYPE] = []
        self._feed_listener = FeedListener(self._on_prices, self._on_status, self._on_day)

    # What entities, triggers and actions read

    def coin(self, currency: str) -> CoinValue:
        """Return the figures of a currency, the region's own one included."""
        return self._valuation.coin(currency)

    def account(self) -> AccountFigures:
        """Return the figures of the account."""
        return self._valuation.account()

    def name(self, currency: str) -> str | None:
        """Return Upbit's name of a coin, in the language of the system where Upbit has it."""
        return self.feed.book.name(currency, korean=self._hass.config.language == "ko")

    @property
    def held_coins(self) -> frozenset[str]:
        """The coins of which something is owned."""
        ledger = self._account.ledger
        return frozenset(
            currency
            for currency in ledger.currencies
            if currency != self._fiat and ledger.holding(currency).total
        )

    def diagnostics(self) -> dict[str, Any]:
        """Return how many coins are valued, and the state of the feed, without amounts and codes."""
        figures = self.account()
        return {
            "price_updates": self._mode.value,
            "available": figures.available,
            "complete": figures.complete,
            "coins": len(self.held_coins),
            "unpriced": len(figures.unpriced),
            "without_cost": len(figures.without_cost),
            "costs_known": figures.profit is not None,
            "feed": self.feed.diagnostics(),
        }

    @callback
    def async_add_writer(self, currency: str, writer: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the writer when the figures of a currency, or `ACCOUNT`, are written; return what removes it."""
        self._writers.setdefault(currency, []).append(writer)
        self._note_written(currency)
        return partial(self._remove_writer, currency, writer)

    @callback
    def async_add_status(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when the feed is subscribed or lost; return what removes it."""
        return self._status.add(listener)

    @callback
    def _remove_writer(self, currency: str, writer: CALLBACK_TYPE) -> None:
        writers = self._writers[currency]
        writers.remove(writer)
        if not writers:
            del self._writers[currency]
            self._gate.removed(currency)

    @property
    def feed_online(self) -> bool:
        """Whether this account is followed and the public stream is subscribed."""
        return bool(self._ending) and self.feed.online

    # Start and end

    @callback
    def async_start(self) -> None:
        """Join the feed, and follow the balances from now on."""
        self._set_day_start()
        listeners = self._account.listeners
        self._ending += (
            listeners.async_add_changes(self._on_changes),
            listeners.async_add_availability(self._on_availability),
            listeners.async_add_snapshots(self._on_snapshot),
        )
        self.feed.async_join(self._feed_listener)
        self._want()
        self._notify(None)

    async def async_stop(self) -> None:
        """Leave the feed, and follow the balances no longer."""
        for end in self._ending:
            end()
        self._ending.clear()
        self.async_cancel_timer()
        self._notify(None)
        await self.feed.async_leave(self._feed_listener)
        self._on_status()

    @callback
    def async_set_mode(self, mode: PriceUpdates) -> None:
        """Change how often values are written."""
        self._mode = mode
        self._gate.set_mode(mode)
        self._write_by(self._gate.next_at())

    @callback
    def async_note_growth(self, changes: Iterable[Change]) -> None:
        """Note totals that have grown: their cost is not known any more, also if they become available only now."""
        self._account.snapshot_by(self._costs.changed(changes, self._now()))

    @callback
    def async_note_first(self, currencies: Iterable[str]) -> None:
        """Note totals that came before the first snapshot: its averages may be those of before."""
        self._account.snapshot_by(self._costs.grown(currencies, self._now()))

    # Events

    @callback
    def _on_changes(self, changes: list[Change]) -> None:
        """Write what consists of totals that changed; what is only locked or unlocked changes no value."""
        changes = [change for change in changes if change.before.total != change.after.total]
        if not changes:
            return
        self.async_note_growth(changes)
        currencies = frozenset(change.currency for change in changes)
        self._valuation.invalidate(currencies)
        if any(not (change.before.total and change.after.total) for change in changes):
            # A price that is there already moves the total now, because of the changes.
            self._merging = tuple(changes)
            try:
                self._want()
            finally:
                self._merging = ()
        self._write_where_changed([*currencies, ACCOUNT])
        self._notify(currencies, tuple(changes))

    @callback
    def _on_availability(self, currencies: Iterable[str] | None) -> None:
        affected = None if currencies is None else frozenset(currencies)
        # Of all: the snapshot that makes one amount available may have changed others, which is notified afterwards.
        self._valuation.invalidate()
        self._want()
        self._write_where_presence_changed(affected)
        self._notify(affected)

    @callback
    def _on_snapshot(self, snapshot: Snapshot, requested_at: float) -> None:
        self._on_day()  # the feed calls it late when the host slept or its clock was set
        missing = self.held_coins - snapshot.amounts.keys() - snapshot.undecodable.keys()
        coins, again_by = self._costs.merge(snapshot.averages, requested_at, missing)
        self._account.snapshot_by(again_by)
        has_unreadable = snapshot.unreadable > 0
        if not coins and has_unreadable is self._valuation.has_unreadable:
            return
        self._valuation.has_unreadable = has_unreadable
        self._want()
        self._valuation.invalidate(coins)
        self._write([*coins, ACCOUNT])

    @callback
    def _on_prices(self, moved: set[str], changed: set[str]) -> None:
        """Note prices that moved, and prices that may have become valid or invalid."""
        if not (self._costs.currencies.isdisjoint(moved) and self._costs.currencies.isdisjoint(changed)):
            changed = changed | self._costs.counted_in(changed)
            moved = moved | self._costs.counted_in(moved)
        self._valuation.invalidate(moved)
        if changed:
            self._valuation.invalidate(changed)
            self._write_where_presence_changed(frozenset(changed))
        moved = moved | changed
        self._write_by(self._gate.moved((*moved, ACCOUNT)))
        self._notify(moved, self._merging)

    @callback
    def _on_status(self) -> None:
        for listener in self._status.all:
            listener()

    @callback
    def _on_day(self) -> None:
        """Compare with another close once it is another day."""
        if self._set_day_start():
            self._valuation.invalidate()
            self._write(list(self._writers))

    @callback
    def _write_due(self) -> None:
        self._write(self._gate.due(self._now()))
        self._write_by(self._gate.next_at())

    # What follows from them

    def _set_day_start(self) -> bool:
        """Note which day it is; return whether it is another one."""
        today = dt_util.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
        before, self._valuation.day_start = self._valuation.day_start, int(today.timestamp() * 1000)
        return self._valuation.day_start != before

    def _want(self) -> None:
        """Ask for the prices of what is owned, and of what its cost is counted in."""
        self.feed.async_want(self._feed_listener, self.held_coins | self._costs.currencies)

    @callback
    def _notify(self, coins: AbstractSet[str] | None, changes: tuple[Change, ...] = ()) -> None:
        self._account.listeners.async_notify_values(ValueUpdate(coins, changes))

    def _write_where_presence_changed(self, currencies: frozenset[str] | None) -> None:
        candidates = (
            self._writers.keys() if currencies is None else (currencies | {ACCOUNT}) & self._writers.keys()
        )
        self._write([key for key in candidates if self._presence.get(key) != self._present(key)])

    def _write_where_changed(self, keys: Iterable[str]) -> None:
        self._write(
            [
                key
                for key in keys
                if key in self._writers
                and (self._gate.differs(key) or self._presence.get(key) != self._present(key))
            ]
        )

    @callback
    def _write(self, keys: Iterable[str]) -> None:
        for key in keys:
            if (writers := self._writers.get(key)) is not None:
                self._note_written(key)
                for writer in list(writers):
                    writer()

    def _note_written(self, key: str) -> None:
        self._gate.written(key, self._now())
        self._presence[key] = self._present(key)
        if not self.account().available:
            self._without_share.add(key)
        elif key == ACCOUNT and self._without_share:
            coins, self._without_share = self._without_share - {ACCOUNT}, set()
            self._write(coins)

    def _present(self, key: str) -> Presence:
        """Return which figures there are, and of what: a change of it is no move of a price."""
        if key == ACCOUNT:
            account = self.account()
            missing = (account.complete, account.unpriced, account.without_cost)
            return (account.available, account.profit is None, *missing)
        coin = self.coin(key)
        return (coin.available, coin.value is None, coin.profit is None)

    def _figure(self, key: str) -> Figure | None:
        figures = self.account() if key == ACCOUNT else self.coin(key)
        value = figures.total_value if isinstance(figures, AccountFigures) else figures.value
        if value is None:
            return None
        shown = (value,) if figures.profit is None else (value, figures.profit.unrealized)
        return Figure(value, tuple(rounded(each, self._fiat_digits) for each in shown))

    @callback
    def _write_by(self, deadline: float) -> None:
        """Ask the gate at the deadline, or earlier if that is planned already."""
        if deadline < self._timer.at:
            self._timer.set(deadline)

    @callback
    def async_cancel_timer(self) -> None:
        """Write no price that has moved, until the next one moves."""
        self._timer.cancel()
