"""Somebody trading: orders placed, partly filled and canceled, deposits and withdrawals, the same for each seed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
import random
from typing import Never

from .account import Account, Order

# Cuts amounts of any length.
_WIDE = Context(prec=10_000)

# Digits after the point of what the exchange books: fiat with all digits of price, quantity and fee.
_FIAT = Decimal("1E-20")
_QUANTITY = Decimal("1E-8")
_FEE = Decimal("0.0025")
_MOST_ORDERS = 5

# A coin's price in Singapore dollars, and the digits of what comes in from its chain.
_MARKETS: dict[str, tuple[Decimal, Decimal]] = {
    "BTC": (Decimal(118_000), Decimal("1E-8")),
    "ETH": (Decimal(3_900), Decimal("1E-18")),
    "XRP": (Decimal("2.95"), Decimal("1E-6")),
    "SOL": (Decimal(182), Decimal("1E-9")),
    "USDT": (Decimal("1.297"), Decimal("1E-6")),
    "DOGE": (Decimal("0.213"), Decimal("1E-8")),
    "LINK": (Decimal("17.85"), Decimal("1E-18")),
    "SHIB": (Decimal("0.0000118"), Decimal("1E-18")),
}
# Singapore dollars to each region's fiat.
_RATES = {"SGD": Decimal(1), "IDR": Decimal(12_800), "THB": Decimal("24.9"), "KRW": Decimal(1_120)}


def starting_holdings(fiat: str) -> dict[str, tuple[str, str]]:
    """Return what a person who has traded for a while holds in a region, and has in open orders."""
    available, locked = Decimal("18764.37231066771348207"), Decimal("1029.67012748959758")
    rate = _RATES[fiat]
    return {
        fiat: (_plain(available * rate, _FIAT), _plain(locked * rate, _FIAT)),
        "BTC": ("0.48210377", "0.015"),
        "ETH": ("5.301182740915533207", "0"),
        "XRP": ("1204.7719", "350.25"),
        "SOL": ("37.104482911", "0"),
        "USDT": ("2210.118803", "0"),
    }


def _plain(amount: Decimal, quantum: Decimal) -> str:
    return format(_cut(amount, quantum), "f")


def _cut(amount: Decimal, quantum: Decimal) -> Decimal:
    return amount.quantize(quantum, rounding=ROUND_DOWN, context=_WIDE).normalize(_WIDE)


@dataclass(slots=True)
class _Open:
    """An open order with the coin it is about and the price it was placed at."""

    order: Order
    coin: str
    price: Decimal
    buys: bool


class Trader:
    """Trades on an account; `pace` is steps a second, `paused` holds it.

    A step does one thing. Steps depend on the seed and on the account alone, never on the time. What is locked at
    the beginning counts as open orders.
    """

    def __init__(self, account: Account, fiat: str, *, seed: int = 1, pace: float = 1.0) -> None:
        self.account = account
        self.fiat = fiat
        self._random = random.Random(seed)
        self._pauses = random.Random(seed + 1)
        self._prices = {coin: price * _RATES[fiat] for coin, (price, _) in _MARKETS.items()}
        self._orders: list[_Open] = []
        self._pace = pace
        self._paused = False
        self._changed = asyncio.Event()
        self._adopt_locked()

    @property
    def pace(self) -> float:
        """Return the steps a second."""
        return self._pace

    @pace.setter
    def pace(self, pace: float) -> None:
        if pace <= 0:
            raise ValueError("the pace must be above 0; pause instead")
        self._pace = pace
        self._changed.set()

    @property
    def paused(self) -> bool:
        """Say whether trading is held."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        self._changed.set()

    async def run(self) -> Never:
        """Trade until canceled."""
        while True:
            wait = None if self._paused else self._pauses.uniform(0.5, 1.5) / self._pace
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
                continue
            self.step()

    def step(self) -> None:
        """Do one thing; the account changes in at least one currency."""
        self._move_prices()
        for _ in range(20):
            if self._choose()():
                return
        self._deposit_fiat()

    def _choose(self) -> Callable[[], bool]:
        (chosen,) = self._random.choices(
            (
                self._buy,
                self._sell,
                self._fill,
                self._cancel,
                self._deposit_fiat,
                self._deposit_coin,
                self._withdraw,
            ),
            weights=(18, 14, 46, 8, 3, 6, 5),
        )
        return chosen

    def _buy(self) -> bool:
        if len(self._orders) >= _MOST_ORDERS:
            return False
        coin = self._random.choice(tuple(_MARKETS))
        available = self.account[self.fiat].available
        price = self._prices[coin]
        quantity = _cut(available * self._share(2, 15) / price, _QUANTITY)
        cost = _cut(quantity * price * (1 + _FEE), _FIAT)
        if not 0 < cost <= available:
            return False
        self._orders.append(_Open(self.account.place_order(self.fiat, cost), coin, price, buys=True))
        return True

    def _sell(self) -> bool:
        held = [coin for coin in _MARKETS if self.account[coin].available > 0]
        if not held or len(self._orders) >= _MOST_ORDERS:
            return False
        coin = self._random.choice(held)
        available = self.account[coin].available
        everything = self._random.random() < 0.15
        quantity = available if everything else _cut(available * self._share(5, 40), _QUANTITY)
        if not quantity:
            return False
        order = self.account.place_order(coin, quantity)
        self._orders.append(_Open(order, coin, self._prices[coin], buys=False))
        return True

    def _fill(self) -> bool:
        if not self._orders:
            return False
        chosen = self._random.choice(self._orders)
        remaining = chosen.order.remaining
        whole = self._random.random() < 0.4
        quantum = _FIAT if chosen.buys else _QUANTITY
        paid = remaining if whole else _cut(remaining * self._share(10, 90), quantum)
        if chosen.buys:
            amount, received = _cut(paid / (chosen.price * (1 + _FEE)), _QUANTITY), chosen.coin
        else:
            amount, received = _cut(paid * chosen.price * (1 - _FEE), _FIAT), self.fiat
        if not paid or not amount:
            return self._drop(chosen)
        self.account.fill(chosen.order, paid, received, amount)
        if not chosen.order.remaining:
            self._orders.remove(chosen)
        return True

    def _cancel(self) -> bool:
        return bool(self._orders) and self._drop(self._random.choice(self._orders))

    def _drop(self, chosen: _Open) -> bool:
        self._orders.remove(chosen)
        self.account.cancel(chosen.order)
        return True

    def _deposit_fiat(self) -> bool:
        amount = Decimal(self._random.randrange(100, 3_000, 50)) * _RATES[self.fiat]
        self.account.deposit(self.fiat, amount)
        return True

    def _deposit_coin(self) -> bool:
        coin, (price, quantum) = self._random.choice(tuple(_MARKETS.items()))
        self.account.deposit(coin, _cut(self._share(5, 95) * 800 / price, quantum))
        return True

    def _withdraw(self) -> bool:
        currency = self._random.choice((self.fiat, *_MARKETS))
        quantum = Decimal("0.01") if currency == self.fiat else _QUANTITY
        amount = _cut(self.account[currency].available * self._share(1, 20), quantum)
        if not amount:
            return False
        self.account.withdraw(currency, amount)
        return True

    def _share(self, least: int, most: int) -> Decimal:
        """Return a share between two percentages with the crooked digits that real amounts have."""
        return Decimal(self._random.randint(least * 10**8, most * 10**8)).scaleb(-10)

    def _move_prices(self) -> None:
        for coin, price in self._prices.items():
            drift = Decimal(self._random.randint(-40, 40)).scaleb(-4)
            digits = price.adjusted() - 5
            self._prices[coin] = _cut(price * (1 + drift), Decimal(1).scaleb(digits))

    def _adopt_locked(self) -> None:
        for currency, holding in self.account.holdings.items():
            if holding.locked:
                buys = currency == self.fiat
                coin = "BTC" if buys else currency
                if coin in self._prices:
                    order = Order(currency, holding.locked)
                    self._orders.append(_Open(order, coin, self._prices[coin], buys))
