"""A subscription is not acknowledged: what changes before it has an effect is told by no frame."""

import asyncio
from pathlib import Path

import pytest

from custom_components.upbit.const import TIMINGS
from simulator.connection import Connection
from tests.helpers.harness import own_harness
from tests.helpers.virtual_time import run, wait_until


@pytest.mark.usefixtures("socket_enabled")
def test_change_before_a_subscription_has_an_effect_is_right_within_a_minute(tmp_path: Path) -> None:
    async def main() -> None:
        async with own_harness(tmp_path) as harness:
            exchange = harness.exchange
            arrived: list[Connection] = []

            def take_no_effect(connection: Connection) -> None:
                connection.subscribed = False
                arrived.append(connection)

            exchange.stream.after_subscribe = take_no_effect
            # One snapshot is taken for the loss, another one for the new connection.
            async with exchange.hold_snapshots() as gate:
                exchange.cut()
                await exchange.until(lambda: bool(arrived))
                await gate.held()
            async with exchange.hold_snapshots() as gate:
                await gate.held()
                # Neither in the rows, which are computed, nor told by the stream.
                exchange.account.deposit("BTC", 1)
                arrived[0].subscribed = True
                # The stream speaks: nothing else makes the next snapshot come soon.
                exchange.account.deposit("XRP", 1)
                await exchange.flushed()
                await asyncio.sleep(1)
            await wait_until(harness.has_recovered, within=7200)
            assert harness.observer.settled() != []
            await asyncio.sleep(TIMINGS.snapshot_interval + 5)
            assert harness.observer.settled() == []

    run(main())
