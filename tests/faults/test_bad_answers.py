"""REST answers badly: errors, pages, broken or slow bodies, none. It is asked again, and nothing is believed."""

from collections.abc import Callable
import gzip
import json

from homeassistant.config_entries import ConfigEntryState
import pytest

from custom_components.upbit.api.rest import REQUEST_TIMEOUT
from custom_components.upbit.const import TIMINGS
from simulator import SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

type Failure = Callable[[SimulatedExchange], None]

HTML = "<!doctype html><html><body><h1>Service under maintenance</h1></body></html>"


def _status(
    status: int, body: str | bytes = "", content_type: str = "application/json", **headers: str
) -> Failure:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.rest.fail_with(status, body, content_type=content_type, headers=named)


def _row(**changes: object) -> str:
    row: dict[str, object] = {"currency": "BTC", "balance": "9", "locked": "0", **changes}
    return json.dumps([{name: value for name, value in row.items() if value is not None}])


FAILURES: dict[str, Failure] = {
    "500": _status(500),
    "500_integer_name": _status(500, '{"error": {"name": 500, "message": "Server error"}}'),
    "502_page": _status(502, HTML, "text/html"),
    "503_page": _status(503, HTML, "text/html"),
    "504": _status(504),
    "520": _status(520, "error code: 520", "text/plain"),
    "403_firewall": _status(403, HTML, "text/html"),
    "404": _status(404, '{"error": {"name": 404, "message": "Not found"}}'),
    "400": _status(400, '{"error": {"name": "validation_error", "message": "?"}}'),
    "204": _status(204),
    "200_page": _status(200, HTML, "text/html"),
    "200_nothing": _status(200),
    "200_null": _status(200, "null"),
    "200_object": _status(200, '{"currency": "BTC", "balance": "9", "locked": "0"}'),
    "200_error": _status(200, '{"error": {"name": "server_error", "message": "?"}}'),
    "200_cut_json": _status(200, _row()[:-5]),
    "200_two_bodies": _status(200, _row() * 2),
    "200_not_utf8": _status(200, _row(currency="BTC").encode().replace(b"BTC", b"\xff\xfe")),
    "200_utf16": _status(200, _row().encode("utf-16")),
    "too_large": _status(200, "[" + " " * 5_000_000 + "]"),
    "bad_gzip": _status(200, _row(), Content_Encoding="gzip"),
    "gzip_bomb": _status(200, gzip.compress(b" " * 20_000_000), Content_Encoding="gzip"),
    "truncated": lambda exchange: exchange.rest.truncate(),
    "cut": lambda exchange: exchange.rest.cut(),
    "never_answered": lambda exchange: exchange.rest.hang(),
    "a_byte_a_second": lambda exchange: exchange.rest.drip(1),
    "late": lambda exchange: setattr(exchange.rest, "delay", REQUEST_TIMEOUT + 1),
}

failures = pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES.keys())


@failures
async def test_bad_answer_is_tried_again_and_not_believed(connected: Harness, fail: Failure) -> None:
    exchange = connected.exchange
    fail(exchange)
    exchange.handshake.fail_with(503)  # so that all depends on the snapshots
    exchange.cut()
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_unavailable, within=60)
    started, tried = virtual_loop().time(), len(exchange.record.requests("/v1/accounts"))
    await pass_time(600)
    assert connected.is_unavailable
    attempts = len(exchange.record.requests("/v1/accounts")) - tried
    assert (
        attempts >= (virtual_loop().time() - started) / (TIMINGS.longest_snapshot_delay + REQUEST_TIMEOUT) - 1
    )
    assert connected.reauth_flows == 0
    assert connected.issues == {}
    assert len(connected.log_lines()) == 1

    await exchange.recover()
    await wait_until(
        lambda: connected.is_connected_and_correct,
        within=TIMINGS.longest_snapshot_delay + REQUEST_TIMEOUT + 2,
    )
    assert connected.shown["BTC"] == ["0.6", "unavailable", "0.7"]
    assert virtual_loop().longest_work < 0.5  # seconds of processor time in which nothing else could run


@failures
async def test_setup_retries_by_itself(harness: Harness, fail: Failure) -> None:
    fail(harness.exchange)
    started = virtual_loop().time()
    assert not await harness.set_up()
    assert virtual_loop().time() - started <= 21  # Home Assistant's start waits for it
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    await wait_until(lambda: not harness.exchange.stream.connections, within=2)
    await harness.exchange.recover()
    await wait_until(lambda: harness.total("BTC") == "0.6", within=60)
    await wait_until(lambda: harness.is_connected_and_correct, within=5)
    assert harness.reauth_flows == 0


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/plain; charset=euc-kr", "application/octet-stream"]
)
async def test_rows_count_whatever_they_are_labelled(connected: Harness, content_type: str) -> None:
    """A wrong content type is no reason to be unavailable where the body is whole."""
    connected.account.change({"BTC": ("0.7", "0"), "SGD": ("9", "0"), "XRP": ("9", "0")}, announce=False)
    rows = json.dumps([{"currency": each, "balance": "9", "locked": "0"} for each in ("SGD", "XRP")])
    body = f"{rows[:-1]}, {_row(balance='0.7')[1:]}"
    connected.exchange.rest.fail_with(200, body, content_type=content_type)
    await connected.refresh()
    assert connected.is_correct


