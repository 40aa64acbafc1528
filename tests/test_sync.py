"""The rules of one account, each in a few lines, without a socket or a loop; times are seconds."""

from decimal import Decimal

import pytest

from custom_components.upbit.api.wire import EMPTY, AssetUpdate, DecodeErrorReason, Holding, Holdings
from custom_components.upbit.const import TIMINGS
from custom_components.upbit.sync import AccountSync, ReconnectReason

BAD = DecodeErrorReason.INVALID_AMOUNT


def held(available: int, locked: int = 0) -> Holding:
    return Holding(Decimal(available), Decimal(locked))


def holdings(*undecodable: str, unreadable: int = 0, **available: int) -> Holdings:
    amounts = {currency: held(amount) for currency, amount in available.items()}
    return Holdings(amounts, dict.fromkeys(undecodable, BAD), unreadable)


def update(time: int, *undecodable: str, unreadable: int = 0, **available: int) -> AssetUpdate:
    items = holdings(*undecodable, unreadable=unreadable, **available)
    return AssetUpdate(items.amounts, items.undecodable, items.unreadable, time)


def merge(sync: AccountSync, now: float, *undecodable: str, unreadable: int = 0, **available: int) -> list:
    """Take a snapshot that is answered immediately; return the changes as (currency, before, after)."""
    rows = holdings(*undecodable, unreadable=unreadable, **available)
    changes = sync.snapshot_merged(rows, sync.snapshot_requested(now), now)
    return [(c.currency, int(c.before.total), int(c.after.total)) for c in changes]


def receive(sync: AccountSync, now: float, message: AssetUpdate) -> list:
    return [(c.currency, int(c.before.total), int(c.after.total)) for c in sync.updated(message, lambda: now)]


def current(sync: AccountSync, currency: str, now: float) -> bool:
    return sync.is_current(now) and currency not in sync.not_current(now)


@pytest.fixture
def sync() -> AccountSync:
    """Connected at 0, with a first snapshot of 1 BTC at 0."""
    sync = AccountSync(TIMINGS)
    sync.stream_connected(0)
    assert merge(sync, 0, BTC=1) == []
    return sync


@pytest.fixture
def trusted(sync: AccountSync) -> AccountSync:
    """Also with an update received: 2 BTC at 10."""
    assert receive(sync, 10, update(1000, BTC=2)) == [("BTC", 1, 2)]
    return sync


# When the balances are current


def test_nothing_is_current_before_a_first_snapshot() -> None:
    sync = AccountSync(TIMINGS)
    sync.stream_connected(0)
    assert receive(sync, 1, update(1, BTC=1)) == []
    assert not sync.is_current(1)


def test_stream_without_an_update_is_current_for_75_s_after_a_snapshot(sync: AccountSync) -> None:
    assert sync.is_current(74.9)
    assert sync.next_deadline(0) == 75
    assert not sync.is_current(75)


def test_stream_that_has_delivered_stays_current_while_snapshots_fail(trusted: AccountSync) -> None:
    trusted.snapshot_requested(60)
    trusted.snapshot_failed(60, retry_in=1)
    assert trusted.is_current(100_000)


def test_first_update_after_the_balances_expired_proves_nothing_of_before(sync: AccountSync) -> None:
    receive(sync, 80, update(1000, BTC=2))
    assert not sync.is_current(80)


def test_lost_stream_leaves_a_grace_period(trusted: AccountSync) -> None:
    trusted.stream_lost(50)
    assert trusted.next_deadline(50) == 65
    assert trusted.is_current(64.9)
    assert not trusted.is_current(65)


def test_lost_stream_that_had_delivered_nothing_leaves_a_grace_period_too(sync: AccountSync) -> None:
    sync.stream_lost(5)
    assert sync.is_current(19.9)
    assert not sync.is_current(20)


def test_snapshots_alone_keep_the_balances_current(trusted: AccountSync) -> None:
    trusted.stream_lost(50)
    merge(trusted, 51, BTC=2)
    assert trusted.is_current(51 + 74.9)
    assert not trusted.is_current(51 + 75)


def test_invalid_message_leaves_a_grace_period(trusted: AccountSync) -> None:
    trusted.message_invalid(100)
    assert trusted.is_current(114.9)
    assert not trusted.is_current(115)


def test_only_a_snapshot_requested_after_an_invalid_message_restores_sync(trusted: AccountSync) -> None:
    request = trusted.snapshot_requested(99)
    trusted.message_invalid(100)
    trusted.snapshot_merged(holdings(BTC=2), request, 101)
    assert not trusted.in_sync
    assert not trusted.is_current(116)
    merge(trusted, 105, BTC=2)
    assert trusted.in_sync


