"""The wire format of REST: the account's rows, the key's expiry and the name of an error."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json

import pytest

from custom_components.upbit.api.wire import (
    DecodeError,
    DecodeErrorReason,
    Holding,
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
    assert decode_accounts(body) == {
        "SGD": Holding(Decimal("1386929.37231066771348207123"), Decimal("10329.670127489597585685")),
        "BTC": Holding(Decimal("0.5"), Decimal(0)),
    }


def test_account_without_rows_is_empty() -> None:
    assert decode_accounts(b"[]") == {}


def test_rows_of_one_currency_are_added_without_rounding() -> None:
    row = {"currency": "BTC", "balance": "0." + "3" * 60, "locked": "1" + "0" * 60}
    other = {"currency": "BTC", "balance": "1" + "0" * 60, "locked": "0." + "4" * 60}
    (holding,) = decode_accounts(rows(row, other, row)).values()
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
        (b"[1]", DecodeErrorReason.WRONG_SHAPE),
        (rows({"currency": "BTC", "balance": "1"}), DecodeErrorReason.MISSING_KEY),
        (rows({"currency": "BTC", "locked": "1"}), DecodeErrorReason.MISSING_KEY),
        (rows({"balance": "1", "locked": "1"}), DecodeErrorReason.MISSING_KEY),
        (rows({"currency": "", "balance": "1", "locked": "1"}), DecodeErrorReason.INVALID_CURRENCY),
        *(
            (rows({"currency": "BTC", "balance": amount, "locked": "1"}), DecodeErrorReason.INVALID_AMOUNT)
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
                "0x1",
                "\N{FULLWIDTH DIGIT ONE}",
                "1" * 251,
            )
        ),
    ],
)
def test_malformed_rows_are_refused_with_a_reason(body: bytes, reason: DecodeErrorReason) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_accounts(body)
    assert caught.value.reason is reason


# The key's expiry


def test_expiry_is_that_of_the_own_key() -> None:
    body = rows(
        {"access_key": "other", "expire_at": "2020-01-01T00:00:00+09:00"},
        {"access_key": "own", "expire_at": "2026-06-25T11:22:54+09:00"},
    )
    assert decode_key_expiration(body, "own") == datetime(2026, 6, 25, 2, 22, 54, tzinfo=UTC)
    expiry = decode_key_expiration(body, "own")
    assert expiry is not None
    assert expiry.utcoffset() == timedelta(hours=9)


def test_key_that_is_not_listed_has_no_expiry() -> None:
    body = rows({"access_key": "other", "expire_at": "not looked at"}, {})
    assert decode_key_expiration(body, "own") is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", DecodeErrorReason.NOT_JSON),
        (b"{}", DecodeErrorReason.WRONG_SHAPE),
        (b"[1]", DecodeErrorReason.WRONG_SHAPE),
        (rows({"access_key": "own"}), DecodeErrorReason.MISSING_KEY),
        (rows({"access_key": "own", "expire_at": None}), DecodeErrorReason.INVALID_TIMESTAMP),
        (rows({"access_key": "own", "expire_at": "soon"}), DecodeErrorReason.INVALID_TIMESTAMP),
        (
            rows({"access_key": "own", "expire_at": "2026-06-25T11:22:54"}),
            DecodeErrorReason.INVALID_TIMESTAMP,
        ),
    ],
)
def test_malformed_expiry_is_refused_with_a_reason(body: bytes, reason: DecodeErrorReason) -> None:
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
