"""The figures of an account: exact, and honest about what is missing."""

from decimal import Decimal
from fractions import Fraction

import pytest

from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.api.ticker import Ticker
from custom_components.upbit.api.wire import AverageBuyPrice, Holding, Holdings, exact_product
from custom_components.upbit.const import COST_TIMINGS
from custom_components.upbit.costs import Costs
from custom_components.upbit.prices import Missing, Quote
from custom_components.upbit.valuation import Valuation, rounded

DAY_START = 1_000_000


def quote(*prices: str, previous: str | None = None, traded_at: int = DAY_START) -> Quote:
    """Return a quote over so many markets."""
    close = None if previous is None else Decimal(previous)
    path = tuple(Ticker("X-Y", Decimal(price), traded_at, close, delisted=False) for price in prices)
    return Quote(exact_product(*map(Decimal, prices)), path)


class Account:
    """An account with amounts, average buy prices in SGD, and prices."""

    def __init__(
        self,
        held: dict[str, str],
        prices: dict[str, Quote | Missing],
        averages: dict[str, str | AverageBuyPrice] | None = None,
    ) -> None:
        self.ledger = Ledger()
        self.available = True
        self.unavailable: set[str] = set()
        self.prices = {"SGD": Quote(Decimal(1), ()), **prices}
        self.costs = Costs("SGD", COST_TIMINGS)
        self.costs.merge(
            {
                coin: average
                if isinstance(average, AverageBuyPrice)
                else AverageBuyPrice(Decimal(average), "SGD")
                for coin, average in (averages or {}).items()
            },
            0,
        )
        amounts = {coin: Holding(Decimal(total), Decimal(0)) for coin, total in held.items()}
        self.ledger.merge_snapshot(Holdings(amounts, {}, 0), 0)
        self.valuation = Valuation("SGD", self, self, self.costs)
        self.valuation.day_start = DAY_START

    def is_available(self, currency: str) -> bool:
        return self.available and currency not in self.unavailable

    def quote(self, coin: str) -> Quote | Missing:
        return self.prices[coin]


def test_value_is_the_exact_product_and_the_total_their_sum() -> None:
    account = Account(
        {"BTC": "0.123456789012345678", "ADA": "3", "SGD": "0.01"},
        {"BTC": quote("135000.123456789"), "ADA": quote("0.00000519", "135000.123456789")},
    )
    values = {currency: account.valuation.coin(currency).value for currency in ("BTC", "ADA", "SGD")}
    assert values == {
        "BTC": Decimal("16666.681758245418244678763907942"),
        "ADA": Decimal("2.10195192222220473"),
        "SGD": Decimal("0.01"),
    }
    assert account.valuation.account().total_value == Decimal("16668.793710167640449408763907942")


def test_figures_of_any_digits_that_are_decoded_are_exact() -> None:
    large, small = "9" * 120, "0." + "0" * 119 + "1"
    high, low = quote(large, large), quote(small, small)
    dear, cheap = AverageBuyPrice(Decimal(large), "USDT"), AverageBuyPrice(Decimal(small), "BTC")
    account = Account(
        {"HUGE": large, "VAST": large, "TINY": small},
        {"HUGE": high, "VAST": high, "TINY": low, "USDT": high, "BTC": low},
        {"HUGE": dear, "VAST": dear, "TINY": cheap},
    )
    figures = account.valuation.account()
    assert figures.total_value is not None
    assert figures.cost_basis is not None
    assert Fraction(figures.total_value) == 2 * Fraction(large) ** 3 + Fraction(small) ** 3
    assert Fraction(figures.cost_basis) == 2 * Fraction(large) ** 4 + Fraction(small) ** 4
    assert rounded(figures.return_percent or Decimal(0), 4) == "-100.0000"


def test_coin_without_any_price_is_left_out_and_named() -> None:
    account = Account({"BTC": "2", "LOST": "5"}, {"BTC": quote("100"), "LOST": Missing.NO_PRICE})
    lost, figures = account.valuation.coin("LOST"), account.valuation.account()
    assert (lost.available, lost.value) == (True, None)
    assert (figures.total_value, figures.complete, figures.unpriced) == (200, False, ("LOST",))


def test_price_that_is_not_available_makes_coin_and_total_unavailable() -> None:
    account = Account({"BTC": "2", "ETH": "5"}, {"BTC": quote("100"), "ETH": Missing.NOT_AVAILABLE})
    assert not account.valuation.coin("ETH").available
    assert account.valuation.coin("BTC").value == 200
    assert not account.valuation.account().available


def test_amount_that_is_not_available_makes_the_total_unavailable() -> None:
    account = Account({"BTC": "2", "ETH": "5"}, {"BTC": quote("100"), "ETH": quote("10")})
    account.unavailable = {"ETH"}
    assert not account.valuation.account().available