def test_snapshot_requested_before_a_new_connection_does_not_put_it_in_sync(trusted: AccountSync) -> None:
    request = trusted.snapshot_requested(60)
    trusted.stream_lost(61)
    trusted.stream_connected(62)
    trusted.snapshot_merged(holdings(BTC=2), request, 63)
    assert not trusted.in_sync


def test_stopped_account_is_not_current(trusted: AccountSync) -> None:
    trusted.stopped()
    assert not trusted.is_current(11)
    assert not trusted.online


def test_stream_being_replaced_counts_as_online(trusted: AccountSync) -> None:
    trusted.stream_lost(50, replacing=True)
    assert trusted.online
    trusted.stream_lost(51)
    assert not trusted.online


# When a snapshot is due


@pytest.mark.parametrize("received", [True, False])
def test_snapshot_is_due_a_minute_after_the_last_request(sync: AccountSync, received: bool) -> None:
    if received:
        receive(sync, 10, update(1000, BTC=2))
    request = sync.snapshot_requested(20)
    sync.snapshot_merged(holdings(BTC=2), request, 23)
    assert sync.next_snapshot_at == 80


def test_failed_snapshot_is_repeated(trusted: AccountSync) -> None:
    trusted.snapshot_requested(60)
    trusted.snapshot_failed(61, retry_in=2)
    assert trusted.next_snapshot_at == 63


def test_new_connection_and_lost_connection_need_a_snapshot_now(trusted: AccountSync) -> None:
    trusted.stream_lost(50)
    assert trusted.next_snapshot_at == 50
    trusted.snapshot_requested(50)
    trusted.stream_lost(52)  # an attempt that failed
    assert trusted.next_snapshot_at == 110
    trusted.stream_connected(53)
    assert trusted.next_snapshot_at == 53


@pytest.mark.parametrize(
    "message", [update(1, BTC=3), update(1001, "BTC"), update(1001, BTC=2, unreadable=1)]
)
def test_ignored_or_undecodable_asset_needs_a_snapshot_soon(
    trusted: AccountSync, message: AssetUpdate
) -> None:
    trusted.snapshot_requested(11)
    trusted.updated(message, lambda: 20)
    assert trusted.next_snapshot_at == 25


def test_invalid_message_needs_a_snapshot_soon(trusted: AccountSync) -> None:
    trusted.message_invalid(20)
    assert trusted.next_snapshot_at == 25


def test_update_of_an_earlier_connection_is_old(trusted: AccountSync) -> None:
    trusted.stream_lost(20)
    trusted.stream_connected(21)
    assert receive(trusted, 22, update(999, BTC=7)) == []


def test_snapshot_for_an_invalid_message_is_not_moved_by_another_one(trusted: AccountSync) -> None:
    trusted.message_invalid(20)
    trusted.snapshot_requested(22)
    assert trusted.next_snapshot_at == 25


# Missed updates


def show_change(sync: AccountSync) -> None:
    assert merge(sync, 60, BTC=3) == [("BTC", 2, 3)]


def test_missed_update_replaces_the_connection_after_10_s(trusted: AccountSync) -> None:
    show_change(trusted)
    assert trusted.next_deadline(60) == 70
    assert trusted.advance(69.9) is None
    assert trusted.advance(70) is ReconnectReason.MISSED_UPDATE
    assert trusted.missed_updates == 1
    assert trusted.advance(71) is None


@pytest.mark.parametrize("message", [update(2000, BTC=3), update(2000, BTC=4), update(2000, "BTC")])
def test_update_in_time_keeps_the_connection(trusted: AccountSync, message: AssetUpdate) -> None:
    show_change(trusted)
    trusted.updated(message, lambda: 69)
    assert trusted.advance(70) is None


def test_another_snapshot_does_not_hide_a_missed_update(trusted: AccountSync) -> None:
    show_change(trusted)
    merge(trusted, 65, BTC=3)
    assert trusted.advance(70) is ReconnectReason.MISSED_UPDATE


def test_nothing_is_expected_of_a_connection_that_was_not_in_sync_at_the_request(
    trusted: AccountSync,
) -> None:
    trusted.stream_lost(50)
    trusted.stream_connected(51)
    assert merge(trusted, 51, BTC=3) == [("BTC", 2, 3)]
    assert trusted.advance(70) is None


@pytest.mark.parametrize("event", ["stream_lost", "message_invalid"])
def test_nothing_is_expected_after_a_gap(trusted: AccountSync, event: str) -> None:
    show_change(trusted)
    getattr(trusted, event)(65)
    assert trusted.advance(70) is None


