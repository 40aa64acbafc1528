"""Credentials: one fresh token for each use, and keys that are shown nowhere."""

import uuid
import warnings

import jwt
import pytest

from custom_components.upbit.api.auth import Credentials
from custom_components.upbit.api.errors import ErrorKind, UpbitError
from simulator import ACCESS_KEY, SECRET_KEY


def token(credentials: Credentials) -> str:
    header = credentials.authorization()
    assert header.keys() == {"Authorization"}
    scheme, token = header["Authorization"].split(" ")
    assert scheme == "Bearer"
    return token


def test_token_carries_key_and_nonce_and_nothing_else() -> None:
    signed = token(Credentials(ACCESS_KEY, SECRET_KEY))
    assert jwt.get_unverified_header(signed) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(signed, SECRET_KEY, algorithms=["HS256"])
    assert claims.keys() == {"access_key", "nonce"}
    assert claims["access_key"] == ACCESS_KEY
    assert uuid.UUID(claims["nonce"]).version == 4


def test_every_token_has_a_nonce_of_its_own() -> None:
    credentials = Credentials(ACCESS_KEY, SECRET_KEY)
    nonces = {jwt.decode(token(credentials), SECRET_KEY, algorithms=["HS256"])["nonce"] for _ in range(100)}
    assert len(nonces) == 100


@pytest.mark.parametrize("secret", [SECRET_KEY, "short"])
def test_no_warning_shows_the_length_of_a_secret(secret: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Credentials(ACCESS_KEY, secret).authorization()


@pytest.mark.parametrize(
    "secret",
    ["", "\ud800", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----"],
    ids=["empty", "not a text", "private key"],
)
def test_secret_that_cannot_sign_is_rejected_without_showing_it(secret: str) -> None:
    with pytest.raises(UpbitError) as caught:
        Credentials(ACCESS_KEY, secret).authorization()
    assert caught.value.kind is ErrorKind.INVALID_SECRET_KEY
    assert str(caught.value) == "invalid_secret_key (unusable_secret)"
    assert caught.value.__suppress_context__


def test_text_form_shows_neither_key() -> None:
    credentials = Credentials(ACCESS_KEY, SECRET_KEY)
    for text in (repr(credentials), str(credentials), f"{credentials}"):
        assert ACCESS_KEY not in text
        assert SECRET_KEY not in text
