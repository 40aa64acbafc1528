"""The worlds of the soak stand beside the one of the other tests."""

import pytest


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Do without the Home Assistant that the other tests have around them."""