def test_coin_at_zero_needs_no_price_and_is_in_no_list() -> None:
    account = Account({"BTC": "2", "ETH": "1"}, {"BTC": quote("100"), "ETH": Missing.NO_PRICE}, {"BTC": "90"})
    account.ledger.merge_snapshot(Holdings({"ETH": Holding(Decimal(0), Decimal(0))}, {}, 0), 0)
    figures = account.valuation.account()
    assert account.valuation.coin("ETH").value == 0
    assert (figures.complete, figures.unpriced, figures.without_cost) == (True, (), ())


def test_row_without_a_readable_code_makes_the_total_incomplete() -> None:
    account = Account({"BTC": "2"}, {"BTC": quote("100")})
    account.valuation.has_unreadable = True
    figures = account.valuation.account()
    assert (figures.total_value, figures.complete) == (200, False)


def test_profit_is_over_the_coins_with_price_and_cost() -> None:
    account = Account(
        {"BTC": "2", "AIR": "5", "LOST": "7", "SGD": "1000"},
        {"BTC": quote("100"), "AIR": quote("1"), "LOST": Missing.NO_PRICE},
        {"BTC": "80", "LOST": "3"},
    )
    figures = account.valuation.account()
    assert (figures.cost_basis, figures.unrealized_profit, figures.return_percent) == (160, 40, 25)
    assert figures.without_cost == ("AIR",)
    assert account.valuation.coin("AIR").unrealized_profit is None


def test_account_without_any_cost_has_zero_profit_and_no_return() -> None:
    figures = Account({"AIR": "5"}, {"AIR": quote("1")}).valuation.account()
    assert (figures.cost_basis, figures.unrealized_profit, figures.return_percent) == (0, 0, None)


def test_profit_is_unknown_after_growth_while_the_value_is_known() -> None:
    account = Account(
        {"BTC": "2", "ETH": "1"}, {"BTC": quote("100"), "ETH": quote("10")}, {"BTC": "80", "ETH": "5"}
    )
    grown = Change("BTC", Holding(Decimal(1), Decimal(0)), Holding(Decimal(2), Decimal(0)), None)
    account.costs.changed([grown], 10)
    figures = account.valuation.account()
    assert (figures.total_value, figures.profit) == (210, None)
    assert account.valuation.coin("BTC").profit is None
    assert account.valuation.coin("ETH").unrealized_profit == 5


@pytest.mark.parametrize(
    ("rate", "cost", "without_cost"),
    [(quote("1.3"), 208, ()), (Missing.NO_PRICE, 0, ("BTC",)), (Missing.NOT_AVAILABLE, None, ())],
)
def test_average_in_another_currency_is_converted_at_its_price(
    rate: Quote | Missing, cost: int | None, without_cost: tuple[str, ...]
) -> None:
    account = Account(
        {"BTC": "2"}, {"BTC": quote("100"), "USDT": rate}, {"BTC": AverageBuyPrice(Decimal(80), "USDT")}
    )
    figures = account.valuation.account()
    assert (figures.cost_basis, figures.without_cost) == (cost, without_cost)
    assert account.valuation.coin("BTC").cost_currency == "USDT"


def test_daily_change_compares_the_coins_held_now_with_the_previous_close() -> None:
    account = Account(
        {"BTC": "2", "ETH": "10", "NEW": "1", "SGD": "1000"},
        {"BTC": quote("100", previous="80"), "ETH": quote("10", traded_at=DAY_START - 1), "NEW": quote("7")},
    )
    # 300 now, 260 at the close. NEW has no close and is in neither.
    assert rounded(account.valuation.account().daily_change or Decimal(0), 4) == "15.3846"
    assert account.valuation.coin("BTC").daily_change == 25
    assert account.valuation.coin("ETH").daily_change == 0
    assert account.valuation.coin("NEW").daily_change is None


def test_price_over_two_markets_is_shown_with_ten_significant_digits() -> None:
    account = Account(
        {"BTC": "1", "ADA": "1"},
        {"BTC": quote("135000.1234567891"), "ADA": quote("0.00000519", "135000.1234567891")},
    )
    assert account.valuation.coin("BTC").shown_price == Decimal("135000.1234567891")
    assert account.valuation.coin("ADA").shown_price == Decimal("0.7006506407")


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [("1.00005", 4, "1.0000"), ("1.00015", 4, "1.0002"), ("-0.00001", 4, "0.0000"), ("1E+3", 2, "1000.00")],
)
def test_figures_are_rounded_half_even_in_plain_notation(number: str, decimals: int, text: str) -> None:
    assert rounded(Decimal(number), decimals) == text
