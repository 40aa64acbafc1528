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
    "200_list_of_numbers": _status(200, "[1, 2]"),
    "200_cut_json": _status(200, _row()[:-5]),
    "200_two_bodies": _status(200, _row() * 2),
    "200_not_utf8": _status(200, _row(currency="BTC").encode().replace(b"BTC", b"\xff\xfe")),
    "200_utf16": _status(200, _row().encode("utf-16")),
    "row_without_currency": _status(200, _row(currency=None)),
    "row_without_balance": _status(200, _row(balance=None)),
    "row_without_locked": _status(200, _row(locked=None)),
    "balance_negative": _status(200, _row(balance="-1")),
    "balance_nan": _status(200, _row(balance="NaN")),
    "balance_infinite": _status(200, _row(balance="Infinity")),
    "balance_a_number": _status(200, _row(balance=1.5)),
    "balance_words": _status(200, _row(balance="1,000.50")),
    "balance_10^9_digits": _status(200, _row(balance="1e999999999")),
    "currency_odd": _status(200, _row(currency="../../etc")),
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
    rows = '[{"currency":"BTC","balance":"0.7","locked":"0"}]'
    connected.account.change({"BTC": ("0.7", "0"), "SGD": ("0", "0"), "XRP": ("0", "0")}, announce=False)
    connected.exchange.rest.fail_with(200, rows, content_type=content_type)
    await connected.refresh()
    assert connected.is_correct


async def test_slow_but_whole_answer_is_waited_for(connected: Harness) -> None:
    connected.account.change({"BTC": ("0.7", "0")}, announce=False)
    connected.exchange.rest.delay = REQUEST_TIMEOUT - 1
    started = virtual_loop().time()
    await connected.refresh()
    assert virtual_loop().time() - started >= REQUEST_TIMEOUT - 1
    assert connected.is_correct
