"""What Upbit's own client library makes of the simulator's answers and frames.

The library's models of frames don't validate, so the tests have the models validate afterwards what was received.
"""

from datetime import datetime
import json
from typing import Any

import pytest
from upbit import AsyncUpbit, AuthenticationError
from upbit.types import ListSubscriptionsResponse, SimpleListSubscriptionsResponse, SimpleMyAsset
from upbit.types.connect_private_server_event import MyAsset
from websockets.exceptions import ConnectionClosedOK, InvalidStatus

from simulator import ACCESS_KEY, SimulatedExchange

from .conftest import Connect, assert_modeled, receive, running

FORMATS = {
    "DEFAULT": (False, MyAsset, ListSubscriptionsResponse),
    "SIMPLE": (False, SimpleMyAsset, SimpleListSubscriptionsResponse),
    "JSON_LIST": (True, MyAsset, ListSubscriptionsResponse),
    "SIMPLE_LIST": (True, SimpleMyAsset, SimpleListSubscriptionsResponse),
}
WRONG_KEYS = {
    "wrong secret": ({"secret_key": "W" * 40}, "jwt_verification"),
    "unknown key": ({"access_key": "U" * 40}, "invalid_access_key"),
}


async def test_accounts(client: AsyncUpbit) -> None:
    response = await client.accounts.with_raw_response.list()
    rows = [row.to_dict() for row in await response.parse()]
    # The models convert some types, so the answer itself is compared too.
    assert json.loads(await response.text()) == rows
    assert rows == [
        {
            "currency": currency,
            "balance": available,
            "locked": locked,
            "avg_buy_price": "0",
            "avg_buy_price_modified": False,
            "unit_currency": "SGD",
        }
        for currency, available, locked in (
            ("SGD", "1386929.37231066771348207123", "10329.670127489597585685"),
            ("BTC", "0.5", "0"),
        )
    ]


async def test_api_keys_in_korea() -> None:
    async with running("kr") as (_, connect):
        (key,) = await connect().api_keys.list()
        assert key.access_key == ACCESS_KEY
        assert datetime.fromisoformat(key.expire_at).utcoffset() is not None


@pytest.mark.parametrize("frame_format", FORMATS)
async def test_frames(exchange: SimulatedExchange, client: AsyncUpbit, frame_format: Any) -> None:
    is_list, model, _ = FORMATS[frame_format]
    async with client.ws_stream.my_asset(format=frame_format) as stream:
        await exchange.subscribed()
        event = exchange.account.set("SGD", "1386929.37231066771348207123", "10329.670127489597585685")
        received = await receive(stream)
    if is_list:
        (received,) = received
    assert type(received) is model
    assert_modeled(received)
    amounts = ["SGD", "1386929.37231066771348207123", "10329.670127489597585685"]
    if isinstance(received, MyAsset):
        assert received.assets is not None
        (asset,) = received.assets
        assert [asset.currency, asset.balance, asset.locked] == amounts
        assert received.asset_timestamp == event.asset_timestamp
    else:
        (simple,) = received.ast
        assert [simple.cu, simple.b, simple.l] == amounts
        assert received.asttms == event.asset_timestamp


@pytest.mark.parametrize("frame_format", FORMATS)
async def test_list_subscriptions(exchange: SimulatedExchange, client: AsyncUpbit, frame_format: Any) -> None:
    _, _, model = FORMATS[frame_format]
    async with client.ws_stream.my_asset(format=frame_format) as stream:
        answer = await stream.list_subscriptions()
        assert type(answer) is model
        assert_modeled(answer)
        result = answer.result if isinstance(answer, ListSubscriptionsResponse) else answer.rslt
        assert [list(each.to_dict().values()) for each in result] == [["myAsset"]]
        # The stream goes on in its format.
        exchange.account.set("BTC", "0.75")
        frame = await receive(stream)
    assert isinstance(frame, list) is FORMATS[frame_format][0]


@pytest.mark.parametrize("wrong", WRONG_KEYS)
async def test_rejected_key(connect: Connect, wrong: str) -> None:
    keys, name = WRONG_KEYS[wrong]
    with pytest.raises(AuthenticationError) as raised:
        await connect(**keys).accounts.list()
    assert raised.value.name == name
    with pytest.raises(InvalidStatus) as failed:
        async with connect(**keys).ws_stream.my_asset():
            pass
    assert failed.value.response.status_code == 401


async def test_wrong_secret_rejected_by_frame(exchange: SimulatedExchange, connect: Connect) -> None:
    exchange.stream.reject_by_frame = True
    async with connect(secret_key="W" * 40).ws_stream.my_asset() as stream:
        assert (await receive(stream)).error["name"] == "INVALID_AUTH"
        with pytest.raises(ConnectionClosedOK):
            await receive(stream)


async def test_codes_are_invalid(client: AsyncUpbit) -> None:
    async with client.ws_private.connect_private() as connection:
        await connection.send([{"ticket": "t"}, {"type": "myAsset", "codes": ["SGD-BTC"]}])  # type: ignore[typeddict-unknown-key]
        answer = await receive(connection)
        assert answer.error["name"] == "WRONG_FORMAT"
        with pytest.raises(ConnectionClosedOK):
            await receive(connection)
