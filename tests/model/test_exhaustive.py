"""Every state of an account that ten events can lead to, with the exchange beside it.

The states are explored breadth-first, and equal ones once. Two situations are equal where all that follows from them
is equal: times count from now, marks and timestamps by their order, amounts by which of them are the same.

Events are ordinary or rare, and a sequence has only so many rare ones. An answer, or a minute that passes, is ordinary;
a lost frame or a lost connection is rare. Without this limit ten events would lead to millions of states. With a limit
of one, the exploration comes to its end: it has seen every state that any number of events can lead to.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
import gc
from math import inf
import time

import pytest

from custom_components.upbit.api.http import REQUEST_TIMEOUT
from custom_components.upbit.api.ledger import Change
from custom_components.upbit.api.wire import EMPTY, AssetUpdate, DecodeErrorReason, Holding, Holdings
from custom_components.upbit.const import TIMINGS, Timings
from custom_components.upbit.sync import AccountSync, ReconnectReason, SnapshotRequest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BOUND = 95
"""Seconds after it was true in which an amount may be available."""
CALL = int(REQUEST_TIMEOUT)
RETRY = int(TIMINGS.longest_snapshot_delay)
GRACE = int(TIMINGS.grace)
VALIDITY = int(TIMINGS.snapshot_interval + TIMINGS.grace)
WAITS = (2, 5, 15, 60)
DEPTH = 10

# Currencies do not affect each other's amounts, so one is enough.
CURRENCY = "BTC"
# Amounts are compared with each other and with zero. One that is shown, one that is true and one on its way are at most
# three. They are named by their place here.
AMOUNTS = (EMPTY, Holding(Decimal(1), Decimal(0)), Holding(Decimal(0), Decimal(1)))
PLACES = {id(amount): place for place, amount in enumerate(AMOUNTS)}
AS_THEY_ARE, EXCHANGED = (0, 1, 2), (0, 2, 1)

# The first use of an account that delivers nothing ends in a replaced connection, as a missed update does. Without this
# rule the age of a connection makes no difference.
RULES = Timings(first_use=inf)


class RuleViolatedError(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame on its way."""

    amount: int
    timestamp: int


@lru_cache(None)
def rows(amount: int | None) -> Holdings:
    """Return what a frame or an answer lists; equal ones are made once."""
    return Holdings({} if amount is None else {CURRENCY: AMOUNTS[amount]}, {}, 0)


OTHER = Holdings({"XRP": EMPTY}, {}, 0)
UNDECODABLE = Holdings({}, {CURRENCY: DecodeErrorReason.INVALID_AMOUNT}, 0)


def copy_sync(sync: AccountSync) -> AccountSync:
    """Copy an object and what it changes in place; `copy.deepcopy` takes far longer."""
    twin = object.__new__(type(sync))
    fields = twin.__dict__
    fields.update(sync.__dict__)
    for name in ("_expected", "_absent", "_doubtful"):
        fields[name] = fields[name].copy()
    fields["ledger"] = ledger = object.__new__(type(sync.ledger))
    fields = ledger.__dict__
    fields.update(sync.ledger.__dict__)
    for name in ("_holdings", "unknown", "_asset_timestamps", "stale", "_updated"):
        fields[name] = fields[name].copy()
    fields["added"] = []  # always taken immediately
    return twin


