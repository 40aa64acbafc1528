"""The one classification of everything that can go wrong between the integration and Upbit."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
import re

_MAX_RETRY_AFTER = 86_400.0
"""Seconds; a longer Retry-After is taken for a mistake of the server."""


class ErrorKind(StrEnum):
    """What went wrong, distinguished by who has to act."""

    INVALID_ACCESS_KEY = "invalid_access_key"
    INVALID_SECRET_KEY = "invalid_secret_key"  # noqa: S105 - the name of an error
    EXPIRED_ACCESS_KEY = "expired_access_key"
    MISSING_PERMISSION = "missing_permission"
    IP_NOT_ALLOWED = "ip_not_allowed"
    RATE_LIMITED = "rate_limited"
    BLOCKED = "blocked"
    """HTTP 418: requests went on while rate limited; the block grows each time."""
    NONCE_USED = "nonce_used"
    UNAUTHORIZED = "unauthorized"
    """The stream rejected the key without a reason; ``GET /v1/accounts`` has the reason."""
    CANNOT_CONNECT = "cannot_connect"
    NOT_UPBIT = "not_upbit"
    """A 401 or 403 without Upbit's error format: a proxy, a firewall or a captive portal answered."""
    CONNECTION_LOST = "connection_lost"
    INVALID_RESPONSE = "invalid_response"
    UNKNOWN_MARKET = "unknown_market"
    """One of the markets in a Quotation call does not exist, so the response has no other one either."""
    UNKNOWN = "unknown"

    @property
    def needs_new_key(self) -> bool:
        """Whether only the user can fix it, with another key."""
        return self in _KEY_ERRORS


_KEY_ERRORS = frozenset(
    {
        ErrorKind.INVALID_ACCESS_KEY,
        ErrorKind.INVALID_SECRET_KEY,
        ErrorKind.EXPIRED_ACCESS_KEY,
        ErrorKind.MISSING_PERMISSION,
    }
)

# Names as Upbit's documentation lists them, for REST errors and for error frames, in lower case.
_BY_NAME: Mapping[str, ErrorKind] = {
    "invalid_access_key": ErrorKind.INVALID_ACCESS_KEY,
    "jwt_verification": ErrorKind.INVALID_SECRET_KEY,
    "expired_access_key": ErrorKind.EXPIRED_ACCESS_KEY,
    "no_authorization_ip": ErrorKind.IP_NOT_ALLOWED,
    "no_authorization_i_p": ErrorKind.IP_NOT_ALLOWED,
    "out_of_scope": ErrorKind.MISSING_PERMISSION,
    "nonce_used": ErrorKind.NONCE_USED,
    # Errors of the client, not of the key: another key would not help.
    "no_authorization_token": ErrorKind.UNKNOWN,
    "invalid_query_payload": ErrorKind.UNKNOWN,
    "too_many_requests": ErrorKind.RATE_LIMITED,
    "too many requests": ErrorKind.RATE_LIMITED,
    "i'm a teapot": ErrorKind.BLOCKED,
    "invalid_auth": ErrorKind.UNAUTHORIZED,
}


class UpbitError(Exception):
    """Something went wrong with Upbit; carries no header, body, key or amount.

    Attributes:
        kind: What went wrong.
        retry_after: Seconds to wait before the next request, if Upbit gave them.
        reason: A short technical word for diagnostics, such as ``http_503`` or ``close_1006``.
    """

    def __init__(self, kind: ErrorKind, reason: str, retry_after: float | None = None) -> None:
        super().__init__(f"{kind} ({reason})")
        self.kind = kind
        self.reason = reason
        self.retry_after = retry_after


def response_error(
    status: int,
    name: object,
    headers: Mapping[str, str],
    not_found: ErrorKind = ErrorKind.UNKNOWN,
) -> UpbitError:
    """Classify a rejected REST call or handshake: by the error's name, then by the HTTP status.

    Only a text as the name is Upbit's verdict on a key. A 401 or 403 without one comes from something in between.

    Args:
        status: The HTTP status.
        name: ``error.name`` of the body, if there was one; Quotation endpoints use an integer.
        headers: The response's headers; only Retry-After is used.
        not_found: What a 404 means when it is Upbit's own, which has a name.
    """
    kind = kind_of_name(name) or _kind_of_status(status, has_name=isinstance(name, str))
    # A 429 or 418 means to wait, whatever the name is.
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        kind = ErrorKind.RATE_LIMITED
    elif status == HTTPStatus.IM_A_TEAPOT:
        kind = ErrorKind.BLOCKED
    elif status == HTTPStatus.NOT_FOUND and kind is ErrorKind.UNKNOWN and name is not None:
        kind = not_found
    return UpbitError(kind, f"http_{status}", _retry_after(headers.get("Retry-After")))


def kind_of_name(name: object) -> ErrorKind | None:
    """Return the kind of error that a name of Upbit's means; None for an unknown name."""
    return _BY_NAME.get(name.lower()) if isinstance(name, str) else None


def short_reason(text: object) -> str:
    """Return a short form of the exchange's own text that is safe to log and to show in diagnostics.

    The names of errors have no digits. A text that has some could contain a key, and is left out.
    """
    word = str(text)
    if not re.fullmatch(r"[A-Za-z][A-Za-z _'-]{0,39}", word):
        return "unnamed"
    return re.sub(r"[^a-z]+", "_", word.lower())


def _kind_of_status(status: int, *, has_name: bool) -> ErrorKind:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and not has_name:
        return ErrorKind.NOT_UPBIT
    if status == HTTPStatus.UNAUTHORIZED:
        return ErrorKind.INVALID_ACCESS_KEY
    if 300 <= status < 400 or status >= 500 or status in (HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT):
        return ErrorKind.CANNOT_CONNECT
    return ErrorKind.UNKNOWN


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which is a number or an HTTP date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            seconds = float(value)
        else:
            date = parsedate_to_datetime(value)
            seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except ValueError, OverflowError:
        return None
    return min(seconds, _MAX_RETRY_AFTER) if seconds > 0 else None
