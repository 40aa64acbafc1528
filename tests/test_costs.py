"""The rules of the average buy prices, without a socket and without a loop."""

from decimal import Decimal
from math import inf

from custom_components.upbit.api.ledger import Change
from custom_components.upbit.api.wire import AverageBuyPrice, Holding
from custom_components.upbit.const import COST_TIMINGS
from custom_components.upbit.costs import Costs


def change(before: str, after: str, currency: str = "BTC") -> Change:
    zero = Decimal(0)
    return Change(currency, Holding(Decimal(before), zero), Holding(Decimal(after), zero), None)


def averages(price: str, currency: str = "SGD") -> dict[str, AverageBuyPrice]:
    return {"BTC": AverageBuyPrice(Decimal(price), currency)}


def costs_at(price: str) -> Costs:
    costs = Costs("SGD", COST_TIMINGS)
    costs.merge(averages(price), 0)
    return costs


def test_averages_are_unknown_before_the_first_snapshot() -> None:
    assert not Costs("SGD", COST_TIMINGS).is_known("BTC")
    assert costs_at("100").is_known("BTC")


def test_growth_makes_the_average_unknown_and_asks_for_a_snapshot_within_three_seconds() -> None:
    costs = costs_at("100")
    assert costs.changed([change("1", "2")], 20) == 23
    assert not costs.is_known("BTC")


def test_total_that_shrinks_keeps_its_average() -> None:
    costs = costs_at("100")
    assert costs.changed([change("2", "1")], 20) == inf
    assert costs.is_known("BTC")


def test_own_currency_has_no_cost() -> None:
    assert costs_at("100").changed([change("1", "2", "SGD")], 20) == inf


def test_average_that_differs_is_known_immediately() -> None:
    costs = costs_at("100")
    costs.changed([change("1", "2")], 20)
    news, again_by = costs.merge(averages("150"), 23)
    assert (news, again_by) == ({"BTC"}, inf)
    assert costs.is_known("BTC")
    assert costs.average("BTC") == AverageBuyPrice(Decimal(150), "SGD")


def test_average_that_is_the_same_is_known_ten_seconds_after_the_last_growth() -> None:
    costs = costs_at("100")
    costs.changed([change("1", "2")], 20)
    costs.changed([change("2", "3")], 22)
    assert costs.merge(averages("100"), 23) == (frozenset(), 32)
    assert not costs.is_known("BTC")
    costs.merge(averages("100"), 32)
    assert costs.is_known("BTC")


def test_snapshot_requested_before_the_growth_does_not_count() -> None:
    costs = costs_at("100")
    costs.changed([change("1", "2")], 20)
    costs.merge(averages("150"), 19)
    assert not costs.is_known("BTC")
    costs.merge(averages("150"), 23)
    assert costs.is_known("BTC")


def test_average_of_a_coin_never_held_before_is_known_when_it_appears() -> None:
    costs = Costs("SGD", COST_TIMINGS)
    costs.merge({}, 0)
    costs.changed([change("0", "1")], 20)
    assert costs.merge({}, 23)[1] == 30
    assert not costs.is_known("BTC")
    costs.merge(averages("100"), 30)
    assert costs.is_known("BTC")


def test_average_edited_by_the_user_is_news() -> None:
    costs = costs_at("100")
    assert costs.merge(averages("101"), 60)[0] == {"BTC"}
    assert costs.merge({}, 120)[0] == {"BTC"}
    assert costs.average("BTC") is None


def test_held_coin_without_a_row_keeps_what_is_known_of_its_average() -> None:
    costs = costs_at("100")
    missing = frozenset({"BTC"})
    assert costs.merge({}, 60, missing) == (frozenset(), inf)
    assert costs.average("BTC") == AverageBuyPrice(Decimal(100), "SGD")
    costs.changed([change("1", "2")], 70)
    # The next regular snapshot is early enough for a row that may stay away.
    assert costs.merge({}, 90, missing) == (frozenset(), inf)
    assert not costs.is_known("BTC")


def test_currencies_are_the_coins_the_averages_are_counted_in() -> None:
    assert costs_at("100").currencies == frozenset()
    costs = Costs("SGD", COST_TIMINGS)
    costs.merge(averages("1", "USDT"), 0)
    assert costs.currencies == {"USDT"}