class Situation:
    """An account at the exchange, what is on its way from it, and the rules at the other end.

    It does what the coordinator does: it calls `advance` after each event and at each deadline, replaces the stream,
    requests a snapshot when one is due, one at a time, and gives a request ten seconds. What it notes of the exchange,
    the connection and the changes is its own: nothing of it comes from the rules that it checks.
    """

    def __init__(self, sync: AccountSync) -> None:
        self.sync = sync
        self.now = 1000
        """All times are whole seconds."""
        # The account at the exchange.
        self.truth = 1
        self.last_true = (-inf, -inf, -inf)
        """By amount: when the account last had it, or a frame with it was delivered."""
        self.timestamp = 0
        """The exchange's clock, which moves with each frame."""
        self.changed = 0
        """The timestamp of the last change."""
        # The stream.
        self.attempted = self.connected = False
        self.in_sync = self.delivered = False
        """Whether a snapshot requested on this connection after the last gap was merged, and a frame delivered."""
        self.in_sync_until = 0
        """When a connection without a frame is not in sync any more."""
        self.carried_until = 0
        """The end of the grace, once the stream alone does not keep the balances current any more."""
        self.delayed: Frame | None = None
        self.newest = 0
        """The newest timestamp that was delivered."""
        self.update_delivered = False
        """Whether the frame of the last change was delivered."""
        # The snapshots.
        self.request: SnapshotRequest | None = None
        self.moments: tuple[int, ...] = ()
        """What the account had since the request: the answer may show any of it."""
        self.no_gap = False
        """Whether nothing was lost or invalid since the request."""
        self.lacked = False
        """Whether the last answer lacked the currency, and no frame came since."""
        self.failing_until = 0
        """While snapshots fail: when the next one has succeeded or failed at the latest."""
        # What was shown and notified.
        self.available = False
        self.has_baseline = False
        self.notified: int | None = None

    def copy(self) -> Situation:
        twin = object.__new__(Situation)
        twin.__dict__.update(self.__dict__)
        twin.sync = copy_sync(self.sync)
        return twin

    @property
    def shown(self) -> int:
        return PLACES[id(self.sync.ledger.holding(CURRENCY))]

    @property
    def carried(self) -> bool:
        """Whether the stream alone keeps the balances current."""
        return self.connected and self.in_sync and self.delivered

    # Events of the stream

    def connect(self) -> None:
        self.attempted = self.connected = True
        self.sync.stream_connected(self.now)
        self._advance()

    def lose(self) -> None:
        """Lose the connection, or fail to connect."""
        self.attempted = True
        self._disconnect()
        self.sync.stream_lost(self.now)
        self._advance()

    def change(self, amount: int, fate: str) -> None:
        """Change the balance; its frame is delivered, delayed, invalid or lost."""
        # While a snapshot is requested, as if it changed right after the request, to which the rules are the same and
        # the bound is stricter: its moments then have one age.
        self._note_true(self.truth, self.request.at if self.request else self.now)
        self.truth = amount
        self.timestamp += 1
        self.changed = self.timestamp
        self.update_delivered = False
        if self.request is not None and amount not in self.moments:
            self.moments += (amount,)
        frame = Frame(amount, self.timestamp)
        if fate == "delivered":
            self._deliver(frame)
            return
        if fate == "invalid":
            self.deliver_invalid()
            return
        if fate == "delayed":
            self.delayed = frame
        self._advance()

    def deliver_delayed(self) -> None:
        assert self.delayed is not None
        frame, self.delayed = self.delayed, None
        self._deliver(frame)

    def deliver_other(self) -> None:
        """Deliver a frame about another currency."""
        self._receive(OTHER, self.timestamp)

    def deliver_stale(self) -> None:
        """Deliver a frame older than any other, with an amount that is not the account's."""
        self._receive(rows((self.truth + 1) % len(AMOUNTS)), 0)

    def deliver_undecodable(self) -> None:
        self.timestamp += 1
        self.newest = self.timestamp
        self.lacked = False
        self._receive(UNDECODABLE, self.timestamp)

    def deliver_invalid(self) -> None:
        self._note_gap()
        self.sync.message_invalid(self.now)
        self._advance()

    # Events of the snapshots

    def request_snapshot(self) -> None:
        """Request one, as the action does and the coordinator when it is due."""
        self.request = self.sync.snapshot_requested(self.now)
        self.moments = (self.truth,)
        self.no_gap = self.connected

    def answer(self, amount: int | None) -> None:
        """Answer a request with a row or, where it lacks the currency, with none."""
        assert self.request is not None
        self.lacked = amount is None
        if amount is not None:
            self.failing_until = 0
        elif self.failing_until > self.now:
            self.failing_until = self.now + GRACE  # to confirm the absence
        if self.no_gap:
            self.in_sync = True
            self.in_sync_until = self.now + VALIDITY
        changes = self.sync.snapshot_merged(rows(amount), self.request, self.now)
        self.request, self.moments, self.no_gap = None, (), False
        had_baseline, self.has_baseline = self.has_baseline, True
        self._follow(changes, had_baseline=had_baseline)
        self._advance()

    def fail(self, *, again: bool = False) -> None:
        """Let the snapshot fail, and then perhaps each one that is due."""
        self.sync.snapshot_failed(self.now, RETRY)
        self.failing_until = self.now + RETRY + CALL
        self.request, self.moments, self.no_gap = None, (), False
        self._advance(failing=again)

    # Time

    def wait(self, seconds: int, *, failing: bool = False) -> bool:
        """Let time pass until a snapshot is requested, or let all snapshots fail; return whether all of it passed."""
        sync = self.sync
        end = self.now + seconds
        if failing and self.request is not None:
            self.fail(again=True)
        while self.now < end:
            pending = self.request
            deadline = sync.next_deadline(self.now)
            # The stream goes first: there is no snapshot before an attempt to connect it.
            due = pending.at + CALL if pending else sync.next_snapshot_at if self.attempted else inf
            moment = min(end, deadline, due)
            if moment <= self.now:
                raise RuleViolatedError("a deadline is not in the future")
            self._check(moment - 0.5)
            if self._is_available(moment - 0.5) is not self.available:
                raise RuleViolatedError("the availability changes without a deadline")
            self.now = int(moment)
            if pending and due <= moment:
                self.fail(again=failing)
            elif moment in (deadline, due):
                self._advance(failing=failing)
            elif self._is_available(moment) is not self.available:
                raise RuleViolatedError("the availability changes without a deadline")
            if self.request is not None and self.request is not pending:
                return False
        return True

    # What follows from the events

    def _deliver(self, frame: Frame) -> None:
        if frame.timestamp >= self.newest:
            self.newest = frame.timestamp
            self.update_delivered = frame.timestamp == self.changed
            self.lacked = False
            self._note_true(frame.amount, self.now)
        self._receive(rows(frame.amount), frame.timestamp)

    def _receive(self, assets: Holdings, timestamp: int) -> None:
        if not self.delivered and self.now >= self.in_sync_until:
            self.in_sync = False
        self.delivered = True
        sync = self.sync
        planned = sync.next_snapshot_at, sync.next_deadline(self.now)
        changes = sync.updated(
            AssetUpdate(assets.amounts, assets.undecodable, assets.unreadable, timestamp), lambda: self.now
        )
        # The coordinator leaves `advance` out then.
        if sync.steady and planned != (sync.next_snapshot_at, sync.next_deadline(self.now)):
            raise RuleViolatedError("a snapshot or a deadline is planned anew while the account is steady")
        self._follow(changes, had_baseline=self.has_baseline)
        self._advance()

    def _disconnect(self) -> None:
        self._note_gap()
        self.connected = self.delivered = False
        self.delayed = None

    def _note_gap(self) -> None:
        if self.carried:
            self.carried_until = self.now + GRACE
        self.in_sync = self.no_gap = False

    def _note_true(self, amount: int, at: float) -> None:
        times = list(self.last_true)
        times[amount] = max(times[amount], at)
        self.last_true = (times[0], times[1], times[2])

    def _follow(self, changes: list[Change], *, had_baseline: bool) -> None:
        """Follow what is notified; what was known before there was anything to notify is what it is compared with."""
        for change in changes:
            before, after = PLACES[id(change.before)], PLACES[id(change.after)]
            if not had_baseline or self.notified is None:
                raise RuleViolatedError("a change is notified though no amount was known before")
            if before != self.notified or before == after:
                raise RuleViolatedError(f"{before} → {after} is notified after {self.notified}")
            self.notified = after
        ledger = self.sync.ledger
        is_known = CURRENCY not in ledger.unknown and (self.has_baseline or CURRENCY in ledger.currencies)
        if is_known and (not had_baseline or self.notified is None):
            self.notified = self.shown

    def _advance(self, *, failing: bool = False) -> None:
        """Do what the coordinator does after each event."""
        sync, steady, was_available = self.sync, self.sync.steady, self.available
        if sync.advance(self.now) is not None and self.connected:
            self._disconnect()
            sync.stream_lost(self.now, replacing=True)
        sync.ledger.added.clear()
        self.available = self._is_available(self.now)
        if steady and not (sync.steady and self.available is was_available):
            raise RuleViolatedError("more than amounts changes while the account is steady")
        self._check(self.now)
        if self.request is None and self.attempted and sync.next_snapshot_at <= self.now:
            self.request_snapshot()
            if failing:
                self.fail(again=True)

    # What must hold

    def _is_available(self, now: float) -> bool:
        sync = self.sync
        return sync.is_current(now) and CURRENCY not in sync.not_current(now)

    def _check(self, moment: float) -> None:
        """Check what is shown; a currency that the ledger does not have is not."""
        if not self.available or CURRENCY not in self.sync.ledger.currencies:
            return
        shown = self.shown
        if shown != self.notified:
            raise RuleViolatedError(f"{shown} is shown after {self.notified} was notified")
        if shown == self.truth or (age := moment - self.last_true[shown]) <= BOUND:
            return
        # The one exception: while snapshots fail, a stream in sync that has delivered keeps the balances available,
        # and with them an amount whose update was lost. Also for the grace after it.
        snapshots_fail = moment < self.failing_until
        carried = self.carried or moment < self.carried_until
        if not (snapshots_fail and carried and not self.update_delivered):
            raise RuleViolatedError(f"{shown} is available {age:.0f} s after it was true")

    # Equality

    def key(self) -> int:
        """Return what equal situations have in common, but for the age of the amount that is shown.

        A hash takes a tenth of the memory; that two of a million different situations have the same is unlikely.
        """
        sync, ledger, now, request = self.sync, self.sync.ledger, self.now, self.request
        truth, shown, moments, delayed = self.truth, self.shown, self.moments, self.delayed
        # Amounts other than zero are only compared with each other: it makes no difference which is which.
        first = truth or shown or next(filter(None, moments), 0) or (delayed.amount if delayed else 0)
        names = EXCHANGED if first == 2 else AS_THEY_ARE
        return hash(
            (
                # Of the rules. The connection's age and the time of the last recovery only matter for attempts to
                # connect, which succeed at any time here; the counters only for diagnostics.
                sync.has_baseline,
                sync.connected,
                sync.replacing,
                sync.in_sync,
                sync.update_received,
                sync._snapshots_fail,
                max(0, sync._current_until - now),
                max(0, sync._regular_snapshot_at - now),
                max(0, sync._extra_snapshot_at - now),
                sync._expected_by - now,
                CURRENCY in sync._expected and ledger.updated_since(CURRENCY, sync._expected[CURRENCY]),
                min(GRACE, now - sync._absent.get(CURRENCY, inf)),
                min(GRACE, now - sync._doubtful.get(CURRENCY, inf)),
                names[shown],
                CURRENCY in ledger._holdings and ledger._holdings[CURRENCY] is not None,
                CURRENCY in ledger._holdings,
                bool(ledger.unknown),
                CURRENCY in ledger._asset_timestamps,
                bool(ledger.stale),
                ledger._has_snapshot,
                request
                and (
                    now - request.at,
                    request.gaps == sync._gaps,
                    request.connection and request.connection == sync._connection,
                    ledger.updated_since(CURRENCY, request.sequence),
                ),
                # Of the model. What is overwritten before it is read again counts as 0.
                names[truth],
                None if self.notified is None else names[self.notified],
                moments
                and (
                    len(moments) == 1
                    or tuple(sorted((names[m], m == truth or now - self.last_true[m]) for m in moments))
                ),
                delayed
                and (
                    names[delayed.amount],
                    delayed.timestamp == self.changed,
                    delayed.timestamp < self.newest,
                    delayed.timestamp < ledger._asset_timestamps.get(CURRENCY, 0),
                ),
                self.update_delivered,
                self.attempted,
                self.connected,
                self.in_sync,
                self.delivered,
                self.in_sync_until > now and self.in_sync and not self.delivered and self.in_sync_until - now,
                not self.carried and max(0, self.carried_until - now),
                self.no_gap,
                self.lacked,
                max(0, self.failing_until - now),
            )
        )

    def age(self) -> int:
        """Return for how long the amount that is shown has not been true.

        Where all else is equal, whatever violates the bound with a lower age also does with a higher one.
        """
        return 0 if self.shown == self.truth else int(min(BOUND + 1, self.now - self.last_true[self.shown]))


