from typing import Any

import aiohttp
from aiohttp import WSMsgType, WSServerHandshakeError
import pytest

from simulator import NumberStyle, SimulatedExchange, TickerFaults
from simulator.wire import ABSENT, Raw

from .client import Client, decode, tickers

FIELDS = {
    "type": "ty",
    "code": "cd",
    "opening_price": "op",
    "high_price": "hp",
    "low_price": "lp",
    "trade_price": "tp",
    "prev_closing_price": "pcp",
    "change": "c",
    "change_price": "cp",
    "signed_change_price": "scp",
    "change_rate": "cr",
    "signed_change_rate": "scr",
    "trade_volume": "tv",
    "acc_trade_volume": "atv",
    "acc_trade_volume_24h": "atv24h",
    "acc_trade_price": "atp",
    "acc_trade_price_24h": "atp24h",
    "trade_date": "tdt",
    "trade_time": "ttm",
    "trade_timestamp": "ttms",
    "highest_52_week_price": "h52wp",
    "highest_52_week_date": "h52wdt",
    "lowest_52_week_price": "l52wp",
    "lowest_52_week_date": "l52wdt",
    "ask_bid": "ab",
    "acc_ask_volume": "aav",
    "acc_bid_volume": "abv",
    "market_state": "ms",
    "delisting_date": "dd",
    "timestamp": "tms",
    "stream_type": "st",
}


@pytest.fixture
def exchange(exchange: SimulatedExchange) -> SimulatedExchange:
    exchange.quotation.stream.snapshot_seconds = (0.02, 0.04)
    return exchange


