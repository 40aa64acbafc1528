"""The private stream against the simulated exchange: its request, its frames, its ends, and its closing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
import json
import traceback

import aiohttp
import pytest

from custom_components.upbit.api import stream as stream_module
from custom_components.upbit.api.auth import Credentials
from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.regions import Region
from custom_components.upbit.api.stream import (
    HEARTBEAT,
    RefusedFrame,
    Stream,
    StreamEvent,
    open_stream,
)
from custom_components.upbit.api.throttle import Gate
from custom_components.upbit.api.wire import MAX_FRAME_SIZE, AssetUpdate, Holding, Refusal
from tests.exchange import ACCESS_KEY, SECRET_KEY, Format, NumberStyle, SimulatedExchange
from tests.exchange.wire import parse_request
from tests.waiting import until


class Client:
    """Opens the stream and collects what it says."""

    def __init__(
        self, session: aiohttp.ClientSession, place: Region, credentials: Credentials, gate: Gate
    ) -> None:
        self.events: list[StreamEvent] = []
        self.gate = gate
        self._arguments = (session, place, credentials, gate)

    def open(self) -> AbstractAsyncContextManager[Stream]:
        """Open the stream."""
        return open_stream(*self._arguments)

    async def run(self) -> None:
        """Collect events until the stream ends."""
        async with self.open() as stream:
            async for event in stream.events():
                self.events.append(event)

    async def failure(self) -> UpbitError:
        """Run to the end; return the error."""
        async with asyncio.timeout(5):
            with pytest.raises(UpbitError) as caught:
                await self.run()
        return caught.value

    @property
    def balances(self) -> list[dict[str, Decimal]]:
        """Return the balances of every update so far."""
        return [
            {currency: holding.balance for currency, holding in event.holdings.items()}
            for event in self.events
            if isinstance(event, AssetUpdate)
        ]


@pytest.fixture
def client(session: aiohttp.ClientSession, place: Region, credentials: Credentials, gate: Gate) -> Client:
    return Client(session, place, credentials, gate)


@pytest.fixture
async def running(client: Client, exchange: SimulatedExchange) -> AsyncIterator[asyncio.Task[None]]:
    """Run the client in a task until the test is over."""
    task = asyncio.create_task(client.run())
    async with asyncio.timeout(5):
        await exchange.subscribed()
    yield task
    task.cancel()
    await asyncio.wait([task])


async def ended(task: asyncio.Task[None]) -> UpbitError:
    """Return the error that the client's task ends with."""
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    error = task.exception()
    assert isinstance(error, UpbitError)
    return error


# Connecting


