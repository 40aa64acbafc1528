"""The regions, as the documentation lists them."""

import pytest

from custom_components.upbit.api.regions import REGIONS


@pytest.mark.parametrize(
    ("code", "fiat", "host", "has_key_expiration"),
    [
        ("sg", "SGD", "sg-api.upbit.com", False),
        ("id", "IDR", "id-api.upbit.com", False),
        ("th", "THB", "th-api.upbit.com", False),
        ("kr", "KRW", "api.upbit.com", True),
    ],
)
def test_region_is_the_documented_one(code: str, fiat: str, host: str, has_key_expiration: bool) -> None:
    region = REGIONS[code]
    assert region.code == code
    assert region.fiat == fiat
    assert region.rest_url == f"https://{host}"
    assert region.websocket_url == f"wss://{host}/websocket/v1"
    assert region.private_websocket_url == f"wss://{host}/websocket/v1/private"
    assert region.has_key_expiration is has_key_expiration


def test_there_is_no_other_region() -> None:
    assert list(REGIONS) == ["sg", "id", "th", "kr"]
