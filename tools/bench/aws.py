"""The stub of AWS behind TLS (programs/src/bin/aws-stub.rs), and its certificates.

Its certificate is signed by an authority made for the run. Clients trust it alone, or, to see what
that costs, together with a public bundle of as many as Lambda has. Keys are ECDSA P-256 and the stub
is a small Rust program, so that little of what is measured is the stub's own time: signing with RSA,
as AWS does, in Python would add a millisecond to every connection.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import subprocess
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Stub:
    """The running stub."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.authority = folder / "authority.pem"
        self.bundle = folder / "authorities.pem"
        chain = make_certificates(folder, self.authority)
        self.bundle.write_text(Path(certifi.where()).read_text() + self.authority.read_text())
        self._process = subprocess.Popen([program, chain], stdout=subprocess.PIPE)
        self.url = f"https://127.0.0.1:{int(self._process.stdout.readline())}"
        os.set_blocking(self._process.stdout.fileno(), False)
        self._calls = 0

    def __enter__(self) -> "Stub":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def calls(self) -> int:
        """Calls answered so far."""
        self._calls += (self._process.stdout.read() or b"").count(b"\n")
        return self._calls

    @property
    def cpu(self) -> float:
        """CPU time that it has used so far, in ms."""
        spent = Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[0]
        return int(spent) / 1e6


def make_certificates(folder: Path, trusted: Path) -> Path:
    """Writes the server's key and chain (answered), and its authority."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = certificate("Bench authority", authority_key, "Bench authority", authority_key)
    server = certificate("Bench server", key, "Bench authority", authority_key)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    chain = folder / "server.pem"
    chain.touch(mode=0o600)
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    chain.write_bytes(private + server.public_bytes(pem))
    trusted.write_bytes(authority.public_bytes(pem))
    return chain


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.timezone.utc)
    is_authority = name == issuer
    loopback = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName(loopback), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
