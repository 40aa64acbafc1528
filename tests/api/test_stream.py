"""The private stream against the simulated exchange: its request, its frames, its ends, and its closing."""

import asyncio
from contextlib import AsyncExitStack
from decimal import Decimal
import json

import pytest

from custom_components.upbit.api.errors import ErrorKind
from custom_components.upbit.api.websocket import HEARTBEAT
from custom_components.upbit.api.wire import MAX_FRAME_SIZE, AssetUpdate, DecodeErrorReason, Holding
from simulator import ACCESS_KEY, Format, SimulatedExchange
from simulator.wire import parse_request
from tests.helpers.virtual_time import pass_time, wait_until

from .client import Client, ended

FRAME = '{"type":"myAsset","assets":[{"currency":"BTC","balance":%d,"locked":0}],"asset_timestamp":1,"timestamp":1}'

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
async def test_frames_are_exact(
    client: Client,
    running: asyncio.Task[None],
    exchange: SimulatedExchange,
    text: bool,
) -> None:
    exchange.stream.text = text
    event = exchange.account.set("SGD", "1386929.37231066771348207123", "10329.670127489597585685")
    await wait_until(lambda: client.events)
    (update,) = client.events
    assert isinstance(update, AssetUpdate)
    assert update.amounts == {
        "SGD": Holding(Decimal("1386929.37231066771348207123"), Decimal("10329.670127489597585685"))
    }
    assert update.asset_timestamp == event.asset_timestamp


async def test_each_update_of_a_list_is_delivered_and_no_notice(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send(f'[{FRAME % 1},{{"status":"UP"}},{FRAME % 2}]')
    await wait_until(lambda: len(client.events) == 2)
    assert client.balances == [{"BTC": Decimal(1)}, {"BTC": Decimal(2)}]


async def test_invalid_frame_is_delivered_and_the_stream_continues(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send("{", text=True)
    exchange.stream.send('{"type":"myOrder"}')
    exchange.account.set("BTC", "0.25")
    await wait_until(lambda: len(client.events) == 3)
    assert client.events[:2] == [
        DecodeErrorReason.NOT_JSON,
        DecodeErrorReason.UNKNOWN_TYPE,
    ]
    assert client.balances == [{"BTC": Decimal("0.25")}]


async def test_frame_that_is_too_large_is_delivered_and_ends_the_connection(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send(b" " * (MAX_FRAME_SIZE + 1))
    error = await ended(running)
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, "close_1009")
    assert client.events == [DecodeErrorReason.TOO_LARGE]


async def test_frame_of_the_greatest_size_is_read(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send(b'{"status":"UP"}'.ljust(MAX_FRAME_SIZE - 1))
    exchange.account.set("BTC", "0.25")
    await wait_until(lambda: client.events)
    assert client.balances == [{"BTC": Decimal("0.25")}]


# Ends


@pytest.mark.parametrize("code", [1000, 4000])
async def test_every_close_is_a_loss(
    running: asyncio.Task[None], exchange: SimulatedExchange, code: int
) -> None:
    exchange.close_all(code)
    error = await ended(running)
    assert (error.kind, error.reason) == (ErrorKind.CONNECTION_LOST, f"close_{code}")


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("INVALID_AUTH", ErrorKind.UNAUTHORIZED, "frame_invalid_auth"),
        ("WRONG_FORMAT", ErrorKind.UNKNOWN, "frame_wrong_format"),
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
    assert (client.rate_limit.remaining() > 0) is (kind is ErrorKind.BLOCKED)


async def test_frames_before_an_error_in_one_list_count(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    exchange.stream.send(f'[{FRAME % 1},{{"error":{{"name":"INVALID_AUTH"}}}}]')
    assert (await ended(running)).kind is ErrorKind.UNAUTHORIZED
    assert client.balances == [{"BTC": Decimal(1)}]


# Keeping alive


def test_pings_are_sent_well_before_the_exchange_closes_an_idle_connection() -> None:
    # 60.5 s as measured. The ping is sent after this time, and its pong may take half of it.
    assert HEARTBEAT * 1.5 < 60


async def test_idle_connection_is_kept_open_by_pings(
    client: Client, running: asyncio.Task[None], exchange: SimulatedExchange
) -> None:
    await pass_time(300)
    assert not exchange.record.closes
    exchange.account.set("BTC", "0.25")
    await wait_until(lambda: client.balances == [{"BTC": Decimal("0.25")}])


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
            await stream.read(lambda _: 1 // 0, client.events.append)
    async with asyncio.timeout(5):
        await exchange.until(lambda: not exchange.stream.connections)
