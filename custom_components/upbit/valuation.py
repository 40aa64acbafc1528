"""What an account is worth: exact figures from its balances, its average buy prices and the prices of the region.

Nothing is rounded here except percentages, which are quotients. A figure is *not available* while something it is made
of is not available right now, and None when it does not exist: a coin without any market has no value.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Protocol

from .api.ledger import Ledger
from .api.wire import AverageBuyPrice, exact_difference, exact_product, exact_sum
from .costs import Costs
from .prices import Missing, Quote

_ZERO = Decimal(0)
QUOTIENT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""For what is not exact: 60 significant digits."""
_SIGNIFICANT = Context(prec=10, rounding=ROUND_HALF_EVEN)
_ROUNDING = Context(prec=1000, rounding=ROUND_HALF_EVEN)


class Balances(Protocol):
    """The balances of an account."""

    ledger: Ledger

    @property
    def available(self) -> bool:
        """Whether the balances as a whole are known to be up to date."""

    def is_available(self, currency: str) -> bool:
        """Whether the amount of a currency is known to be up to date."""


class Prices(Protocol):
    """The prices of a region."""

    def quote(self, coin: str) -> Quote | Missing:
        """Return the price of a coin in the region's currency."""


@dataclass(frozen=True, slots=True)
class Profit:
    """What is owned, compared with what it cost."""

    cost_basis: Decimal
    """Total times average buy price."""
    unrealized: Decimal
    """Value - cost basis."""

    @property
    def percent(self) -> Decimal | None:
        """Return the return on the cost in percent; None where there is no cost."""
        return percent(self.unrealized, self.cost_basis)


class _WithProfit:
    """Reads the parts of a profit, each None while there is none."""

    __slots__ = ()
    profit: Profit | None

    @property
    def cost_basis(self) -> Decimal | None:
        """Total times average buy price."""
        return None if self.profit is None else self.profit.cost_basis

    @property
    def unrealized_profit(self) -> Decimal | None:
        """Value - cost basis."""
        return None if self.profit is None else self.profit.unrealized

    @property
    def return_percent(self) -> Decimal | None:
        """Unrealized profit / cost basis in percent."""
        return None if self.profit is None else self.profit.percent


@dataclass(frozen=True, slots=True)
class CoinValue(_WithProfit):
    """The figures of one currency, in the region's own currency."""

    available: bool
    """Whether value and price are up to date."""
    total: Decimal = _ZERO
    """How much of it is owned."""
    quote: Quote | None = None
    """None where it has no price, or needs none because nothing of it is owned."""
    value: Decimal | None = None
    """Total times price; None while it is not available, or where no price exists."""
    previous_value: Decimal | None = None
    """The same amount at the previous close; None where Upbit gives none."""
    average: AverageBuyPrice | None = None
    cost_known: bool = True
    """Whether the cost is known, which includes that there is none."""
    has_cost: bool = True
    """Whether there is a cost, known or not, in the region's currency or one that can be converted to it."""
    profit: Profit | None = None
    """None while it is not known, and where there is no cost or no value."""

    @property
    def price(self) -> Decimal | None:
        """The exact price of one unit."""
        return None if self.quote is None else self.quote.price

    @property
    def shown_price(self) -> Decimal | None:
        """The price of one unit as received; one over two markets has ten significant digits."""
        if self.quote is None:
            return None
        return self.quote.price if len(self.quote.path) == 1 else _SIGNIFICANT.plus(self.quote.price)

    @property
    def source(self) -> str | None:
        """The markets the price comes from."""
        return None if self.quote is None else self.quote.source

    @property
    def priced_at(self) -> datetime | None:
        """The oldest last trade that the price is made of."""
        if self.quote is None or self.quote.traded_at is None:
            return None
        return datetime.fromtimestamp(self.quote.traded_at / 1000, UTC)

    @property
    def daily_change(self) -> Decimal | None:
        """The change since the previous close in percent."""
        if self.value is None or self.previous_value is None:
            return None
        return percent(exact_difference(self.value, self.previous_value), self.previous_value)

    @property
    def average_buy_price(self) -> Decimal | None:
        """The average buy price, in units of `cost_currency`."""
        return None if self.average is None else self.average.price

    @property
    def cost_currency(self) -> str | None:
        """What the average buy price is counted in."""
        return None if self.average is None else self.average.currency


