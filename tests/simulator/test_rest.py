import asyncio
from datetime import UTC, datetime, timedelta
import hashlib

import aiohttp
import pytest

from simulator import ACCESS_KEY, SimulatedExchange

from .client import Client, decode, token


async def test_accounts_lists_holdings_as_decimal_strings(
    exchange: SimulatedExchange, client: Client
) -> None:
    exchange.rest.average_prices["BTC"] = ("61234.5", "USDT")
    exchange.account.set("XRP", "0E-8")
    status, rows = await client.get()
    assert status == 200
    assert rows == [
        {
            "currency": "SGD",
            "balance": "1386929.37231066771348207123",
            "locked": "10329.670127489597585685",
            "avg_buy_price": "0",
            "avg_buy_price_modified": False,
            "unit_currency": "SGD",
        },
        {
            "currency": "BTC",
            "balance": "0.5",
            "locked": "0",
            "avg_buy_price": "61234.5",
            "avg_buy_price_modified": False,
            "unit_currency": "USDT",
        },
    ]


async def test_average_prices_follow_fills_after_an_adjustable_lag(
    exchange: SimulatedExchange, client: Client
) -> None:
    async def average() -> tuple[str, str]:
        _, rows = await client.get()
        return next((row["avg_buy_price"], row["unit_currency"]) for row in rows if row["currency"] == "XRP")

    exchange.markets.set_price("SGD-XRP", "2.5")
    exchange.buy("SGD-XRP", 10)
    assert await average() == ("2.5", "SGD")
    exchange.account.set_average("XRP", "2.5", "SGD")
    exchange.rest.average_lag = 0.2
    exchange.markets.set_price("SGD-XRP", "3.5")
    exchange.buy("SGD-XRP", 10)
    exchange.sell("SGD-XRP", 5)
    assert await average() == ("2.5", "SGD")
    while await average() == ("2.5", "SGD"):
        await asyncio.sleep(0.02)
    assert await average() == ("3.0", "SGD")


async def test_zero_and_duplicate_rows_can_be_listed(exchange: SimulatedExchange, client: Client) -> None:
    exchange.account.set("BTC", 0)
    exchange.rest.list_zeros = True
    exchange.rest.duplicate_rows = True
    exchange.rest.extra_rows = [{"currency": "odd"}]
    _, rows = await client.get()
    assert [row["currency"] for row in rows] == ["SGD", "BTC", "SGD", "BTC", "odd"]


async def test_chosen_rows_can_be_wrong_or_absent(exchange: SimulatedExchange, client: Client) -> None:
    exchange.account.set("XRP", 1)
    exchange.rest.row_faults = {"SGD": {"balance": "1,5"}, "BTC": {"currency": "\x07" * 40}, "XRP": None}
    _, rows = await client.get()
    assert [(row["currency"], row["balance"]) for row in rows] == [("SGD", "1,5"), ("\x07" * 40, "0.5")]
    exchange.rest.recover()
    assert [row["currency"] for row in (await client.get())[1]] == ["SGD", "BTC", "XRP"]


async def test_currency_code_can_be_any_text(exchange: SimulatedExchange, client: Client) -> None:
    socket = await client.subscribe()
    exchange.account.set("币安人生", 5)
    assert decode(await socket.receive())["assets"][0]["currency"] == "币安人生"
    assert (await client.get())[1][-1]["currency"] == "币安人生"


async def test_remaining_requests_are_in_a_header(exchange: SimulatedExchange, client: Client) -> None:
    async with client.session.get(
        f"{exchange.rest_url}/v1/accounts", headers={"Authorization": token()}
    ) as response:
        assert response.headers["Remaining-Req"] == "group=default; min=1799; sec=29"


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
async def test_both_algorithms_are_accepted(client: Client, algorithm: str) -> None:
    assert (await client.get(authorization=token(algorithm=algorithm)))[0] == 200


@pytest.mark.parametrize(
    ("authorization", "name"),
    [
        ("Basic abc", "no_authorization_token"),
        ("Bearer nonsense", "invalid_access_key"),
        (token("X" * 40), "invalid_access_key"),
        (token(secret_key="wrong" * 8), "jwt_verification"),
        (token(algorithm="HS384"), "jwt_verification"),
    ],
    # A token is another one in each process, and the processes of pytest-xdist must find the same tests.
    ids=["no_token", "nonsense", "unknown_key", "wrong_secret", "wrong_algorithm"],
)
async def test_invalid_tokens_are_rejected_by_name(client: Client, authorization: str, name: str) -> None:
    status, body = await client.get(authorization=authorization)
    assert (status, body["error"]["name"]) == (401, name)


