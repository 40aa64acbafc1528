"""Credentials and the tokens made from them."""

from dataclasses import dataclass, field
import uuid
import warnings

import jwt

from .errors import ErrorKind, UpbitError


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key pair; its text form shows neither key."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    def authorization(self) -> dict[str, str]:
        """Return the header for one request or handshake, with a nonce that is used once.

        HS256, because the keys Upbit issues have 40 characters, too short for HS512 by PyJWT's measure; both are
        accepted. Source: https://global-docs.upbit.com/reference/auth

        Raises:
            UpbitError: The secret key is not a text that can sign: empty, or a private key of another kind.
        """
        claims = {"access_key": self.access_key, "nonce": str(uuid.uuid4())}
        try:
            with warnings.catch_warnings():
                # It would write the length of a mistyped secret key into the log.
                warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
                token = jwt.encode(claims, self.secret_key, algorithm="HS256")
        except jwt.exceptions.InvalidKeyError, UnicodeEncodeError:
            raise UpbitError(ErrorKind.INVALID_SECRET_KEY, "unusable_secret") from None
        return {"Authorization": f"Bearer {token}"}
