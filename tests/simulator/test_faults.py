import asyncio
from time import perf_counter
from typing import Any

import aiohttp
from aiohttp import WSMsgType, WSServerHandshakeError
import pytest

from simulator import SimulatedExchange, SimulatorError, most_within

from .client import Client, decode, token


async def test_any_answer_can_be_given(exchange: SimulatedExchange, client: Client) -> None:
    exchange.rest.fail_with(
        429, "Too many requests", content_type="text/plain", headers={"Retry-After": "3"}, times=1
    )
    url = f"{exchange.rest_url}/v1/accounts"
    async with client.session.get(url, headers={"Authorization": token()}) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "3")
        assert response.content_type == "text/plain"
        assert await response.text() == "Too many requests"
    assert (await client.get())[0] == 200
    exchange.rest.refuse("out_of_scope", status=403)
    assert (await client.get())[1]["error"]["name"] == "out_of_scope"
    exchange.rest.recover()
    assert (await client.get())[0] == 200


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [("<html>", "text/html"), ("", "text/plain"), ('{"error":{"message":"no"}}', "application/json")],
)
async def test_intermediary_can_answer_instead(
    exchange: SimulatedExchange, client: Client, status: int, body: str, content_type: str
) -> None:
    for endpoint in (exchange.rest, exchange.handshake):
        endpoint.fail_with(status, body, content_type=content_type, times=1)
    url = f"{exchange.rest_url}/v1/accounts"
    async with client.session.get(url, headers={"Authorization": token()}) as response:
        assert (response.status, response.content_type) == (status, content_type)
        assert await response.text() == body
    with pytest.raises(WSServerHandshakeError) as failed:
        await client.connect()
    assert failed.value.status == status
    assert (await client.get())[0] == 200
    await client.subscribe()


async def test_one_answer_can_be_empty_among_others(exchange: SimulatedExchange, client: Client) -> None:
    exchange.rest.fail_with(200, "[]", times=1)
    assert [len((await client.get())[1]) for _ in range(3)] == [0, 2, 2]


