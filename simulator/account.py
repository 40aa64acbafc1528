"""An account: exact balances, the events their changes give, every amount they ever had, and average buy prices."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import (
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
)
from enum import StrEnum
import time

# Sums stay exact however many digits they have; a result that would need rounding raises.
EXACT = Context(prec=10_000, traps=[Inexact, InvalidOperation, DivisionByZero, FloatOperation])
# The digits of an average price.
_AVERAGE = Context(prec=16)
_AVERAGES_KEPT = 1000

type Number = Decimal | str | int
type Listener = Callable[[AssetEvent], None]


def exact(value: Number) -> Decimal:
    """Return `value` as a Decimal with every digit; a float raises TypeError."""
    if isinstance(value, float):
        raise TypeError("amounts are exact: give a Decimal, a string or an integer")
    return Decimal(value)


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account holds of one currency: available for orders, and locked by orders or withdrawals."""

    available: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Return the sum of both."""
        return EXACT.add(self.available, self.locked)


@dataclass(frozen=True, slots=True)
class AssetEvent:
    """Currencies that changed together; `asset_timestamp` is in milliseconds since the epoch."""

    assets: tuple[tuple[str, Holding], ...]
    asset_timestamp: int


class Delivery(StrEnum):
    """How one event that touches several currencies reaches the stream."""

    ONE_FRAME = "one_frame"
    FRAME_EACH = "frame_each"


@dataclass(slots=True)
class Order:
    """An open order: `remaining` of `currency` is locked for it."""

    currency: str
    remaining: Decimal


@dataclass(frozen=True, slots=True)
class Average:
    """The average buy price of a currency, without fees, and the currency it is counted in."""

    price: Decimal
    unit: str


class Account:
    """The holdings of one person, changed exactly; the listeners are called immediately.

    Events get strictly increasing asset timestamps unless one is given. `delivery` says whether an event with
    several currencies gives one frame, or one for each with the same asset timestamp. What is paid with `fiat`, the
    region's currency, is bought, and moves its average price.
    """

    def __init__(
        self,
        holdings: Mapping[str, tuple[Number, Number]] | None = None,
        *,
        fiat: str | None = None,
        delivery: Delivery = Delivery.FRAME_EACH,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.holdings: dict[str, Holding] = {}
        self.history: dict[str, list[Holding]] = {}
        self.delivery = delivery
        self.listeners: list[Listener] = []
        self._fiat = fiat
        self._averages: dict[str, deque[tuple[int, Average | None]]] = {}
        self._clock = clock
        self._last_timestamp = 0
        if holdings:
            self.change(holdings)

    def __getitem__(self, currency: str) -> Holding:
        """Return the holding of a currency, zero where the account has none."""
        return self.holdings.get(currency, Holding())

    def totals_ever(self, currency: str) -> set[Decimal]:
        """Return every total the currency ever had, with the zero before its first change."""
        return {Decimal(0)} | {holding.total for holding in self.history.get(currency, ())}

    # Changing balances

    def set(self, currency: str, available: Number, locked: Number = 0) -> AssetEvent:
        """Set one currency to absolute amounts."""
        return self.change({currency: (available, locked)})

    def change(
        self,
        holdings: Mapping[str, tuple[Number, Number]],
        *,
        announce: bool = True,
        asset_timestamp: int | None = None,
    ) -> AssetEvent:
        """Set several currencies in one event; without `announce` no frame is sent for it."""
        event = self.event(holdings, asset_timestamp=asset_timestamp)
        for currency, holding in event.assets:
            if holding.available < 0 or holding.locked < 0:
                raise ValueError(f"{currency} would become negative")
        self.apply(event)
        if announce:
            for listener in tuple(self.listeners):
                listener(event)
        return event

    def event(
        self, holdings: Mapping[str, tuple[Number, Number]], *, asset_timestamp: int | None = None
    ) -> AssetEvent:
        """Make an event without applying it or calling the listeners."""
        assets = tuple(
            (currency, Holding(exact(available), exact(locked)))
            for currency, (available, locked) in holdings.items()
        )
        return AssetEvent(assets, self._next_timestamp() if asset_timestamp is None else asset_timestamp)

    def apply(self, event: AssetEvent) -> None:
        """Apply an event's amounts without calling the listeners."""
        for currency, holding in event.assets:
            self.holdings[currency] = holding
            self.history.setdefault(currency, []).append(holding)
            if not holding.total and self.average(currency) is not None:
                self._averages[currency].append((self._clock(), None))

    def remove(self, currency: str) -> None:
        """Drop a currency from the rows without an event, as if it had been sold out long ago."""
        if self.holdings.pop(currency, None) is not None:
            self.history[currency].append(Holding())

    def deposit(self, currency: str, amount: Number, average: Average | None = None) -> AssetEvent:
        """Add to the available amount; with an average it counts as bought at that price, else at none."""
        if average is not None:
            self._bought(currency, exact(amount), average)
        return self._move({currency: (exact(amount), Decimal(0))})

    def withdraw(self, currency: str, amount: Number) -> AssetEvent:
        """Take from the available amount."""
        return self._move({currency: (exact(amount).copy_negate(), Decimal(0))})

    def place_order(self, currency: str, amount: Number) -> Order:
        """Lock `amount` of the currency that the order pays with."""
        amount = exact(amount)
        self._move({currency: (amount.copy_negate(), amount)})
        return Order(currency, amount)

    def fill(
        self, order: Order, paid: Number, received: str, amount: Number, *, price: Number | None = None
    ) -> AssetEvent:
        """Fill an order or a part of it: `paid` leaves what is locked, `amount` of `received` arrives.

        With a price, in what the order pays with, `received` is bought at it. Without one, what is paid with the
        region's currency is bought at what is paid for one.
        """
        paid, amount = exact(paid), exact(amount)
        if paid > order.remaining:
            raise ValueError("an order cannot pay more than it has locked")
        if price is None and order.currency == self._fiat and amount:
            price = _AVERAGE.divide(paid, amount)
        if price is not None:
            self._bought(received, amount, Average(exact(price), order.currency))
        event = self._move({order.currency: (Decimal(0), paid.copy_negate()), received: (amount, Decimal(0))})
        order.remaining = EXACT.subtract(order.remaining, paid)
        return event

    def cancel(self, order: Order) -> AssetEvent:
        """Unlock what an order still holds."""
        event = self._move({order.currency: (order.remaining, order.remaining.copy_negate())})
        order.remaining = Decimal(0)
        return event

    # Average prices

    def average(self, currency: str, *, lag: float = 0) -> Average | None:
        """Return a currency's average price as it was so many seconds ago; None where nothing was bought."""
        latest = self._clock() - lag * 1000
        past = (average for at, average in reversed(self._averages.get(currency, ())) if at <= latest)
        return next(past, None)

    def set_average(self, currency: str, price: Number, unit: str) -> None:
        """Set a currency's average price, as if it had always been so."""
        self._averages[currency] = deque([(0, Average(exact(price), unit))], _AVERAGES_KEPT)

    @property
    def averages(self) -> dict[str, Average]:
        """Return the average prices of now."""
        return {
            currency: average
            for currency in self._averages
            if (average := self.average(currency)) is not None
        }

    def _bought(self, currency: str, amount: Decimal, at: Average) -> None:
        """Move the average by what is bought; one in another unit is replaced, since nothing tells how to convert."""
        held, before = self[currency].total, self.average(currency)
        if before is not None and before.unit == at.unit and held + amount:
            cost = _AVERAGE.add(before.price * held, at.price * amount)
            at = Average(_AVERAGE.divide(cost, held + amount), at.unit)
        self._averages.setdefault(currency, deque(maxlen=_AVERAGES_KEPT)).append((self._clock(), at))

    def _move(self, deltas: Mapping[str, tuple[Decimal, Decimal]]) -> AssetEvent:
        return self.change(
            {
                currency: (
                    _sum(self[currency].available, available),
                    _sum(self[currency].locked, locked),
                )
                for currency, (available, locked) in deltas.items()
            }
        )

    def _next_timestamp(self) -> int:
        self._last_timestamp = max(self._clock(), self._last_timestamp + 1)
        return self._last_timestamp

    def frames_of(self, event: AssetEvent) -> Iterable[AssetEvent]:
        """Split an event into what each of its frames carries."""
        if self.delivery is Delivery.ONE_FRAME:
            return (event,)
        return tuple(AssetEvent((asset,), event.asset_timestamp) for asset in event.assets)


def _sum(left: Decimal, right: Decimal) -> Decimal:
    total = EXACT.add(left, right)
    # The exchange writes an emptied amount as the integer 0.
    return total or Decimal(0)
