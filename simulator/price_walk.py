"""Prices that move: a random walk around the price each market has at the beginning, the same for each seed."""

from collections.abc import Collection
from decimal import Decimal
import random

from .markets import Market, Markets, MarketState, six_digits
from .paced import Paced

# The share of trades that do not change the price.
_UNCHANGED = 0.4
# The standard deviation of a price's move, as a share of the price.
_MOVE = 0.0004
# The share of its distance from the first price that a price returns with each move.
_RETURN = 0.002
# One of so many steps trades on a thin market.
_THIN = 5000


class PriceWalk(Paced):
    """Trades on the markets at prices of a random walk; each step trades on one market.

    The markets in `thin` are rarely traded. Steps depend on the seed and on the markets alone.
    """

    def __init__(
        self, markets: Markets, *, thin: Collection[str] = (), seed: int = 1, pace: float = 3.0
    ) -> None:
        super().__init__(seed=seed + 1, pace=pace)
        self._markets = markets
        self._thin = thin
        self._random = random.Random(seed)
        self._first: dict[str, Decimal] = {}

    def step(self) -> None:
        """Trade on one market, at the same price or at a new one."""
        rare = self._random.randrange(_THIN) == 0
        markets = [
            market
            for market in self._markets.listed
            if market.state is MarketState.ACTIVE and market.price and (market.code in self._thin) is rare
        ]
        if markets:
            self._trade(self._random.choice(markets))

    def _trade(self, market: Market) -> None:
        price = market.price
        assert price is not None
        # At most 5,000 of the quote currency, whatever the price.
        volume = (self._random.randint(1, 5000) / price).quantize(Decimal("1E-8")) or Decimal("1E-8")
        if self._random.random() < _UNCHANGED:
            self._markets.trade(market.code, volume)
            return
        away = float(price / self._first.setdefault(market.code, price)) - 1
        moved = self._random.gauss(-_RETURN * away, _MOVE)
        self._markets.set_price(market.code, six_digits(price * (1 + Decimal(moved))), volume=volume)