@dataclass(frozen=True, slots=True)
class AccountFigures(_WithProfit):
    """The figures of an account, in the region's own currency."""

    available: bool
    """Whether the total value is up to date."""
    total_value: Decimal | None = None
    """All coins that have a price, and the region's own currency; None while it is not available."""
    complete: bool = False
    """Whether the total value contains everything the account owns."""
    unpriced: tuple[str, ...] = ()
    """Coins for which no price exists."""
    profit: Profit | None = None
    """Over the coins with a price and a cost; None while it is not known."""
    without_cost: tuple[str, ...] = ()
    """Coins without an average buy price, or with one that can't be converted."""
    daily_change: Decimal | None = None
    """Of the coins held now, in percent."""
    since: datetime | None = None
    """The previous close that the daily change counts from."""


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return how much of the whole the part is, in percent; None of nothing."""
    return QUOTIENT.divide(QUOTIENT.multiply(part, Decimal(100)), whole) if whole else None


def rounded(number: Decimal, decimals: int) -> str:
    """Return a number in plain notation with so many decimals, rounded half-even."""
    with_decimals = number.quantize(Decimal(1).scaleb(-decimals), context=_ROUNDING)
    return format(with_decimals or abs(with_decimals), "f")


_NOT_AVAILABLE = CoinValue(available=False)
_ACCOUNT_NOT_AVAILABLE = AccountFigures(available=False)


class Valuation:
    """The figures of one account, each computed when it is asked for and kept until it may have changed.

    The account's sums are exact, so a figure that changes is taken out and put in again: an account with many coins
    costs no more than one with few.
    """

    def __init__(self, fiat: str, balances: Balances, prices: Prices, costs: Costs) -> None:
        self.day_start = 0
        """The last 00:00 UTC in milliseconds since 1970."""
        self.has_unreadable = False
        """Whether the last snapshot had a row whose currency could not be read."""
        self._fiat = fiat
        self._balances = balances
        self._prices = prices
        self._costs = costs
        self._coins: dict[str, CoinValue] = {}
        self._account: AccountFigures | None = None
        self._sums = _Sums()
        self._changed: set[str] | None = None
        """Currencies that the sums don't have as they are; None for all."""

    def invalidate(self, coins: Iterable[str] | None = None) -> None:
        """Note that the figures of some currencies, or of all, may have changed."""
        self._account = None
        if coins is None:
            self._coins.clear()
            self._changed = None
            return
        for coin in coins:
            self._coins.pop(coin, None)
        if self._changed is not None:
            self._changed.update(coins)

    def coin(self, currency: str) -> CoinValue:
        """Return the figures of a currency."""
        if (value := self._coins.get(currency)) is None:
            value = self._coins[currency] = self._value_of(currency)
        return value

    def account(self) -> AccountFigures:
        """Return the figures of the account."""
        if self._account is None:
            self._account = self._sum()
        return self._account

    def _value_of(self, currency: str) -> CoinValue:
        if not self._balances.is_available(currency):
            return _NOT_AVAILABLE
        total = self._balances.ledger.holding(currency).total
        if not total:
            return CoinValue(True, total, None, _ZERO, _ZERO, profit=Profit(_ZERO, _ZERO))
        quote = self._prices.quote(currency)
        if quote is Missing.NOT_AVAILABLE:
            return _NOT_AVAILABLE
        if currency == self._fiat:
            return CoinValue(True, total, quote if isinstance(quote, Quote) else None, total)
        average = self._costs.average(currency)
        rate = None if average is None else self._prices.quote(average.currency)
        has_cost = rate is not None and rate is not Missing.NO_PRICE
        cost_known = self._costs.is_known(currency) and rate is not Missing.NOT_AVAILABLE
        if isinstance(quote, Missing):
            return CoinValue(True, total, average=average, cost_known=cost_known, has_cost=has_cost)
        value = exact_product(total, quote.price)
        previous = quote.previous_close(self.day_start)
        profit = None
        if average is not None and isinstance(rate, Quote) and cost_known:
            cost = exact_product(total, average.price, rate.price)
            profit = Profit(cost, exact_difference(value, cost))
        return CoinValue(
            True,
            total,
            quote,
            value,
            None if previous is None else exact_product(total, previous),
            average,
            cost_known,
            has_cost,
            profit,
        )

    def _sum(self) -> AccountFigures:
        if not self._balances.available:
            return _ACCOUNT_NOT_AVAILABLE
        sums = self._sums
        if self._changed is None:
            sums = self._sums = _Sums()
            self._changed = set(self._balances.ledger.currencies)
        for currency in self._changed:
            sums.put(currency, self.coin(currency), is_coin=currency != self._fiat)
        self._changed.clear()
        if sums.unavailable.names:
            return _ACCOUNT_NOT_AVAILABLE
        unpriced = sums.unpriced.names
        return AccountFigures(
            available=True,
            total_value=sums.value,
            complete=not unpriced and not self.has_unreadable,
            unpriced=unpriced,
            profit=None if sums.cost_unknown.names else Profit(sums.cost_basis, sums.unrealized),
            without_cost=sums.without_cost.names,
            daily_change=percent(exact_difference(sums.compared, sums.at_close), sums.at_close),
            since=datetime.fromtimestamp(self.day_start / 1000, UTC),
        )


