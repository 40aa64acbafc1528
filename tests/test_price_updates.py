"""When a value whose price moved is written, without a timer."""

from decimal import Decimal
from itertools import pairwise
from math import inf

import pytest

from custom_components.upbit.price_updates import MOST_WRITES, Figure, PriceUpdates, WriteGate


class Values:
    """Values that a gate watches, all written at second 0 as 1000."""

    def __init__(self, mode: PriceUpdates, *keys: str) -> None:
        self.values: dict[str, Decimal | None] = dict.fromkeys(keys or ("BTC",), Decimal(1000))
        self.gate: WriteGate[str] = WriteGate(mode, self._figure)
        for key in self.values:
            self.gate.written(key, 0)

    def _figure(self, key: str) -> Figure | None:
        value = self.values[key]
        return None if value is None else Figure(value, (f"{value:.2f}",))

    def move(self, **values: str) -> float:
        """Move prices; return when the gate has to be asked."""
        self.values |= {key: Decimal(value) for key, value in values.items()}
        return self.gate.moved(values)

    def written_at(self, now: float) -> list[str]:
        """Write what is due."""
        keys = self.gate.due(now)
        for key in keys:
            self.gate.written(key, now)
        return keys


@pytest.mark.parametrize(
    ("mode", "value", "due_at"),
    [
        (PriceUpdates.NORMAL, "1001", 30),
        (PriceUpdates.NORMAL, "1000.99", 300),
        (PriceUpdates.NORMAL, "1000.01", 300),
        (PriceUpdates.NORMAL, "1000.001", inf),
        (PriceUpdates.LIVE, "1000.01", 5),
        (PriceUpdates.LIVE, "2000", 5),
        (PriceUpdates.LIVE, "1000.001", inf),
        (PriceUpdates.CALM, "1010", 60),
        (PriceUpdates.CALM, "990", 60),
        (PriceUpdates.CALM, "1009.99", 900),
        (PriceUpdates.CALM, "1000.001", inf),
    ],
)
def test_move_is_written_when_it_is_large_enough_or_has_waited_long_enough(
    mode: PriceUpdates, value: str, due_at: float
) -> None:
    values = Values(mode)
    asked_at = values.move(BTC=value)
    written = []
    while asked_at < inf:
        assert len(written) < 1
        if values.written_at(asked_at):
            written.append(asked_at)
        asked_at = values.gate.next_at()
    assert written == ([due_at] if due_at < inf else [])


def test_move_after_the_gap_is_written_immediately() -> None:
    values = Values(PriceUpdates.NORMAL)
    assert values.move(BTC="1001") <= 100
    assert values.written_at(100) == ["BTC"]


def test_small_move_followed_by_a_large_one_does_not_wait() -> None:
    values = Values(PriceUpdates.NORMAL)
    values.move(BTC="1000.5")
    assert values.written_at(30) == []
    assert values.move(BTC="1002") <= 31
    assert values.written_at(31) == ["BTC"]


def test_largest_moves_are_written_first_and_only_so_many_in_a_second() -> None:
    keys = [f"C{number}" for number in range(MOST_WRITES + 2)]
    values = Values(PriceUpdates.NORMAL, *keys)
    values.move(**{key: str(1010 + number) for number, key in enumerate(keys)})
    assert values.written_at(30) == keys[:1:-1]
    assert values.gate.next_at() == 31
    assert values.written_at(31) == keys[1::-1]
    assert values.gate.next_at() == inf


def test_small_move_among_many_large_ones_is_written_in_its_turn() -> None:
    """As that of the total value, which moves less than its coins."""
    keys = [f"C{number}" for number in range(60)]
    values = Values(PriceUpdates.LIVE, "TOTAL", *keys)
    written = [0]
    for now in range(1, 200):
        values.move(TOTAL=f"{1000 + now / 100}", **dict.fromkeys(keys, str(1000 + now)))
        if "TOTAL" in values.written_at(now):
            written.append(now)
    # It comes first after two intervals of 5 s, when those that have waited longer are written.
    longest = 10 + len(keys) / MOST_WRITES
    assert max(after - before for before, after in pairwise(written)) <= longest


def test_move_back_is_not_written() -> None:
    values = Values(PriceUpdates.NORMAL)
    values.move(BTC="1002")
    values.move(BTC="1000")
    assert values.written_at(30) == []
    assert values.gate.next_at() == inf


def test_value_that_is_not_written_by_anybody_is_not_looked_at() -> None:
    values = Values(PriceUpdates.NORMAL)
    values.gate.removed("BTC")
    assert values.move(BTC="2000") == inf


def test_value_that_does_not_exist_is_not_due() -> None:
    values = Values(PriceUpdates.NORMAL)
    values.move(BTC="1001")
    values.values["BTC"] = None
    assert values.written_at(30) == []


def test_other_mode_counts_for_what_has_moved_already() -> None:
    values = Values(PriceUpdates.CALM)
    values.move(BTC="1000.50")
    assert values.written_at(60) == []
    values.gate.set_mode(PriceUpdates.LIVE)
    assert values.written_at(61) == ["BTC"]
