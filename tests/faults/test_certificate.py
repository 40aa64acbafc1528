"""A server whose certificate is not trusted: it gets no token."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from homeassistant.config_entries import ConfigEntryState
import pytest

from custom_components.upbit.api.regions import REGIONS
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until


def _self_signed(folder: Path) -> ssl.SSLContext:
    """Return the context of a server with a certificate that is valid but for its issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now, decades = datetime.now(UTC), timedelta(days=20_000)  # TLS goes by the real clock
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - decades)
        .not_valid_after(now + decades)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


async def test_server_with_an_untrusted_certificate_gets_no_token(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = bytearray()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read())
        writer.close()

    context = await asyncio.to_thread(_self_signed, tmp_path)
    server = await asyncio.start_server(receive, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    true_region = REGIONS["sg"]
    untrusted = replace(
        true_region,
        rest_url=f"https://127.0.0.1:{port}",
        websocket_url=f"wss://127.0.0.1:{port}/websocket/v1",
    )
    monkeypatch.setitem(REGIONS, "sg", untrusted)
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    server.close()
    assert received == b""
    monkeypatch.setitem(REGIONS, "sg", true_region)
    await wait_until(lambda: harness.total("BTC") == "0.6", within=60)
    assert harness.reauth_flows == 0
