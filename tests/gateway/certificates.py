"""Certificates for tests, made by the openssl program: an authority and what it signs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec import Struct

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None,
    reason="the openssl program makes the certificates; not installed",
)


class Pair(Struct):
    """A certificate and its key."""

    certificate: Path
    key: Path


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def authority(folder: Path, name: str = "ca") -> Pair:
    """Make a certificate authority."""
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", f"/CN=demo {name}", "-days", 2, "-keyout", pair.key, "-out", pair.certificate),
    )
    return pair


def signed(folder: Path, ca: Pair, name: str = "server", dates: tuple[str, ...] = ()) -> Pair:
    """Make a certificate for 127.0.0.1; `dates` are openssl's own words, such as an end in the past."""
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    request, extension = folder / f"{name}.csr", folder / f"{name}.ext"
    extension.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", "/CN=127.0.0.1", "-keyout", pair.key, "-out", request),
    )
    _openssl(
        *("x509", "-req", "-in", request, "-CA", ca.certificate, "-CAkey", ca.key),
        *("-CAcreateserial", "-extfile", extension, "-out", pair.certificate),
        *(dates or ("-days", 2)),
    )
    return pair