async def test_redirect_leads_elsewhere(exchange: SimulatedExchange, client: Client) -> None:
    exchange.rest.fail_with(302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    async with client.session.get(
        f"{exchange.rest_url}/v1/accounts", headers={"Authorization": token()}, allow_redirects=False
    ) as response:
        assert (response.status, response.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


async def test_cut_answer_uses_the_nonce_up(exchange: SimulatedExchange, client: Client) -> None:
    # A reused connection that breaks makes aiohttp repeat the call automatically, with the same token.
    await client.get()
    exchange.rest.cut(times=1)
    status, body = await client.get()
    assert (status, body["error"]["name"]) == (401, "nonce_used")
    assert [call.status for call in exchange.record.calls] == [200, None, 401]


async def test_truncated_slow_and_hanging_answers(exchange: SimulatedExchange, client: Client) -> None:
    exchange.rest.truncate(times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.get()
    exchange.rest.drip(0.001, times=1)
    assert (await client.get())[0] == 200
    exchange.rest.hang(times=1)
    with pytest.raises(TimeoutError):
        await client.get(timeout=aiohttp.ClientTimeout(total=0.05))
    exchange.rest.delay = 0.05
    with pytest.raises(TimeoutError):
        await client.get(timeout=aiohttp.ClientTimeout(total=0.02))
    exchange.rest.recover()
    assert (await client.get())[0] == 200


async def test_handshake_can_fail_or_stall(exchange: SimulatedExchange, client: Client) -> None:
    exchange.handshake.fail_with(503, "<html>maintenance</html>", content_type="text/html", times=1)
    with pytest.raises(WSServerHandshakeError) as failed:
        await client.connect()
    assert failed.value.status == 503
    exchange.handshake.hang(times=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.connect()
    exchange.handshake.cut(times=2)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.connect()
    await client.subscribe()
    # aiohttp repeated the handshake that was cut automatically.
    assert [call.status for call in exchange.record.handshakes] == [503, None, None, None, 101]
    assert most_within(exchange.record.handshakes, 60) == 5


async def test_cut_and_close_reach_the_client_with_their_codes(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    exchange.cut()
    await socket.receive()
    assert socket.close_code == 1006
    await exchange.subscribed(0)
    socket = await client.subscribe()
    exchange.close_all(1001, b"bye")
    message = await socket.receive()
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1001, "bye")
    await exchange.subscribed(0)
    assert exchange.record.closes == {"cut": 1, "closed": 1}


async def test_half_open_socket_neither_sends_nor_answers_nor_closes(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.session.ws_connect(
        f"{exchange.websocket_url}/private",
        headers={"Authorization": token()},
        autoping=False,
        timeout=aiohttp.ClientWSTimeout(ws_close=0.1),
    )
    await socket.send_json([{"ticket": "t"}, {"type": "myAsset"}])
    await exchange.subscribed()
    exchange.half_open()
    exchange.account.set("BTC", 2)
    await socket.ping()
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.1)
    assert exchange.record.live[exchange.key.access_key] == 1
    await socket.close()
    assert socket.close_code == 1006
    await exchange.until(lambda: exchange.record.live[exchange.key.access_key] == 0)
    # Later connections are not affected.
    socket = await client.subscribe()
    exchange.account.set("BTC", 3)
    assert decode(await socket.receive())["assets"][0]["balance"] == 3


async def test_silenced_network_answers_nothing_until_it_ends(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.silence()
    with pytest.raises(TimeoutError):
        await client.get(timeout=aiohttp.ClientTimeout(total=0.05))
    exchange.end_silence()
    assert (await client.get())[0] == 200


async def test_refused_connections_come_back_on_the_same_port(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    port = exchange.port
    exchange.go_down()
    await socket.receive()
    assert socket.close_code == 1006
    for _ in range(2):
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get()
    await exchange.accept_connections()
    assert exchange.port == port
    assert (await client.get())[0] == 200


async def test_refusing_connections_leaves_those_that_exist(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    exchange.refuse_connections()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.connect()
    exchange.account.set("BTC", 2)
    assert decode(await socket.receive())["assets"][0]["currency"] == "BTC"


async def test_frames_are_withheld_on_command_and_at_first_use(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.stream.first_use_silence = 3600
    first = await client.subscribe()
    exchange.account.set("BTC", 2)
    # So short that it is over by now; the connection that began in it still gets no frames.
    exchange.stream.first_use_silence = 1e-9
    exchange.account.set("BTC", 3)
    second = await client.subscribe()
    exchange.account.set("BTC", 4)
    assert decode(await second.receive())["assets"][0]["balance"] == 4
    exchange.stream.withhold_frames = True
    exchange.account.set("BTC", 5)
    exchange.stream.withhold_frames = False
    exchange.account.set("BTC", 6)
    assert decode(await second.receive())["assets"][0]["balance"] == 6
    exchange.close_all(1000)
    assert (await first.receive()).type is WSMsgType.CLOSE


async def _balances(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[Any]:
    return [int(decode(await socket.receive())["assets"][0]["balance"]) for _ in range(count)]


async def test_frames_can_be_lost_repeated_delayed_and_reordered(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    outbound = exchange.stream.outbound
    outbound.drop_next = 1
    exchange.account.set("BTC", 1)
    exchange.account.set("BTC", 2)
    outbound.lose = 1.0
    exchange.account.set("BTC", 3)
    outbound.recover()
    outbound.copies = 2
    exchange.account.set("BTC", 4)
    assert await _balances(socket, 3) == [2, 4, 4]
    outbound.recover()
    with exchange.stream.hold_frames() as held:
        for amount in (5, 6, 7, 8):
            exchange.account.set("BTC", amount)
        assert len(held.frames) == 4
        held.release(1, 0)
        assert await _balances(socket, 2) == [6, 5]
    assert await _balances(socket, 2) == [7, 8]
    outbound.jitter = 0.1
    for amount in range(20):
        exchange.account.set("BTC", amount)
    amounts = await _balances(socket, 20)
    assert sorted(amounts) == list(range(20))
    assert amounts != list(range(20))


async def test_a_delayed_frame_is_lost_with_its_connection(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    exchange.stream.outbound.delay = 0.05
    exchange.account.set("BTC", 1)
    exchange.cut()
    await exchange.subscribed(0)
    socket = await client.subscribe()
    exchange.stream.outbound.recover()
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.1)


async def test_anything_can_be_sent(exchange: SimulatedExchange, client: Client) -> None:
    socket = await client.subscribe()
    exchange.stream.send(b"\xff\xfe")
    exchange.stream.send("x" * 3_000_000, text=True)
    exchange.stream.send_frame({"BTC": ("0.125", 0)}, asset_timestamp=1)
    exchange.stream.send_error("INVALID_PARAM", close=False)
    exchange.stream.send_error("INVALID_AUTH")
    assert (await socket.receive()).data == b"\xff\xfe"
    message = await socket.receive()
    assert (message.type, len(message.data)) == (WSMsgType.TEXT, 3_000_000)
    assert decode(await socket.receive())["asset_timestamp"] == 1
    assert decode(await socket.receive())["error"]["name"] == "INVALID_PARAM"
    assert decode(await socket.receive())["error"]["name"] == "INVALID_AUTH"
    await socket.receive()
    assert socket.close_code == 1000


async def test_close_right_after_subscribing(exchange: SimulatedExchange, client: Client) -> None:
    exchange.stream.after_subscribe = lambda connection: connection.close(1000)
    socket = await client.connect()
    await socket.send_json([{"ticket": "t"}, {"type": "myAsset"}])
    await socket.receive()
    assert socket.close_code == 1000


async def test_stopping_is_quick_whatever_is_open(
    socket_enabled: None, session: aiohttp.ClientSession
) -> None:
    async with SimulatedExchange() as exchange:
        client = Client(exchange, session)
        await client.subscribe()
        exchange.half_open()
        await client.subscribe()
        exchange.rest.hang()
        hanging = asyncio.create_task(client.get())
        await exchange.until(lambda: len(exchange.record.requests("/v1/accounts")) == 1)
        begun = perf_counter()
    assert perf_counter() - begun < 0.5
    with pytest.raises(aiohttp.ClientError):
        await hanging
    assert not exchange.stream.connections
    async with SimulatedExchange(port=exchange.port) as again:
        assert again.port == exchange.port
        with pytest.raises(OSError, match="is taken"):
            await SimulatedExchange(port=again.port).start()


async def test_error_of_the_exchange_itself_is_raised_at_its_end(session: aiohttp.ClientSession) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("a scenario with a bug")

    exchange = SimulatedExchange("sg", holdings={})
    await exchange.start()
    exchange.stream.after_subscribe = fail
    socket = await Client(exchange, session).connect()
    await socket.send_json([{"ticket": "t"}, {"type": "myAsset"}])
    await socket.receive()
    with pytest.raises(SimulatorError, match="a scenario with a bug"):
        await exchange.stop()
