"""Somebody trading: orders placed, partly filled and canceled, deposits and withdrawals, the same for each seed."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
import random

from .account import Account, Order
from .markets import COINS, RATES, Market, Markets, MarketState
from .paced import Paced

# Cuts amounts of any length.
_WIDE = Context(prec=10_000)

# Digits after the point of what the exchange books: fiat with all digits of price, quantity and fee.
_FIAT = Decimal("1E-20")
_QUANTITY = Decimal("1E-8")
_FEE = Decimal("0.0025")
_MOST_ORDERS = 5

# The digits of what comes in from a coin's chain.
_DIGITS: dict[str, Decimal] = {
    "BTC": Decimal("1E-8"),
    "ETH": Decimal("1E-18"),
    "XRP": Decimal("1E-6"),
    "SOL": Decimal("1E-9"),
    "USDT": Decimal("1E-6"),
    "DOGE": Decimal("1E-8"),
    "LINK": Decimal("1E-18"),
    "SHIB": Decimal("1E-18"),
}


def starting_holdings(fiat: str) -> dict[str, tuple[str, str]]:
    """Return what a person who has traded for a while holds in a region, and has in open orders."""
    available, locked = Decimal("18764.37231066771348207"), Decimal("1029.67012748959758")
    rate = RATES[fiat]
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


class Trader(Paced):
    """Trades on an account; a step does one thing.

    With `markets` it trades at their prices, otherwise at prices of its own. Steps depend on the seed, on the account
    and on the markets alone, never on the time. What is locked at the beginning counts as open orders.
    """

    def __init__(
        self, account: Account, fiat: str, *, markets: Markets | None = None, seed: int = 1, pace: float = 1.0
    ) -> None:
        super().__init__(seed=seed + 1, pace=pace)
        self.account = account
        self.fiat = fiat
        self._markets = markets
        self._random = random.Random(seed)
        self._prices = {coin: COINS[coin][2] * RATES[fiat] for coin in _DIGITS}
        self._orders: list[_Open] = []
        self._adopt_locked()

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
        coin = self._random.choice(tuple(_DIGITS))
        available = self.account[self.fiat].available
        price = self._price(coin)
        quantity = _cut(available * self._share(2, 15) / price, _QUANTITY)
        cost = _cut(quantity * price * (1 + _FEE), _FIAT)
        if not 0 < cost <= available:
            return False
        self._orders.append(_Open(self.account.place_order(self.fiat, cost), coin, price, buys=True))
        return True

    def _sell(self) -> bool:
        held = [coin for coin in _DIGITS if self.account[coin].available > 0]
        if not held or len(self._orders) >= _MOST_ORDERS:
            return False
        coin = self._random.choice(held)
        available = self.account[coin].available
        everything = self._random.random() < 0.15
        quantity = available if everything else _cut(available * self._share(5, 40), _QUANTITY)
        if not quantity:
            return False
        order = self.account.place_order(coin, quantity)
        self._orders.append(_Open(order, coin, self._price(coin), buys=False))
        return True

    def _fill(self) -> bool:
        if not self._orders:
            return False
        chosen = self._random.choice(self._orders)
        remaining = chosen.order.remaining
        whole = self._random.random() < 0.4
        quantum = _FIAT if chosen.buys else _QUANTITY
        paid = remaining if whole else _cut(remaining * self._share(10, 90), quantum)
        price = chosen.price if self._markets is None else self._price(chosen.coin)
        if chosen.buys:
            amount, received = _cut(paid / (price * (1 + _FEE)), _QUANTITY), chosen.coin
        else:
            amount, received = _cut(paid * price * (1 - _FEE), _FIAT), self.fiat
        if not paid or not amount:
            return self._drop(chosen)
        self.account.fill(chosen.order, paid, received, amount, price=price if chosen.buys else None)
        self._publish(chosen.coin, amount if chosen.buys else paid)
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
        amount = Decimal(self._random.randrange(100, 3_000, 50)) * RATES[self.fiat]
        self.account.deposit(self.fiat, amount)
        return True

    def _deposit_coin(self) -> bool:
        coin, quantum = self._random.choice(tuple(_DIGITS.items()))
        self.account.deposit(coin, _cut(self._share(5, 95) * 800 / COINS[coin][2], quantum))
        return True

    def _withdraw(self) -> bool:
        currency = self._random.choice((self.fiat, *_DIGITS))
        quantum = Decimal("0.01") if currency == self.fiat else _QUANTITY
        amount = _cut(self.account[currency].available * self._share(1, 20), quantum)
        if not amount:
            return False
        self.account.withdraw(currency, amount)
        return True

    def _share(self, least: int, most: int) -> Decimal:
        """Return a share between two percentages with the crooked digits that real amounts have."""
        return Decimal(self._random.randint(least * 10**8, most * 10**8)).scaleb(-10)

    def _market(self, coin: str) -> Market | None:
        market = None if self._markets is None else self._markets.get(f"{self.fiat}-{coin}")
        return market if market is not None and market.state is MarketState.ACTIVE else None

    def _price(self, coin: str) -> Decimal:
        market = self._market(coin)
        return self._prices[coin] if market is None or market.price is None else market.price

    def _publish(self, coin: str, quantity: Decimal) -> None:
        """Have the market show a trade that filled an order, unless it is closed by now."""
        if self._markets is not None and (market := self._market(coin)) is not None:
            self._markets.set_price(market.code, self._price(coin), volume=quantity)

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
                    self._orders.append(_Open(order, coin, self._price(coin), buys))
