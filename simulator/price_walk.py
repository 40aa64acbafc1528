"""Prices that move: a random walk around the price each market has at the beginning, the same for each seed."""

from collections.abc import Collection
from decimal import Decimal
import random

from .markets import Market, Markets, MarketState, six_digits
from .paced import Paced

# Of the trades on a busy market, this share has no new price.
_UNCHANGED = 0.4
# Of a price, about how far a trade moves it, and which share of its distance from the beginning it goes back.
_MOVE = 0.0004
_RETURN = 0.002
# How seldom a thin market is traded, in steps.
_THIN = 5000


class PriceWalk(Paced):
    """Trades on the markets at prices of a random walk; each step trades on one market.

    On the markets in `thin` next to nobody trades. Steps depend on the seed and on the markets alone.
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
        # About five thousand in Singapore dollars at the most, whatever the price.
        volume = (self._random.randint(1, 5000) / price).quantize(Decimal("1E-8")) or Decimal("1E-8")
        if self._random.random() < _UNCHANGED:
            self._markets.trade(market.code, volume)
            return
        away = float(price / self._first.setdefault(market.code, price)) - 1
        moved = self._random.gauss(-_RETURN * away, _MOVE)
        self._markets.set_price(market.code, six_digits(price * (1 + Decimal(moved))), volume=volume)