@dataclass(slots=True)
class Node:
    """A situation, and how it came about."""

    situation: Situation
    rare_left: int
    event: str
    previous: Node | None
    key: int = 0
    age: int = 0

    def path(self) -> list[str]:
        return [*(self.previous.path() if self.previous else ()), self.event]


type Start = Callable[[type[AccountSync]], Situation]


def empty(rules: type[AccountSync]) -> Situation:
    """Return the situation before the first attempt to connect."""
    return Situation(rules(RULES))


def restored(rules: type[AccountSync]) -> Situation:
    """Return the same with a currency that is known from an earlier run."""
    situation = empty(rules)
    situation.sync.ledger.restore([CURRENCY])
    return situation


def in_sync(rules: type[AccountSync]) -> Situation:
    """Return the situation of a stream in sync that has just delivered a change."""
    situation = empty(rules)
    situation.connect()
    situation.answer(1)
    situation.change(2, "delivered")
    return situation


def successors(node: Node, waits: Sequence[int]) -> Iterator[Node]:
    """Return what each event leads to that can happen next, with the seconds that may pass."""
    now = node.situation

    def after(
        event: str, act: Callable[..., object], *arguments: object, rare: int = 0, **options: bool
    ) -> Node:
        twin = now.copy()
        try:
            is_whole = act(twin, *arguments, **options)
        except RuleViolatedError as violation:
            violation.add_note(event)
            raise
        # A wait that ends with a request is never rare.
        left = node.rare_left - (rare if is_whole is not False else 0)
        return Node(twin, left, event, node)

    rare_too = node.rare_left > 0
    for amount in range(len(AMOUNTS)):
        if amount == now.truth:
            continue
        if now.connected:
            yield after(f"change to {amount}", Situation.change, amount, "delivered")
            if rare_too:
                yield after(f"change to {amount}, frame lost", Situation.change, amount, "lost", rare=1)
                yield after(f"change to {amount}, frame invalid", Situation.change, amount, "invalid", rare=1)
                if now.delayed is None:
                    yield after(
                        f"change to {amount}, frame delayed", Situation.change, amount, "delayed", rare=1
                    )
        else:
            yield after(f"change to {amount}, not connected", Situation.change, amount, "lost")
    if now.delayed is not None:
        yield after("delayed frame", Situation.deliver_delayed)
    if now.connected and not now.delivered:
        # A second one makes no difference to this currency.
        yield after("frame of another currency", Situation.deliver_other)
    if not now.connected:
        yield after("connect", Situation.connect)
    if now.request is not None:
        for amount in now.moments:
            if amount == 0:
                yield after("answer without a row", Situation.answer, None)
            yield after(f"answer {amount}", Situation.answer, amount)
    if rare_too:
        yield after("lose the connection" if now.connected else "fail to connect", Situation.lose, rare=1)
        if now.connected:
            yield after("invalid frame", Situation.deliver_invalid, rare=1)
            yield after("undecodable asset", Situation.deliver_undecodable, rare=1)
            if now.newest:
                yield after("stale frame", Situation.deliver_stale, rare=1)
        if now.request is None:
            if now.attempted:
                yield after("request a snapshot", Situation.request_snapshot, rare=1)
        else:
            yield after("snapshot fails", Situation.fail, rare=1)
            # One wrong answer among right ones. Where zero is shown it looks right.
            if 0 not in now.moments and not now.lacked and now.shown:
                yield after("answer without a row, wrongly", Situation.answer, None, rare=1)
    # Two or five seconds more where nothing is under way mostly move what follows.
    for seconds in waits:
        rare = int(seconds == 2 or (seconds == 5 and now.request is None))
        reached = after(f"{seconds} s pass", Situation.wait, seconds, rare=rare)
        is_cut = reached.situation.now < now.now + seconds
        if reached.rare_left >= 0:
            yield reached
        if is_cut:
            break  # longer ones end with the same request
    if rare_too and (now.request is not None or now.sync.next_snapshot_at <= now.now + 60):
        yield after("60 s pass, snapshots fail", partial(Situation.wait, failing=True), 60, rare=1)


