"""The REST calls against the simulated exchange: rows, every documented rejection, and every way to fail."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
import json
import traceback

import aiohttp
import pytest

from custom_components.upbit.api.auth import Credentials
from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.regions import Region
from custom_components.upbit.api.rest import RestClient
from custom_components.upbit.api.throttle import RateLimit
from custom_components.upbit.api.wire import MAX_FRAME_SIZE, Holding, Snapshot
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from simulator.faults import FaultKind, HttpFault


async def failure(rest: RestClient) -> UpbitError:
    """Return the error that a call for the rows ends with."""
    with pytest.raises(UpbitError) as caught:
        await rest.accounts()
    return caught.value


# Rows


async def test_rows_are_exact(rest: RestClient, exchange: SimulatedExchange) -> None:
    assert (await rest.accounts()).amounts == {
        "SGD": Holding(Decimal("1386929.37231066771348207123"), Decimal("10329.670127489597585685")),
        "BTC": Holding(Decimal("0.5"), Decimal(0)),
    }


async def test_every_call_has_a_nonce_of_its_own(rest: RestClient, exchange: SimulatedExchange) -> None:
    for _ in range(5):
        await rest.accounts()
    assert [call.status for call in exchange.record.calls] == [200] * 5


# Rejections


@pytest.mark.parametrize(
    ("break_it", "kind"),
    [
        (lambda exchange: setattr(exchange.key, "deleted", True), ErrorKind.INVALID_ACCESS_KEY),
        (lambda exchange: setattr(exchange.key, "region", "th"), ErrorKind.INVALID_ACCESS_KEY),
        (lambda exchange: setattr(exchange.key, "secret_key", "other" * 8), ErrorKind.INVALID_SECRET_KEY),
        (
            lambda exchange: setattr(exchange.key, "expires_at", datetime(2020, 1, 1, tzinfo=UTC)),
            ErrorKind.EXPIRED_ACCESS_KEY,
        ),
        (
            lambda exchange: setattr(exchange.key, "allowed_addresses", frozenset({"203.0.113.1"})),
            ErrorKind.IP_NOT_ALLOWED,
        ),
        (lambda exchange: setattr(exchange.key, "permissions", frozenset()), ErrorKind.MISSING_PERMISSION),
    ],
)
async def test_rejected_key_has_a_reason(
    rest: RestClient,
    exchange: SimulatedExchange,
    break_it: Callable[[SimulatedExchange], None],
    kind: ErrorKind,
) -> None:
    break_it(exchange)
    assert (await failure(rest)).kind is kind
    assert len(exchange.record.calls) == 1


async def test_other_spelling_and_status_are_recognized(
    rest: RestClient, exchange: SimulatedExchange
) -> None:
    exchange.key.permissions = frozenset()
    exchange.keys.scope_status = 403
    assert (await failure(rest)).kind is ErrorKind.MISSING_PERMISSION
    exchange.key.allowed_addresses = frozenset()
    exchange.keys.address_error = "no_authorization_ip"
    assert (await failure(rest)).kind is ErrorKind.IP_NOT_ALLOWED


async def test_secret_that_cannot_sign_makes_no_request(
    session: aiohttp.ClientSession, place: Region, rate_limit: RateLimit, exchange: SimulatedExchange
) -> None:
    rest = RestClient(session, place, Credentials(ACCESS_KEY, ""), rate_limit)
    assert (await failure(rest)).kind is ErrorKind.INVALID_SECRET_KEY
    assert not exchange.record.calls


# Used nonces


async def test_used_nonce_is_answered_with_a_new_one(rest: RestClient, exchange: SimulatedExchange) -> None:
    exchange.rest.refuse("nonce_used", times=1)
    assert "BTC" in (await rest.accounts()).amounts
    assert [call.status for call in exchange.record.calls] == [401, 200]


async def test_exchange_that_calls_every_nonce_used_is_asked_twice_only(
    rest: RestClient, exchange: SimulatedExchange
) -> None:
    exchange.rest.refuse("nonce_used")
    assert (await failure(rest)).kind is ErrorKind.CANNOT_CONNECT
    assert len(exchange.record.calls) == 2


async def test_other_error_of_the_second_attempt_counts(
    rest: RestClient, exchange: SimulatedExchange
) -> None:
    exchange.key.deleted = True
    exchange.rest.refuse("nonce_used", times=1)
    assert (await failure(rest)).kind is ErrorKind.INVALID_ACCESS_KEY


async def test_request_repeated_by_the_library_on_a_cut_connection_is_made_good(
    rest: RestClient, exchange: SimulatedExchange
) -> None:
    await rest.accounts()
    # The kept connection breaks after the nonce was used; aiohttp then sends the same request again.
    exchange.rest.cut(times=1)
    assert "BTC" in (await rest.accounts()).amounts
    assert [call.error for call in exchange.record.calls] == [None, None, "nonce_used", None]


# Failed calls


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (200, "{}", ErrorKind.INVALID_RESPONSE, "accounts_wrong_shape"),
        (503, "<html>maintenance</html>", ErrorKind.CANNOT_CONNECT, "http_503"),
        (404, '{"error": {"name": 404, "message": ""}}', ErrorKind.UNKNOWN, "http_404"),
    ],
)
async def test_answer_without_rows_is_an_error(
    rest: RestClient, exchange: SimulatedExchange, status: int, body: str, kind: ErrorKind, reason: str
) -> None:
    exchange.rest.fail_with(status, body, times=1)
    error = await failure(rest)
    assert (error.kind, error.reason) == (kind, reason)
    assert "BTC" in (await rest.accounts()).amounts


async def test_body_that_never_ends_is_not_read_to_its_end(
    rest: RestClient, exchange: SimulatedExchange
) -> None:
    exchange.rest.fail_with(200, b" " * (2 * MAX_FRAME_SIZE))
    error = await failure(rest)
    assert (error.kind, error.reason) == (ErrorKind.INVALID_RESPONSE, "body_too_large")


async def test_body_of_the_greatest_size_and_any_type_is_read(
    rest: RestClient, exchange: SimulatedExchange
) -> None:
    exchange.rest.fail_with(200, b"[]".ljust(MAX_FRAME_SIZE), content_type="text/html")
    assert await rest.accounts() == Snapshot({}, {}, 0, {})


async def test_redirect_is_not_followed(rest: RestClient, exchange: SimulatedExchange) -> None:
    exchange.rest.fail_with(302, headers={"Location": f"{exchange.rest_url}/elsewhere"})
    assert (await failure(rest)).kind is ErrorKind.CANNOT_CONNECT
    assert [call.path for call in exchange.record.calls] == ["/v1/accounts"]


@pytest.mark.parametrize("fault", ["cut", "truncate"])
async def test_broken_connection_is_an_error(
    rest: RestClient, exchange: SimulatedExchange, fault: str
) -> None:
    getattr(exchange.rest, fault)()
    assert (await failure(rest)).kind is ErrorKind.CANNOT_CONNECT


async def test_exchange_that_is_down_is_an_error(rest: RestClient, exchange: SimulatedExchange) -> None:
    exchange.go_down()
    assert (await failure(rest)).kind is ErrorKind.CANNOT_CONNECT


@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_response_is_waited_for_ten_seconds(
    rest: RestClient, exchange: SimulatedExchange, fault: str
) -> None:
    getattr(exchange.rest, fault)()
    started = asyncio.get_running_loop().time()
    error = await failure(rest)
    assert (error.kind, error.reason) == (ErrorKind.CANNOT_CONNECT, "TimeoutError")
    assert asyncio.get_running_loop().time() - started == pytest.approx(10, abs=0.1)


async def test_cancelled_call_ends_immediately(rest: RestClient, exchange: SimulatedExchange) -> None:
    exchange.rest.hang()
    task = asyncio.create_task(rest.accounts())
    await exchange.until(lambda: len(exchange.record.calls) == 1)
    task.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait([task])
    assert task.cancelled()


# Waiting when asked to


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "least"),
    [
        (429, "Too many API requests.", {}, ErrorKind.RATE_LIMITED, 1),
        (429, '{"error": {"name": "too_many_requests"}}', {}, ErrorKind.RATE_LIMITED, 1),
        (429, "", {"Retry-After": "40"}, ErrorKind.RATE_LIMITED, 40),
        (418, "", {}, ErrorKind.BLOCKED, 60),
        (418, "", {"Retry-After": "3000"}, ErrorKind.BLOCKED, 2999),
    ],
)
async def test_no_request_is_made_while_the_exchange_asks_to_wait(
    rest: RestClient,
    exchange: SimulatedExchange,
    rate_limit: RateLimit,
    status: int,
    body: str,
    headers: dict[str, str],
    kind: ErrorKind,
    least: float,
) -> None:
    exchange.rest.fail_with(status, body, headers=headers, times=1)
    assert (await failure(rest)).kind is kind
    assert rate_limit.remaining() >= least
    error = await failure(rest)
    assert (error.kind, error.reason) == (kind, "waiting")
    assert len(exchange.record.calls) == 1


@pytest.mark.parametrize(("kind", "length"), [(FaultKind.TRUNCATE, 2000), (FaultKind.REPLY, 2_000_000)])
async def test_rate_limit_counts_whatever_the_body_is(
    rest: RestClient, exchange: SimulatedExchange, rate_limit: RateLimit, kind: FaultKind, length: int
) -> None:
    exchange.rest.fail(HttpFault(kind=kind, status=429, body="x" * length, headers={"Retry-After": "600"}))
    assert (await failure(rest)).kind is ErrorKind.RATE_LIMITED
    assert rate_limit.remaining() >= 600


# The key's expiry


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_of_the_own_key_is_returned(rest: RestClient, exchange: SimulatedExchange) -> None:
    exchange.key.expires_at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    exchange.add_key(access_key="OTHER", expires_at=datetime(2026, 12, 1, tzinfo=UTC))
    assert await rest.key_expiration() == datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("region", ["kr"])
async def test_malformed_list_of_keys_is_an_error(rest: RestClient, exchange: SimulatedExchange) -> None:
    exchange.rest.fail_with(200, json.dumps([{"access_key": ACCESS_KEY, "expire_at": "soon"}]))
    with pytest.raises(UpbitError) as caught:
        await rest.key_expiration()
    assert caught.value.kind is ErrorKind.INVALID_RESPONSE
    assert caught.value.reason == "api_keys_invalid_timestamp"


@pytest.mark.parametrize("region", ["sg", "id", "th"])
async def test_expiry_is_not_requested_where_the_region_has_no_such_call(
    rest: RestClient, exchange: SimulatedExchange
) -> None:
    assert await rest.key_expiration() is None
    assert not exchange.record.calls


# Nothing leaks


@pytest.mark.parametrize("fault", ["cut", "truncate", "hang", "refuse", "redirect", "down"])
async def test_error_shows_no_key_token_or_amount(
    rest: RestClient, exchange: SimulatedExchange, fault: str
) -> None:
    match fault:
        case "refuse":
            exchange.rest.refuse("jwt_verification")
        case "redirect":
            exchange.rest.fail_with(302, headers={"Location": "//"})
        case "down":
            exchange.go_down()
        case _:
            getattr(exchange.rest, fault)()
    error = await failure(rest)
    # What a log would show, whatever errors it came from.
    text = "".join(traceback.format_exception(error)) + repr(error)
    for secret in (ACCESS_KEY, SECRET_KEY, "Bearer", "eyJ", "1386929"):
        assert secret not in text
