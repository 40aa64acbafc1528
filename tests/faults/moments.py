"""The moments of a connection's life at which something may happen to it, each reached by waiting for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from homeassistant.config_entries import ConfigEntryState

from .clock import pass_time, until
from .world import World

type Moment = Callable[[World, AsyncExitStack], Awaitable[None]]


# Moments of an entry that is loaded


async def live(world: World, stack: AsyncExitStack) -> None:
    """Nothing is going on."""
    assert world.live_and_right


async def connecting(world: World, stack: AsyncExitStack) -> None:
    """A handshake is under way."""
    world.exchange.handshake.hang()
    world.exchange.cut()
    await world.exchange.until(lambda: len(world.exchange.record.handshakes) == 2)


async def subscribing(world: World, stack: AsyncExitStack) -> None:
    """The handshake is accepted, and the request not yet sent."""
    world.exchange.cut()
    await world.exchange.until(lambda: not world.exchange.stream.connections)
    await world.exchange.until(lambda: bool(world.exchange.stream.connections))
    assert not world.exchange.stream.subscriptions


async def subscribed(world: World, stack: AsyncExitStack) -> None:
    """The request has just been taken."""
    world.exchange.cut()
    await world.exchange.until(lambda: not world.exchange.stream.connections)
    await world.exchange.subscribed()


async def reconciling(world: World, stack: AsyncExitStack) -> None:
    """The snapshot after a connection is under way."""
    gate = await stack.enter_async_context(world.exchange.hold_snapshots())
    world.exchange.cut()
    await gate.held()


async def reading_a_slow_body(world: World, stack: AsyncExitStack) -> None:
    """A snapshot is coming a byte at a time."""
    world.exchange.rest.drip(0.1)
    world.exchange.cut()
    await world.exchange.until(lambda: world.exchange.record.calls[-1].path == "/v1/accounts")
    await pass_time(1)


async def refreshing(world: World, stack: AsyncExitStack) -> None:
    """A user waits for a snapshot."""
    gate = await stack.enter_async_context(world.exchange.hold_snapshots())

    async def refresh() -> None:
        try:
            await world.coordinator.async_refresh()
        except Exception:  # noqa: BLE001 - however it ends, it must end
            return

    task = asyncio.create_task(refresh())
    stack.push_async_callback(asyncio.wait_for, task, 30)
    await gate.held()


async def confirming(world: World, stack: AsyncExitStack) -> None:
    """A snapshot has shown what the stream did not tell, and the stream is given time."""
    world.exchange.account.change({"BTC": ("0.7", "0")}, announce=False)
    await world.coordinator.async_refresh()


async def after_a_bad_frame(world: World, stack: AsyncExitStack) -> None:
    """A snapshot is due soon, since a frame was refused."""
    world.exchange.stream.send(b"hello")
    await until(lambda: world.coordinator.stats.invalid_messages["not_json"] == 1, within=1)


async def waiting_to_reconnect(world: World, stack: AsyncExitStack) -> None:
    """The next attempt to connect is due later."""
    world.exchange.handshake.fail_with(503)
    world.exchange.cut()
    await until(lambda: world.coordinator.stats.failed_connects["http_503"] == 4, within=30)


async def in_doubt_of_the_key(world: World, stack: AsyncExitStack) -> None:
    """A handshake was refused, and no snapshot says why."""
    world.exchange.handshake.fail_with(401)
    world.exchange.rest.fail_with(503)
    world.exchange.cut()
    await until(lambda: world.coordinator.stats.failed_connects["http_401"] == 1, within=5)


async def blocked(world: World, stack: AsyncExitStack) -> None:
    """The exchange has asked to wait."""
    world.exchange.handshake.fail_with(418)
    world.exchange.cut()
    await until(lambda: world.coordinator.rate_limit.remaining() > 0, within=5)


async def half_open(world: World, stack: AsyncExitStack) -> None:
    """The connection is dead, and nobody knows yet."""
    world.exchange.half_open()
    await pass_time(25)  # a ping is out, and no pong will come


async def closing(world: World, stack: AsyncExitStack) -> None:
    """The exchange does not answer to a closing frame."""
    world.exchange.half_open()
    world.coordinator.reconnect("test")
    await pass_time(0.5)


async def amid_a_flood(world: World, stack: AsyncExitStack) -> None:
    """Frames come faster than they are read."""
    for number in range(1, 200):
        world.exchange.account.set(f"C{number}", number)
    await until(lambda: world.coordinator.stats.frames > 0, within=1)


async def silenced(world: World, stack: AsyncExitStack) -> None:
    """The network has fallen silent, and that was noticed."""
    world.exchange.silence()
    await until(lambda: not world.stream_shown_live, within=40)


async def both_down(world: World, stack: AsyncExitStack) -> None:
    """Nothing can be reached."""
    world.exchange.go_down()
    await until(lambda: world.unavailable, within=40)


async def key_dead(world: World, stack: AsyncExitStack) -> None:
    """Another key is asked for, and all work has ended."""
    world.exchange.key.deleted = True
    world.exchange.cut()
    await until(lambda: world.reauth_flows() == 1, within=10)


MOMENTS: list[Moment] = [
    live,
    connecting,
    subscribing,
    subscribed,
    reconciling,
    reading_a_slow_body,
    refreshing,
    confirming,
    after_a_bad_frame,
    waiting_to_reconnect,
    in_doubt_of_the_key,
    blocked,
    half_open,
    closing,
    amid_a_flood,
    silenced,
    both_down,
    key_dead,
]


# Moments of an entry that is being set up


async def handshake_under_way(world: World, stack: AsyncExitStack) -> None:
    """The first handshake is under way."""
    world.exchange.handshake.hang()
    await world.exchange.until(lambda: bool(world.exchange.record.handshakes))


async def handshake_accepted(world: World, stack: AsyncExitStack) -> None:
    """The first handshake is accepted."""
    await world.exchange.until(lambda: bool(world.exchange.stream.connections))


async def subscription_taken(world: World, stack: AsyncExitStack) -> None:
    """The first request has been taken."""
    await world.exchange.subscribed()


async def first_snapshot_under_way(world: World, stack: AsyncExitStack) -> None:
    """The first snapshot is made and on its way."""
    gate = await stack.enter_async_context(world.exchange.hold_snapshots())
    await gate.held()


async def first_snapshot_unanswered(world: World, stack: AsyncExitStack) -> None:
    """The first snapshot is not answered."""
    world.exchange.rest.hang()
    await world.exchange.until(lambda: bool(world.exchange.record.requests("/v1/accounts")))


async def waiting_for_another_attempt(world: World, stack: AsyncExitStack) -> None:
    """Home Assistant will try again later."""
    world.exchange.rest.fail_with(503)
    await until(lambda: world.entry.state is ConfigEntryState.SETUP_RETRY, within=30)


SETUP_MOMENTS: list[Moment] = [
    handshake_under_way,
    handshake_accepted,
    subscription_taken,
    first_snapshot_under_way,
    first_snapshot_unanswered,
    waiting_for_another_attempt,
]


@asynccontextmanager
async def at(world: World, moment: Moment) -> AsyncIterator[None]:
    """Be at a moment; in the end let go of what made it."""
    async with AsyncExitStack() as stack:
        await moment(world, stack)
        yield
