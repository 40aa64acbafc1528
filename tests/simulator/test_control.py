import asyncio
from collections.abc import AsyncGenerator
import time
from typing import Any

import aiohttp
from aiohttp import WSMsgType, WSServerHandshakeError
import pytest

from simulator import SimulatedExchange
from simulator.control import Control
from simulator.price_walk import PriceWalk
from simulator.trading import Trader

from .client import Client, decode, token


@pytest.fixture
async def control(exchange: SimulatedExchange) -> AsyncGenerator[Control]:
    control = Control(exchange, trader=Trader(exchange.account, "SGD"), prices=PriceWalk(exchange.markets))
    await control.start()
    yield control
    await control.stop()


class Remote:
    """A client of the control interface."""

    def __init__(self, control: Control, session: aiohttp.ClientSession) -> None:
        self._control, self._session = control, session

    async def __call__(self, method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
        async with self._session.request(method, f"{self._control.url}{path}", json=body) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer


@pytest.fixture
def remote(control: Control, session: aiohttp.ClientSession) -> Remote:
    return Remote(control, session)


async def test_account_is_shown_and_set_exactly(
    exchange: SimulatedExchange, client: Client, remote: Remote
) -> None:
    assert (await remote("GET", "/account"))["SGD"] == {
        "available": "1386929.37231066771348207123",
        "locked": "10329.670127489597585685",
    }
    socket = await client.subscribe()
    await remote("PUT", "/account", {"BTC": {"available": "0.10000000000000000000000001"}})
    frame = decode(await socket.receive())
    assert str(frame["assets"][0]["balance"]) == "0.10000000000000000000000001"
    await remote("PUT", "/account?announce=false", {"BTC": {"available": "2", "locked": "1"}})
    await remote("DELETE", "/account/SGD")
    assert (await client.get())[1][0]["balance"] == "2"
    assert (await remote("GET", "/history"))["BTC"][-1] == ["2", "1"]
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.05)


async def test_deposits_orders_and_further_accounts(client: Client, remote: Remote) -> None:
    await remote("PUT", "/account", {"TRX": {"available": "30"}})
    await remote("POST", "/deposits", {"currency": "TRX", "amount": "1.5"})
    held = await remote("POST", "/orders", {"currency": "TRX", "amount": "10"})
    assert held["TRX"] == {"available": "21.5", "locked": "10"}
    holdings = {"TRX": {"available": "7"}}
    key = await remote("POST", "/accounts", {"access_key": "OTHER", "holdings": holdings})
    assert key["access_key"] == "OTHER"
    assert (await remote("GET", "/account")) == held


async def test_faults_are_switched(exchange: SimulatedExchange, client: Client, remote: Remote) -> None:
    await remote("PUT", "/rest", {"status": 503, "body": "<html>", "content_type": "text/html", "times": 1})
    url = f"{exchange.rest_url}/v1/accounts"
    async with client.session.get(url, headers={"Authorization": token()}) as response:
        assert (response.status, response.content_type) == (503, "text/html")
    assert (await client.get())[0] == 200
    await remote("PUT", "/handshake", {"error": "out_of_scope", "status": 403})
    with pytest.raises(WSServerHandshakeError) as failed:
        await client.connect()
    assert failed.value.status == 403
    await remote("PUT", "/handshake", {})
    await remote("PATCH", "/stream", {"text": True, "copies": 2, "numbers": "scientific"})
    socket = await client.subscribe()
    exchange.account.set("BTC", "0.125")
    for _ in range(2):
        message = await socket.receive()
        assert message.type is WSMsgType.TEXT
        assert '"balance":1.25E-1' in message.data
    await remote("POST", "/send", {"error": "INVALID_PARAM", "close": False})
    await remote("POST", "/send", {"base64": "//4="})
    assert decode(await socket.receive())["error"]["name"] == "INVALID_PARAM"
    assert (await socket.receive()).data == b"\xff\xfe"
    await remote("POST", "/close", {"code": 1011})
    await socket.receive()
    assert socket.close_code == 1011
    await remote("PATCH", "/stream", {"after_subscribe": "cut"})
    socket = await client.connect()
    await socket.send_json([{"ticket": "t"}, {"type": "myAsset"}])
    await socket.receive()
    assert socket.close_code == 1006
    await remote("POST", "/recover")
    await client.subscribe()


async def test_content_is_made_wrong(client: Client, remote: Remote) -> None:
    await remote("PATCH", "/rows", {"row_faults": {"SGD": None, "BTC": {"locked": "?"}}})
    ((currency, locked),) = [(row["currency"], row["locked"]) for row in (await client.get())[1]]
    assert (currency, locked) == ("BTC", "?")
    await remote("PATCH", "/frames", {"assets": {"BTC": {"balance": "x"}}, "repeated": ["BTC"]})
    socket = await client.subscribe()
    await remote("PUT", "/account", {"BTC": {"available": "2"}})
    assert [asset["balance"] for asset in decode(await socket.receive())["assets"]] == ["x", "x"]