class _Names:
    """A set of currencies, in the order of their names."""

    def __init__(self) -> None:
        self._members: set[str] = set()
        self._sorted: tuple[str, ...] | None = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The currencies; the same object for as long as they are the same."""
        if self._sorted is None:
            self._sorted = tuple(sorted(self._members))
        return self._sorted

    def put(self, name: str, *, member: bool) -> None:
        if member is not (name in self._members):
            (self._members.add if member else self._members.remove)(name)
            self._sorted = None


class _Sums:
    """The sums of an account over the currencies that were put in; each is put in again when it has changed."""

    def __init__(self) -> None:
        self.value = self.cost_basis = self.unrealized = self.compared = self.at_close = _ZERO
        self.unavailable, self.unpriced, self.cost_unknown, self.without_cost = (_Names() for _ in range(4))
        self._counted: dict[str, CoinValue] = {}

    def put(self, currency: str, new: CoinValue, *, is_coin: bool) -> None:
        """Count a currency as it is now. The region's own currency counts for the value only."""
        old = self._counted.get(currency)
        self._counted[currency] = new
        self._add(new, exact_sum)
        if old is not None:
            self._add(old, exact_difference)
        priced = new.value is not None
        self.unavailable.put(currency, member=not new.available)
        self.unpriced.put(currency, member=new.available and not priced)
        held = is_coin and new.available and bool(new.total)
        self.cost_unknown.put(currency, member=held and priced and not new.cost_known)
        self.without_cost.put(currency, member=held and new.cost_known and not new.has_cost)

    def _add(self, coin: CoinValue, combine: Callable[[Decimal, Decimal], Decimal]) -> None:
        if coin.value is not None:
            self.value = combine(self.value, coin.value)
            if coin.previous_value is not None:
                self.compared = combine(self.compared, coin.value)
                self.at_close = combine(self.at_close, coin.previous_value)
        if coin.profit is not None:
            self.cost_basis = combine(self.cost_basis, coin.profit.cost_basis)
            self.unrealized = combine(self.unrealized, coin.profit.unrealized)
