"""The ledger: the only place where an amount changes; updates and snapshots are merged into it."""

from collections.abc import Collection, Iterable, KeysView
from dataclasses import dataclass
from datetime import UTC, datetime

from .wire import EMPTY, AssetUpdate, Holding, Holdings


@dataclass(slots=True)
class Change:
    """One currency's amounts before and after a merge; not frozen, for the reason that `Holdings` has."""

    currency: str
    before: Holding
    after: Holding
    asset_timestamp: int | None
    """Milliseconds since 1970 when the asset changed; None for a change that a snapshot showed."""

    @property
    def changed_at(self) -> datetime | None:
        """When the asset changed, by the exchange's clock."""
        return (
            None if self.asset_timestamp is None else datetime.fromtimestamp(self.asset_timestamp / 1000, UTC)
        )


class Ledger:
    """Holdings by currency, merged from two sources that may overtake each other.

    Updates carry a time but no sequence number, snapshots carry neither. So an update is stale only when it is
    strictly older than the last one of its currency, on whatever connection they came. A snapshot yields to every
    update that came after it was requested.

    The amount of a currency may be unknown: its last item could not be decoded, or it is only known by name from an
    earlier run. A change from and to the unknown is returned once the amount is known again, as a change from the
    last known amount. The first amount of a currency that was unknown from the start is no change.
    """

    def __init__(self) -> None:
        self._holdings: dict[str, Holding | None] = {}
        """The last known amounts; None where there never was one."""
        self.unknown: set[str] = set()
        """The currencies whose amount is not known."""
        self._asset_timestamps: dict[str, int] = {}
        self.stale: set[str] = set()
        """The currencies whose last update was ignored because it was older than one before."""
        self._updated: dict[str, int] = {}
        self.added: list[str] = []
        """The currencies that were added; whoever reads them clears the list."""
        self._has_snapshot = False
        self.sequence = 0
        """The number of updates merged so far: a mark to compare with, taken when a snapshot is requested."""
        self.stale_count = 0
        """Assets in updates that were ignored because they were older than the last one of their currency."""

    @property
    def currencies(self) -> KeysView[str]:
        """Every currency that has an amount or had one; what is no longer held stays, at zero."""
        return self._holdings.keys()

    def holding(self, currency: str) -> Holding:
        """Return the last known amounts of a currency; zero where there is none."""
        return self._holdings.get(currency) or EMPTY

    def updated_since(self, currency: str, sequence: int) -> bool:
        """Whether an update of the currency was merged after the mark was taken."""
        return self._updated.get(currency, 0) > sequence

    def restore(self, currencies: Iterable[str]) -> None:
        """Add currencies known from an earlier run; their amounts are unknown until a snapshot shows them."""
        for currency in currencies:
            self._add(currency, None)
            self.unknown.add(currency)

    def remove(self, currency: str) -> None:
        """Drop a currency at zero; it is added again when there is an amount of it."""
        if currency not in self.unknown and self.holding(currency) == EMPTY:
            self._holdings.pop(currency, None)

    def merge_update(self, update: AssetUpdate) -> list[Change]:
        """Merge an update and return what it changed, in the order of the update."""
        self.sequence += 1
        changes = []
        time, amounts, undecodable = update.asset_timestamp, update.amounts, update.undecodable
        for currency in (*amounts, *undecodable) if undecodable else amounts:
            if time < self._asset_timestamps.get(currency, 0):
                self.stale_count += 1
                self.stale.add(currency)
                continue
            self._asset_timestamps[currency] = time
            if self.stale:
                self.stale.discard(currency)
            self._updated[currency] = self.sequence
            if (after := amounts.get(currency)) is None:
                self._lose(currency)
            elif (change := self._set(currency, after, time)) is not None:
                changes.append(change)
        return changes

    def missing(self, snapshot: Holdings, sequence: int) -> set[str]:
        """Return the currencies that a snapshot lacks: with an amount other than zero, or with an unknown one.

        Args:
            snapshot: The rows.
            sequence: The mark from when they were requested.
        """
        return {
            currency
            for currency, holding in self._holdings.items()
            if currency not in snapshot.amounts
            and currency not in snapshot.undecodable
            and (holding != EMPTY or currency in self.unknown)
            and not self.updated_since(currency, sequence)
        }

    def merge_snapshot(self, snapshot: Holdings, sequence: int, absent: Collection[str] = ()) -> list[Change]:
        """Merge the account's rows and return what they changed, in the order of the currencies' names.

        Args:
            snapshot: The rows.
            sequence: The mark from when they were requested.
            absent: Currencies without a row that are confirmed to be at zero.
        """
        changes = []
        for currency in sorted(snapshot.amounts.keys() | absent):
            if not self.updated_since(currency, sequence):
                change = self._set(currency, snapshot.amounts.get(currency, EMPTY), None)
                if change is not None:
                    changes.append(change)
        for currency in snapshot.undecodable:
            if not self.updated_since(currency, sequence):
                self._lose(currency)
        self._has_snapshot = True
        return changes

    def _set(self, currency: str, after: Holding, time: int | None) -> Change | None:
        if self.unknown:
            self.unknown.discard(currency)
        before = self._holdings.get(currency)
        if before == after:
            return None
        if before is None:
            if currency not in self._holdings:
                # Rows and assets at zero may be listed or not; both have to look alike.
                if after == EMPTY:
                    return None
                self._add(currency, after)
                return Change(currency, EMPTY, after, time)
            self._holdings[currency] = after
            return None
        self._holdings[currency] = after
        return Change(currency, before, after, time)

    def _lose(self, currency: str) -> None:
        if currency not in self._holdings:
            # With a snapshot it is known to have been at zero.
            self._add(currency, EMPTY if self._has_snapshot else None)
        self.unknown.add(currency)

    def _add(self, currency: str, holding: Holding | None) -> None:
        if currency not in self._holdings:
            self._holdings[currency] = holding
            self.added.append(currency)
