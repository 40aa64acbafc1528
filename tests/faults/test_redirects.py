"""Redirects are not followed: the token goes to one address, and balances come from one address."""

from homeassistant.config_entries import SOURCE_USER
import pytest

from custom_components.upbit.const import DOMAIN
from simulator import SimulatedExchange, most_within
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until


async def test_set_up_follows_no_redirect(harness: Harness) -> None:
    async with SimulatedExchange("sg") as other:
        harness.exchange.rest.fail_with(302, headers={"Location": f"{other.rest_url}/v1/accounts"})
        harness.exchange.handshake.fail_with(302, headers={"Location": f"{other.websocket_url}/private"})
        assert not await harness.set_up()
        assert other.record.calls == []
    await harness.exchange.recover()
    await wait_until(lambda: harness.total("BTC") == "0.6", within=60)


async def test_form_follows_no_redirect(harness: Harness) -> None:
    async with SimulatedExchange("sg") as other:
        harness.exchange.rest.fail_with(307, headers={"Location": f"{other.rest_url}/v1/accounts"})
        result = await harness.hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_USER}, data=dict(harness.entry.data)
        )
        assert result["errors"] == {"base": "cannot_connect"}
        assert other.record.calls == []


@pytest.mark.parametrize("location", ["/elsewhere", "ftp://[", ""])
async def test_redirect_is_a_failed_attempt(connected: Harness, location: str) -> None:
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
