"""The stages of a connection at which something may happen to it, each reached by waiting for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from homeassistant.config_entries import ConfigEntryState

from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

type Stage = Callable[[Harness, AsyncExitStack], Awaitable[None]]


# Stages of an entry that is loaded


async def idle(harness: Harness, stack: AsyncExitStack) -> None:
    """Nothing is under way."""
    assert harness.is_connected_and_correct


async def connecting(harness: Harness, stack: AsyncExitStack) -> None:
    """A handshake is under way."""
    harness.exchange.handshake.hang()
    harness.exchange.cut()
    await harness.exchange.until(lambda: len(harness.exchange.record.handshakes) == 2)


async def comparing(harness: Harness, stack: AsyncExitStack) -> None:
    """The snapshot after a connection is under way."""
    held = await stack.enter_async_context(harness.exchange.hold_snapshots())
    harness.exchange.cut()
    await held.held()


async def refreshing(harness: Harness, stack: AsyncExitStack) -> None:
    """A user waits for a snapshot."""
    held = await stack.enter_async_context(harness.exchange.hold_snapshots())

    async def refresh() -> None:
        try:
            await harness.refresh()
        except Exception:  # noqa: BLE001 - however it ends, it must end
            return

    task = asyncio.create_task(refresh())
    stack.push_async_callback(asyncio.wait_for, task, 30)
    await held.held()


async def expecting_an_update(harness: Harness, stack: AsyncExitStack) -> None:
    """A snapshot has shown what the stream did not deliver, and the stream is given time."""
    harness.account.change({"BTC": ("0.7", "0")}, announce=False)
    await harness.refresh()


async def waiting_to_reconnect(harness: Harness, stack: AsyncExitStack) -> None:
    """The next attempt to connect is due later."""
    harness.exchange.handshake.fail_with(503)
    harness.exchange.cut()
    await wait_until(lambda: harness.stats.failed_connects["http_503"] == 4, within=30)


async def checking_the_key(harness: Harness, stack: AsyncExitStack) -> None:
    """A handshake was rejected, and no snapshot shows why."""
    harness.exchange.handshake.fail_with(401)
    harness.exchange.rest.fail_with(503)
    harness.exchange.cut()
    await wait_until(lambda: harness.stats.failed_connects["http_401"] == 1, within=5)


async def blocked(harness: Harness, stack: AsyncExitStack) -> None:
    """The exchange has asked to wait."""
    harness.exchange.handshake.fail_with(418)
    harness.exchange.cut()
    await wait_until(lambda: harness.wait_seconds > 0, within=5)


async def half_open(harness: Harness, stack: AsyncExitStack) -> None:
    """The connection is lost without a sign, and this is not yet noticed."""
    harness.exchange.half_open()
    await pass_time(25)  # a ping is out, and no pong will come


async def closing(harness: Harness, stack: AsyncExitStack) -> None:
    """The exchange does not answer to a closing frame."""
    harness.exchange.half_open()
    harness.replace_stream()
    await pass_time(0.5)


async def amid_a_flood(harness: Harness, stack: AsyncExitStack) -> None:
    """Frames come faster than they are read."""
    for number in range(1, 200):
        harness.account.set(f"C{number}", number)
    await wait_until(lambda: harness.ledger.sequence > 0, within=1)


async def stopped(harness: Harness, stack: AsyncExitStack) -> None:
    """Another key is asked for, and all work has ended."""
    harness.exchange.key.deleted = True
    harness.exchange.cut()
    await wait_until(lambda: harness.reauth_flows == 1, within=10)


STAGES: list[Stage] = [
    idle,
    connecting,
    comparing,
    refreshing,
    expecting_an_update,
    waiting_to_reconnect,
    checking_the_key,
    blocked,
    half_open,
    closing,
    amid_a_flood,
    stopped,
]


# Stages of an entry that is being set up


async def handshake_under_way(harness: Harness, stack: AsyncExitStack) -> None:
    """The first handshake is under way."""
    harness.exchange.handshake.hang()
    await harness.exchange.until(lambda: bool(harness.exchange.record.handshakes))


async def first_snapshot_under_way(harness: Harness, stack: AsyncExitStack) -> None:
    """The first snapshot is made and on its way."""
    held = await stack.enter_async_context(harness.exchange.hold_snapshots())
    await held.held()


async def first_snapshot_unanswered(harness: Harness, stack: AsyncExitStack) -> None:
    """The first snapshot is not answered."""
    harness.exchange.rest.hang()
    await harness.exchange.until(lambda: bool(harness.exchange.record.requests("/v1/accounts")))


async def waiting_for_another_attempt(harness: Harness, stack: AsyncExitStack) -> None:
    """Home Assistant will try again later."""
    harness.exchange.rest.fail_with(503)
    await wait_until(lambda: harness.entry.state is ConfigEntryState.SETUP_RETRY, within=30)


SETUP_STAGES: list[Stage] = [
    handshake_under_way,
    first_snapshot_under_way,
    first_snapshot_unanswered,
    waiting_for_another_attempt,
]


@asynccontextmanager
async def at(harness: Harness, stage: Stage) -> AsyncIterator[None]:
    """Be at a stage; in the end undo what led to it."""
    async with AsyncExitStack() as stack:
        await stage(harness, stack)
        yield
