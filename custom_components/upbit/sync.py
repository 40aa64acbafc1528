"""Keeps our copy of one account in step with Upbit: the rules alone, without sockets, timers or Home Assistant.

Two sources feed it: the updates of the stream, and snapshots. Every event comes with the time, an update with the
clock; every answer is a value or a deadline. The coordinator does the I/O, reports what happened, and acts on the
answers. All times are those of one monotonic clock, in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from .api.ledger import Change, Ledger
from .api.wire import AssetUpdate, Holdings
from .const import Timings

_NONE: frozenset[str] = frozenset()


class ReconnectReason(StrEnum):
    """Why the stream has to be connected again, or an attempt to connect it should not wait any longer."""

    MISSED_UPDATE = "missed_update"
    """A snapshot showed a change that the stream did not deliver in time."""
    FIRST_USE = "first_use"
    """The stream of this account has never delivered anything."""
    CLOCK_JUMP = "clock_jump"
    """The clock moved: the host slept, so the connection may be dead."""
    RECOVERED = "recovered"
    """A snapshot succeeded after one that had failed, so the exchange can be reached again."""


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """What was known when a snapshot was requested: which updates its rows may not undo, and what they confirm."""

    at: float
    sequence: int
    gaps: int
    connection: int | None
    """The connection that should deliver what the rows show; None while the stream is not in sync."""


class AccountSync:
    """The ledger of one account, whether it is current, and what has to happen next.

    The balances are current while the stream is in sync and has delivered an update, or while snapshots succeed. Once
    neither is so, they are current for a grace period. A single currency is not current while its amount is unknown,
    or when a doubt about it has not been resolved within the grace period.
    """

    def __init__(self, timings: Timings) -> None:
        self.ledger = Ledger()
        self.has_baseline = False
        """Whether a first snapshot has been merged; what is merged before is no change."""
        self.connected = False
        self.replacing = False
        """Whether we closed the connection, to open another one immediately."""
        self.in_sync = False
        """Whether connected, and a snapshot requested on this connection, after the last gap, has been merged."""
        self.update_received = False
        """Whether an update has come on this connection; one without any may have a dead subscription."""
        self.steady = False
        """Whether all answers stay as they are until the next event: the stream alone keeps every currency current.

        `advance` begins it; an event that may change more than amounts ends it.
        """
        self.ever_received = False
        self.connected_at = 0.0
        self.missed_updates = 0
        """Changes that a snapshot showed and the stream did not deliver in time."""
        self._timings = timings
        self._connection = 0
        self._gaps = 0
        """How often the stream may have missed something: at each connection and each invalid message."""
        self._current_until = 0.0
        self._regular_snapshot_at = 0.0
        self._extra_snapshot_at = inf
        self._snapshots_fail = False
        self._expected: dict[str, int] = {}
        """Currencies whose change a snapshot showed first, with the mark after which an update is expected."""
        self._expected_by = inf
        self._absent: dict[str, float] = {}
        """Currencies that the last snapshots lacked, with the time of the first of these."""
        self._doubtful: dict[str, float] = {}
        """Currencies whose amount only a newer snapshot or update can confirm, with the time since when.

        Also those that are absent.
        """
        self._reconnect: ReconnectReason | None = None
        self._may_recover_at = 0.0
        self._address_allowed_since = inf

    # Answers

    @property
    def online(self) -> bool:
        """Whether the stream is connected, or just being replaced by us."""
        return self.connected or self.replacing

    @property
    def self_sufficient(self) -> bool:
        """Whether the stream alone keeps the balances current."""
        return self.in_sync and self.update_received

    def is_current(self, now: float) -> bool:
        """Whether the balances as a whole are known to be up to date."""
        return self.has_baseline and (now < self._current_until or self.self_sufficient)

    def not_current(self, now: float) -> frozenset[str]:
        """Return the currencies that are not known to be up to date even while the balances as a whole are."""
        if not (self.ledger.unknown or self._doubtful):
            return _NONE
        overdue = now - self._timings.grace
        expired = (currency for currency, since in self._doubtful.items() if since <= overdue)
        return frozenset(self.ledger.unknown).union(expired)

    def is_address_allowed(self, now: float) -> bool:
        """Whether snapshots have succeeded for so long that this network's address counts as allowed."""
        return now - self._address_allowed_since >= self._timings.address_settled

    @property
    def next_snapshot_at(self) -> float:
        """When the next snapshot is due."""
        regular, extra = self._regular_snapshot_at, self._extra_snapshot_at
        return min(extra, regular)

    def next_deadline(self, now: float) -> float:
        """When `advance`, `is_current` or `not_current` change their answer without an event; infinite for never."""
        deadline = self._expected_by
        if now < self._current_until and not self.self_sufficient:
            deadline = min(deadline, self._current_until)
        for since in self._doubtful.values():
            if (expiry := since + self._timings.grace) > now:
                deadline = min(deadline, expiry)
        return deadline

    def advance(self, now: float) -> ReconnectReason | None:
        """Let deadlines pass; return why the stream has to be connected again now, if it has to."""
        if now >= self._current_until and self.in_sync and not self.self_sufficient:
            self.in_sync = False  # an update now proves nothing about what came before it
        if now >= self._expected_by:
            missed = [
                currency
                for currency, sequence in self._expected.items()
                if not self.ledger.updated_since(currency, sequence)
            ]
            self._clear_expected()
            if missed:
                self.missed_updates += len(missed)
                self._reconnect = ReconnectReason.MISSED_UPDATE
        reason, self._reconnect = self._reconnect, None
        self.steady = self._is_settled
        return reason

    # Events of the stream

    def stream_connected(self, now: float) -> None:
        """Note a new, subscribed connection: what changed before it was not delivered."""
        self._connection += 1
        self._gaps += 1
        self.connected_at = now
        self.connected = True
        self.replacing = self.in_sync = self.update_received = self.steady = False
        self._clear_expected()
        self.snapshot_within(0, now)

    def stream_lost(self, now: float, *, replacing: bool = False) -> None:
        """Note that there is no connection, because it was lost, failed or is replaced by us."""
        if self.online and not replacing:
            self.snapshot_within(0, now)
        self._lose_sync(now)
        self.connected, self.replacing = False, replacing
        self._clear_expected()

    def updated(self, update: AssetUpdate, clock: Callable[[], float]) -> list[Change]:
        """Merge an update; return the changes to notify.

        It comes with the clock, because most updates do not need the time, and reading it is part of the cost of each.
        """
        if not self.update_received:
            if self.in_sync and clock() >= self._current_until:
                self.in_sync = False  # as in `advance`, which may be late
            self.update_received = self.ever_received = True
        stale = self.ledger.stale
        changes = self.ledger.merge_update(update)
        if self._doubtful or stale:
            for currency in update.amounts.keys() | update.undecodable.keys():
                if currency in stale:
                    self.steady = False
                    # Perhaps the time of an earlier update was wrong.
                    self._doubtful.setdefault(currency, clock())
                    self.snapshot_within(self._timings.recheck, clock())
                else:
                    self._absent.pop(currency, None)
                    self._doubtful.pop(currency, None)
        if update.undecodable or update.unreadable:
            self.steady = False
            self.snapshot_within(self._timings.recheck, clock())
        return changes if self.has_baseline else []

    def message_invalid(self, now: float) -> None:
        """Note a message that could not be decoded: it may have been about any balance."""
        self._gaps += 1
        self._lose_sync(now)
        self._clear_expected()
        self.snapshot_within(self._timings.recheck, now)

    # Events of the snapshots

    def snapshot_within(self, seconds: float, now: float) -> None:
        """Have a snapshot taken in so many seconds at the latest."""
        self._extra_snapshot_at = min(self._extra_snapshot_at, now + seconds)

    def snapshot_requested(self, now: float) -> SnapshotRequest:
        """Note that a snapshot is requested now; its request goes with its outcome."""
        if self._extra_snapshot_at <= now:
            self._extra_snapshot_at = inf
        self._regular_snapshot_at = now + self._timings.snapshot_interval
        connection = self._connection if self.connected and self.in_sync else None
        return SnapshotRequest(now, self.ledger.sequence, self._gaps, connection)

    def snapshot_merged(self, snapshot: Holdings, request: SnapshotRequest, now: float) -> list[Change]:
        """Merge the rows of a snapshot; return the changes to notify."""
        timings, ledger = self._timings, self.ledger
        unknown = frozenset(ledger.unknown)
        absent = self._confirm_absences(snapshot, request, now)
        changes = ledger.merge_snapshot(snapshot, request.sequence, absent)
        self._current_until = now + timings.grace
        # A snapshot older than the last gap does not show what fell into it: another one is due soon.
        if request.gaps == self._gaps:
            self._current_until += timings.snapshot_interval
            self.in_sync = self.connected
        if changes and self.connected and self.in_sync and request.connection == self._connection:
            self._expect_updates([change for change in changes if change.currency not in unknown], now)
        self._address_allowed_since = min(self._address_allowed_since, now)
        if self._snapshots_fail:
            self._snapshots_fail = False
            self._recover(now)
        # The documentation advises to connect again where the first use of an account delivers nothing.
        # Source: https://global-docs.upbit.com/reference/websocket-myasset
        if self.connected and not self.ever_received and now - self.connected_at >= timings.first_use:
            self._reconnect = ReconnectReason.FIRST_USE
        self.steady = self.steady and self._is_settled
        had_baseline, self.has_baseline = self.has_baseline, True
        return changes if had_baseline else []

    def snapshot_failed(self, now: float, retry_in: float, *, address_rejected: bool = False) -> None:
        """Note that a snapshot failed; it is repeated after so many seconds."""
        self._snapshots_fail = True
        if address_rejected:
            self._address_allowed_since = inf
        self._regular_snapshot_at = now + retry_in

    # Events of the host

    def clock_jumped(self, now: float) -> None:
        """Note that more time may have passed than the monotonic clock shows."""
        self._reconnect = ReconnectReason.CLOCK_JUMP
        self.steady = False
        self._shorten_validity(now)
        self.snapshot_within(0, now)

    def stopped(self) -> None:
        """Note that there is no connection and will be no snapshot: nothing is known to be up to date."""
        self.connected = self.replacing = self.in_sync = self.steady = False
        self._current_until = 0.0
        self._absent.clear()
        self._doubtful.clear()
        self._clear_expected()

    # Rules

    @property
    def _is_settled(self) -> bool:
        return self.self_sufficient and not (
            self._expected or self._doubtful or self.ledger.unknown or self._reconnect
        )

    def _confirm_absences(self, snapshot: Holdings, request: SnapshotRequest, now: float) -> list[str]:
        """Return the currencies that are at zero because a second snapshot, taken later, lacks them too."""
        delay = self._timings.absence
        missing = self.ledger.missing(snapshot, request.sequence)
        # What a snapshot does not show stays current for as long as it was going to, and for the grace at most.
        valid_until = inf if self.self_sufficient else self._current_until
        doubtful_since = min(now, valid_until - self._timings.grace)
        for doubts in (self._absent, self._doubtful):
            for currency in list(doubts):
                if currency not in missing and doubts[currency] <= request.at:
                    del doubts[currency]
        if snapshot.unreadable:
            # One of the unreadable rows may be the missing one.
            for currency in missing:
                self._doubt(currency, doubtful_since)
            return []
        confirmed = []
        for currency in missing:
            since = self._absent.setdefault(currency, now)
            self._doubt(currency, doubtful_since)
            if request.at >= since + delay:
                confirmed.append(currency)
                del self._absent[currency]
                del self._doubtful[currency]
        if self._absent:
            self._extra_snapshot_at = min(self._extra_snapshot_at, min(self._absent.values()) + delay)
        return confirmed

    def _doubt(self, currency: str, since: float) -> None:
        self._doubtful[currency] = min(since, self._doubtful.get(currency, inf))

    def _lose_sync(self, now: float) -> None:
        if self.self_sufficient:
            self._current_until = now + self._timings.grace
        elif self.connected and self.in_sync:
            # Also when the last snapshot promised more: another one is due soon.
            self._shorten_validity(now)
        self.in_sync = self.steady = False

    def _shorten_validity(self, now: float) -> None:
        self._current_until = min(self._current_until, now + self._timings.grace)

    def _recover(self, now: float) -> None:
        """Have the stream connected now; where snapshots fail and succeed in turns, not more often than they come."""
        if not self.online and now >= self._may_recover_at:
            self._may_recover_at = now + self._timings.snapshot_interval
            self._reconnect = ReconnectReason.RECOVERED

    def _expect_updates(self, changes: list[Change], now: float) -> None:
        """Expect updates of what a snapshot showed first; one that could not be decoded was delivered already."""
        for change in changes:
            # One that was ignored was delivered, whatever is wrong with the times.
            if change.currency not in self.ledger.stale:
                self._expected.setdefault(change.currency, self.ledger.sequence)
        if self._expected:
            self._expected_by = min(self._expected_by, now + self._timings.delivery)

    def _clear_expected(self) -> None:
        self._expected.clear()
        self._expected_by = inf
