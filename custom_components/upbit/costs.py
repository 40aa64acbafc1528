"""The average buy prices of one account, without sockets, timers or Home Assistant.

Upbit's stream carries amounts only, so average prices come from snapshots. A purchase changes both, and the new average
may be late. From the moment a total has grown until the new average is there, the cost of that coin is unknown.
"""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from math import inf

from .api.ledger import Change
from .api.wire import AverageBuyPrice
from .const import CostTimings


class Costs:
    """Which average buy prices are known, and when a snapshot has to show them.

    An average is known again with the first snapshot, requested after the growth, in which it differs; otherwise with
    the first one requested some time after the last growth. A total that shrinks keeps its average. The region's own
    currency has none.
    """

    def __init__(self, fiat: str, timings: CostTimings) -> None:
        self._fiat = fiat
        self._timings = timings
        self._averages: Mapping[str, AverageBuyPrice] = {}
        self._grown: dict[str, float] = {}
        """Coins whose average is not known, with the time of their last growth."""
        self._loaded = False
        self.currencies: frozenset[str] = frozenset()
        """The coins in which averages are counted; most are counted in the region's own currency."""

    def is_known(self, coin: str) -> bool:
        """Whether the average of a coin is known, which includes that there is none."""
        return self._loaded and coin not in self._grown

    def average(self, coin: str) -> AverageBuyPrice | None:
        """Return the last known average of a coin; None where there is none, as for a deposit."""
        return self._averages.get(coin)

    def counted_in(self, currencies: AbstractSet[str]) -> set[str]:
        """Return the coins whose average is counted in one of these currencies."""
        return {coin for coin, average in self._averages.items() if average.currency in currencies}

    def changed(self, changes: Iterable[Change], now: float) -> float:
        """Note changes of balances; return the time by which a snapshot has to be requested, infinite for never."""
        return self.grown((each.currency for each in changes if each.after.total > each.before.total), now)

    def grown(self, currencies: Iterable[str], now: float) -> float:
        """Note totals that have grown, or may have; return the same as `changed`."""
        coins = [currency for currency in currencies if currency != self._fiat]
        self._grown |= dict.fromkeys(coins, now)
        return now + self._timings.request if coins else inf

    def merge(
        self,
        averages: Mapping[str, AverageBuyPrice],
        requested_at: float,
        missing: AbstractSet[str] = frozenset(),
    ) -> tuple[frozenset[str], float]:
        """Merge the averages of a snapshot.

        Args:
            averages: Those of the rows that have one, by coin.
            requested_at: When the snapshot was requested.
            missing: Coins that are held and have no row. It shows nothing of them, so they keep what they have.

        Returns:
            The coins whose average has changed or become known, and the time by which another snapshot has to be
            requested, infinite for never.
        """
        before = self._averages if self._loaded else averages
        kept = set(missing)
        news = set()
        again_by = inf
        for coin in self._grown.keys() - missing:
            at = self._grown[coin]
            is_new = requested_at >= at and averages.get(coin) != before.get(coin)
            if is_new or requested_at >= at + self._timings.settled:
                del self._grown[coin]
                news.add(coin)
            else:
                kept.add(coin)
                again_by = min(again_by, at + self._timings.settled)
        merged = {coin: average for coin, average in averages.items() if coin not in kept}
        merged |= {coin: average for coin, average in before.items() if coin in kept}
        before = self._averages
        news |= {coin for coin in before.keys() | merged.keys() if before.get(coin) != merged.get(coin)}
        self._averages, self._loaded = merged, True
        self.currencies = frozenset({average.currency for average in merged.values()} - {self._fiat})
        return frozenset(news), again_by
