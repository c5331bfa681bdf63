"""Backup and restore of a folder that nobody serves: whole or not at all, and nothing but what was listed."""

import io
import json
import stat
import tarfile
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from live_makers import QUICK, SPEC, Simulation, create, sent, summary

from twinhop.errors import InputError
from twinhop.live.operate.archive import LIST, Archive, unpack, verify
from twinhop.live.operate.backup import SNAPSHOT_PREFIX, backup_of_stopped, restore, snapshot_of, write_archive
from twinhop.live.operate.fetch import fetch_backup
from twinhop.live.ports import NoRoom
from twinhop.live.sqlite import open_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with two twins, tokens and a record of a plan."""
    path = tmp_path_factory.mktemp("live") / "twins"
    with open_folder(path) as opened:
        here = Simulation(opened.engine, QUICK)
        here.send(create("car-one", SPEC), create("car-two", SPEC), *(sent("car-one", seq) for seq in range(1, 601)))
        here.flush()
        here.send(sent("car-two", 1, speed=41.625))
    (path / "tokens.json").write_text('{"version": 1, "tokens": []}')
    (path / "tokens.json").chmod(0o600)
    (path / "plans").mkdir()
    (path / "plans" / "1.json").write_text("{}")
    (path / ".backup-of-a-crash").mkdir()
    (path / ".backup-of-a-crash" / "journal.db").write_text("private")
    return path


@pytest.fixture(scope="module")
def archive(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("backups") / "monday.tar"
    with backup_of_stopped(folder) as archive:
        write_archive(archive, out)
        assert out.stat().st_size == archive.size
    return out


def refused(call):
    with pytest.raises(InputError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def tar_of(*members, head=None):
    """An archive as whoever wishes ill writes it; a member is a name and what it holds, or a `TarInfo`."""
    listed = [
        {"name": name, "bytes": len(content), "sha256": sha256(content).hexdigest()}
        for name, content in members
        if isinstance(name, str)
    ]
    content = json.dumps({"twinhop_backup": 1, "files": listed} if head is None else head).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, each in ((LIST, content), *members):
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(each) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(each))
    end = out.tell() if not out.seek(0, 2) else out.tell()
    whole = out.getvalue()[:end].rstrip(b"\0")
    return whole + bytes(-len(whole) % 512) + bytes(1024)


def test_a_restored_folder_goes_on_where_the_other_was(folder, archive, tmp_path):
    files = restore(archive, tmp_path / "new" / "twins")
    assert {each.name for each in files} == {"journal.db", "twins.db", "tokens.json", "plans/1.json"}
    assert stat.S_IMODE((tmp_path / "new" / "twins").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*.*")} == {0o600}
    with open_folder(folder) as one, open_folder(tmp_path / "new" / "twins") as other:
        here, there = (Simulation(each.engine, QUICK) for each in (one, other))
        for twin in ("car-one", "car-two"):
            assert summary(there.fold(twin)) == summary(here.fold(twin))
        there.send(sent("car-one", 601))
        assert summary(there.fold("car-one"))[1] == 601
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["twins"]


def test_tar_reads_it(archive):
    with tarfile.open(archive) as tar:
        assert tar.getnames() == [LIST, "journal.db", "plans/1.json", "tokens.json", "twins.db"]
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_what_a_crash_left_of_a_backup_goes_with_the_next(folder, archive):
    assert not list(folder.glob(f"{SNAPSHOT_PREFIX}*"))


def test_a_folder_that_is_not_empty_stays_as_it_is(archive, tmp_path):
    (tmp_path / "mine").write_text("mine")
    assert "is not an empty folder" in refused(lambda: restore(archive, tmp_path))
    assert "is not an empty folder" in refused(lambda: restore(archive, tmp_path / "mine"))
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert "is not an empty folder" in refused(lambda: restore(archive, tmp_path / "link"))
    (tmp_path / "empty").mkdir()
    restore(archive, tmp_path / "empty")
    assert (tmp_path / "empty" / "twins.db").is_file()


def test_any_damage_of_an_archive_is_noticed_and_leaves_nothing(archive, tmp_path):
    whole = archive.read_bytes()
    marks = [len(whole) * part // 40 for part in range(40)] + [600, 156]
    unnoticed = 0
    for at in marks:
        broken = bytearray(whole)
        broken[at] ^= 16
        (tmp_path / "broken.tar").write_bytes(broken)
        try:
            restore(tmp_path / "broken.tar", tmp_path / "new")
        except InputError as error:
            assert "\n" not in str(error)
        else:  # a bit of the padding, or of the time of a member, whose sum is compared, too
            unnoticed += 1
        assert not [path for path in tmp_path.iterdir() if path.name != "broken.tar"] or unnoticed
        if (tmp_path / "new").exists():
            for path in sorted((tmp_path / "new").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            (tmp_path / "new").rmdir()
    assert unnoticed <= 2
    for part in (0, 100, 512, 1_500, len(whole) // 2, len(whole) - 1):
        (tmp_path / "broken.tar").write_bytes(whole[:part])
        refused(lambda: restore(tmp_path / "broken.tar", tmp_path / "new"))
    (tmp_path / "broken.tar").write_bytes(whole + b"x")
    assert "more than its list says" in refused(lambda: restore(tmp_path / "broken.tar", tmp_path / "new"))
    assert [path.name for path in tmp_path.iterdir()] == ["broken.tar"]


@pytest.mark.parametrize(
    "name", ["../out", "/tmp/out", "a/../../out", "a//b", ".hidden", "a/./b", "", "a\nb", "a/b/c/d/e", "x" * 101, "ä"]
)
def test_names_that_lead_elsewhere_are_refused(name, tmp_path):
    (tmp_path / "deep" / "target").mkdir(parents=True)
    words = refused(lambda: unpack(io.BytesIO(tar_of((name, b"1"))), tmp_path / "deep" / "target", "an archive"))
    assert "expected a plain relative name" in words
    assert len(list(tmp_path.rglob("*"))) == 2


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, b"S", b"x", b"L"])
def test_only_plain_files_are_restored(kind, tmp_path):
    info = tarfile.TarInfo("journal.db")
    info.type, info.linkname = kind, "/etc/passwd"
    head = {"twinhop_backup": 1, "files": [{"name": "journal.db", "bytes": 0, "sha256": sha256(b"").hexdigest()}]}
    content = json.dumps(head).encode()
    list_info = tarfile.TarInfo(LIST)
    list_info.size = len(content)
    whole = list_info.tobuf() + content + bytes(-len(content) % 512) + info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    assert "is not a plain file" in refused(lambda: unpack(io.BytesIO(whole), tmp_path, "an archive"))
    assert not list(tmp_path.iterdir())


def test_a_list_that_promises_too_much_is_refused(tmp_path):
    digest = sha256(b"1").hexdigest()
    one = {"name": "journal.db", "bytes": 2**50, "sha256": digest}
    for head, words in (
        ({"twinhop_backup": 1, "files": [one]}, "has 1 bytes; its list says"),
        ({"twinhop_backup": 2, "files": []}, "use a newer twinhop"),
        ({"twinhop_backup": 1, "files": [{**one, "bytes": -1}]}, "expected a plain relative name"),
        ({"twinhop_backup": 1, "files": [{**one, "bytes": True}]}, "expected a plain relative name"),
        ({"twinhop_backup": 1, "files": [{**one, "bytes": 1}, {**one, "bytes": 1, "name": "JOURNAL.db"}]}, "one name"),
        ({"twinhop_backup": 1, "files": [one] * 50_001}, "at most 50000"),
        ({"twinhop_backup": 1, "files": "all"}, "expected a list"),
        ({"files": []}, "is not the list"),
        ([1], "is not the list"),
    ):
        whole = tar_of(("journal.db", b"1"), head=head)
        assert words in refused(lambda whole=whole: unpack(io.BytesIO(whole), tmp_path, "an archive"))
    big = tarfile.TarInfo(LIST)
    big.size = 2**40
    assert "at most" in refused(lambda: verify(io.BytesIO(big.tobuf(tarfile.GNU_FORMAT)), "an archive"))


def test_an_archive_of_other_files_is_no_backup(tmp_path):
    (tmp_path / "other.tar").write_bytes(tar_of(("a", b"1")))
    assert "has no journal.db and twins.db" in refused(lambda: restore(tmp_path / "other.tar", tmp_path / "new"))
    (tmp_path / "fake.tar").write_bytes(tar_of(("journal.db", b"1" * 5_000), ("twins.db", b"")))
    assert "fake.tar/journal.db: damaged" in refused(lambda: restore(tmp_path / "fake.tar", tmp_path / "new"))
    assert "No such file" in refused(lambda: restore(tmp_path / "missing.tar", tmp_path / "new"))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_served_folder_a_missing_one_and_a_name_that_is_taken_are_refused(folder, archive, tmp_path):
    with open_folder(tmp_path / "served"), pytest.raises(InputError) as error, backup_of_stopped(tmp_path / "served"):
        pass
    assert "another process uses it" in str(error.value)
    with pytest.raises(InputError, match="it has no journal.db"), backup_of_stopped(tmp_path / "nowhere"):
        pass
    assert not (tmp_path / "nowhere").exists()
    with backup_of_stopped(folder) as whole:
        assert "is there already" in refused(lambda: write_archive(whole, archive))
        assert "cannot be written" in refused(lambda: write_archive(whole, tmp_path / "nowhere" / "a.tar"))


def test_a_backup_needs_room_beside_the_folder(folder):
    with pytest.raises(NoRoom, match="MiB of room"), snapshot_of(folder, lambda _: None, spare_bytes=2**60):
        pass


def test_a_file_that_changes_while_it_is_read_ends_the_archive(tmp_path):
    (tmp_path / "a").write_text("before")
    archive = Archive.of(tmp_path, 0.0)
    (tmp_path / "a").write_text("after!")
    assert "SHA-256" in refused(lambda: list(archive.chunks()))


def test_a_token_goes_through_no_proxy_that_could_read_it_and_is_never_told(tmp_path, monkeypatch):
    heard = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.headers["Authorization"])
            self.send_error(418)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Proxy)
    Thread(target=server.serve_forever, daemon=True).start()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TWINHOP_TOKEN", "of-an-admin")
    try:
        with pytest.raises(InputError, match="ConnectError"):
            fetch_backup("http://127.0.0.1:1", tmp_path / "x")
        assert heard == []
        with pytest.raises(InputError, match="418"):
            fetch_backup(f"http://127.0.0.1:{server.server_port}", tmp_path / "x")
        assert heard == ["Bearer of-an-admin"]
    finally:
        server.shutdown()
        server.server_close()
    monkeypatch.setenv("TWINHOP_TOKEN", "of-an\nadmin")
    with pytest.raises(InputError, match="TWINHOP_TOKEN: is not a token") as error:
        fetch_backup("http://127.0.0.1:1", tmp_path / "x")
    assert "of-an" not in str(error.value)
    assert not list(tmp_path.iterdir())
