"""One run at a time in a folder; files that are linked to, and the mode of files, are kept."""

import os
import subprocess
import sys

import pytest

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.io.folder_lock import LOCK, locked
from twinhop.io.folders import owned, staging

HOLDER = """
import sys
from twinhop.io.folders import owned
with owned(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder until its standard input is closed."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "out")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_run_is_refused_and_names_the_first(holder, tmp_path):
    with (
        pytest.raises(InputError, match=rf"out: another run writes here \(process {holder.pid}\)"),
        owned(tmp_path / "out"),
    ):
        pass


def test_putting_files_in_place_waits_until_the_other_is_done(holder, tmp_path, monkeypatch):
    monkeypatch.setattr("twinhop.io.folders.PATIENCE_S", 0.1)
    with pytest.raises(InputError, match="another run writes here"), staging(tmp_path / "out"):
        pass
    holder.stdin.close()
    monkeypatch.setattr("twinhop.io.folders.PATIENCE_S", 20.0)
    with staging(tmp_path / "out") as aside:
        (aside / "a").write_text("a")
    assert os.listdir(tmp_path / "out") == ["a"]


def test_a_lock_of_a_dead_process_is_taken_over(holder, tmp_path):
    holder.kill()
    holder.wait(20)
    assert (tmp_path / "out" / LOCK).exists()
    with owned(tmp_path / "out"):
        assert (tmp_path / "out" / LOCK).read_text() == str(os.getpid())
    assert not (tmp_path / "out" / LOCK).exists()
    with owned(tmp_path / "new"):
        assert (tmp_path / "new").exists()
    assert not (tmp_path / "new").exists()  # it was made for the run, and is empty


def test_a_run_writes_into_its_own_folder(tmp_path):
    with owned(tmp_path), staging(tmp_path) as aside:
        (aside / "a").write_text("a")
    with locked(tmp_path), locked(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("write", [owned, staging])
def test_an_empty_path_is_no_folder(write):
    with pytest.raises(InputError, match="is empty; expected a path"), write(""):
        pass


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "shared").mkdir()
    target, link = tmp_path / "shared" / "a", tmp_path / "a"
    target.write_text("before")
    target.chmod(0o600)
    link.symlink_to(target)
    for text in ("by itself", "in a folder"):
        if text == "by itself":
            with replacing(link, overwrite=True) as temporary:
                temporary.write_text(text)
        else:
            with staging(tmp_path) as aside:
                (aside / "a").write_text(text)
        assert link.is_symlink()
        assert (target.read_text(), target.stat().st_mode & 0o777) == (text, 0o600)


def test_the_mode_of_a_file_is_kept_in_a_folder_too(tmp_path):
    (tmp_path / "a").write_text("before")
    (tmp_path / "a").chmod(0o640)
    with staging(tmp_path) as aside:
        (aside / "a").write_text("after")
    assert ((tmp_path / "a").read_text(), (tmp_path / "a").stat().st_mode & 0o777) == ("after", 0o640)


def test_names_as_long_as_a_file_system_takes(tmp_path):
    path = tmp_path / ("ö" * 127)
    with replacing(path, overwrite=False) as temporary:
        temporary.write_text("a")
    assert path.read_text() == "a"
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        with replacing(tmp_path / ("x" * 300), overwrite=True):
            pass


def test_devices_are_not_replaced():
    with pytest.raises(InputError, match="/dev/null: is no regular file"), replacing("/dev/null", overwrite=True):
        pass
