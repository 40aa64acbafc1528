"""The ledger in any interleaving of changes, updates and snapshots, without a socket and without time."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given, strategies as st

from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.api.wire import EMPTY, AssetUpdate, DecodeErrorReason, Holding, Holdings
from tests.helpers.hypothesis_profiles import scaled_settings

CURRENCIES = ("SGD", "BTC", "XRP")


@dataclass(slots=True)
class Snapshot:
    """A snapshot under way."""

    mark: int
    rows: dict[str, Holding] | None = None
    """What the account had when the exchange computed the rows; None before that."""
    whole: bool = True
    """Whether the stream delivers everything that the rows do not show."""
    absent: set[str] = field(default_factory=set)
    """What the snapshots before lacked when this one was requested."""


class Model:
    """An account, what is under way from it, and the ledger at the other end.

    Frames of one currency may overtake each other unless they carry the same time: then nothing could tell which is
    the newer one, and the exchange is taken to keep them in order. What cannot happen at a moment is left out.
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.merge_snapshot(Holdings({}, {}, 0), self.ledger.sequence)
        self.account: dict[str, Holding] = {}
        self.history: dict[str, set[Holding]] = {currency: {EMPTY} for currency in CURRENCIES}
        self.told: dict[str, Holding] = {}
        self.added: list[str] = []
        self.absent: set[str] = set()
        """Currencies that the last snapshots lacked; they are at zero when one that is requested now lacks them."""
        self.time = 1_790_000_000_000
        self.times: Counter[tuple[str, int]] = Counter()
        self.under_way: list[AssetUpdate] = []
        self.arrived: list[AssetUpdate] = []
        self.lost: set[str] = set()
        self.snapshot: Snapshot | None = None
        self.whole = False
        """Whether everything that the ledger does not show yet is under way to it."""

    # The account

    def change(self, event: dict[str, Holding], pause: int, in_one_frame: bool) -> None:
        self.time += pause
        self.account |= event
        for currency, holding in event.items():
            self.history[currency].add(holding)
            self.times[currency, self.time] += 1
        parts = [event] if in_one_frame else [{currency: holding} for currency, holding in event.items()]
        self.under_way += [AssetUpdate(part, {}, 0, self.time) for part in parts]

    def go_untold(self, currency: str) -> None:
        """Leave the rows without a frame."""
        if self.account.pop(currency, EMPTY) != EMPTY:
            self.lose_track({currency})

    # Frames

    def deliver(self, pick: int) -> None:
        if self.under_way:
            frame = self.next_frame(pick)
            self.under_way.remove(frame)
            self.arrived.append(frame)
            self.merge(frame)

    def deliver_again(self, pick: int) -> None:
        if not self.arrived:
            return
        frame = self.arrived[pick % len(self.arrived)]
        alone = all(self.times[currency, frame.asset_timestamp] == 1 for currency in frame.amounts)
        if alone and not self.lost & frame.amounts.keys():
            self.merge(frame)

    def deliver_undecodable(self, pick: int) -> None:
        if self.under_way:
            frame = self.next_frame(pick)
            self.under_way.remove(frame)
            undecodable = dict.fromkeys(frame.amounts, DecodeErrorReason.INVALID_AMOUNT)
            self.merge(AssetUpdate({}, undecodable, 0, frame.asset_timestamp))
            for currency in undecodable:
                if currency in self.ledger.currencies:
                    self.told.setdefault(currency, EMPTY)
            self.lose_track({*undecodable})

    def merge(self, update: AssetUpdate) -> None:
        stated = update.amounts.keys() | update.undecodable.keys()
        self.tell(self.ledger.merge_update(update))
        self.absent -= {currency for currency in stated if currency not in self.ledger.stale}

    def lose_frame(self, pick: int) -> None:
        if self.under_way:
            frame = self.next_frame(pick)
            self.under_way.remove(frame)
            self.lose_track(set(frame.amounts))

    def reconnect(self) -> None:
        self.under_way.clear()
        self.arrived.clear()
        self.lost.clear()
        self.whole = False
        if self.snapshot is not None:
            self.snapshot.whole = False

    def next_frame(self, pick: int) -> AssetUpdate:
        place = pick % len(self.under_way)
        # Nothing overtakes a frame with the same time and a currency of it, and that one likewise nothing.
        for earlier in range(place - 1, -1, -1):
            frame, other = self.under_way[place], self.under_way[earlier]
            if other.asset_timestamp == frame.asset_timestamp and other.amounts.keys() & frame.amounts:
                place = earlier
        return self.under_way[place]

    def lose_track(self, currencies: set[str]) -> None:
        self.lost |= currencies
        self.whole = False
        if self.snapshot is None:
            return
        yields = any(self.ledger.updated_since(currency, self.snapshot.mark) for currency in currencies)
        if yields or self.snapshot.rows is not None or self.is_hidden():
            self.snapshot.whole = False

    def is_hidden(self) -> bool:
        """Return whether an older frame may yet take the place of a lost one: nothing tells its order to the rows."""
        return any(self.lost & frame.amounts.keys() for frame in self.under_way)

    # Snapshots

    def ask(self) -> None:
        if self.snapshot is None:
            self.snapshot = Snapshot(
                self.ledger.sequence, whole=not self.is_hidden(), absent=self.absent.copy()
            )

    def compute(self, with_zeros: bool) -> None:
        if self.snapshot is not None and self.snapshot.rows is None:
            self.snapshot.rows = {
                currency: holding
                for currency, holding in self.account.items()
                if with_zeros or holding.available or holding.locked
            }

    def answer(self) -> None:
        if self.snapshot is not None and self.snapshot.rows is not None:
            rows, mark = Holdings(self.snapshot.rows, {}, 0), self.snapshot.mark
            missing = self.ledger.missing(rows, mark)
            confirmed = missing & self.absent & self.snapshot.absent
            self.absent = missing - confirmed
            self.tell(self.ledger.merge_snapshot(rows, mark, confirmed))
            self.whole = self.whole or (self.snapshot.whole and not self.absent)
            self.snapshot = None

    def fail(self) -> None:
        self.snapshot = None

    # What must hold

    def tell(self, changes: list[Change]) -> None:
        """Follow the changes that a merge answered with."""
        for change in changes:
            assert change.before != change.after
            assert change.before == self.told.get(change.currency, EMPTY)
            self.told[change.currency] = change.after

    def check(self) -> None:
        """Check that the ledger has nothing that the account never had, and has returned all that changed."""
        assert {currency: self.ledger.holding(currency) for currency in self.ledger.currencies} == self.told
        for currency, holding in self.told.items():
            assert holding in self.history[currency]
        self.added += self.ledger.added
        self.ledger.added.clear()
        assert self.added == [*self.told]

    def come_to_rest(self, *, answer_first: bool) -> None:
        """Let everything arrive that is under way; only where the stream is not whole a snapshot is needed."""
        self.compute(with_zeros=False)
        if answer_first:
            self.answer()
        while self.under_way:
            # The newest first.
            self.deliver(-1)
        self.answer()
        # A second one confirms what the first one lacks.
        for _ in range(2):
            if not self.whole:
                self.ask()
                self.compute(with_zeros=False)
                self.answer()
        assert self.whole
        assert not self.ledger.unknown
        for currency in CURRENCIES:
            assert self.ledger.holding(currency) == self.account.get(currency, EMPTY)