def test_nothing_is_expected_of_a_currency_whose_update_was_ignored(trusted: AccountSync) -> None:
    trusted.updated(update(1, BTC=3), lambda: 50)
    show_change(trusted)
    assert trusted.advance(70) is None


def test_nothing_is_expected_of_a_currency_whose_update_could_not_be_decoded(trusted: AccountSync) -> None:
    trusted.updated(update(1001, "BTC"), lambda: 50)
    show_change(trusted)
    assert trusted.advance(70) is None


# Reasons to connect again


def test_stream_that_never_delivered_is_replaced_after_ten_minutes(sync: AccountSync) -> None:
    merge(sync, 599, BTC=1)
    assert sync.advance(599) is None
    merge(sync, 600, BTC=1)
    assert sync.advance(600) is ReconnectReason.FIRST_USE


def test_stream_that_delivered_once_is_kept(trusted: AccountSync) -> None:
    trusted.stream_lost(20)
    trusted.stream_connected(21)
    merge(trusted, 700, BTC=2)
    assert trusted.advance(700) is None


def test_clock_that_jumped_replaces_the_connection_and_shortens_the_validity(sync: AccountSync) -> None:
    sync.clock_jumped(20)
    assert sync.advance(20) is ReconnectReason.CLOCK_JUMP
    assert sync.next_snapshot_at == 20
    assert sync.is_current(34.9)
    assert not sync.is_current(35)


def test_snapshot_that_succeeds_again_connects_the_stream_once_a_minute(trusted: AccountSync) -> None:
    trusted.stream_lost(50)
    reasons = []
    for now in (60, 90, 119, 120):
        trusted.snapshot_failed(now, retry_in=1)
        merge(trusted, now, BTC=2)
        reasons.append(trusted.advance(now))
    assert reasons == [ReconnectReason.RECOVERED, None, None, ReconnectReason.RECOVERED]


def test_snapshot_that_succeeds_again_leaves_a_connected_stream_alone(trusted: AccountSync) -> None:
    trusted.snapshot_failed(60, retry_in=1)
    merge(trusted, 61, BTC=2)
    assert trusted.advance(61) is None


# Absence is zero, once confirmed


def test_absence_counts_when_a_second_snapshot_confirms_it(trusted: AccountSync) -> None:
    assert merge(trusted, 60) == []
    assert trusted.next_snapshot_at == 62
    assert merge(trusted, 61.9) == []  # for another reason: too early to confirm
    assert trusted.next_snapshot_at == 62
    assert merge(trusted, 62) == [("BTC", 2, 0)]
    assert trusted.next_snapshot_at == 122


def test_absence_is_confirmed_while_the_stream_is_down_too(trusted: AccountSync) -> None:
    trusted.stream_lost(50)
    assert merge(trusted, 50) == []
    assert merge(trusted, 52) == [("BTC", 2, 0)]


@pytest.mark.parametrize("by", ["row", "update"])
def test_absence_is_cancelled(trusted: AccountSync, by: str) -> None:
    merge(trusted, 60)
    if by == "row":
        merge(trusted, 61, BTC=2)
    else:
        receive(trusted, 61, update(2000, BTC=2))
    assert merge(trusted, 62) == []
    assert current(trusted, "BTC", 62)


def test_zero_that_is_stated_counts_immediately(trusted: AccountSync) -> None:
    assert merge(trusted, 60, BTC=0) == [("BTC", 2, 0)]


def test_absence_that_is_not_confirmed_makes_unavailable_after_the_grace_period(trusted: AccountSync) -> None:
    merge(trusted, 60, XRP=1)
    trusted.snapshot_requested(62)
    trusted.snapshot_failed(62, retry_in=15)
    assert current(trusted, "BTC", 74.9)
    assert not current(trusted, "BTC", 75)
    assert current(trusted, "XRP", 75)


def test_snapshot_that_lacks_a_currency_does_not_make_it_current_again(sync: AccountSync) -> None:
    assert not sync.is_current(80)
    assert merge(sync, 80, XRP=1) == [("XRP", 0, 1)]
    assert not current(sync, "BTC", 80)
    assert current(sync, "XRP", 80)
    assert merge(sync, 82, XRP=1) == [("BTC", 1, 0)]
    assert current(sync, "BTC", 82)


def test_snapshot_that_lacks_a_currency_does_not_extend_how_long_it_is_current(sync: AccountSync) -> None:
    merge(sync, 70, XRP=1)
    assert sync.next_deadline(70) == 75
    assert current(sync, "BTC", 74.9)
    assert not current(sync, "BTC", 75)


def test_snapshot_with_an_unreadable_row_confirms_no_absence(trusted: AccountSync) -> None:
    merge(trusted, 60)
    assert merge(trusted, 62, unreadable=1) == []
    assert current(trusted, "BTC", 62)
    assert not current(trusted, "BTC", 77)
    assert merge(trusted, 122) == [("BTC", 2, 0)]