async def receive(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[tuple[str, Any, str]]:
    """Return code, price and kind of the next frames in the format DEFAULT."""
    frames = [decode(await socket.receive(timeout=2)) for _ in range(count)]
    return [(frame["code"], frame["trade_price"], frame["stream_type"]) for frame in frames]


@pytest.mark.parametrize("frame_format", ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"])
async def test_frames_are_complete_in_all_four_formats(
    exchange: SimulatedExchange, client: Client, frame_format: str
) -> None:
    socket = await client.follow("SGD-BTC", frame_format=frame_format)
    message = await socket.receive()
    assert message.type is WSMsgType.BINARY
    snapshot = decode(message)
    market = exchange.markets.set_price("SGD-BTC", "118123.45000")
    change = decode(await socket.receive())
    if frame_format.endswith("LIST"):
        (snapshot,), (change,) = snapshot, change
    if frame_format.startswith("SIMPLE"):
        assert snapshot.keys() == change.keys() == set(FIELDS.values())
        snapshot, change = (
            {name: frame[short] for name, short in FIELDS.items()} for frame in (snapshot, change)
        )
    assert snapshot.keys() == change.keys() == FIELDS.keys()
    assert (snapshot["type"], snapshot["code"], snapshot["market_state"]) == ("ticker", "SGD-BTC", "ACTIVE")
    assert (snapshot["stream_type"], change["stream_type"]) == ("SNAPSHOT", "REALTIME")
    assert snapshot["trade_price"] == 118000
    assert str(change["trade_price"]) == "118123.45000"
    assert change["prev_closing_price"] == snapshot["prev_closing_price"] == 115686
    assert change["trade_timestamp"] == market.traded_at


async def test_snapshots_come_in_two_bursts_and_changes_follow_each(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.quotation.stream.snapshot_seconds = (0.02, 0.3)
    socket = await client.follow("SGD-BTC", "SGD-NONE", "sgd-eth", "SGD-ETH", "SGD-XRP")
    assert await receive(socket, 1) == [("SGD-BTC", 118000, "SNAPSHOT")]
    exchange.markets.set_price("SGD-BTC", 118001)
    # Not yet with its snapshot, which has the change.
    exchange.markets.set_price("SGD-XRP", 3)
    # Unknown and lower-case codes get nothing, also no error.
    assert await receive(socket, 3) == [
        ("SGD-BTC", 118001, "REALTIME"),
        ("SGD-ETH", 3900, "SNAPSHOT"),
        ("SGD-XRP", 3, "SNAPSHOT"),
    ]
    # Listed after the request, so not followed before the next one.
    exchange.markets.list_market("SGD-NONE", 1)
    exchange.markets.trade("SGD-NONE")
    exchange.markets.trade("SGD-XRP")
    assert await receive(socket, 1) == [("SGD-XRP", 3, "REALTIME")]


async def test_second_request_replaces_the_first_of_which_two_frames_may_follow(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.follow("SGD-BTC")
    await receive(socket, 1)
    await socket.send_json(tickers("SGD-ETH", frame_format="SIMPLE"))
    await exchange.until(lambda: exchange.quotation.stream.subscriptions[0].codes == {"SGD-ETH"})
    for price in (1, 2, 3):
        exchange.markets.set_price("SGD-BTC", price)
    assert [price for _, price, _ in await receive(socket, 2)] == [1, 2]
    assert decode(await socket.receive())["cd"] == "SGD-ETH"
    exchange.markets.set_price("SGD-BTC", 4)
    exchange.markets.set_price("SGD-ETH", 5)
    assert decode(await socket.receive())["tp"] == 5


async def test_only_snapshots_or_only_changes_can_be_requested(
    exchange: SimulatedExchange, client: Client
) -> None:
    snapshots = await client.follow("SGD-BTC", is_only_snapshot=True)
    await receive(snapshots, 1)
    changes = await client.follow("SGD-BTC", is_only_realtime=True)
    stream = exchange.quotation.stream
    await exchange.until(lambda: any(each.wants("SGD-BTC") for each in stream.connections))
    exchange.markets.set_price("SGD-BTC", 5)
    assert await receive(changes, 1) == [("SGD-BTC", 5, "REALTIME")]
    with pytest.raises(TimeoutError):
        await snapshots.receive(timeout=0.05)


@pytest.mark.parametrize(
    ("request_text", "name"),
    [
        ("nonsense", "WRONG_FORMAT"),
        ('[{"type": "ticker", "codes": ["SGD-BTC"]}]', "NO_TICKET"),
        ('[{"ticket": "t"}, {"codes": ["SGD-BTC"]}]', "NO_TYPE"),
        ('[{"ticket": "t"}, {"type": "ticker"}]', "NO_CODES"),
        ('[{"ticket": "t"}, {"type": "ticker", "codes": []}]', "NO_CODES"),
        ('[{"ticket": "t"}, {"type": "ticker", "codes": "SGD-BTC"}]', "WRONG_FORMAT"),
        ('[{"ticket": "t"}, {"type": "myAsset"}]', "INVALID_PARAM"),
    ],
)
async def test_wrong_request_is_answered_and_closed_with_1000(
    client: Client, request_text: str, name: str
) -> None:
    socket = await client.follow("SGD-BTC")
    await socket.send_str(request_text)
    assert decode(await socket.receive())["error"]["name"] == name
    await socket.receive()
    assert socket.close_code == 1000


async def test_socket_needs_no_key_is_compressed_on_offer_and_cut_when_idle(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.quotation.stream.idle_seconds = 0.2
    for compress in (0, 15):
        socket = await client.session.ws_connect(exchange.websocket_url, compress=compress)
        assert bool(socket.compress) == exchange.quotation.stream.connections[-1].compressed == bool(compress)
        await socket.send_json(tickers("SGD-BTC"))
        await receive(socket, 1)
        await socket.receive()
        assert socket.close_code == 1006
        await exchange.until(lambda: not exchange.quotation.stream.connections)
    assert exchange.quotation.record.closes == {"idle": 2}
    assert exchange.quotation.record.most_live.total() == 1
    handshakes = exchange.quotation.record.handshakes
    assert ["sec-websocket-extensions" in call.headers for call in handshakes] == [False, True]
    assert not any("authorization" in call.headers for call in handshakes)
    # The private side has seen nothing of it.
    assert not exchange.record.calls


async def test_messages_and_handshakes_are_limited(client: Client) -> None:
    socket = await client.follow("SGD-BTC")
    for _ in range(5):
        await socket.send_json(tickers("SGD-BTC"))
    assert decode(await socket.receive())["error"]["name"] == "Too Many Requests"
    for _ in range(4):
        await client.follow("SGD-BTC")
    with pytest.raises(WSServerHandshakeError) as failed:
        await client.follow("SGD-BTC")
    assert failed.value.status == 429


async def test_subscriptions_are_listed_and_text_ping_starts_the_status(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.quotation.stream.status_first_seconds = 0.01
    socket = await client.follow("SGD-BTC")
    await receive(socket, 1)
    await socket.send_json([{"ticket": "t2"}, {"method": "LIST_SUBSCRIPTIONS"}])
    assert decode(await socket.receive())["result"] == [{"type": "ticker", "codes": ["SGD-BTC"]}]
    await socket.send_str("PING")
    assert decode(await socket.receive()) == {"status": "UP"}


async def test_frames_can_be_withheld_so_that_the_calls_know_more(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.quotation.stream.withhold = {"SGD-ETH"}
    socket = await client.follow("SGD-ETH", "SGD-BTC")
    await receive(socket, 1)
    exchange.markets.set_price("SGD-BTC", 1, announce=False)
    exchange.markets.set_price("SGD-ETH", 2)
    exchange.markets.set_price("SGD-BTC", 3)
    assert await receive(socket, 1) == [("SGD-BTC", 3, "REALTIME")]
    _, (row,) = await client.get_public("/v1/ticker", markets="SGD-ETH")
    assert row["trade_price"] == 2
    exchange.quotation.recover()
    exchange.markets.trade("SGD-ETH")
    assert await receive(socket, 1) == [("SGD-ETH", 2, "REALTIME")]


async def test_content_of_frames_can_be_wrong(exchange: SimulatedExchange, client: Client) -> None:
    stream = exchange.quotation.stream
    socket = await client.follow("SGD-BTC", "SGD-ETH")
    await receive(socket, 2)

    async def sent(**fields: object) -> bytes:
        stream.frame_faults = TickerFaults(markets={"SGD-BTC": fields})
        exchange.markets.trade("SGD-BTC")
        data = (await socket.receive()).data
        assert isinstance(data, bytes)
        return data

    assert b'"trade_price":NaN,' in await sent(trade_price=float("nan"))
    assert b'"trade_price":1E+999999,' in await sent(trade_price=Raw("1E+999999"))
    assert b'"trade_price":-1,' in await sent(trade_price=-1)
    assert b"prev_closing_price" not in await sent(prev_closing_price=ABSENT)
    stream.frame_faults = TickerFaults(fields={"market_state": 7}, repeated={"SGD-BTC"})
    exchange.markets.trade("SGD-BTC")
    exchange.markets.trade("SGD-ETH")
    frames = [decode(await socket.receive()) for _ in range(3)]
    assert [frame["code"] for frame in frames] == ["SGD-BTC", "SGD-BTC", "SGD-ETH"]
    assert {frame["market_state"] for frame in frames} == {7}
    stream.recover()
    stream.numbers = NumberStyle.SCIENTIFIC
    exchange.markets.set_price("SGD-BTC", "0.00079276")
    assert b'"trade_price":7.9276E-4,' in (await socket.receive()).data


async def test_delisted_market_has_a_last_frame_and_then_silence(
    exchange: SimulatedExchange, client: Client
) -> None:
    socket = await client.follow("SGD-BTC", "SGD-ETH", "SGD-XRP")
    await receive(socket, 3)
    exchange.markets.delist("SGD-ETH", announce=False)
    exchange.markets.delist("SGD-XRP", drop=False)
    exchange.markets.delist("SGD-BTC")
    for code in ("SGD-XRP", "SGD-BTC"):
        frame = decode(await socket.receive())
        assert (frame["code"], frame["market_state"]) == (code, "DELISTED")
        assert frame["delisting_date"].keys() == {"year", "month", "day"}
    codes = {row["market"] for row in (await client.get_public("/v1/market/all"))[1]}
    assert codes & {"SGD-BTC", "SGD-ETH", "SGD-XRP"} == {"SGD-XRP"}
    assert (await client.get_public("/v1/ticker", markets="SGD-BTC"))[0] == 404
    await socket.send_json(tickers("SGD-BTC", "SGD-DOGE"))
    assert [code for code, _, _ in await receive(socket, 1)] == ["SGD-DOGE"]
    exchange.markets.list_market("SGD-BTC", 7)
    await socket.send_json(tickers("SGD-BTC"))
    assert await receive(socket, 1) == [("SGD-BTC", 7, "SNAPSHOT")]
