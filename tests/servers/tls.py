"""Certificates of a test's own authority, for a broker that is reached over TLS."""

import subprocess
from pathlib import Path

_EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """Make an authority and a certificate for 127.0.0.1 and localhost, valid for two days.

    Returns:
        The authority's certificate, and the server's key and certificates in one file (both PEM).
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    authority = ["-x509", "-days", "2", "-subj", "/CN=Authority of the tests", "-keyout", "ca.key", "-out", "ca.pem"]
    _openssl(folder, "req", *_EC, *authority)
    _openssl(folder, "req", *_EC, "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    _openssl(folder, "x509", "-req", "-in", "server.csr", *signed, "-out", "server.crt")
    whole = folder / "server.pem"
    whole.write_text("".join((folder / part).read_text() for part in ("server.key", "server.crt", "ca.pem")))
    return folder / "ca.pem", whole


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607 - found on PATH
