"""The classification of errors: by name first, by status then, each with the one who has to act."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from custom_components.upbit.api.errors import (
    ErrorKind,
    UpbitError,
    kind_of_name,
    response_error,
    short_reason,
)


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        # The documented rows.
        (401, "invalid_access_key", ErrorKind.INVALID_ACCESS_KEY),
        (401, "jwt_verification", ErrorKind.INVALID_SECRET_KEY),
        (401, "expired_access_key", ErrorKind.EXPIRED_ACCESS_KEY),
        (401, "no_authorization_ip", ErrorKind.IP_NOT_ALLOWED),
        (401, "no_authorization_i_p", ErrorKind.IP_NOT_ALLOWED),
        (401, "out_of_scope", ErrorKind.MISSING_PERMISSION),
        (403, "out_of_scope", ErrorKind.MISSING_PERMISSION),
        (401, "nonce_used", ErrorKind.NONCE_USED),
        (401, "no_authorization_token", ErrorKind.UNKNOWN),
        (401, "invalid_query_payload", ErrorKind.UNKNOWN),
        (429, "too_many_requests", ErrorKind.RATE_LIMITED),
        (429, None, ErrorKind.RATE_LIMITED),
        (418, None, ErrorKind.BLOCKED),
        (500, None, ErrorKind.CANNOT_CONNECT),
        (502, None, ErrorKind.CANNOT_CONNECT),
        (503, None, ErrorKind.CANNOT_CONNECT),
        (599, None, ErrorKind.CANNOT_CONNECT),
        # The name decides before the status, whatever its case.
        (400, "INVALID_ACCESS_KEY", ErrorKind.INVALID_ACCESS_KEY),
        (500, "jwt_verification", ErrorKind.INVALID_SECRET_KEY),
        # Save where the status asks to wait.
        (429, "invalid_access_key", ErrorKind.RATE_LIMITED),
        (418, "jwt_verification", ErrorKind.BLOCKED),
        # Unknown names, and bodies without one, which may come from something in between.
        (401, "brand_new_error", ErrorKind.INVALID_ACCESS_KEY),
        (401, None, ErrorKind.NOT_UPBIT),
        (401, 401, ErrorKind.NOT_UPBIT),
        (403, None, ErrorKind.NOT_UPBIT),
        (403, "brand_new_error", ErrorKind.CANNOT_CONNECT),
        (404, 404, ErrorKind.UNKNOWN),
        (400, "brand_new_error", ErrorKind.UNKNOWN),
        (408, None, ErrorKind.CANNOT_CONNECT),
        (300, None, ErrorKind.CANNOT_CONNECT),
        (302, None, ErrorKind.CANNOT_CONNECT),
        (204, None, ErrorKind.UNKNOWN),
    ],
)
def test_answer_is_classified(status: int, name: object, kind: ErrorKind) -> None:
    error = response_error(status, name, {})
    assert error.kind is kind
    assert error.reason == f"http_{status}"
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (404, 404, ErrorKind.UNKNOWN_MARKET),
        (404, "brand_new_error", ErrorKind.UNKNOWN_MARKET),
        (404, "jwt_verification", ErrorKind.INVALID_SECRET_KEY),
        # A page of something in between is no verdict on a market.
        (404, None, ErrorKind.UNKNOWN),
        (400, 400, ErrorKind.UNKNOWN),
    ],
)
def test_not_found_means_what_the_call_looks_for(status: int, name: object, kind: ErrorKind) -> None:
    assert response_error(status, name, {}, ErrorKind.UNKNOWN_MARKET).kind is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("INVALID_AUTH", ErrorKind.UNAUTHORIZED),
        ("Too Many Requests", ErrorKind.RATE_LIMITED),
        ("I'm a teapot", ErrorKind.BLOCKED),
        ("WRONG_FORMAT", None),
        (None, None),
        (401, None),
        (["INVALID_AUTH"], None),
    ],
)
def test_name_of_an_error_frame_is_classified(name: object, kind: ErrorKind | None) -> None:
    assert kind_of_name(name) is kind


def test_only_faults_of_the_key_call_for_another_key() -> None:
    assert {kind for kind in ErrorKind if kind.needs_new_key} == {
        ErrorKind.INVALID_ACCESS_KEY,
        ErrorKind.INVALID_SECRET_KEY,
        ErrorKind.EXPIRED_ACCESS_KEY,
        ErrorKind.MISSING_PERMISSION,
    }


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1.0),
        ("2.5", 2.5),
        ("0", None),
        ("999999999", 86_400.0),
        ("9" * 400, None),
        ("-5", None),
        ("1_0", None),
        ("٣", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("Fri, 99 Dec 2099 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_to_come(value: str, seconds: float | None) -> None:
    assert response_error(429, None, {"Retry-After": value}).retry_after == seconds


@pytest.mark.parametrize("zone", [UTC, None], ids=["zone", "no zone"])
def test_retry_after_as_a_date_is_counted_from_now(zone: timezone | None) -> None:
    date = datetime.now(UTC) + timedelta(seconds=100)
    text = format_datetime(date.replace(tzinfo=zone), usegmt=zone is not None)
    retry_after = response_error(429, None, {"Retry-After": text}).retry_after
    assert retry_after is not None
    # The date has no fractions of a second.
    assert 90 < retry_after <= 100


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("INVALID_AUTH", "invalid_auth"),
        ("I'm a teapot", "i_m_a_teapot"),
        ("wrong key DEMO1234", "unnamed"),
        ("10.0.0.1 is not allowed", "unnamed"),
        ("two\nlines", "unnamed"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "unnamed"),
        ("", "unnamed"),
        ("12345", "unnamed"),
        (None, "none"),
    ],
)
def test_reason_made_of_an_unknown_text_is_a_harmless_word(text: object, reason: str) -> None:
    assert short_reason(text) == reason


def test_error_shows_its_kind_and_reason() -> None:
    assert str(UpbitError(ErrorKind.CANNOT_CONNECT, "http_503")) == "cannot_connect (http_503)"
