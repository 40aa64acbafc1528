from decimal import Decimal
import json

from aiohttp import WSMsgType, WSServerHandshakeError
import pytest

from simulator import Delivery, Format, NumberStyle, SimulatedExchange

from .client import REQUEST, Client, decode, token

SAMPLE = {"currency": "SGD", "balance": "1386929.37231066771348207123", "locked": "10329.670127489597585685"}


async def test_frame_carries_documented_keys_and_exact_numbers(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    event = exchange.account.set("SGD", SAMPLE["balance"], SAMPLE["locked"])
    message = await socket.receive()
    assert message.type is WSMsgType.BINARY
    assert b'"balance":1386929.37231066771348207123,"locked":10329.670127489597585685' in message.data
    frame = decode(message)
    assert list(frame) == ["type", "asset_uuid", "assets", "asset_timestamp", "timestamp", "stream_type"]
    assert frame["assets"] == [
        {
            "currency": "SGD",
            "balance": Decimal(SAMPLE["balance"]),
            "locked": Decimal(SAMPLE["locked"]),
        }
    ]
    assert frame["asset_timestamp"] == event.asset_timestamp


@pytest.mark.parametrize(
    ("frame_format", "is_list", "key"),
    [
        ("DEFAULT", False, "assets"),
        ("SIMPLE", False, "ast"),
        ("JSON_LIST", True, "assets"),
        ("SIMPLE_LIST", True, "ast"),
    ],
)
async def test_all_four_formats(
    exchange: SimulatedExchange, client: Client, frame_format: str, is_list: bool, key: str
) -> None:
    socket = await client.subscribe([*REQUEST, {"format": frame_format}])
    exchange.account.set("BTC", "1.25")
    frame = decode(await socket.receive())
    assert isinstance(frame, list) is is_list
    asset = (frame[0] if is_list else frame)[key][0]
    assert list(asset.values()) == ["BTC", Decimal("1.25"), Decimal(0)]


@pytest.mark.parametrize(
    ("style", "amount", "text"),
    [
        (NumberStyle.PLAIN, "0.00000010", b'"balance":0.00000010,'),
        (NumberStyle.PLAIN, "0", b'"balance":0,'),
        (NumberStyle.SCIENTIFIC, "0.00079276", b'"balance":7.9276E-4,'),
        (NumberStyle.PADDED, "12", b'"balance":12.000,'),
    ],
)
async def test_number_styles(
    exchange: SimulatedExchange, client: Client, style: NumberStyle, amount: str, text: bytes
) -> None:
    exchange.stream.numbers = style
    socket = await client.subscribe()
    exchange.account.set("BTC", amount, "1")
    assert text in (await socket.receive()).data


async def test_event_of_two_currencies_gives_two_frames_with_one_time_or_one_frame(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    exchange.account.change({"SGD": (1, 0), "BTC": (2, 0)})
    first, second = decode(await socket.receive()), decode(await socket.receive())
    assert [first["assets"][0]["currency"], second["assets"][0]["currency"]] == ["SGD", "BTC"]
    assert first["asset_timestamp"] == second["asset_timestamp"]
    exchange.account.delivery = Delivery.ONE_FRAME
    exchange.account.change({"SGD": (3, 0), "BTC": (4, 0)})
    assert len(decode(await socket.receive())["assets"]) == 2


@pytest.mark.parametrize(
    ("request_text", "name"),
    [
        ("nonsense", "WRONG_FORMAT"),
        ('{"ticket": "t"}', "WRONG_FORMAT"),
        ("[1]", "WRONG_FORMAT"),
        ("[]", "NO_TICKET"),
        ('[{"type": "myAsset"}]', "NO_TICKET"),
        ('[{"ticket": "t"}]', "NO_TYPE"),
        ('[{"ticket": "t"}, {"codes": ["SGD-BTC"]}]', "NO_TYPE"),
        ('[{"ticket": "t"}, {"type": "myAsset", "codes": ["SGD-BTC"]}]', "WRONG_FORMAT"),
        ('[{"ticket": "t"}, {"type": "myAsset"}, {"format": "XML"}]', "WRONG_FORMAT"),
        ('[{"ticket": "t"}, {"type": "ticker"}]', "INVALID_PARAM"),
    ],
)
async def test_wrong_request_is_answered_and_closed_with_1000(
    client: Client, request_text: str, name: str
) -> None:
    socket = await client.connect()
    await socket.send_str(request_text)
    assert decode(await socket.receive())["error"]["name"] == name
    assert (await socket.receive()).type is WSMsgType.CLOSE
    assert socket.close_code == 1000


@pytest.mark.parametrize("frame_format", [Format.DEFAULT, Format.SIMPLE_LIST])
async def test_chosen_parts_of_frames_can_be_wrong(
    exchange: SimulatedExchange, client: Client, frame_format: Format
) -> None:
    exchange.account.delivery = Delivery.ONE_FRAME
    faults = exchange.stream.frame_faults
    faults.assets, faults.repeated = {"BTC": {"balance": "x"}}, ["XRP"]
    socket = await client.subscribe([*REQUEST, {"format": frame_format}])
    exchange.account.change({"SGD": (1, 0), "BTC": (2, 0), "XRP": (3, 0)})
    faults.assets, faults.repeated, faults.fields = {}, (), {"asset_timestamp": None}
    exchange.account.change({"BTC": (4, 0)})
    exchange.stream.recover()
    exchange.account.change({"BTC": (5, 0)})
    frames = [decode(await socket.receive()) for _ in range(3)]
    if frame_format is Format.SIMPLE_LIST:
        frames = [frame for (frame,) in frames]
    assets, time = ("ast", "asttms") if frame_format is Format.SIMPLE_LIST else ("assets", "asset_timestamp")
    sent = [[tuple(asset.values()) for asset in frame[assets]] for frame in frames]
    assert sent[0] == [("SGD", 1, 0), ("BTC", "x", 0), ("XRP", 3, 0), ("XRP", 3, 0)]
    assert sent[1:] == [[("BTC", 4, 0)], [("BTC", 5, 0)]]
    assert frames[1][time] is None
    assert frames[2][time] > frames[0][time]


async def test_second_request_replaces_the_first(exchange: SimulatedExchange, client: Client) -> None:
    socket = await client.subscribe()
    await socket.send_json([*REQUEST, {"format": "SIMPLE"}])
    await exchange.until(lambda: exchange.stream.connections[0].format == "SIMPLE")
    exchange.account.set("BTC", 1)
    assert "ast" in decode(await socket.receive())


async def test_subscriptions_are_listed_and_a_format_in_the_question_switches(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.subscribe()
    await socket.send_json([{"ticket": "t2"}, {"method": "LIST_SUBSCRIPTIONS"}])
    assert decode(await socket.receive()) == {
        "method": "LIST_SUBSCRIPTIONS",
        "result": [{"type": "myAsset"}],
        "ticket": "t2",
    }
    await socket.send_json([{"ticket": "t3"}, {"method": "LIST_SUBSCRIPTIONS"}, {"format": "SIMPLE_LIST"}])
    assert decode(await socket.receive()) == {
        "mthd": "LIST_SUBSCRIPTIONS",
        "rslt": [{"ty": "myAsset"}],
        "tckt": "t3",
    }
    exchange.account.set("BTC", 1)
    assert "ast" in decode(await socket.receive())[0]


async def test_text_ping_starts_the_status_and_ping_frames_are_answered(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.stream.status_first_seconds = exchange.stream.status_seconds = 0.01
    socket = await client.session.ws_connect(
        f"{exchange.websocket_url}/private", headers={"Authorization": token()}, autoping=False
    )
    await socket.ping(b"x")
    message = await socket.receive()
    assert (message.type, message.data) == (WSMsgType.PONG, b"x")
    await socket.send_str("PING")
    assert [decode(await socket.receive()) for _ in range(2)] == [{"status": "UP"}] * 2


async def test_silent_socket_is_cut_after_the_idle_time(exchange: SimulatedExchange, client: Client) -> None:
    exchange.stream.idle_seconds = 0.05
    socket = await client.subscribe()
    await socket.receive()
    assert socket.close_code == 1006
    await exchange.until(lambda: exchange.record.closes == {"idle": 1})


async def test_traffic_keeps_a_socket_open(exchange: SimulatedExchange, client: Client) -> None:
    exchange.stream.idle_seconds = 0.5
    exchange.stream.status_first_seconds = exchange.stream.status_seconds = 0.1
    socket = await client.subscribe()
    await socket.send_str("PING")
    for _ in range(10):
        assert decode(await socket.receive()) == {"status": "UP"}


async def test_too_many_messages_close_the_connection(client: Client) -> None:
    socket = await client.connect()
    for _ in range(6):
        await socket.send_json(REQUEST)
    assert decode(await socket.receive())["error"]["name"] == "Too Many Requests"
    await socket.receive()
    assert socket.close_code == 1000


async def test_handshake_with_an_invalid_token_is_rejected_with_401(
    exchange: SimulatedExchange, client: Client
) -> None:
    with pytest.raises(WSServerHandshakeError) as failed:
        await client.connect(token(secret_key="wrong" * 8))
    assert failed.value.status == 401
    assert exchange.record.handshakes[0].error == "jwt_verification"
    assert exchange.record.most_live.total() == 0


async def test_handshake_with_an_invalid_token_can_be_rejected_by_frame(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.stream.reject_by_frame = True
    socket = await client.connect(token(secret_key="wrong" * 8))
    assert decode(await socket.receive())["error"]["name"] == "INVALID_AUTH"
    await socket.receive()
    assert socket.close_code == 1000


async def test_sixth_handshake_of_a_second_is_limited_with_429(client: Client) -> None:
    for _ in range(5):
        await client.connect()
    with pytest.raises(WSServerHandshakeError) as failed:
        await client.connect()
    assert failed.value.status == 429


async def test_live_connections_of_a_key_are_counted(exchange: SimulatedExchange, client: Client) -> None:
    first = await client.subscribe()
    second = await client.subscribe()
    await first.close()
    await second.close()
    await exchange.until(lambda: exchange.record.live.total() == 0)
    assert exchange.record.most_live[exchange.key.access_key] == 2


async def test_frames_go_to_the_connections_of_their_account_only(
    exchange: SimulatedExchange, client: Client
) -> None:
    other = exchange.add_account({"XRP": (1, 0)})
    exchange.add_key(access_key="O" * 40, account=other)
    mine = await client.subscribe()
    theirs = await client.subscribe(authorization=token("O" * 40))
    exchange.account.set("BTC", 1)
    other.set("XRP", 2)
    assert decode(await mine.receive())["assets"][0]["currency"] == "BTC"
    assert decode(await theirs.receive())["assets"][0]["currency"] == "XRP"


async def test_frames_can_be_text(exchange: SimulatedExchange, client: Client) -> None:
    exchange.stream.text = True
    socket = await client.subscribe()
    exchange.account.set("BTC", 1)
    message = await socket.receive()
    assert message.type is WSMsgType.TEXT
    assert json.loads(message.data)["type"] == "myAsset"
