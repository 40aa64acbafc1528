"""The regions, as the documentation lists them."""

import pytest

from custom_components.upbit.api.regions import REGIONS


@pytest.mark.parametrize(
    ("code", "fiat", "host", "site", "has_key_expiration"),
    [
        ("sg", "SGD", "sg-api.upbit.com", "sg.upbit.com", False),
        ("id", "IDR", "id-api.upbit.com", "id.upbit.com", False),
        ("th", "THB", "th-api.upbit.com", "th.upbit.com", False),
        ("kr", "KRW", "api.upbit.com", "upbit.com", True),
    ],
)
def test_region_is_the_documented_one(
    code: str, fiat: str, host: str, site: str, has_key_expiration: bool
) -> None:
    region = REGIONS[code]
    assert region.code == code
    assert region.fiat == fiat
    assert region.rest_url == f"https://{host}"
    assert region.websocket_url == f"wss://{host}/websocket/v1"
    assert region.private_websocket_url == f"wss://{host}/websocket/v1/private"
    assert region.api_keys_url == f"https://{site}/mypage/open_api_management"
    assert region.has_key_expiration is has_key_expiration


def test_there_is_no_other_region() -> None:
    assert list(REGIONS) == ["sg", "id", "th", "kr"]
