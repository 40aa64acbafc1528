"""The ledger: the one place where an amount changes, fed by frames and snapshots, read by everybody else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from .wire import EMPTY, AssetUpdate, Holding


@dataclass(frozen=True, slots=True)
class Change:
    """One currency's amounts before and after a merge."""

    currency: str
    before: Holding
    after: Holding
    asset_timestamp: int | None
    """Milliseconds since 1970 when the asset changed; None when a snapshot told, whose rows carry no time."""
    first: bool
    """Whether the currency had not been seen before."""

    @property
    def changed_at(self) -> datetime | None:
        """When the asset changed, as the exchange gives it."""
        return (
            None if self.asset_timestamp is None else datetime.fromtimestamp(self.asset_timestamp / 1000, UTC)
        )


class Ledger:
    """Holdings by currency, merged from two sources that may overtake each other.

    Frames carry a time but no sequence number; snapshots carry neither. So a frame is stale only when it is strictly
    older than the last one of its currency, on whatever connection they came, and a snapshot yields to every frame
    that came after it was asked for.
    Nothing here awaits: a merge is whole or has not happened.
    """

    def __init__(self) -> None:
        self._holdings: dict[str, Holding] = {}
        self._asset_timestamps: dict[str, int] = {}
        self._ignored: set[str] = set()
        """Currencies whose last frame was ignored."""
        self._touched: dict[str, int] = {}
        self._sequence = 0
        self.stale_count = 0
        """Currencies in frames that were ignored because a newer frame had come before."""

    @property
    def holdings(self) -> Mapping[str, Holding]:
        """Every currency ever seen; what is no longer held stays, at zero."""
        return MappingProxyType(self._holdings)

    def holding(self, currency: str) -> Holding:
        """Return what is held of a currency; zero for one never seen."""
        return self._holdings.get(currency, EMPTY)

    @property
    def sequence(self) -> int:
        """The number of frames merged so far: a mark to compare with, taken when a snapshot is asked for."""
        return self._sequence

    def updated_since(self, currency: str, sequence: int) -> bool:
        """Whether a frame has told about the currency after the mark was taken."""
        return self._touched.get(currency, 0) > sequence

    def last_was_stale(self, currency: str) -> bool:
        """Whether the last frame about the currency was ignored, because of its time."""
        return currency in self._ignored

    def restore(self, currencies: Iterable[str]) -> None:
        """Hold currencies known from earlier at zero until told otherwise."""
        for currency in currencies:
            self._holdings.setdefault(currency, EMPTY)

    def remove(self, currency: str) -> None:
        """Drop a currency that is empty; it counts as new when it is seen again."""
        if self.holding(currency) == EMPTY:
            self._holdings.pop(currency, None)

    def merge_update(self, update: AssetUpdate) -> list[Change]:
        """Merge a frame and return what it changed, in the order of the frame."""
        self._sequence += 1
        changes = []
        time = update.asset_timestamp
        for currency, after in update.holdings.items():
            if time < self._asset_timestamps.get(currency, 0):
                self.stale_count += 1
                self._ignored.add(currency)
                continue
            self._asset_timestamps[currency] = time
            self._ignored.discard(currency)
            self._touched[currency] = self._sequence
            if (change := self._set(currency, after, time)) is not None:
                changes.append(change)
        return changes

    def merge_snapshot(self, snapshot: Mapping[str, Holding], asked_at: int) -> list[Change]:
        """Merge the account's rows, as they were asked for at a mark, and return what they changed.

        A currency that is not in the rows is held at zero.

        Args:
            snapshot: The rows by currency.
            asked_at: The sequence when the rows were asked for.
        """
        changes = []
        for currency in snapshot.keys() | self._holdings.keys():
            if self.updated_since(currency, asked_at):
                continue
            if (change := self._set(currency, snapshot.get(currency, EMPTY), None)) is not None:
                changes.append(change)
        return sorted(changes, key=lambda change: change.currency)

    def _set(self, currency: str, after: Holding, time: int | None) -> Change | None:
        known = self._holdings.get(currency)
        before = EMPTY if known is None else known
        if before == after:
            return None
        self._holdings[currency] = after
        return Change(currency, before, after, time, known is None)
