"""The ledger in any interleaving of changes, frames and snapshots, without a socket and without time."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.api.wire import EMPTY, AssetUpdate, Holding
from tests.effort import effort

CURRENCIES = ("SGD", "BTC", "XRP")

amounts = st.one_of(
    st.just(Decimal(0)),
    st.decimals(min_value=0, max_value=10**12, places=20, allow_nan=False, allow_infinity=False),
)
holdings = st.builds(Holding, amounts, amounts)
picks = st.integers(min_value=0, max_value=10**6)


@dataclass(slots=True)
class Snapshot:
    """A snapshot under way."""

    mark: int
    rows: dict[str, Holding] | None = None
    """What the account had when the exchange computed the rows; None before that."""
    whole: bool = True
    """Whether the stream tells everything that the rows do not show yet."""


class LedgerModel(RuleBasedStateMachine):
    """An account, what is under way from it, and the ledger at the other end.

    Frames of one currency may overtake each other unless they carry the same time: then nothing could tell which is
    the newer one, and the exchange is taken to keep them in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.account: dict[str, Holding] = {}
        self.history: dict[str, set[Holding]] = {currency: {EMPTY} for currency in CURRENCIES}
        self.told: dict[str, Holding] = {}
        self.time = 1_790_000_000_000
        self.times: Counter[tuple[str, int]] = Counter()
        self.under_way: list[AssetUpdate] = []
        self.arrived: list[AssetUpdate] = []
        self.lost: set[str] = set()
        self.snapshot: Snapshot | None = None
        self.whole = False

    # The account

    @rule(
        event=st.dictionaries(st.sampled_from(CURRENCIES), holdings, min_size=1),
        pause=st.sampled_from((0, 1, 1000)),
        in_one_frame=st.booleans(),
    )
    def change(self, event: dict[str, Holding], pause: int, in_one_frame: bool) -> None:
        self.time += pause
        self.account |= event
        for currency, holding in event.items():
            self.history[currency].add(holding)
            self.times[currency, self.time] += 1
        parts = [event] if in_one_frame else [{currency: holding} for currency, holding in event.items()]
        self.under_way += [AssetUpdate(part, self.time, self.time) for part in parts]

    @rule(currency=st.sampled_from(CURRENCIES))
    def sell_out_before_anybody_listened(self, currency: str) -> None:
        """Go from the rows without a frame; only a snapshot can tell."""
        if self.account.pop(currency, EMPTY) != EMPTY:
            self.lose_track({currency})

    # Frames

    @precondition(lambda self: self.under_way)
    @rule(pick=picks)
    def deliver(self, pick: int) -> None:
        frame = self.pick_next(pick)
        self.under_way.remove(frame)
        self.arrived.append(frame)
        self.tell(self.ledger.merge_update(frame))

    @precondition(lambda self: self.arrived)
    @rule(pick=picks)
    def deliver_again(self, pick: int) -> None:
        frame = self.arrived[pick % len(self.arrived)]
        alone = all(self.times[currency, frame.asset_timestamp] == 1 for currency in frame.holdings)
        if alone and not self.lost & frame.holdings.keys():
            self.tell(self.ledger.merge_update(frame))

    @precondition(lambda self: self.under_way)
    @rule(pick=picks)
    def lose_frame(self, pick: int) -> None:
        frame = self.pick_next(pick)
        self.under_way.remove(frame)
        self.lose_track(set(frame.holdings))

    @rule()
    def reconnect(self) -> None:
        self.under_way.clear()
        self.arrived.clear()
        self.lost.clear()
        self.ledger.start_connection()
        self.whole = False
        if self.snapshot is not None:
            self.snapshot.whole = False

    def pick_next(self, pick: int) -> AssetUpdate:
        frame = self.under_way[pick % len(self.under_way)]
        # Nothing overtakes a frame with the same time and a currency of it.
        for earlier in self.under_way:
            if earlier.asset_timestamp == frame.asset_timestamp and earlier.holdings.keys() & frame.holdings:
                return earlier
        return frame

    def lose_track(self, currencies: set[str]) -> None:
        self.lost |= currencies
        self.whole = False
        if self.snapshot is not None and (self.snapshot.rows is not None or self.is_hidden()):
            self.snapshot.whole = False

    def is_hidden(self) -> bool:
        """Return whether an older frame may yet take the place of a lost one: nothing tells its order to the rows."""
        return any(self.lost & frame.holdings.keys() for frame in self.under_way)

    # Snapshots

    @precondition(lambda self: self.snapshot is None)
    @rule()
    def ask(self) -> None:
        self.snapshot = Snapshot(self.ledger.sequence, whole=not self.is_hidden())

    @precondition(lambda self: self.snapshot is not None and self.snapshot.rows is None)
    @rule(with_zeros=st.booleans())
    def compute(self, with_zeros: bool) -> None:
        assert self.snapshot is not None
        self.snapshot.rows = {
            currency: holding
            for currency, holding in self.account.items()
            if with_zeros or holding.balance or holding.locked
        }

    @precondition(lambda self: self.snapshot is not None and self.snapshot.rows is not None)
    @rule()
    def answer(self) -> None:
        assert self.snapshot is not None
        assert self.snapshot.rows is not None
        self.tell(self.ledger.merge_snapshot(self.snapshot.rows, self.snapshot.mark))
        self.whole = self.whole or self.snapshot.whole
        self.snapshot = None

    @precondition(lambda self: self.snapshot is not None)
    @rule()
    def fail(self) -> None:
        self.snapshot = None

    # What must hold

    def tell(self, changes: list[Change]) -> None:
        for change in changes:
            assert change.before != change.after
            assert change.before == self.told.get(change.currency, EMPTY)
            assert change.first is (change.currency not in self.told)
            self.told[change.currency] = change.after

    @invariant()
    def every_holding_is_one_the_account_had(self) -> None:
        for currency, holding in self.ledger.holdings.items():
            assert holding in self.history[currency]

    @invariant()
    def changes_tell_everything(self) -> None:
        assert dict(self.ledger.holdings) == self.told

    @rule(data=st.data())
    def come_to_rest(self, data: st.DataObject) -> None:
        """Let everything arrive that is under way; a snapshot is needed only where the stream was not whole."""
        if self.snapshot is not None and self.snapshot.rows is None:
            self.compute(with_zeros=data.draw(st.booleans()))
        answer_first = data.draw(st.booleans())
        if self.snapshot is not None and answer_first:
            self.answer()
        while self.under_way:
            self.deliver(data.draw(picks))
        if self.snapshot is not None:
            self.answer()
        if not self.whole:
            self.ask()
            self.compute(with_zeros=data.draw(st.booleans()))
            self.answer()
        assert self.whole
        for currency in CURRENCIES:
            assert self.ledger.holding(currency) == self.account.get(currency, EMPTY)


TestLedger = LedgerModel.TestCase
TestLedger.settings = effort(200, stateful_step_count=40)