async def test_request_is_the_documented_one(
    running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    (text,) = exchange.record.messages
    assert [list(part) for part in json.loads(text)] == [["ticket"], ["type"], ["format"]]
    request = parse_request(text)
    assert request.subscribe
    assert request.format is Format.DEFAULT
    assert exchange.record.most_live[ACCESS_KEY] == 1


async def test_each_connection_has_a_token_and_a_ticket_of_its_own(
    client: Client, exchange: SimulatedExchange
) -> None:
    for _ in range(3):
        async with client.open(), asyncio.timeout(5):
            await exchange.subscribed()
    assert [call.status for call in exchange.record.handshakes] == [101] * 3
    assert len({json.loads(text)[0]["ticket"] for text in exchange.record.messages}) == 3


# Frames


@pytest.mark.parametrize("text", [False, True], ids=["binary", "text"])
@pytest.mark.parametrize("numbers", NumberStyle)
async def test_frames_are_exact(
    client: Client,
    running: asyncio.Task[None],
    exchange: SimulatedExchange,
    text: bool,
    numbers: NumberStyle,
) -> None:
    exchange.stream.text, exchange.stream.numbers = text, numbers
    event = exchange.account.set("SGD", "1386929.37231066771348207123", "10329.670127489597585685")
    await until(lambda: client.events)
    (update,) = client.events
    assert isinstance(update, AssetUpdate)
    assert update.holdings == {
        "SGD": Holding(Decimal("1386929.37231066771348207123"), Decimal("10329.670127489597585685"))
    }
    assert update.asset_timestamp == event.asset_timestamp


@pytest.mark.parametrize("format_", Format)
async def test_every_format_is_understood(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange, format_: Format
) -> None:
    # A client that asks for one format may still get another: the format is the connection's.
    exchange.stream.subscriptions[0].format = format_
    exchange.account.set("BTC", "0.25")
    exchange.account.set("BTC", "0.75")
    await until(lambda: len(client.events) == 2)
    assert client.balances == [{"BTC": Decimal("0.25")}, {"BTC": Decimal("0.75")}]


async def test_frames_about_nothing_are_passed_over(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send('{"status":"UP"}', text=True)
    exchange.stream.send('{"method":"LIST_SUBSCRIPTIONS","result":[],"ticket":"t"}')
    exchange.account.set("BTC", "0.25")
    await until(lambda: client.events)
    assert client.balances == [{"BTC": Decimal("0.25")}]


async def test_list_of_frames_yields_each_of_them(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    frame = '{"type":"myAsset","assets":[{"currency":"BTC","balance":%d,"locked":0}],"asset_timestamp":1,"timestamp":1}'
    exchange.stream.send(f'[{frame % 1},{{"status":"UP"}},{frame % 2}]')
    await until(lambda: len(client.events) == 2)
    assert client.balances == [{"BTC": Decimal(1)}, {"BTC": Decimal(2)}]


async def test_malformed_frame_is_told_and_the_stream_goes_on(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send("{", text=True)
    exchange.stream.send('{"type":"myOrder"}')
    exchange.account.set("BTC", "0.25")
    await until(lambda: len(client.events) == 3)
    assert client.events[:2] == [RefusedFrame(Refusal.NOT_JSON), RefusedFrame(Refusal.UNKNOWN_TYPE)]
    assert client.balances == [{"BTC": Decimal("0.25")}]


async def test_frame_that_is_too_large_is_told_and_ends_the_connection(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send(b" " * (MAX_FRAME_SIZE + 1))
    error = await ended(running)
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "close_1009")
    assert client.events == [RefusedFrame(Refusal.TOO_LARGE)]


async def test_frame_of_the_greatest_size_is_read(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send(b'{"status":"UP"}'.ljust(MAX_FRAME_SIZE - 1))
    exchange.account.set("BTC", "0.25")
    await until(lambda: client.events)
    assert client.balances == [{"BTC": Decimal("0.25")}]


# Ends


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 4000])
async def test_every_close_is_a_loss(
    running: asyncio.Task[None], exchange: SimulatedExchange, code: int
) -> None:
    exchange.close_all(code)
    error = await ended(running)
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, f"close_{code}")


async def test_cut_connection_is_a_loss(running: asyncio.Task[None], exchange: SimulatedExchange) -> None:
    exchange.cut()
    error = await ended(running)
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "close_1006")


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("INVALID_AUTH", ErrorKind.UNAUTHORIZED, "frame_invalid_auth"),
        ("WRONG_FORMAT", ErrorKind.UNKNOWN, "frame_wrong_format"),
        ("NO_TICKET", ErrorKind.UNKNOWN, "frame_no_ticket"),
        ("Too Many Requests", ErrorKind.RATE_LIMITED, "frame_too_many_requests"),
        ("I'm a teapot", ErrorKind.BLOCKED, "frame_i_m_a_teapot"),
    ],
)
async def test_error_frame_ends_the_stream_before_the_close_does(
    client: Client,
    running: asyncio.Task[None],
    exchange: SimulatedExchange,
    name: str,
    kind: ErrorKind,
    reason: str,
) -> None:
    exchange.stream.send_error(name)
    error = await ended(running)
    assert (error.kind, error.reason) == (kind, reason)
    assert (client.gate.remaining() > 0) is (kind in (ErrorKind.RATE_LIMITED, ErrorKind.BLOCKED))


async def test_frames_before_an_error_in_one_list_count(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    frame = '{"type":"myAsset","assets":[{"currency":"BTC","balance":1,"locked":0}],"asset_timestamp":1,"timestamp":1}'
    exchange.stream.send(f'[{frame},{{"error":{{"name":"INVALID_AUTH"}}}}]')
    assert (await ended(running)).kind is ErrorKind.UNAUTHORIZED
    assert client.balances == [{"BTC": Decimal(1)}]


# Keeping alive


def test_pings_come_well_before_the_exchange_closes_for_silence() -> None:
    # 60.5 s as measured. The ping is sent after this time, and its pong may take half of it.
    assert HEARTBEAT * 1.5 < 60


@pytest.fixture
def fast_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "HEARTBEAT", 0.2)


async def test_silent_connection_is_kept_open_by_pings(
    exchange: SimulatedExchange, client: Client, fast_heartbeat: None
) -> None:
    exchange.stream.idle_seconds = 0.5
    async with client.open() as stream, asyncio.timeout(5):
        reading = asyncio.create_task(anext(stream.events()))
        opened = asyncio.get_running_loop().time()
        await until(lambda: asyncio.get_running_loop().time() > opened + 1.2)
        assert not exchange.record.closes
        exchange.account.set("BTC", "0.25")
        assert isinstance(await reading, AssetUpdate)


async def test_half_open_connection_is_noticed(
    exchange: SimulatedExchange, fast_heartbeat: None, running: asyncio.Task[None]
) -> None:
    exchange.half_open()
    error = await ended(running)
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "close_1006")


# Handshakes that fail