async def test_token_may_be_used_once(exchange: SimulatedExchange, client: Client) -> None:
    authorization = token()
    assert (await client.get(authorization=authorization))[0] == 200
    status, body = await client.get(authorization=authorization)
    assert (status, body["error"]["name"]) == (401, "nonce_used")


async def test_query_must_be_hashed_into_the_token(client: Client) -> None:
    status, body = await client.get("/v1/accounts?a=b[]")
    assert (status, body["error"]["name"]) == (401, "invalid_query_payload")
    digest = hashlib.sha512(b"a=b[]").hexdigest()
    authorization = token(query_hash=digest, query_hash_alg="SHA512")
    assert (await client.get("/v1/accounts?a=b[]", authorization))[0] == 200


async def test_unusable_keys_are_rejected_by_name(exchange: SimulatedExchange, client: Client) -> None:
    async def answer() -> tuple[int, str]:
        status, body = await client.get()
        return status, body["error"]["name"]

    exchange.key.permissions = frozenset()
    assert await answer() == (401, "out_of_scope")
    exchange.keys.scope_status = 403
    assert await answer() == (403, "out_of_scope")
    exchange.key.allowed_addresses = frozenset({"203.0.113.1"})
    assert await answer() == (401, "no_authorization_i_p")
    exchange.keys.address_error = "no_authorization_ip"
    assert await answer() == (401, "no_authorization_ip")
    exchange.keys.client_address = "203.0.113.1"
    assert await answer() == (403, "out_of_scope")
    exchange.key.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert await answer() == (401, "expired_access_key")
    exchange.key.region = "th"
    assert await answer() == (401, "invalid_access_key")
    assert [call.error for call in exchange.record.failed][-1] == "invalid_access_key"
    exchange.key.region, exchange.key.deleted = "sg", True
    assert await answer() == (401, "invalid_access_key")


async def test_requests_come_from_two_addresses_in_turn(exchange: SimulatedExchange, client: Client) -> None:
    exchange.key.allowed_addresses = frozenset({"203.0.113.1"})
    exchange.keys.client_address, exchange.keys.second_address = "203.0.113.1", "2001:db8::1"
    assert [(await client.get())[0] for _ in range(4)] == [200, 401, 200, 401]
    assert exchange.record.failed[0].error == "no_authorization_i_p"
    await exchange.recover()
    assert exchange.keys.second_address is None


async def test_keys_are_listed_in_korea_only_and_messages_are_korean(
    socket_enabled: None, session: aiohttp.ClientSession
) -> None:
    async with SimulatedExchange("kr") as korea:
        client = Client(korea, session)
        korea.key.expires_at = datetime(2026, 6, 25, 2, 22, 54, tzinfo=UTC) + timedelta(days=3650)
        korea.add_key(access_key="Z" * 40)
        status, keys = await client.get("/v1/api_keys")
        assert status == 200
        assert keys[0] == {"access_key": ACCESS_KEY, "expire_at": "2036-06-22T11:22:54+09:00"}
        assert len(keys) == 2
        status, body = await client.get(authorization=token("X" * 40))
        assert body["error"]["message"] == "잘못된 엑세스 키입니다."


async def test_elsewhere_the_list_of_keys_is_not_found_and_counted(
    exchange: SimulatedExchange, client: Client
) -> None:
    assert (await client.get("/v1/api_keys"))[0] == 404
    assert len(exchange.record.requests("/v1/api_keys")) == 1


async def test_past_the_limit_429_and_repeated_418(exchange: SimulatedExchange, client: Client) -> None:
    exchange.limits.rest_second.count = 2
    exchange.limits.limited_before_block = 2
    exchange.limits.block_seconds = 0.2
    assert [(await client.get())[0] for _ in range(5)] == [200, 200, 429, 429, 418]
    exchange.limits.rest_second.count = None
    while (await client.get())[0] == 418:
        await asyncio.sleep(0.01)
    assert exchange.limits.block_seconds == pytest.approx(0.4)


async def test_requests_with_an_origin_are_held_to_one_in_ten_seconds(client: Client) -> None:
    headers = {"Origin": "http://localhost"}
    assert [(await client.get(headers=headers))[0] for _ in range(2)] == [200, 429]
    assert (await client.get())[0] == 200


async def test_held_snapshot_keeps_the_amounts_of_when_it_was_requested(
    exchange: SimulatedExchange, client: Client
) -> None:
    async with exchange.hold_snapshots() as snapshots:
        request = asyncio.create_task(client.get())
        await snapshots.held()
        exchange.account.set("BTC", "0.75")
        snapshots.release()
        _, rows = await request
    assert rows[1]["balance"] == "0.5"
    assert (await client.get())[1][1]["balance"] == "0.75"