async def test_network_goes_down_and_comes_back(client: Client, remote: Remote) -> None:
    await remote("POST", "/go_down")
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get()
    await remote("POST", "/accept")
    assert (await client.get())[0] == 200
    assert (await remote("POST", "/silence"))["silent"] is True
    assert (await remote("POST", "/end_silence"))["silent"] is False


async def test_keys_address_and_limits_are_changed(client: Client, remote: Remote) -> None:
    access_key = (await remote("GET"))["access_key"]
    await remote("PATCH", f"/keys/{access_key}", {"allowed_addresses": ["203.0.113.1"]})
    assert (await client.get())[1]["error"]["name"] == "no_authorization_i_p"
    await remote("PATCH", "/network", {"client_address": "203.0.113.1"})
    assert (await client.get())[0] == 200
    await remote("PATCH", "/network", {"second_address": "2001:db8::1"})
    assert sorted([(await client.get())[0] for _ in range(2)]) == [200, 401]
    await remote("PATCH", "/network", {"second_address": None})
    await remote("PATCH", f"/keys/{access_key}", {"deleted": True})
    assert (await client.get())[1]["error"]["name"] == "invalid_access_key"
    await remote("POST", "/keys", {"access_key": "N" * 40})
    assert (await client.get(authorization=token("N" * 40)))[0] == 200
    assert (await remote("GET", "/keys"))[1]["access_key"] == "N" * 40
    await remote("PATCH", "/limits", {"lift": True})
    for _ in range(40):
        assert (await client.get(authorization=token("N" * 40)))[0] == 200
    stats = await remote("GET", "/stats")
    assert stats["calls"]["/v1/accounts"] == {"200": 43, "401": 3}
    assert stats["errors"] == {"no_authorization_i_p": 2, "invalid_access_key": 1}


async def test_trading_is_stepped_paused_and_paced(
    exchange: SimulatedExchange, client: Client, remote: Remote
) -> None:
    socket = await client.subscribe()
    assert await remote("POST", "/trading", {"paused": True, "pace": 5, "steps": 3}) == {
        "paused": True,
        "pace": 5,
    }
    for _ in range(3):
        assert decode(await socket.receive())["type"] == "myAsset"


async def test_markets_are_listed_moved_and_delisted(
    exchange: SimulatedExchange, client: Client, remote: Remote
) -> None:
    exchange.quotation.stream.snapshot_seconds = (0, 0)
    await remote("POST", "/markets", {"code": "SGD-NEW", "state": "PREVIEW"})
    await remote("PATCH", "/markets", {"untraded": "absent"})
    socket = await client.follow("SGD-NEW", "SGD-BTC")
    assert decode(await socket.receive())["code"] == "SGD-BTC"
    shown = await remote("PUT", "/markets/SGD-BTC", {"price": "5.10", "announce": False})
    assert shown["SGD-BTC"]["price"] == "5.10"
    await remote("PUT", "/markets/SGD-NEW", {"price": "1.50"})
    frame = decode(await socket.receive())
    assert (frame["code"], str(frame["trade_price"]), frame["market_state"]) == ("SGD-NEW", "1.50", "PREVIEW")
    await remote("PATCH", "/markets/SGD-NEW", {"state": "ACTIVE"})
    assert decode(await socket.receive())["market_state"] == "ACTIVE"
    assert "SGD-NEW" in await remote("DELETE", "/markets/SGD-NEW?drop=false")
    assert decode(await socket.receive())["market_state"] == "DELISTED"
    assert "SGD-BTC" not in await remote("DELETE", "/markets/SGD-BTC?announce=false")
    await remote("PUT", "/markets/SGD-NONE", {"price": "1"}, status=400)
    await remote("PUT", "/markets/SGD-ETH", {"price": "0"}, status=400)
    await remote("PUT", "/markets/SGD-NEW", {"price": "1"}, status=400)
    assert (await remote("POST", "/prices", {"pace": 7, "steps": 2}))["pace"] == 7


async def test_buys_and_averages_and_their_lag(client: Client, remote: Remote) -> None:
    await remote("PUT", "/averages", {"BTC": {"price": "100", "unit": "USDT"}})
    await remote("PATCH", "/rows", {"average_lag": 60})
    await remote("POST", "/buy", {"market": "SGD-DOGE", "quantity": "10"})
    await remote("POST", "/sell", {"market": "SGD-DOGE", "quantity": "4"})
    rows = {row["currency"]: row for row in (await client.get())[1]}
    assert (rows["BTC"]["avg_buy_price"], rows["BTC"]["unit_currency"]) == ("100", "USDT")
    assert (rows["DOGE"]["balance"], rows["DOGE"]["avg_buy_price"]) == ("6", "0")
    assert (await remote("GET", "/averages"))["DOGE"] == {"price": "0.213", "unit": "SGD"}