@pytest.mark.parametrize(
    "break_it",
    [
        lambda exchange: setattr(exchange.key, "deleted", True),
        lambda exchange: setattr(exchange.key, "region", "th"),
        lambda exchange: setattr(exchange.key, "secret_key", "other" * 8),
        lambda exchange: setattr(exchange.key, "expires_at", datetime(2020, 1, 1, tzinfo=UTC)),
        lambda exchange: setattr(exchange.key, "allowed_addresses", frozenset()),
        lambda exchange: setattr(exchange.key, "permissions", frozenset()),
    ],
)
@pytest.mark.parametrize("by_frame", [False, True], ids=["by status", "by frame"])
async def test_refused_key_is_told_without_a_reason(
    client: Client,
    exchange: SimulatedExchange,
    break_it: Callable[[SimulatedExchange], None],
    by_frame: bool,
) -> None:
    exchange.stream.refuse_by_frame = by_frame
    break_it(exchange)
    # A refused handshake has no body: which of the reasons it was, only the REST call tells.
    assert (await client.failure()).kind is ErrorKind.UNAUTHORIZED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, ErrorKind.UNKNOWN),
        (403, ErrorKind.CANNOT_CONNECT),
        (404, ErrorKind.UNKNOWN),
        (429, ErrorKind.RATE_LIMITED),
        (418, ErrorKind.BLOCKED),
        (502, ErrorKind.CANNOT_CONNECT),
        (503, ErrorKind.CANNOT_CONNECT),
    ],
)
async def test_refused_handshake_is_classified(
    client: Client, exchange: SimulatedExchange, status: int, kind: ErrorKind
) -> None:
    exchange.handshake.fail_with(status)
    error = await client.failure()
    assert (error.kind, error.reason) == (kind, f"http_{status}")


async def test_no_handshake_is_made_while_the_exchange_asks_to_wait(
    client: Client, exchange: SimulatedExchange
) -> None:
    exchange.handshake.fail_with(429, headers={"Retry-After": "30"}, times=1)
    assert (await client.failure()).retry_after == 30
    assert client.gate.remaining() >= 30
    error = await client.failure()
    assert (error.kind, error.reason) == (ErrorKind.RATE_LIMITED, "waiting")
    assert len(exchange.record.handshakes) == 1


async def test_handshake_is_not_waited_for_for_ever(
    client: Client, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "CONNECT_TIMEOUT", 0.1)
    exchange.handshake.hang()
    error = await client.failure()
    assert (error.kind, error.reason) == (ErrorKind.CANNOT_CONNECT, "TimeoutError")


async def test_broken_handshake_is_an_error(client: Client, exchange: SimulatedExchange) -> None:
    exchange.handshake.cut()
    assert (await client.failure()).kind is ErrorKind.CANNOT_CONNECT


async def test_exchange_that_is_down_is_an_error(client: Client, exchange: SimulatedExchange) -> None:
    exchange.go_down()
    assert (await client.failure()).kind is ErrorKind.CANNOT_CONNECT


async def test_address_that_is_none_is_an_error(client: Client, place: Region) -> None:
    session, _, credentials, gate = client._arguments
    client._arguments = (session, replace(place, websocket_url="ws://[broken"), credentials, gate)
    assert (await client.failure()).kind is ErrorKind.CANNOT_CONNECT


async def test_connection_lost_before_the_request_is_a_loss(
    client: Client, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "send_str", broken)
    error = await client.failure()
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "ClientConnectionResetError")
    async with asyncio.timeout(5):
        await exchange.until(lambda: exchange.record.live[ACCESS_KEY] == 0)


@pytest.mark.parametrize("fault", ["refuse", "hang", "cut", "down"])
async def test_error_shows_no_key_or_token(
    client: Client, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(stream_module, "CONNECT_TIMEOUT", 0.1)
    match fault:
        case "refuse":
            exchange.key.deleted = True
        case "down":
            exchange.go_down()
        case _:
            getattr(exchange.handshake, fault)()
    error = await client.failure()
    text = "".join(traceback.format_exception(error)) + repr(error)
    for secret in (ACCESS_KEY, SECRET_KEY, "Bearer", "eyJ"):
        assert secret not in text


# Closing


async def test_leaving_closes_the_socket_in_order(client: Client, exchange: SimulatedExchange) -> None:
    async with asyncio.timeout(5):
        async with client.open():
            await exchange.subscribed()
        await exchange.until(lambda: not exchange.stream.connections)
    assert exchange.record.closes == {"client": 1}


async def test_cancelling_closes_the_socket(running: asyncio.Task[None], exchange: SimulatedExchange) -> None:
    running.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([running])
        await exchange.until(lambda: not exchange.stream.connections)
    assert running.cancelled()


async def test_closing_a_half_open_connection_does_not_take_long(
    running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.half_open()
    running.cancel()
    async with asyncio.timeout(2):
        await asyncio.wait([running])
    assert running.cancelled()


async def test_cancelling_during_the_handshake_leaves_no_connection(
    client: Client, exchange: SimulatedExchange
) -> None:
    exchange.handshake.hang()
    task = asyncio.create_task(client.run())
    async with asyncio.timeout(5):
        await exchange.until(lambda: len(exchange.record.handshakes) == 1)
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
    assert not exchange.stream.connections


async def test_error_of_the_reader_closes_the_socket(client: Client, exchange: SimulatedExchange) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(5):
        stack.enter_context(pytest.raises(ZeroDivisionError))
        async with client.open() as stream:
            await exchange.subscribed()
            exchange.account.set("BTC", 1)
            async for _ in stream.events():
                raise ZeroDivisionError
    async with asyncio.timeout(5):
        await exchange.until(lambda: not exchange.stream.connections)
