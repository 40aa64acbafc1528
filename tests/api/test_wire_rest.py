"""The wire format of REST: the account's rows, the key's expiration and the name of an error."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json

import pytest

from custom_components.upbit.api.wire import (
    AverageBuyPrice,
    DecodeError,
    DecodeErrorReason,
    Holding,
    Snapshot,
    decode_accounts,
    decode_key_expiration,
    error_name,
    plain,
)

# The account's rows


def rows(*rows: dict[str, object]) -> bytes:
    return json.dumps(rows).encode()


def test_rows_are_decoded_by_currency() -> None:
    body = rows(
        {
            "currency": "SGD",
            "balance": "1386929.37231066771348207123",
            "locked": "10329.670127489597585685",
            "avg_buy_price": "0",
            "avg_buy_price_modified": False,
            "unit_currency": "SGD",
        },
        {"currency": "BTC", "balance": "0.50000000", "locked": "0E-8", "unit_currency": "USDT"},
    )
    amounts = {
        "SGD": Holding(Decimal("1386929.37231066771348207123"), Decimal("10329.670127489597585685")),
        "BTC": Holding(Decimal("0.5"), Decimal(0)),
    }
    assert decode_accounts(body) == Snapshot(amounts, {}, 0, {})


def test_account_without_rows_is_empty() -> None:
    assert decode_accounts(b"[]") == Snapshot({}, {}, 0, {})


def test_rows_of_one_currency_are_added_without_rounding() -> None:
    row = {"currency": "BTC", "balance": "0." + "3" * 60, "locked": "1" + "0" * 60}
    other = {"currency": "BTC", "balance": "1" + "0" * 60, "locked": "0." + "4" * 60}
    (holding,) = decode_accounts(rows(row, other, row)).amounts.values()
    assert plain(holding.available) == "1" + "0" * 60 + "." + "6" * 60
    assert plain(holding.locked) == "2" + "0" * 60 + "." + "4" * 60


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", DecodeErrorReason.NOT_JSON),
        (b"<html>", DecodeErrorReason.NOT_JSON),
        (b"\xff\xfe", DecodeErrorReason.NOT_UTF8),
        (b"{}", DecodeErrorReason.WRONG_SHAPE),
        (b'{"error": {"name": "jwt_verification"}}', DecodeErrorReason.WRONG_SHAPE),
    ],
)
def test_body_that_is_no_list_is_invalid(body: bytes, reason: DecodeErrorReason) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_accounts(body)
    assert caught.value.reason is reason


def row(amount: object, currency: object = "BTC") -> dict[str, object]:
    return {"currency": currency, "balance": amount, "locked": "1"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"currency": "BTC", "balance": "1"}, DecodeErrorReason.INVALID_AMOUNT),
        ({"currency": "BTC", "locked": "1"}, DecodeErrorReason.INVALID_AMOUNT),
        *(
            (row(amount), DecodeErrorReason.INVALID_AMOUNT)
            for amount in (
                1,
                1.5,
                None,
                "",
                " 1",
                "1 ",
                "1_0",
                "NaN",
                "-1",
                "1e120",
                "1e-121",
                "9" * 120 + ".99",
                "0x1",
                "\N{FULLWIDTH DIGIT ONE}",
                "1" * 251,
            )
        ),
    ],
)
def test_undecodable_row_affects_its_currency_only(bad: dict[str, object], reason: DecodeErrorReason) -> None:
    good = row("1", "XRP")
    decoded = Snapshot({"XRP": Holding(Decimal(1), Decimal(1))}, {"BTC": reason}, 0, {})
    assert decode_accounts(rows(bad, good)) == decoded
    # Its currency's other rows are only a part of the amount.
    assert decode_accounts(rows(row("2"), bad, good)) == decoded
    assert decode_accounts(rows(bad, good, row("2"))) == decoded


@pytest.mark.parametrize("bad", [1, [], {"balance": "1", "locked": "1"}, row("1", ""), row("1", None)])
def test_row_without_a_readable_code_is_counted(bad: dict[str, object]) -> None:
    decoded = Snapshot({"BTC": Holding(Decimal(1), Decimal(1))}, {}, 2, {})
    assert decode_accounts(rows(bad, row("1"), bad)) == decoded


# Average buy prices


def averages(*rows_: dict[str, object]) -> dict[str, AverageBuyPrice]:
    return dict(decode_accounts(rows(*rows_)).averages)


def bought(price: object, unit: object = "USDT", **fields: object) -> dict[str, object]:
    return row("1") | {"avg_buy_price": price, "unit_currency": unit} | fields


def test_average_buy_price_is_exact_and_has_its_own_currency() -> None:
    average = AverageBuyPrice(Decimal("97123.123456789012"), "USDT")
    assert averages(bought("97123.123456789012"), row("1", "XRP")) == {"BTC": average}


@pytest.mark.parametrize(
    ("price", "unit"),
    [("0", "SGD"), ("-1", "SGD"), ("NaN", "SGD"), (5, "SGD"), (None, "SGD"), ("5", None), ("5", "")],
)
def test_average_that_is_zero_or_undecodable_is_absent_and_affects_no_amount(
    price: object, unit: object
) -> None:
    decoded = decode_accounts(rows(bought(price, unit)))
    assert (decoded.averages, decoded.amounts.keys()) == ({}, {"BTC"})


def test_averages_that_differ_between_rows_of_one_currency_are_absent() -> None:
    assert averages(bought("5"), bought("6")) == averages(bought("5"), bought("5", "SGD")) == {}
    assert averages(bought("5"), bought("5")).keys() == {"BTC"}


# The key's expiration


def test_expiration_is_that_of_the_own_key() -> None:
    body = rows(
        {"access_key": "other", "expire_at": "2020-01-01T00:00:00+09:00"},
        {"access_key": "own", "expire_at": "2026-06-25T11:22:54+09:00"},
    )
    assert decode_key_expiration(body, "own") == datetime(2026, 6, 25, 2, 22, 54, tzinfo=UTC)
    expiry = decode_key_expiration(body, "own")
    assert expiry is not None
    assert expiry.utcoffset() == timedelta(hours=9)


def test_key_that_is_not_listed_has_no_expiration() -> None:
    body = rows({"access_key": "other", "expire_at": "not looked at"}, {})
    assert decode_key_expiration(body, "own") is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", DecodeErrorReason.NOT_JSON),
        (b"{}", DecodeErrorReason.WRONG_SHAPE),
        (b"[1]", DecodeErrorReason.WRONG_SHAPE),
        (rows({"access_key": "own"}), DecodeErrorReason.INVALID_TIMESTAMP),
        (rows({"access_key": "own", "expire_at": None}), DecodeErrorReason.INVALID_TIMESTAMP),
        (rows({"access_key": "own", "expire_at": "soon"}), DecodeErrorReason.INVALID_TIMESTAMP),
        (
            rows({"access_key": "own", "expire_at": "2026-06-25T11:22:54"}),
            DecodeErrorReason.INVALID_TIMESTAMP,
        ),
    ],
)
def test_invalid_expiration_has_a_reason(body: bytes, reason: DecodeErrorReason) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_key_expiration(body, "own")
    assert caught.value.reason is reason


# The error of a body


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"error": {"name": "jwt_verification", "message": "..."}}', "jwt_verification"),
        (b'{"error": {"name": 404, "message": "..."}}', 404),
        (b'{"error": {"message": "..."}}', None),
        (b'{"error": "jwt_verification"}', None),
        (b'["error"]', None),
        (b"{}", None),
        (b"Too many API requests.", None),
        (b"<html></html>", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_error_name_of_a_body(body: bytes, name: object) -> None:
    assert error_name(body) == name
