"""REST answers badly: errors, pages, broken or slow bodies, none. The call is repeated and nothing is merged."""

from collections.abc import Callable
import gzip
import json

from homeassistant.config_entries import ConfigEntryState
import pytest

from custom_components.upbit.api.http import REQUEST_TIMEOUT
from custom_components.upbit.const import TIMINGS
from simulator import SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

type Failure = Callable[[SimulatedExchange], None]

HTML = "<!doctype html><html><body><h1>Service under maintenance</h1></body></html>"


def _row(**changes: object) -> str:
    return json.dumps([{"currency": "BTC", "balance": "9", "locked": "0", **changes}])


# What each of these is classified as is tested with the calls themselves.
FAILURES: dict[str, Failure] = {
    "503_page": lambda exchange: exchange.rest.fail_with(503, HTML, content_type="text/html"),
    "404": lambda exchange: exchange.rest.fail_with(404, '{"error": {"name": 404, "message": "Not found"}}'),
    "200_page": lambda exchange: exchange.rest.fail_with(200, HTML, content_type="text/html"),
    "200_cut_json": lambda exchange: exchange.rest.fail_with(200, _row()[:-5]),
    "gzip_bomb": lambda exchange: exchange.rest.fail_with(
        200, gzip.compress(b" " * 20_000_000), headers={"Content-Encoding": "gzip"}
    ),
    "truncated": lambda exchange: exchange.rest.truncate(),
    "never_answered": lambda exchange: exchange.rest.hang(),
    "late": lambda exchange: setattr(exchange.rest, "delay", REQUEST_TIMEOUT + 1),
}

failures = pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES.keys())


@failures
async def test_bad_answer_is_not_merged_and_the_call_is_repeated(connected: Harness, fail: Failure) -> None:
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
async def test_set_up_is_retried_automatically(harness: Harness, fail: Failure) -> None:
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


async def test_undecodable_row_makes_one_balance_unavailable(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.remove("BTC")  # its other row would only be a part of the amount
    exchange.account.set("XRP", "7")
    exchange.rest.extra_rows = json.loads(_row(balance="-1")) + json.loads(_row(balance="-1", currency="ETH"))
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


async def test_currency_codes_outside_of_ascii_work(harness: Harness) -> None:
    for currency in ("SGD", "XRP"):
        harness.account.remove(currency)
    harness.account.change({"BTC": ("1", "0"), "币安人生": ("5", "0")})
    await harness.start()
    assert harness.total("币安人生") == "5"
    harness.account.set("币安人生", "6")
    await wait_until(lambda: harness.total("币安人生") == "6", within=1)
    assert harness.log_lines() == []
