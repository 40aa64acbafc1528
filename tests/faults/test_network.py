"""The way to the exchange is broken: no name, no route, no trust."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import socket
import ssl

from aiohttp import AsyncResolver, TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest

from custom_components.upbit.api.regions import REGIONS
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until


class Names:
    """The answers of the name service."""

    def __init__(self) -> None:
        self.known = True

    async def resolve(
        self, host: str, port: int = 0, family: int = socket.AF_INET
    ) -> list[dict[str, object]]:
        """Answer as aiohttp's resolver does."""
        if not self.known:
            raise OSError(None, "Domain name not found")
        found = {"hostname": host, "host": "127.0.0.1", "port": port}
        return [{**found, "family": socket.AF_INET, "proto": 0, "flags": socket.AI_NUMERICHOST}]


@pytest.fixture
def names(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Names:
    """Have the exchange found by a name."""
    names = Names()
    monkeypatch.setattr(AsyncResolver, "resolve", lambda _, *args, **more: names.resolve(*args, **more))
    region = REGIONS["sg"]
    monkeypatch.setitem(
        REGIONS,
        "sg",
        replace(
            region,
            rest_url=region.rest_url.replace("127.0.0.1", "api.example"),
            websocket_url=region.websocket_url.replace("127.0.0.1", "api.example"),
        ),
    )
    return names


async def test_name_that_is_not_found(names: Names, harness: Harness) -> None:
    names.known = False
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert harness.exchange.record.calls == []
    names.known = True
    await wait_until(lambda: harness.total("BTC") == "0.6", within=60)
    await wait_until(lambda: harness.is_connected_and_correct, within=5)

    names.known = False
    connector = async_get_clientsession(harness.hass).connector
    assert isinstance(connector, TCPConnector)
    connector.clear_dns_cache()
    harness.exchange.go_down()
    await wait_until(lambda: harness.is_unavailable, within=60)
    await harness.exchange.accept_connections()
    await pass_time(600)
    assert harness.is_unavailable
    names.known = True
    await wait_until(lambda: harness.is_connected_and_correct, within=30)
    assert harness.reauth_flows == 0
    assert len(harness.log_lines()) == 2


def _certificate(folder: Path, names: list[x509.GeneralName], valid: timedelta) -> ssl.SSLContext:
    """Return the context of a server with a certificate that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sg-api.upbit.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


class Impostor:
    """A TLS server with such a certificate, and what was said to it."""

    def __init__(self) -> None:
        self.heard = b""
        self.port = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take down everything."""
        self.heard += await reader.read()
        writer.close()


@pytest.fixture(
    params=[
        ([x509.IPAddress(ip_address("127.0.0.1"))], timedelta(days=30)),
        ([x509.IPAddress(ip_address("127.0.0.1"))], -timedelta(days=1)),
        ([x509.DNSName("elsewhere.example")], timedelta(days=30)),
    ],
    ids=["self_signed", "expired", "other_name"],
)
async def impostor(
    harness: Harness, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Impostor]:
    """Run an impostor."""
    impostor = Impostor()
    names, valid = request.param
    context = await asyncio.to_thread(_certificate, tmp_path, names, valid)
    server = await asyncio.start_server(impostor.hear, "127.0.0.1", 0, ssl=context)
    impostor.port = server.sockets[0].getsockname()[1]
    yield impostor
    server.close()


async def test_certificate_that_is_not_trusted(
    impostor: Impostor, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_region = REGIONS["sg"]
    monkeypatch.setitem(
        REGIONS,
        "sg",
        replace(
            true_region,
            rest_url=f"https://127.0.0.1:{impostor.port}",
            websocket_url=f"wss://127.0.0.1:{impostor.port}/websocket/v1",
        ),
    )
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert impostor.heard == b""  # the token comes after the trust
    monkeypatch.setitem(REGIONS, "sg", true_region)
    await wait_until(lambda: harness.total("BTC") == "0.6", within=60)
    assert harness.reauth_flows == 0


async def test_answer_that_is_no_tls(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    true_region = REGIONS["sg"]
    monkeypatch.setitem(
        REGIONS,
        "sg",
        replace(
            true_region,
            rest_url=true_region.rest_url.replace("http:", "https:"),
            websocket_url=true_region.websocket_url.replace("ws:", "wss:"),
        ),
    )
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    monkeypatch.setitem(REGIONS, "sg", true_region)
    await wait_until(lambda: harness.total("BTC") == "0.6", within=60)


def test_every_real_address_is_encrypted() -> None:
    for region in REGIONS.values():
        assert region.rest_url.startswith("https://")
        assert region.websocket_url.startswith("wss://")
        assert region.private_websocket_url.startswith("wss://")