async def test_slow_but_whole_answer_is_waited_for(connected: Harness) -> None:
    connected.account.change({"BTC": ("0.7", "0")}, announce=False)
    connected.exchange.rest.delay = REQUEST_TIMEOUT - 1
    started = virtual_loop().time()
    await connected.refresh()
    assert virtual_loop().time() - started >= REQUEST_TIMEOUT - 1
    assert connected.is_correct


BAD_ROWS: dict[str, dict[str, object]] = {
    "no_balance": {"balance": None},
    "no_locked": {"locked": None},
    "negative": {"balance": "-1"},
    "nan": {"balance": "NaN"},
    "a_number": {"balance": 1.5},
    "words": {"balance": "1,000.50"},
    "10^9_digits": {"balance": "1e999999999"},
}


@pytest.mark.parametrize("bad", BAD_ROWS.values(), ids=BAD_ROWS.keys())
async def test_undecodable_row_takes_away_one_balance(connected: Harness, bad: dict[str, object]) -> None:
    exchange = connected.exchange
    exchange.account.remove("BTC")  # its other row would be a part of it only
    exchange.account.set("XRP", "7")
    exchange.rest.extra_rows = json.loads(_row(**bad)) + json.loads(_row(**bad, currency="ETH"))
    await connected.refresh()
    # A currency never seen gets a sensor without an amount.
    await wait_until(lambda: connected.total("ETH") == "unavailable", within=1)
    assert connected.total("BTC") == "unavailable"
    assert connected.total("XRP") == "7"
    assert connected.total("SGD") == "1200.75"
    assert connected.shows_connected
    await pass_time(600)
    assert connected.shown["BTC"] == ["0.6", "unavailable"]
    assert connected.log_lines() == [
        "Upbit Singapore: the amount of BTC can't be decoded: invalid_amount",
        "Upbit Singapore: the amount of ETH can't be decoded: invalid_amount",
    ]
    assert connected.stats.connects == 1

    exchange.rest.extra_rows = []
    exchange.account.change({"BTC": ("8", "0"), "ETH": ("9", "0")}, announce=False)
    await wait_until(lambda: connected.is_correct, within=TIMINGS.snapshot_interval + 1)
    assert connected.shown["BTC"] == ["0.6", "unavailable", "8"]
    assert connected.shown["ETH"] == ["unavailable", "0", "9"]  # a new sensor starts at 0


async def test_set_up_with_an_undecodable_row_has_the_other_balances(harness: Harness) -> None:
    harness.exchange.rest.extra_rows = json.loads(_row(balance="-1", currency="ETH"))
    assert await harness.set_up()
    await wait_until(lambda: harness.total("ETH") == "unavailable", within=1)
    assert harness.total("BTC") == "0.6"


async def test_currency_codes_outside_of_ascii_work(harness: Harness) -> None:
    for currency in ("SGD", "XRP"):
        harness.account.remove(currency)
    harness.account.change({"BTC": ("1", "0"), "币安人生": ("5", "0")})
    await harness.start()
    assert harness.total("币安人生") == "5"
    harness.account.set("币安人生", "6")
    await wait_until(lambda: harness.total("币安人生") == "6", within=1)
    assert harness.log_lines() == []


async def test_unreadable_code_confirms_no_absence(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.remove("BTC")
    exchange.rest.extra_rows = json.loads(_row(currency="BTC\n"))
    await connected.refresh()
    assert connected.total("BTC") == "0.6"
    await wait_until(lambda: connected.total("BTC") == "unavailable", within=TIMINGS.grace + 1)
    assert connected.total("XRP") == "120"
    await pass_time(600)
    assert connected.total("BTC") == "unavailable"
    assert connected.log_lines() == ["Upbit Singapore: a currency code can't be read"]
    exchange.rest.extra_rows = []
    await wait_until(lambda: connected.total("BTC") == "0", within=TIMINGS.snapshot_interval + 3)


async def test_one_empty_answer_among_good_ones_changes_nothing(connected: Harness) -> None:
    exchange = connected.exchange
    fired: list[str] = []
    connected.listeners.async_add_changes(lambda changes: fired.extend(each.currency for each in changes))
    exchange.rest.fail_with(200, "[]", times=1)
    before = len(exchange.record.requests("/v1/accounts"))
    await connected.refresh()
    await wait_until(lambda: len(exchange.record.requests("/v1/accounts")) == before + 2, within=3)
    await pass_time(600)
    assert fired == []
    assert connected.shown == {"BTC": ["0.6"], "SGD": ["1200.75"], "XRP": ["120"]}


async def test_account_that_is_empty_is_at_zero_two_seconds_later(connected: Harness) -> None:
    for currency in ("BTC", "SGD", "XRP"):
        connected.account.remove(currency)
    await connected.refresh()
    assert connected.total("BTC") == "0.6"
    took = await wait_until(lambda: connected.is_correct, within=TIMINGS.absence + 1)
    assert took >= TIMINGS.absence - 0.1
    assert connected.shown == {"BTC": ["0.6", "0"], "SGD": ["1200.75", "0"], "XRP": ["120", "0"]}
