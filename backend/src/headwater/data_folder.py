"""The data folder: the signing keys, the certificate and the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from headwater.identity.signing_keys import Keys, Secrets, new_key, new_secrets, new_server_id

VALID_FOR = timedelta(days=397)
RENEW_BEFORE = timedelta(days=7)


DATABASE = "headwater.db"
"""The name of the database in the folder."""


class DataFolderError(Exception):
    """The folder cannot be used; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate and its private key, both PEM."""

    cert: Path
    key: Path


class DataFolder:
    """A folder whose files only their owner can read."""

    def __init__(self, path: Path, *, must_exist: bool = False) -> None:
        """Create the folder if it does not exist, unless it must. Raises `DataFolderError`."""
        if must_exist and not path.is_dir():
            raise DataFolderError(
                f"HEADWATER_DATA_DIR is {str(path)!r}, but there is no such folder; `headwater serve`"
                " creates it"
            )
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = path / f".{token_hex(8)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise DataFolderError(
                f"HEADWATER_DATA_DIR is {str(path)!r}, but it takes a folder that can be written:"
                f" {error.strerror}"
            ) from None
        self._path = path

    @property
    def database(self) -> Path:
        """The database file, used unless another database is configured."""
        return self._path / DATABASE

    def server_id(self) -> str:
        """A name that no other server on this machine has; part of the names of cookies."""
        file = self._path / "server.id"
        if not file.exists():
            _write_private(file, new_server_id().encode())
        return file.read_text().strip()

    def signing_keys(self) -> Keys:
        """The secrets that sign clients' names, one a line. All are accepted; the last one signs new names.

        Creates the first one. Raises `DataFolderError` if the file is empty.
        """
        if not self._keys.exists():
            self._write_keys((new_key(),))
        return self._read_keys()

    def secrets(self) -> Secrets:
        """What the folder keeps, or else new secrets, which it does not keep. Raises `DataFolderError`."""
        return Secrets(self.server_id(), self.signing_keys()) if self._keys.exists() else new_secrets()

    async def load(self) -> Secrets:
        """See `SecretStore.load`. Raises `DataFolderError` if the file of keys is empty."""
        return Secrets(self.server_id(), self.signing_keys())

    async def change(self, change: Callable[[Keys], Keys]) -> int:
        """See `SecretStore.change`. A server reads the keys when it starts."""
        return self._write_keys(change(self._read_keys()))

    def _read_keys(self) -> Keys:
        try:
            keys = tuple(self._keys.read_bytes().split())
        except FileNotFoundError:
            raise DataFolderError(
                f"HEADWATER_DATA_DIR is {str(self._path)!r}, but it holds no signing keys; `headwater serve`"
                " creates the first one"
            ) from None
        if not keys:
            raise DataFolderError(f"{str(self._keys)!r} is empty, but it takes at least one key, a line each")
        return keys

    def _write_keys(self, keys: Keys) -> int:
        _write_private(self._keys, b"".join(key + b"\n" for key in keys))
        return len(keys)

    @property
    def _keys(self) -> Path:
        return self._path / "signing.key"

    def certificate(self, host: str) -> Certificate:
        """A self-signed certificate for this machine and `host`. It is renewed before it expires."""
        files = Certificate(self._path / "certificate.pem", self._path / "certificate.key")
        if not _still_good(files, host):
            key = ec.generate_private_key(ec.SECP256R1())
            encoding = serialization.Encoding.PEM
            private = key.private_bytes(
                encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            _write_private(files.key, private)
            _write_private(files.cert, _self_signed(key, host).public_bytes(encoding))
        return files


def _self_signed(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Headwater on this machine")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _names(host: str) -> list[x509.GeneralName]:
    return [_name(host_) for host_ in dict.fromkeys(("localhost", "127.0.0.1", "::1", host))]


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _still_good(files: Certificate, host: str) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.cert.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        private = serialization.load_pem_private_key(files.key.read_bytes(), None)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    lasts = certificate.not_valid_after_utc - datetime.now(UTC) > RENEW_BEFORE
    return lasts and _name(host) in names and private.public_key() == certificate.public_key()


def _write_private(path: Path, content: bytes) -> None:
    """Write a file atomically. Only its owner can read it."""
    part = path.with_name(f".{path.name}.{token_hex(8)}")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)
