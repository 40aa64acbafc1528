"""API keys and the check of the token that every call and every handshake carries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
import hashlib
from urllib.parse import unquote

import jwt

from .account import Account
from .errors import ApiError


class Permission(StrEnum):
    """What a key may do, in the words of the key management page."""

    VIEW_ACCOUNT = "view_account"
    VIEW_ORDERS = "view_orders"


@dataclass(slots=True, kw_only=True)
class ApiKey:
    """A key pair of one account; its attributes may be changed while it is in use.

    `allowed_addresses` is None where any address may use the key. `expires_at` is an aware datetime.
    """

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    account: Account = field(repr=False)
    permissions: frozenset[Permission] = frozenset({Permission.VIEW_ACCOUNT})
    allowed_addresses: frozenset[str] | None = None
    expires_at: datetime | None = None
    deleted: bool = False


class KeyRing:
    """All keys the exchange has issued, and the nonces that were used.

    `address_error` and `scope_status` are the two spellings and the two statuses seen in the field. Requests come
    from `client_address`, by default the address of the socket. If `second_address` is set, every second one comes
    from there, as on a network with IPv4 and IPv6.
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self.keys: dict[str, ApiKey] = {}
        self.address_error = "no_authorization_i_p"
        self.scope_status = 401
        self.client_address: str | None = None
        self.second_address: str | None = None
        self._from_second = True
        self._nonces: set[tuple[str, str]] = set()

    def add(self, key: ApiKey) -> ApiKey:
        """Issue a key."""
        self.keys[key.access_key] = key
        return key

    def prune(self) -> None:
        """Remove deleted keys and used nonces, which would accumulate over days."""
        self.keys = {name: key for name, key in self.keys.items() if not key.deleted}
        self._nonces.clear()

    def of_account(self, account: Account) -> Iterable[ApiKey]:
        """Return the keys of an account that still exist."""
        return [key for key in self.keys.values() if key.account is account and not key.deleted]

    def authenticate(
        self,
        authorization: str | None,
        *,
        address: str | None,
        query: str = "",
        permission: Permission | None = Permission.VIEW_ACCOUNT,
    ) -> ApiKey:
        """Return the key whose token `authorization` carries, or raise the documented `ApiError`.

        The nonce counts as used as soon as the signature is valid, even if the request is rejected after that.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer" or not token:
            raise ApiError("no_authorization_token")
        key = self.claimed(authorization)
        if key is None or key.deleted or key.region != self.region:
            raise ApiError("invalid_access_key")
        claims = self._verified_claims(key, token)
        self._check_query(claims, query)
        if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
            raise ApiError("expired_access_key")
        allowed = key.allowed_addresses
        if allowed is not None and self._client_address(address) not in allowed:
            raise ApiError(self.address_error)
        if permission is not None and permission not in key.permissions:
            raise ApiError("out_of_scope", status=self.scope_status)
        return key

    def _client_address(self, address: str | None) -> str | None:
        if self.second_address is not None:
            self._from_second = not self._from_second
            if self._from_second:
                return self.second_address
        return self.client_address or address

    def claimed(self, authorization: str | None) -> ApiKey | None:
        """Return the key a token names, without checking anything else."""
        try:
            token = (authorization or "").removeprefix("Bearer ")
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return None
        return self.keys.get(str(claims.get("access_key")))

    def _verified_claims(self, key: ApiKey, token: str) -> dict[str, object]:
        try:
            # HS512 draws a warning for 40-character keys; both algorithms are accepted.
            claims: dict[str, object] = jwt.decode(
                token,
                key.secret_key,
                algorithms=["HS256", "HS512"],
            )
        except jwt.InvalidTokenError as error:
            raise ApiError("jwt_verification") from error
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not nonce:
            raise ApiError("jwt_verification")
        if (key.access_key, nonce) in self._nonces:
            raise ApiError("nonce_used")
        self._nonces.add((key.access_key, nonce))
        return claims

    @staticmethod
    def _check_query(claims: dict[str, object], query: str) -> None:
        if not query:
            if "query_hash" in claims:
                raise ApiError("invalid_query_payload")
            return
        # The hash is taken over the decoded query string.
        expected = hashlib.sha512(unquote(query).encode()).hexdigest()
        if claims.get("query_hash") != expected or claims.get("query_hash_alg") != "SHA512":
            raise ApiError("invalid_query_payload")
