"""The cache of compiled functions: one for each state of the sources, old ones forgotten."""

import os

from twinhop.jit import forget_old_caches, source_state


def test_any_change_of_a_compiled_source_changes_the_state(tmp_path):
    (tmp_path / "inner").mkdir()
    caller, callee, plain = tmp_path / "caller.py", tmp_path / "inner" / "callee.py", tmp_path / "plain.py"
    for file in (caller, callee):
        file.write_text("from twinhop.jit import jit\n")
    plain.write_text("one")
    first = source_state(tmp_path)
    plain.write_text("two")
    assert source_state(tmp_path) == first
    callee.write_text("from twinhop.jit import jit\n\n")
    assert source_state(tmp_path) != first


def test_only_caches_long_unused_are_forgotten(tmp_path):
    old, new, foreign = tmp_path / "numba-1-a", tmp_path / "numba-1-b", tmp_path / "other"
    for folder in (old, new, foreign):
        folder.mkdir()
        (folder / "index.nbi").write_text("")
        os.utime(folder, (100.0, 100.0))
    os.utime(new, (300.0, 300.0))
    forget_old_caches(tmp_path, 200.0)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["numba-1-b", "other"]
