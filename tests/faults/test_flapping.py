"""The exchange flaps: it opens connections and closes them immediately, for an hour."""

from collections.abc import Callable
from itertools import cycle, pairwise
from statistics import mean

import pytest

from custom_components.upbit.const import TIMINGS
from simulator import SimulatedExchange, most_within
from simulator.faults import HttpFault
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

HANDFUL = 7
"""Attempts in any minute: the steps of the backoff are 1, 2, 4, 8, 16, 32 s, and jitter may halve them."""


def _open_and_close(exchange: SimulatedExchange) -> None:
    exchange.stream.after_subscribe = lambda connection: connection.close(1000)


def _never_open(exchange: SimulatedExchange) -> None:
    exchange.handshake.fail_with(502)


FLAPS = [_open_and_close, _never_open]


@pytest.mark.parametrize("flap", FLAPS)
async def test_attempts_grow_apart_for_an_hour(
    connected: Harness, flap: Callable[[SimulatedExchange], None]
) -> None:
    exchange = connected.exchange
    flap(exchange)
    exchange.cut()
    started = virtual_loop().time()
    await pass_time(3600)

    attempts = [call for call in exchange.record.handshakes if call.at > started]
    assert most_within(attempts, 60) <= HANDFUL
    gaps = [later.at - earlier.at for earlier, later in pairwise(attempts)]
    assert gaps[0] < 2.1
    assert mean(gaps[7:]) > 60
    # Each attempt that opens is followed by a snapshot, and so is its loss; that grows apart as well.
    assert (
        most_within((call for call in exchange.record.requests("/v1/accounts") if call.at > started), 60)
        <= 20
    )
    assert exchange.record.failed == [call for call in exchange.record.failed if call in attempts]

    # Snapshots continue all the while, so there is nothing to show or to log.
    assert "unavailable" not in connected.shown["BTC"]
    assert connected.log_lines() == []

    exchange.account.set("BTC", "0.1")
    await wait_until(lambda: connected.is_correct, within=65)
    exchange.stream.recover()
    exchange.handshake.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=125)


def _reject_handshakes(exchange: SimulatedExchange) -> None:
    exchange.handshake.fail_with(401)


@pytest.mark.parametrize("flap", [*FLAPS, _reject_handshakes])
async def test_attempts_grow_apart_where_snapshots_fail_and_succeed_in_turns(
    connected: Harness, flap: Callable[[SimulatedExchange], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = connected.exchange
    turns = cycle([HttpFault(status=503), None])
    monkeypatch.setattr(exchange.rest, "take", lambda: next(turns))
    exchange.limits.lift()  # it must not be those of the exchange that keep it from more
    flap(exchange)
    exchange.cut()
    started = virtual_loop().time()
    # Attempts without any wait would keep the hour from passing.
    await wait_until(
        lambda: virtual_loop().time() > started + 3600 or len(exchange.record.calls) > 2000,
        within=3600 + TIMINGS.tick,
    )
    attempts = [call for call in exchange.record.handshakes if call.at > started]
    assert most_within(attempts, 60) <= HANDFUL
    assert len(attempts) <= 100
