"""Every form in which administrators have certificates is read, asks for a password where it needs one, or says what it is."""

import hashlib
import shutil
import struct
import subprocess
import warnings
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.certificate_files import read_certificates
from shared.errors import Invalid
from shared.model.trust import as_pem
from tests.adapters.making_certificates import make

AUTHORITY = make("Contoso CA", authority=True)
SERVER = make("mail.contoso.example", by=AUTHORITY)
BOTH = [SERVER.certificate, AUTHORITY.certificate]
KEY = SERVER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PASSWORD = "Grüße"
needs_keytool = pytest.mark.skipif(shutil.which("keytool") is None, reason="no Java here")


def pfx(password: str | None) -> bytes:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"mail", SERVER.key, SERVER.certificate, [AUTHORITY.certificate], encryption
    )


def java(entries: list[bytes], *, magic: int = 0xFEEDFEED, version: int = 2, password: str = PASSWORD) -> bytes:
    data = struct.pack(">III", magic, version, len(entries)) + b"".join(entries)
    return data + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + data).digest()


def text(words: str) -> bytes:
    return struct.pack(">H", len(words)) + words.encode()


def sized(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def trusted_entry(der: bytes, *, version: int = 2) -> bytes:
    kind = text("X.509") if version == 2 else b""
    return struct.pack(">I", 2) + text("ca") + bytes(8) + kind + sized(der)


def key_entry(*chain: bytes) -> bytes:
    certificates = b"".join(text("X.509") + sized(each) for each in chain)
    return (
        struct.pack(">I", 1)
        + text("mail")
        + bytes(8)
        + sized(b"encrypted")
        + struct.pack(">I", len(chain))
        + certificates
    )


BOTH_FORMS = {
    "PEM, one below the other": (SERVER.pem + AUTHORITY.pem).encode(),
    "PEM with words between and Windows' line ends": f"mail:\n{SERVER.pem}ca:\n{AUTHORITY.pem}".replace(
        "\n", "\r\n"
    ).encode(),
    "PEM with a private key": (KEY + SERVER.pem + AUTHORITY.pem).encode(),
    "PEM in UTF-16, as PowerShell writes it": (SERVER.pem + AUTHORITY.pem).encode("utf-16"),
    "PKCS#7 in DER": pkcs7.serialize_certificates(BOTH, Encoding.DER),
    "PKCS#7 in PEM": pkcs7.serialize_certificates(BOTH, Encoding.PEM),
    "PKCS#7 in bare Base-64": b64encode(pkcs7.serialize_certificates(BOTH, Encoding.DER)),
    "PKCS#12 without a password": pfx(None),
    "JKS": java([key_entry(SERVER.der), trusted_entry(AUTHORITY.der)]),
    "JKS of a key with its chain": java([key_entry(SERVER.der, AUTHORITY.der)]),
    "JKS of version 1": java([trusted_entry(each.der, version=1) for each in (SERVER, AUTHORITY)], version=1),
    "JCEKS": java([trusted_entry(SERVER.der), trusted_entry(AUTHORITY.der)], magic=0xCECECECE),
}


@pytest.mark.parametrize("form", BOTH_FORMS)
def test_all_certificates_of_a_file_are_taken_and_nothing_else(form: str) -> None:
    found = read_certificates(BOTH_FORMS[form], "")
    assert {each.sha256 for each in found} == {SERVER.sha256, AUTHORITY.sha256}
    assert as_pem(found) in (SERVER.pem + AUTHORITY.pem, AUTHORITY.pem + SERVER.pem)


@pytest.mark.parametrize("content", [AUTHORITY.der, b64encode(AUTHORITY.der), AUTHORITY.pem.encode()])
def test_a_single_certificate_is_told_with_all_that_identifies_it(content: bytes) -> None:
    (found,) = read_certificates(content, "")
    assert (found.subject, found.issuer, found.is_authority) == ("CN=Contoso CA", "CN=Contoso CA", True)
    assert found.sha256 == hashlib.sha256(AUTHORITY.der).hexdigest()
    assert found.sha1 == hashlib.sha1(AUTHORITY.der).hexdigest()
    assert found.not_after == AUTHORITY.certificate.not_valid_after_utc


def test_a_servers_certificate_names_its_hosts() -> None:
    (found,) = read_certificates(SERVER.der, "")
    assert (found.names, found.is_authority) == (("mail.contoso.example",), False)


def test_a_pkcs12_opens_with_its_password_and_asks_for_it() -> None:
    content = pfx(PASSWORD)
    assert len(read_certificates(content, PASSWORD)) == 2
    for password, code in (("", "trust-password-needed"), ("wrong", "trust-password-wrong")):
        with pytest.raises(Invalid) as refused:
            read_certificates(content, password)
        assert refused.value.code == code


def test_a_java_keystore_is_checked_by_its_password_where_one_is_given() -> None:
    content = java([trusted_entry(AUTHORITY.der)])
    assert len(read_certificates(content, PASSWORD)) == 1
    with pytest.raises(Invalid) as refused:
        read_certificates(content, "wrong")
    assert refused.value.code == "trust-password-wrong"


WRONG = {
    "a private key alone": (KEY.encode(), "PEM of PRIVATE KEY, without"),
    "nothing": (b"", "neither PEM"),
    "words": (b"hello", "not Base-64"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(20), "neither text"),
    "half a certificate": (AUTHORITY.der[:100], "no X.509"),
    "one byte": (b"\x30", "no X.509"),
    "PEM that is damaged": (AUTHORITY.pem.replace("M", "*", 5).encode(), "not Base-64"),
    "a JKS that breaks off": (java([trusted_entry(AUTHORITY.der)])[:-60], "breaks off"),
    "a JKS of another version": (java([], version=3), "version 3"),
    "an empty JKS": (java([]), "no certificate"),
    "a JCEKS with a secret key": (
        java([struct.pack(">I", 3) + text("secret") + bytes(8)], magic=0xCECECECE),
        "-exportcert",
    ),
    "a JKS with another kind of certificate": (
        java([struct.pack(">I", 2) + text("ca") + bytes(8) + text("PGP") + sized(b"x")]),
        "the kind PGP",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_holds_none_says_what_it_seems_to_be(name: str) -> None:
    content, words = WRONG[name]
    with pytest.raises(Invalid, match=words) as refused:
        read_certificates(content, "")
    assert refused.value.code == "trust-file-invalid"


@given(st.data())
def test_a_damaged_file_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(sorted(BOTH_FORMS)))
    content = bytearray(BOTH_FORMS[form])
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        with suppress(Invalid), warnings.catch_warnings(action="ignore"):
            assert read_certificates(damaged, data.draw(st.sampled_from(["", PASSWORD])))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
@pytest.mark.parametrize("options", [[], ["-legacy"], ["-nomac"], ["-nokeys"]])
def test_a_pkcs12_that_another_program_made_is_read(tmp_path: Path, options: list[str]) -> None:
    """`-legacy` is how Windows exported until 2019: RC2 and 3DES."""
    (tmp_path / "all.pem").write_text(KEY + SERVER.pem + AUTHORITY.pem)
    made = ["-in", str(tmp_path / "all.pem"), "-out", str(tmp_path / "mail.pfx"), "-passout", "pass:hush"]
    subprocess.run(["openssl", "pkcs12", "-export", *made, *options], check=True, capture_output=True)
    found = read_certificates((tmp_path / "mail.pfx").read_bytes(), "hush")
    assert {each.sha256 for each in found} == {SERVER.sha256, AUTHORITY.sha256}


@needs_keytool
@pytest.mark.parametrize("kind", ["JKS", "JCEKS", "PKCS12"])
def test_a_keystore_that_java_made_is_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "ca.pem").write_text(AUTHORITY.pem)
    store = ["-keystore", str(tmp_path / "store"), "-storetype", kind, "-storepass", "changeit"]
    keytool("-importcert", "-noprompt", "-alias", "Größe", "-file", str(tmp_path / "ca.pem"), *store)
    keytool("-genkeypair", "-alias", "mail", "-keyalg", "EC", "-dname", "CN=mail", "-keypass", "changeit", *store)
    content = (tmp_path / "store").read_bytes()
    found = read_certificates(content, "changeit")
    assert {each.subject for each in found} == {"CN=Contoso CA", "CN=mail"}
    with pytest.raises(Invalid) as refused:
        read_certificates(content, "wrong")
    assert refused.value.code == "trust-password-wrong"


def keytool(*words: str) -> None:
    done = subprocess.run(["keytool", "-J-Duser.language=en", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