@dataclass(slots=True)
class Exploration:
    """What was seen."""

    states: int = 0
    """Different situations; each event was tried in all of them."""
    events: int = 0
    depth: int = 0
    is_complete: bool = False
    seconds: float = 0.0
    violation: str | None = None
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        extent = "complete" if self.is_complete else f"{self.depth} deep"
        return f"{self.states:,} states, {self.events:,} events, {extent}, {self.seconds:.0f} s of CPU time"


def explore(
    rare: int,
    depth: float = inf,
    rules: type[AccountSync] = AccountSync,
    starts: Sequence[Start] = (empty, restored, in_sync),
) -> Exploration:
    """Explore breadth-first, so that what is found first is found on a shortest path."""
    result = Exploration()
    began = time.process_time()
    # By key and by the rare events that are left at least: the highest age explored.
    explored: dict[int, list[int]] = {}
    frontier: list[Node] = []

    def add(node: Node, to: list[Node]) -> None:
        node.key, node.age = node.situation.key(), node.situation.age()
        ages = explored.setdefault(node.key, [-1] * (rare + 1))
        if ages[node.rare_left] >= node.age:
            return
        for left in range(node.rare_left + 1):
            ages[left] = max(ages[left], node.age)
        to.append(node)

    def is_covered(node: Node) -> bool:
        """Return whether another node of the same key allows all that this one does."""
        ages = explored[node.key]
        more = ages[node.rare_left + 1] if node.rare_left < rare else -1
        return ages[node.rare_left] > node.age or more >= node.age

    for start in starts:
        add(Node(start(rules), rare, start.__name__, None), frontier)
    node = frontier[0]
    gc.disable()
    try:
        while frontier and result.depth < depth:
            next_frontier: list[Node] = []
            # Where nothing follows, the longest wait alone: what is checked in the others is checked in it too.
            waits = WAITS if result.depth + 1 < depth else WAITS[-1:]
            for node in [node for node in frontier if not is_covered(node)]:
                for reached in successors(node, waits):
                    result.events += 1
                    if result.depth + 1 < depth:
                        add(reached, next_frontier)
                del node.situation  # its successors only need to know how it came about
            frontier = next_frontier
            result.depth += 1
        result.is_complete = result.depth < depth
    except RuleViolatedError as violation:
        result.violation = str(violation)
        result.path = (*node.path(), *violation.__notes__)
    finally:
        gc.enable()
    result.states = len(explored)
    result.seconds = time.process_time() - began
    return result