async def test_public_side_has_faults_of_its_own(
    exchange: SimulatedExchange, client: Client, remote: Remote
) -> None:
    exchange.quotation.stream.snapshot_seconds = (0, 0)
    await remote("PUT", "/quotation/rest", {"status": 503})
    async with client.session.get(f"{exchange.rest_url}/v1/ticker?markets=SGD-BTC") as response:
        assert response.status == 503
    assert (await client.get())[0] == 200
    await remote("PUT", "/quotation/rest", {})
    await remote("PATCH", "/quotation/market_all/rows", {"row_faults": {"SGD-BTC": None}})
    assert (await client.get_public("/v1/market/all"))[1][0]["market"] == "SGD-ETH"
    await remote("PUT", "/quotation/handshake", {"status": 429, "times": 1})
    with pytest.raises(WSServerHandshakeError):
        await client.follow("SGD-BTC")
    await remote("PATCH", "/quotation/stream", {"withhold": ["SGD-ETH"], "numbers": "padded"})
    await remote("PATCH", "/quotation/frames", {"markets": {"SGD-BTC": {"trade_price": -1}}})
    socket = await client.follow("SGD-ETH", "SGD-BTC")
    assert decode(await socket.receive())["trade_price"] == -1
    await remote("POST", "/quotation/send", {"text": "nonsense"})
    assert (await socket.receive()).data == "nonsense"
    assert (await remote("GET", "/quotation"))["subscriptions"] == [["SGD-BTC", "SGD-ETH"]]
    private = await client.subscribe()
    await remote("POST", "/quotation/cut")
    await socket.receive()
    assert socket.close_code == 1006
    exchange.account.set("BTC", 3)
    assert decode(await private.receive())["type"] == "myAsset"
    assert (await remote("GET", "/quotation/stats"))["calls"]["/websocket/v1"] == {"429": 1, "101": 1}
    assert "/websocket/v1" not in (await remote("GET", "/stats"))["calls"]
    await remote("POST", "/quotation/recover")
    assert exchange.quotation.stream.withhold == ()
    await remote("PATCH", "/quotation", {"blocks_accounts": True})
    await remote("POST", "/quotation/nonsense", status=404)


async def test_invalid_commands_are_rejected_and_change_nothing(
    exchange: SimulatedExchange, remote: Remote
) -> None:
    before = dict(exchange.account.holdings)
    await remote("PUT", "/account", {"BTC": {"available": 0.1}}, status=400)
    await remote("PUT", "/account", {"BTC": {"available": "-1"}}, status=400)
    await remote("PATCH", "/stream", {"withhold_frames": True, "no_such": 1}, status=400)
    await remote("PUT", "/rest", {"kind": "nonsense"}, status=400)
    await remote("POST", "/nonsense", status=404)
    assert exchange.account.holdings == before
    assert exchange.stream.withhold_frames is False


async def test_burst_sends_known_frames_fast_and_leaves_the_account_with_its_amounts(
    exchange: SimulatedExchange, client: Client, remote: Remote
) -> None:
    socket = await client.subscribe()
    begun = time.monotonic_ns()
    burst, *messages = await asyncio.gather(
        remote("POST", "/burst", {"frames": 2000, "currencies": ["BTC", "ETH", "XRP"], "per_frame": 2}),
        *[socket.receive() for _ in range(1)],
    )
    frames = [decode(message) for message in messages]
    frames += [decode(await socket.receive()) for _ in range(1999)]
    first = burst["first_asset_timestamp"]
    assert [frame["asset_timestamp"] for frame in frames] == list(range(first, first + 2000))
    assert len(burst["sent"]) == 2000
    assert begun < burst["sent"][0] <= burst["sent"][-1] < time.monotonic_ns()
    assert abs(float(frames[-1]["timestamp"]) / 1000 - time.time()) < 10
    for frame in frames[-3:]:
        assert len(frame["assets"]) == 2
    last = {asset["currency"]: asset for frame in frames for asset in frame["assets"]}
    for currency, asset in last.items():
        assert exchange.account[currency].available == asset["balance"]
        assert exchange.account[currency].locked == asset["locked"]


async def test_burst_keeps_its_rate(exchange: SimulatedExchange, client: Client, remote: Remote) -> None:
    await client.subscribe()
    burst = await remote("POST", "/burst", {"frames": 50, "currencies": ["BTC"], "rate": 200})
    assert burst["seconds"] == pytest.approx(49 / 200, rel=0.3)


async def test_burst_of_tickers_keeps_its_rate_and_its_share_of_new_prices(
    exchange: SimulatedExchange, client: Client, remote: Remote
) -> None:
    exchange.quotation.stream.snapshot_seconds = (0, 0)
    await remote("POST", "/markets", [{"code": "SGD-A", "price": "100"}, {"code": "SGD-B", "price": "7"}])
    socket = await client.follow("SGD-A", "SGD-B")
    prices = {(frame := decode(await socket.receive()))["code"]: frame["trade_price"] for _ in range(2)}
    body = {"frames": 100, "codes": ["SGD-A", "SGD-B"], "rate": 400, "new_prices": 0.25}
    burst = asyncio.create_task(remote("POST", "/quotation/burst", body))
    new = 0
    for _ in range(100):
        frame = decode(await socket.receive())
        new += frame["trade_price"] != prices[frame["code"]]
        prices[frame["code"]] = frame["trade_price"]
    assert new == 25
    assert (await burst)["seconds"] == pytest.approx(99 / 400, rel=0.3)