def test_unreadable_row_that_hides_a_currency_makes_it_unavailable(trusted: AccountSync) -> None:
    assert merge(trusted, 60, unreadable=1) == []
    assert trusted.next_snapshot_at == 120  # asking more often would not help
    assert not current(trusted, "BTC", 75)
    assert merge(trusted, 120, BTC=2) == []
    assert current(trusted, "BTC", 120)


# Currencies known from an earlier run


@pytest.fixture
def restored() -> AccountSync:
    """Connected, with BTC and XRP from an earlier run, and a first snapshot of 1 BTC."""
    sync = AccountSync(TIMINGS)
    sync.ledger.restore(["BTC", "XRP"])
    sync.stream_connected(0)
    assert merge(sync, 0, BTC=1) == []
    return sync


def test_restored_currency_is_unavailable_until_its_absence_is_confirmed(restored: AccountSync) -> None:
    assert restored.not_current(0) == {"XRP"}
    assert restored.next_snapshot_at == 2
    assert merge(restored, 2, BTC=1) == []
    assert restored.not_current(2) == frozenset()
    assert restored.ledger.holding("XRP") == EMPTY


def test_restored_currency_with_a_row_notifies_nothing(restored: AccountSync) -> None:
    assert merge(restored, 2, BTC=1, XRP=5) == []
    assert current(restored, "XRP", 2)


# One bad item affects one item


@pytest.mark.parametrize("source", ["update", "snapshot"])
def test_undecodable_amount_makes_one_currency_unavailable(trusted: AccountSync, source: str) -> None:
    if source == "update":
        assert receive(trusted, 20, update(1001, "BTC", XRP=1)) == [("XRP", 0, 1)]
    else:
        assert merge(trusted, 20, "BTC", XRP=1) == [("XRP", 0, 1)]
    assert trusted.not_current(20) == {"BTC"}
    assert trusted.is_current(20)


def test_change_is_notified_when_the_amount_is_known_again(trusted: AccountSync) -> None:
    trusted.updated(update(1001, "BTC"), lambda: 20)
    assert merge(trusted, 25, BTC=5) == [("BTC", 2, 5)]
    assert current(trusted, "BTC", 25)


def test_snapshot_requested_before_an_undecodable_asset_does_not_make_it_known(trusted: AccountSync) -> None:
    request = trusted.snapshot_requested(19)
    trusted.updated(update(1001, "BTC"), lambda: 20)
    assert trusted.snapshot_merged(holdings(BTC=2), request, 21) == []
    assert not current(trusted, "BTC", 21)


def test_new_currency_with_an_undecodable_amount_is_added_without_one(trusted: AccountSync) -> None:
    trusted.ledger.added.clear()
    merge(trusted, 20, "币安人生", BTC=2)
    assert trusted.ledger.added == ["币安人生"]
    assert not current(trusted, "币安人生", 20)
    assert merge(trusted, 80, BTC=2, 币安人生=5) == [("币安人生", 0, 5)]


def test_ignored_update_makes_unavailable_when_no_snapshot_confirms_the_amount(trusted: AccountSync) -> None:
    trusted.updated(update(1, BTC=3, XRP=1), lambda: 20)
    request = trusted.snapshot_requested(19)  # before it
    trusted.snapshot_merged(holdings(BTC=2, XRP=1), request, 21)
    assert trusted.next_deadline(21) == 35
    assert not current(trusted, "BTC", 35)
    assert current(trusted, "XRP", 35)
    merge(trusted, 40, BTC=2, XRP=1)
    assert current(trusted, "BTC", 40)


# Steady


def test_it_stays_steady_but_for_an_update_that_raises_a_doubt(trusted: AccountSync) -> None:
    trusted.advance(10)
    assert receive(trusted, 20, update(1001, BTC=3)) == [("BTC", 2, 3)]
    assert trusted.steady
    trusted.updated(update(1, BTC=9), lambda: 30)
    assert not trusted.steady
    merge(trusted, 35, BTC=3)
    trusted.advance(35)
    # The ignored update was the last one of its currency.
    assert receive(trusted, 40, update(1002, XRP=1)) == [("XRP", 0, 1)]
    assert trusted.steady


@pytest.mark.parametrize("bad", [update(1001, "BTC"), update(1001, unreadable=1)], ids=["amount", "code"])
def test_it_is_not_steady_after_an_update_that_needs_a_snapshot(
    trusted: AccountSync, bad: AssetUpdate
) -> None:
    trusted.advance(10)
    trusted.updated(bad, lambda: 20)
    assert not trusted.steady