def test_available_amount_is_true_and_every_change_is_notified_once(
    record_property: Callable[[str, object], None],
) -> None:
    """In every state that any number of events leads to, one of them rare, and ten events, two of them rare."""
    complete, deep = explore(1), explore(2, DEPTH)
    for rare, found in ((1, complete), (2, deep)):
        record_property("figures", f"rare events {rare}: {found}")
        assert found.violation is None, found.path
    assert complete.is_complete
    assert deep.depth == DEPTH


def test_situations_are_compared_by_every_field() -> None:
    """A field that `key` leaves out would make different situations equal: add a new one there and here."""
    sync = AccountSync(RULES)
    assert vars(sync).keys() == {
        *(
            "ledger",
            "has_baseline",
            "connected",
            "replacing",
            "in_sync",
            "update_received",
            "steady",
            "_connection",
            "_gaps",
        ),
        *("_current_until", "_regular_snapshot_at", "_extra_snapshot_at", "_snapshots_fail", "_expected"),
        *("_expected_by", "_absent", "_doubtful"),
        # Without an effect here.
        *(
            "ever_received",
            "connected_at",
            "missed_updates",
            "_timings",
            "_reconnect",
            "_may_recover_at",
            "_address_allowed_since",
        ),
    }
    assert vars(sync.ledger).keys() == {
        *(
            "_holdings",
            "unknown",
            "_asset_timestamps",
            "stale",
            "_updated",
            "_has_snapshot",
            "sequence",
        ),
        *("added", "stale_count"),  # without an effect here
    }