type Step = Callable[[Model], None]

amounts = st.one_of(
    st.just(Decimal(0)),
    st.decimals(min_value=0, max_value=10**12, places=20, allow_nan=False, allow_infinity=False),
)
events = st.dictionaries(st.sampled_from(CURRENCIES), st.builds(Holding, amounts, amounts), min_size=1)
picks = st.integers(0, 20)


def step(act: Callable[..., None], **arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    def bind(values: dict[str, object]) -> Step:
        def take(model: Model) -> None:
            act(model, **values)

        take.__qualname__ = f"{act.__name__}({values})"
        return take

    return st.fixed_dictionaries(arguments).map(bind)


EVERYDAY = {
    "change": step(
        Model.change, event=events, pause=st.sampled_from((0, 1, 1000)), in_one_frame=st.booleans()
    ),
    "deliver": step(Model.deliver, pick=picks),
    "deliver again": step(Model.deliver_again, pick=picks),
    "ask": step(Model.ask),
    "compute": step(Model.compute, with_zeros=st.booleans()),
    "answer": step(Model.answer),
}
LOSSES = {
    "lose a frame": step(Model.lose_frame, pick=picks),
    "deliver undecodable": step(Model.deliver_undecodable, pick=picks),
    "go untold": step(Model.go_untold, currency=st.sampled_from(CURRENCIES)),
    "reconnect": step(Model.reconnect),
    "fail": step(Model.fail),
}


def schedules(steps: dict[str, st.SearchStrategy[Step]]) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.sampled_from(sorted(steps)).flatmap(steps.__getitem__), min_size=10, max_size=60)


# After a loss a snapshot corrects all that was wrong before, so most schedules have none.
@given(
    schedule=st.one_of(schedules(EVERYDAY), schedules(EVERYDAY), schedules(EVERYDAY | LOSSES)),
    answer_first=st.booleans(),
)
@scaled_settings(500)
def test_ledger_has_what_the_account_has_once_all_has_arrived(
    schedule: list[Step], answer_first: bool
) -> None:
    model = Model()
    for take in schedule:
        take(model)
        model.check()
    model.come_to_rest(answer_first=answer_first)
    model.check()
