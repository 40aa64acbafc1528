"""The ledger: updates and snapshots merged in any order, and exactly what each of them changed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.api.wire import EMPTY, AssetUpdate, DecodeErrorReason, Holding, Holdings


def holding(available: str, locked: str = "0") -> Holding:
    return Holding(Decimal(available), Decimal(locked))


def rows(*undecodable: str, **available: str) -> Holdings:
    amounts = {currency: holding(amount) for currency, amount in available.items()}
    return Holdings(amounts, dict.fromkeys(undecodable, DecodeErrorReason.INVALID_AMOUNT), 0)


def update(time: int, *undecodable: str, **available: str) -> AssetUpdate:
    assets = rows(*undecodable, **available)
    return AssetUpdate(assets.amounts, assets.undecodable, assets.unreadable, time)


def update_of(time: int, btc: Holding) -> AssetUpdate:
    return AssetUpdate({"BTC": btc}, {}, 0, time)


def currencies(changes: list[Change]) -> list[str]:
    return [change.currency for change in changes]


def held(ledger: Ledger) -> dict[str, Holding]:
    return {currency: ledger.holding(currency) for currency in ledger.currencies}


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


# Updates


def test_update_returns_what_it_changed(ledger: Ledger) -> None:
    assert ledger.merge_update(update(1000, BTC="1", KRW="5")) == [
        Change("BTC", EMPTY, holding("1"), 1000),
        Change("KRW", EMPTY, holding("5"), 1000),
    ]
    assert ledger.merge_update(update(2000, KRW="5", BTC="2")) == [
        Change("BTC", holding("1"), holding("2"), 2000)
    ]
    assert held(ledger) == {"BTC": holding("2"), "KRW": holding("5")}


def test_amounts_are_absolute(ledger: Ledger) -> None:
    ledger.merge_update(update_of(1, holding("3", "1")))
    ledger.merge_update(update_of(2, holding("2", "0")))
    assert ledger.holding("BTC") == holding("2", "0")


@pytest.mark.parametrize("after", [Holding(Decimal("1.0"), Decimal(0)), Holding(Decimal(1), Decimal("0.00"))])
def test_other_way_to_write_an_amount_is_no_change(ledger: Ledger, after: Holding) -> None:
    ledger.merge_update(update(1, BTC="1"))
    assert ledger.merge_update(update_of(2, after)) == []


def test_moving_between_available_and_locked_is_a_change(ledger: Ledger) -> None:
    ledger.merge_update(update_of(1, holding("1", "0")))
    (change,) = ledger.merge_update(update_of(2, holding("0", "1")))
    assert change.before.total == change.after.total


def test_strictly_older_update_is_ignored_for_its_currency_alone(ledger: Ledger) -> None:
    ledger.merge_update(update(2000, BTC="2"))
    assert currencies(ledger.merge_update(update(1999, BTC="1", XRP="7"))) == ["XRP"]
    assert held(ledger) == {"BTC": holding("2"), "XRP": holding("7")}
    assert ledger.stale_count == 1


def test_update_of_the_same_time_counts(ledger: Ledger) -> None:
    ledger.merge_update(update(2000, BTC="2"))
    assert currencies(ledger.merge_update(update(2000, BTC="3"))) == ["BTC"]
    assert ledger.stale_count == 0


def test_first_update_counts_whatever_its_time(ledger: Ledger) -> None:
    assert currencies(ledger.merge_update(update(0, BTC="2"))) == ["BTC"]


def test_ignored_update_does_not_move_the_clock_of_its_currency_back(ledger: Ledger) -> None:
    ledger.merge_update(update(3000, BTC="3"))
    ledger.merge_update(update(1000, BTC="1"))
    ledger.merge_update(update(2000, BTC="2"))
    assert ledger.holding("BTC") == holding("3")


def test_unchanged_update_moves_the_clock_of_its_currency(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="1"))
    assert ledger.merge_update(update(3000, BTC="1")) == []
    assert ledger.merge_update(update(2000, BTC="2")) == []
    assert ledger.holding("BTC") == holding("1")


def test_currency_is_marked_while_its_last_update_was_ignored(ledger: Ledger) -> None:
    ledger.merge_update(update(9_999_999, BTC="1"))
    assert "BTC" not in ledger.stale
    assert ledger.merge_update(update(2000, BTC="2", ETH="2"))
    assert "BTC" in ledger.stale
    assert "ETH" not in ledger.stale
    ledger.merge_snapshot(rows(BTC="2", ETH="2"), ledger.sequence)
    assert ledger.merge_update(update(2001, BTC="3")) == []
    ledger.merge_update(update(9_999_999, BTC="4"))
    assert "BTC" not in ledger.stale


def test_zero_of_a_currency_never_held_adds_nothing(ledger: Ledger) -> None:
    assert ledger.merge_update(update(1, DOGE="0")) == []
    assert ledger.merge_snapshot(rows(DOGE="0"), ledger.sequence) == []
    assert not ledger.currencies
    assert ledger.added == []


# Snapshots


def test_snapshot_returns_what_it_changed_in_the_order_of_currencies(ledger: Ledger) -> None:
    ledger.merge_update(update(1, XRP="1", BTC="1", ETH="1"))
    changes = ledger.merge_snapshot(rows(XRP="2", ETH="1", ADA="4"), ledger.sequence, ["BTC"])
    assert changes == [
        Change("ADA", EMPTY, holding("4"), None),
        Change("BTC", holding("1"), EMPTY, None),
        Change("XRP", holding("1"), holding("2"), None),
    ]


def test_currency_missing_from_a_snapshot_keeps_its_amount(ledger: Ledger) -> None:
    ledger.merge_snapshot(rows(BTC="1"), ledger.sequence)
    assert ledger.missing(rows(XRP="1"), ledger.sequence) == {"BTC"}
    assert currencies(ledger.merge_snapshot(rows(XRP="1"), ledger.sequence)) == ["XRP"]
    assert ledger.holding("BTC") == holding("1")


def test_currency_whose_absence_is_confirmed_stays_at_zero(ledger: Ledger) -> None:
    ledger.merge_snapshot(rows(BTC="1"), ledger.sequence)
    assert currencies(ledger.merge_snapshot(rows(), ledger.sequence, ["BTC"])) == ["BTC"]
    assert held(ledger) == {"BTC": EMPTY}
    assert ledger.missing(rows(), ledger.sequence) == set()
    assert ledger.merge_snapshot(rows(), ledger.sequence, ["BTC"]) == []


def test_currency_with_an_undecodable_row_is_not_missing(ledger: Ledger) -> None:
    ledger.merge_snapshot(rows(BTC="1"), ledger.sequence)
    assert ledger.missing(rows("BTC"), ledger.sequence) == set()


def test_currency_updated_after_the_request_is_not_missing(ledger: Ledger) -> None:
    requested_at = ledger.sequence
    ledger.merge_update(update(1000, BTC="2"))
    assert ledger.missing(rows(), requested_at) == set()


@pytest.mark.parametrize(
    ("snapshot", "absent"),
    [(rows(BTC="1", XRP="1"), []), (rows("BTC", XRP="1"), []), (rows(XRP="1"), ["BTC"])],
    ids=["listed", "undecodable", "absent"],
)
def test_snapshot_yields_to_an_update_after_its_request(
    ledger: Ledger, snapshot: Holdings, absent: list[str]
) -> None:
    ledger.merge_snapshot(rows(BTC="1", XRP="0.5"), ledger.sequence)
    requested_at = ledger.sequence
    ledger.merge_update(update(1000, BTC="2"))
    assert currencies(ledger.merge_snapshot(snapshot, requested_at, absent)) == ["XRP"]
    assert held(ledger) == {"BTC": holding("2"), "XRP": holding("1")}
    assert not ledger.unknown


def test_snapshot_yields_to_an_update_that_changed_nothing_too(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="2"))
    requested_at = ledger.sequence
    ledger.merge_update(update(2000, BTC="2"))
    assert ledger.merge_snapshot(rows(BTC="1"), requested_at) == []


def test_snapshot_does_not_yield_to_an_ignored_update(ledger: Ledger) -> None:
    ledger.merge_update(update(2000, BTC="2"))
    requested_at = ledger.sequence
    ledger.merge_update(update(1000, BTC="1"))
    assert not ledger.updated_since("BTC", requested_at)
    assert currencies(ledger.merge_snapshot(rows(BTC="5"), requested_at)) == ["BTC"]


def test_snapshot_does_not_yield_to_an_update_before_its_request(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="2"))
    assert currencies(ledger.merge_snapshot(rows(BTC="5"), ledger.sequence)) == ["BTC"]


def test_update_after_a_snapshot_counts_whatever_the_snapshot_showed(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="2"))
    ledger.merge_snapshot(rows(BTC="5"), ledger.sequence)
    assert currencies(ledger.merge_update(update(1000, BTC="6"))) == ["BTC"]


# Unknown amounts


@pytest.mark.parametrize("source", ["update", "snapshot"])
def test_change_from_and_to_an_unknown_amount_is_returned_when_it_is_known_again(
    ledger: Ledger, source: str
) -> None:
    ledger.merge_update(update(1, BTC="1"))
    assert ledger.merge_update(update(2, "BTC")) == []
    assert ledger.merge_snapshot(rows("BTC"), ledger.sequence) == []
    assert ledger.unknown == {"BTC"}
    assert ledger.holding("BTC") == holding("1")
    if source == "update":
        changes = ledger.merge_update(update(3, BTC="4"))
    else:
        changes = ledger.merge_snapshot(rows(BTC="4"), ledger.sequence)
    assert [(change.before, change.after) for change in changes] == [(holding("1"), holding("4"))]
    assert not ledger.unknown


def test_amount_that_is_known_again_and_is_as_before_is_no_change(ledger: Ledger) -> None:
    ledger.merge_update(update(1, BTC="1"))
    ledger.merge_update(update(2, "BTC"))
    assert ledger.merge_update(update(3, BTC="1")) == []
    assert not ledger.unknown


def test_older_undecodable_asset_is_ignored(ledger: Ledger) -> None:
    ledger.merge_update(update(2000, BTC="1"))
    ledger.merge_update(update(1000, "BTC"))
    assert not ledger.unknown
    assert ledger.stale_count == 1


def test_unknown_currency_at_zero_may_be_missing(ledger: Ledger) -> None:
    ledger.merge_snapshot(rows(), ledger.sequence)
    ledger.merge_update(update(1, "BTC"))
    assert ledger.missing(rows(), ledger.sequence) == {"BTC"}
    assert ledger.merge_snapshot(rows(), ledger.sequence, ["BTC"]) == []
    assert not ledger.unknown


def test_new_currency_with_an_unknown_amount_was_at_zero_where_a_snapshot_lacked_it(ledger: Ledger) -> None:
    ledger.merge_snapshot(rows(), ledger.sequence)
    ledger.merge_update(update(1, "BTC"))
    assert ledger.added == ["BTC"]
    assert ledger.merge_update(update(2, BTC="1")) == [Change("BTC", EMPTY, holding("1"), 2)]


def test_first_amount_of_a_currency_unknown_from_the_start_is_no_change(ledger: Ledger) -> None:
    ledger.merge_snapshot(rows("BTC"), ledger.sequence)
    assert ledger.merge_update(update(1, BTC="1")) == []
    assert ledger.holding("BTC") == holding("1")


# Currencies known from earlier


def test_restored_currency_has_no_amount_until_a_merge_shows_it(ledger: Ledger) -> None:
    ledger.restore(["BTC", "XRP", "ETH"])
    assert ledger.unknown == {"BTC", "XRP", "ETH"}
    assert ledger.merge_snapshot(rows(BTC="1"), ledger.sequence) == []
    assert ledger.merge_update(update(1, ETH="1")) == []
    assert ledger.unknown == {"XRP"}
    assert ledger.missing(rows(BTC="1"), ledger.sequence) == {"XRP", "ETH"}
    assert ledger.merge_snapshot(rows(BTC="1", ETH="1"), ledger.sequence, ["XRP"]) == []
    assert held(ledger) == {"BTC": holding("1"), "XRP": EMPTY, "ETH": holding("1")}
    assert not ledger.unknown


def test_added_currencies_are_taken_once(ledger: Ledger) -> None:
    ledger.restore(["BTC"])
    ledger.merge_update(update(1, XRP="1", BTC="1"))
    assert ledger.added == ["BTC", "XRP"]
    ledger.added.clear()
    ledger.merge_update(update(2, XRP="0"))
    ledger.merge_update(update(3, XRP="1"))
    assert ledger.added == []


def test_removed_currency_is_added_again_when_it_comes_back(ledger: Ledger) -> None:
    ledger.merge_update(update(1, BTC="1"))
    ledger.merge_update(update(2, BTC="0"))
    ledger.added.clear()
    ledger.remove("BTC")
    ledger.remove("BTC")
    assert not ledger.currencies
    assert ledger.merge_snapshot(rows(BTC="0"), ledger.sequence) == []
    assert ledger.added == []
    assert currencies(ledger.merge_update(update(3, BTC="1"))) == ["BTC"]
    assert ledger.added == ["BTC"]


@pytest.mark.parametrize("amount", [holding("0", "1"), holding("1", "0")])
def test_currency_that_is_held_cannot_be_removed(ledger: Ledger, amount: Holding) -> None:
    ledger.merge_update(update_of(1, amount))
    ledger.remove("BTC")
    assert held(ledger) == {"BTC": amount}


def test_currency_with_an_unknown_amount_cannot_be_removed(ledger: Ledger) -> None:
    ledger.restore(["BTC"])
    ledger.remove("BTC")
    assert ledger.currencies == {"BTC"}


def test_time_of_a_change_is_that_of_the_exchange(ledger: Ledger) -> None:
    (pushed,) = ledger.merge_update(update(1710146517259, BTC="1"))
    assert pushed.changed_at == datetime(2024, 3, 11, 8, 41, 57, 259000, tzinfo=UTC)
    (found,) = ledger.merge_snapshot(rows(BTC="2"), ledger.sequence)
    assert found.changed_at is None