# Faults in the rules, to see that they would be found


class AbsenceCountsImmediately(AccountSync):
    def _confirm_absences(self, snapshot: Holdings, request: SnapshotRequest, now: float) -> list[str]:
        return list(self.ledger.missing(snapshot, request.sequence))


class AbsenceExtendsValidity(AccountSync):
    def _confirm_absences(self, snapshot: Holdings, request: SnapshotRequest, now: float) -> list[str]:
        before = set(self._doubtful)
        confirmed = super()._confirm_absences(snapshot, request, now)
        self._doubtful |= dict.fromkeys(self._doubtful.keys() - before, now)
        return confirmed


class OldSnapshotRestoresSync(AccountSync):
    def message_invalid(self, now: float) -> None:
        super().message_invalid(now)
        self._gaps -= 1


class FailedSnapshotWaitsForTheNext(AccountSync):
    def snapshot_failed(self, now: float, retry_in: float) -> None:
        self._snapshots_fail = True


class ChangeFromAnUnknownAmountIsNotNotified(AccountSync):
    def snapshot_merged(self, snapshot: Holdings, request: SnapshotRequest, now: float) -> list[Change]:
        unknown = set(self.ledger.unknown)
        changes = super().snapshot_merged(snapshot, request, now)
        return [change for change in changes if change.currency not in unknown]


