"""Redirects are followed by neither door: the token goes to one address, and balances come from one address."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.upbit.const import DOMAIN
from simulator import most_within
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until


@dataclass
class Elsewhere:
    """A server at another address that would gladly take tokens and tell balances."""

    url: str = ""
    requests: list[str] = field(default_factory=list)


@pytest.fixture
async def elsewhere(socket_enabled: None) -> AsyncIterator[Elsewhere]:
    """Run that server."""
    place = Elsewhere()

    async def answer(request: web.Request) -> web.StreamResponse:
        place.requests.append(str(request.headers))
        if "Upgrade" in request.headers:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.send_str(
                '{"type":"myAsset","assets":[{"currency":"BTC","balance":666,"locked":0}],'
                '"asset_timestamp":1,"timestamp":1}'
            )
            await socket.close()
            return socket
        return web.json_response([{"currency": "BTC", "balance": "666", "locked": "0"}])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    place.url = str(server.make_url("/"))
    yield place
    await server.close()


@pytest.mark.parametrize("location", ["/elsewhere", "//127.0.0.1/elsewhere", "ftp://[", "", "http:elsewhere"])
async def test_nor_to_another_path_of_the_same_address(connected: Harness, location: str) -> None:
    exchange = connected.exchange
    headers = {"Location": location} if location else {}
    exchange.handshake.fail_with(302, headers=headers)
    exchange.rest.fail_with(307, headers=headers)
    exchange.cut()
    started = virtual_loop().time()
    await wait_until(lambda: connected.is_unavailable, within=60)
    await pass_time(300)
    assert {call.path for call in exchange.record.calls} == {"/v1/accounts", "/websocket/v1/private"}
    assert most_within((call for call in exchange.record.handshakes if call.at > started), 60) <= 7
    await exchange.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=30)


async def test_redirect_back_to_the_same_address_is_no_loop(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.handshake.fail_with(302, headers={"Location": exchange.websocket_url + "/private"})
    exchange.cut()
    await wait_until(lambda: connected.stats.failed_connects["http_302"] == 1, within=2)
    refused = [call for call in exchange.record.handshakes if call.status == 302]
    assert len(refused) == 1


async def test_setup_follows_no_redirect(harness: Harness, elsewhere: Elsewhere) -> None:
    harness.exchange.rest.fail_with(302, headers={"Location": elsewhere.url + "v1/accounts"})
    harness.exchange.handshake.fail_with(302, headers={"Location": elsewhere.url + "websocket/v1/private"})
    assert not await harness.set_up()
    assert elsewhere.requests == []
    await harness.exchange.recover()
    await wait_until(lambda: harness.total("BTC") == "0.6", within=60)


async def test_form_follows_no_redirect(harness: Harness, elsewhere: Elsewhere) -> None:
    harness.exchange.rest.fail_with(307, headers={"Location": elsewhere.url + "v1/accounts"})
    result = await harness.hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data=dict(harness.entry.data)
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "cannot_connect"}
    assert elsewhere.requests == []
