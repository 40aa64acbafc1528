"""The ledger: frames and snapshots merged in any order, and exactly what each of them changed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.api.wire import EMPTY, AssetUpdate, Holding


def holding(balance: str, locked: str = "0") -> Holding:
    return Holding(Decimal(balance), Decimal(locked))


def update(time: int, **balances: str) -> AssetUpdate:
    return AssetUpdate({currency: holding(balance) for currency, balance in balances.items()}, time, time + 8)


def snapshot(**balances: str) -> dict[str, Holding]:
    return {currency: holding(balance) for currency, balance in balances.items()}


def currencies(changes: list[Change]) -> list[str]:
    return [change.currency for change in changes]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


# Frames


def test_frame_tells_what_it_changed(ledger: Ledger) -> None:
    assert ledger.merge_update(update(1000, BTC="1", KRW="5")) == [
        Change("BTC", EMPTY, holding("1"), 1000, True),
        Change("KRW", EMPTY, holding("5"), 1000, True),
    ]
    assert ledger.merge_update(update(2000, KRW="5", BTC="2")) == [
        Change("BTC", holding("1"), holding("2"), 2000, False)
    ]
    assert ledger.holdings == snapshot(BTC="2", KRW="5")


def test_amounts_are_absolute(ledger: Ledger) -> None:
    ledger.merge_update(AssetUpdate({"BTC": holding("3", "1")}, 1, 1))
    ledger.merge_update(AssetUpdate({"BTC": holding("2", "0")}, 2, 2))
    assert ledger.holding("BTC") == holding("2", "0")


@pytest.mark.parametrize("after", [Holding(Decimal("1.0"), Decimal(0)), Holding(Decimal(1), Decimal("0.00"))])
def test_other_way_to_write_an_amount_is_no_change(ledger: Ledger, after: Holding) -> None:
    ledger.merge_update(update(1, BTC="1"))
    assert ledger.merge_update(AssetUpdate({"BTC": after}, 2, 2)) == []


def test_moving_between_available_and_locked_is_a_change(ledger: Ledger) -> None:
    ledger.merge_update(AssetUpdate({"BTC": holding("1", "0")}, 1, 1))
    (change,) = ledger.merge_update(AssetUpdate({"BTC": holding("0", "1")}, 2, 2))
    assert change.before.total == change.after.total


def test_strictly_older_frame_is_ignored_for_its_currency_alone(ledger: Ledger) -> None:
    ledger.merge_update(update(2000, BTC="2"))
    assert currencies(ledger.merge_update(update(1999, BTC="1", XRP="7"))) == ["XRP"]
    assert ledger.holdings == snapshot(BTC="2", XRP="7")
    assert ledger.stale_count == 1


def test_frame_of_the_same_time_counts(ledger: Ledger) -> None:
    ledger.merge_update(update(2000, BTC="2"))
    assert currencies(ledger.merge_update(update(2000, BTC="3"))) == ["BTC"]
    assert ledger.stale_count == 0


def test_first_frame_counts_however_old_it_says_it_is(ledger: Ledger) -> None:
    assert currencies(ledger.merge_update(update(0, BTC="2"))) == ["BTC"]


def test_ignored_frame_does_not_move_the_clock_of_its_currency_back(ledger: Ledger) -> None:
    ledger.merge_update(update(3000, BTC="3"))
    ledger.merge_update(update(1000, BTC="1"))
    ledger.merge_update(update(2000, BTC="2"))
    assert ledger.holding("BTC") == holding("3")


def test_unchanged_frame_moves_the_clock_of_its_currency(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="1"))
    assert ledger.merge_update(update(3000, BTC="1")) == []
    assert ledger.merge_update(update(2000, BTC="2")) == []
    assert ledger.holding("BTC") == holding("1")


def test_currency_whose_last_frame_was_ignored_is_known(ledger: Ledger) -> None:
    ledger.merge_update(update(9_999_999, BTC="1"))
    assert not ledger.last_was_stale("BTC")
    assert ledger.merge_update(update(2000, BTC="2", ETH="2"))
    assert ledger.last_was_stale("BTC")
    assert not ledger.last_was_stale("ETH")
    ledger.merge_snapshot(snapshot(BTC="2", ETH="2"), ledger.sequence)
    assert ledger.merge_update(update(2001, BTC="3")) == []
    ledger.merge_update(update(9_999_999, BTC="4"))
    assert not ledger.last_was_stale("BTC")


def test_zero_for_a_currency_never_held_is_nothing_new(ledger: Ledger) -> None:
    assert ledger.merge_update(update(1, DOGE="0")) == []
    assert ledger.merge_snapshot(snapshot(DOGE="0"), ledger.sequence) == []
    assert ledger.holdings == {}


# Snapshots


def test_snapshot_tells_what_it_changed_in_the_order_of_currencies(ledger: Ledger) -> None:
    ledger.merge_update(update(1, XRP="1", BTC="1", ETH="1"))
    changes = ledger.merge_snapshot(snapshot(XRP="2", ETH="1", ADA="4"), ledger.sequence)
    assert changes == [
        Change("ADA", EMPTY, holding("4"), None, True),
        Change("BTC", holding("1"), EMPTY, None, False),
        Change("XRP", holding("1"), holding("2"), None, False),
    ]


def test_currency_missing_from_a_snapshot_is_held_at_zero(ledger: Ledger) -> None:
    ledger.merge_snapshot(snapshot(BTC="1"), ledger.sequence)
    assert currencies(ledger.merge_snapshot({}, ledger.sequence)) == ["BTC"]
    assert ledger.holdings == {"BTC": EMPTY}
    assert ledger.merge_snapshot({}, ledger.sequence) == []


@pytest.mark.parametrize("rows", [snapshot(BTC="1", XRP="1"), snapshot(XRP="1")], ids=["listed", "absent"])
def test_frame_wins_over_a_snapshot_that_was_asked_for_before_it(
    ledger: Ledger, rows: dict[str, Holding]
) -> None:
    ledger.merge_snapshot(snapshot(BTC="1", XRP="0.5"), ledger.sequence)
    asked_at = ledger.sequence
    ledger.merge_update(update(1000, BTC="2"))
    assert currencies(ledger.merge_snapshot(rows, asked_at)) == ["XRP"]
    assert ledger.holdings == snapshot(BTC="2", XRP="1")


def test_frame_that_changed_nothing_wins_all_the_same(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="2"))
    asked_at = ledger.sequence
    ledger.merge_update(update(2000, BTC="2"))
    assert ledger.merge_snapshot(snapshot(BTC="1"), asked_at) == []


def test_ignored_frame_does_not_win_over_a_snapshot(ledger: Ledger) -> None:
    ledger.merge_update(update(2000, BTC="2"))
    asked_at = ledger.sequence
    ledger.merge_update(update(1000, BTC="1"))
    assert not ledger.updated_since("BTC", asked_at)
    assert currencies(ledger.merge_snapshot(snapshot(BTC="5"), asked_at)) == ["BTC"]


def test_snapshot_wins_over_a_frame_before_it_was_asked_for(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="2"))
    assert currencies(ledger.merge_snapshot(snapshot(BTC="5"), ledger.sequence)) == ["BTC"]


def test_frame_after_a_snapshot_counts_whatever_the_snapshot_said(ledger: Ledger) -> None:
    ledger.merge_update(update(1000, BTC="2"))
    ledger.merge_snapshot(snapshot(BTC="5"), ledger.sequence)
    assert currencies(ledger.merge_update(update(1000, BTC="6"))) == ["BTC"]


# Currencies known from earlier


def test_known_currency_is_held_at_zero_and_is_not_new(ledger: Ledger) -> None:
    ledger.restore(["BTC", "XRP"])
    assert ledger.holdings == {"BTC": EMPTY, "XRP": EMPTY}
    (change,) = ledger.merge_update(update(1, BTC="1"))
    assert not change.first


def test_knowing_a_currency_does_not_empty_it(ledger: Ledger) -> None:
    ledger.merge_update(update(1, BTC="1"))
    ledger.restore(["BTC"])
    assert ledger.holding("BTC") == holding("1")


def test_forgotten_currency_is_new_when_it_comes_back(ledger: Ledger) -> None:
    ledger.restore(["BTC"])
    ledger.remove("BTC")
    ledger.remove("BTC")
    assert ledger.holdings == {}
    assert ledger.merge_snapshot(snapshot(BTC="0"), ledger.sequence) == []
    (change,) = ledger.merge_update(update(1, BTC="1"))
    assert change.first


@pytest.mark.parametrize("held", [holding("0", "1"), holding("1", "0")])
def test_currency_that_is_held_cannot_be_forgotten(ledger: Ledger, held: Holding) -> None:
    ledger.merge_update(AssetUpdate({"BTC": held}, 1, 1))
    ledger.remove("BTC")
    assert ledger.holdings == {"BTC": held}


def test_holdings_cannot_be_changed_by_a_reader(ledger: Ledger) -> None:
    with pytest.raises(TypeError):
        ledger.holdings["BTC"] = holding("1")  # type: ignore[index]


def test_time_of_a_change_is_the_exchange_s_own(ledger: Ledger) -> None:
    (told,) = ledger.merge_update(update(1710146517259, BTC="1"))
    assert told.changed_at == datetime(2024, 3, 11, 8, 41, 57, 259000, tzinfo=UTC)
    (found,) = ledger.merge_snapshot({}, ledger.sequence)
    assert found.changed_at is None