class LateUpdateRestoresSync(AccountSync):
    def advance(self, now: float) -> ReconnectReason | None:
        in_sync = self.in_sync
        reason = super().advance(now)
        self.in_sync = in_sync
        return reason

    def updated(self, update: AssetUpdate, clock: Callable[[], float]) -> list[Change]:
        in_sync = self.in_sync
        changes = super().updated(update, clock)
        self.in_sync = in_sync
        return changes


class DoubtHasNoDeadline(AccountSync):
    def next_deadline(self, now: float) -> float:
        return self._expected_by


class StaleUpdateCounts(AccountSync):
    def updated(self, update: AssetUpdate, clock: Callable[[], float]) -> list[Change]:
        self.ledger._asset_timestamps.clear()
        return super().updated(update, clock)


class DoubtLeavesItSteady(AccountSync):
    def updated(self, update: AssetUpdate, clock: Callable[[], float]) -> list[Change]:
        steady = self.steady
        changes = super().updated(update, clock)
        self.steady = steady
        return changes


@pytest.mark.parametrize(
    ("rules", "start"),
    [
        (AbsenceCountsImmediately, in_sync),
        (AbsenceExtendsValidity, in_sync),
        (OldSnapshotRestoresSync, in_sync),
        (FailedSnapshotWaitsForTheNext, in_sync),
        (ChangeFromAnUnknownAmountIsNotNotified, in_sync),
        (LateUpdateRestoresSync, empty),
        (DoubtHasNoDeadline, in_sync),
        (StaleUpdateCounts, in_sync),
        (DoubtLeavesItSteady, in_sync),
    ],
)
def test_planted_fault_is_found(
    rules: type[AccountSync], start: Start, record_property: Callable[[str, object], None]
) -> None:
    found = explore(2, DEPTH, rules, [start])
    assert found.violation is not None
    record_property("figures", f"{rules.__name__}: {found.violation}, after {', '.join(found.path)}; {found}")
