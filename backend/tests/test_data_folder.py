import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from headwater import data_folder
from headwater.data_folder import DataFolder, DataFolderError
from headwater.identity.signing_keys import newest_key, with_new_key


def test_the_signing_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "made" / "for it"
    keys = DataFolder(path).signing_keys()
    assert [len(key) for key in keys] == [64]
    assert DataFolder(path).signing_keys() == keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((path / "signing.key").stat().st_mode) == 0o600
    assert DataFolder(tmp_path / "other").signing_keys() != keys


async def test_a_new_signing_key_signs_beside_the_old_ones_until_they_are_forgotten(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    old = folder.signing_keys()
    assert await folder.change(with_new_key) == 2
    assert folder.signing_keys()[:-1] == old
    newest = folder.signing_keys()[-1:]
    assert await folder.change(newest_key) == 1
    assert folder.signing_keys() == newest
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600


def test_a_key_file_without_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_bytes(b"\n")
    with pytest.raises(DataFolderError, match="at least one key"):
        DataFolder(tmp_path).signing_keys()


def test_the_certificate_is_for_this_machine_and_made_once(tmp_path: Path) -> None:
    files = DataFolder(tmp_path).certificate("192.0.2.7")
    certificate = x509.load_pem_x509_certificate(files.cert.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "192.0.2.7"]
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    before = files.cert.read_bytes()
    assert DataFolder(tmp_path).certificate("192.0.2.7").cert.read_bytes() == before
    assert DataFolder(tmp_path).certificate("example.org").cert.read_bytes() != before


def test_a_certificate_that_runs_out_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "VALID_FOR", timedelta(days=1))
    before = DataFolder(tmp_path).certificate("localhost").cert.read_bytes()
    monkeypatch.undo()
    after = DataFolder(tmp_path).certificate("localhost").cert.read_bytes()
    assert after != before
    lasts = x509.load_pem_x509_certificate(after).not_valid_after_utc - datetime.now(UTC)
    assert lasts > timedelta(days=300)


def test_a_broken_certificate_is_made_anew(tmp_path: Path) -> None:
    files = DataFolder(tmp_path).certificate("localhost")
    files.cert.write_bytes(b"nonsense")
    DataFolder(tmp_path).certificate("localhost")
    x509.load_pem_x509_certificate(files.cert.read_bytes())


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DataFolderError, match=r"HEADWATER_DATA_DIR is '.*file'"):
        DataFolder(file)
