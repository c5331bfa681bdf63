"""Files that no run has written stay; those of runs before are replaced."""

from every_command import GIVEN
from typer.main import get_command

from twinhop.cli.main import app
from twinhop.cli.own_files import FILES, KEYS

PLAN = ("plan", "family(10, 3)")
#: One cheap call of each command that writes several files, by the name under which its files are listed.
CALLS = {
    "benchmark": ("benchmark", "--tasks", "bench-place-n20-m4", "--policies", "nearest", "--seeds", "1", "--jobs", "1"),
    "compare": ("compare", "family(10, 3)", "--policies", "nearest,lagrangian"),
    "describe": ("scenario", "describe", "family(10, 3)"),
    "failures": (*PLAN, "--without", "each"),
    "plan": PLAN,
    "price": ("price", "given.json", "family(10, 3)"),
    "replay": ("twin", "replay", "gauss_markov", "--users", "2", "--seconds", "30"),
    "robustness": ("robustness", "family(10, 3)", "--load", "20", "--samples", "5"),
    "simulate": ("simulate", "family(10, 3)", "--policies", "stay", "--slots", "3", "--animate", "none"),
    "tradeoff": ("tradeoff", "family(10, 3)"),
    "world": ("world", "family(10, 3)", "--slots", "3", "--animate", "none"),
}


def files_of(folder):
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_what_a_run_wrote_is_replaced_by_the_next_one(run, tmp_path):
    """All commands into one folder, and each of them again: nothing of them is taken for the user's own."""
    (tmp_path / "given.json").write_text(GIVEN)
    for name, call in CALLS.items():
        words = [str(tmp_path / "given.json") if word == "given.json" else word for word in call]
        folder = tmp_path / name
        first = run(*words, "--out", folder)
        assert first.code == 0, first.err
        assert files_of(folder) <= {*FILES[name]}, "list new files in cli/own_files.py"
        assert files_of(folder) & KEYS.keys(), "a JSON file of every kind is listed in KEYS"
        again = run(*words, "--out", folder)
        assert again.code == 0, again.err


def test_a_report_of_the_users_own_stays(run, tmp_path):
    own = tmp_path / "report.md"
    own.write_text("# My thesis\n")
    refused = run(*PLAN, "--out", tmp_path)
    assert refused.code == 2
    assert refused.err.endswith(
        "report.md: not written by twinhop, and would be replaced; choose another folder, or replace with --force\n"
    )
    assert (own.read_text(), files_of(tmp_path)) == ("# My thesis\n", {"report.md"})
    assert run(*PLAN, "--out", tmp_path, "--force").code == 0
    assert own.read_text().startswith("# Plan of ")


def test_it_stays_in_a_folder_of_runs_too(run, tmp_path):
    assert run(*PLAN, "--out", tmp_path).code == 0
    (tmp_path / "report.md").write_text("# My thesis\n")
    refused = run(*PLAN, "--out", tmp_path)
    assert (refused.code, (tmp_path / "report.md").read_text()) == (2, "# My thesis\n")


def test_a_picture_or_a_json_of_the_users_own_stays(run, tmp_path):
    (tmp_path / "map.png").write_bytes(b"\x89PNG\r\n of a photo")
    (tmp_path / "placement.json").write_text('{"source": "something else"}')
    refused = run(*PLAN, "--out", tmp_path)
    assert refused.code == 2
    assert "placement.json, map.png: not written by twinhop" in refused.err


def test_what_an_earlier_plan_wrote_does_not_lie_beside_another(run, tmp_path):
    """Failures, moves and figures of a plan that is replaced go, and are named; what no run has written stays."""
    assert run(*PLAN, "--without", "each", "--out", tmp_path, "--figure-format", "svg").code == 0
    (tmp_path / "moves.csv").write_text("step,user,from\n")
    (tmp_path / "changes.csv").write_text("my own list\n")
    (tmp_path / "hosts.parquet").write_bytes(b"PAR1 of another program")
    refused = run(*PLAN, "--out", tmp_path)
    assert refused.code == 2 and "changes.csv: not written by twinhop" in refused.err
    (tmp_path / "changes.csv").unlink()
    done = run(*PLAN, "--out", tmp_path)
    gone = {"map.svg", "moves.csv", *(f"failures.{suffix}" for suffix in ("json", "md", "csv", "tex", "svg"))}
    assert (done.code, gone & files_of(tmp_path), "hosts.parquet" in files_of(tmp_path)) == (0, set(), True)
    said = {line.split("removed ")[1].split(": of an earlier run")[0] for line in done.err.splitlines()}
    assert said == {str(tmp_path / name) for name in gone}


def test_pictures_in_a_folder_that_no_run_has_written_into_stay(run, tmp_path):
    (tmp_path / "failures.png").write_bytes(b"\x89PNG\r\n of a photo")
    done = run(*PLAN, "--out", tmp_path)
    assert (done.code, done.err, "failures.png" in files_of(tmp_path)) == (0, "", True)


def test_every_command_with_an_output_folder_knows_its_files():
    """A new command that writes into --out states its files, or its folder knows what run it is of."""
    commands = dict(_commands(get_command(app)))
    takes_folder = {name for name, command in commands.items() if _takes_folder(command)}
    guarded = {name for name, command in commands.items() if any("--force" in each.opts for each in command.params)}
    of_one_run = {"train", "transfer", "reproduce lu2021", "reproduce transfer", "scenario generate"}
    assert takes_folder - of_one_run == {" ".join(each) for each in map(_name, [*CALLS.values(), ("evaluate",)])}
    assert takes_folder - of_one_run <= guarded


def _name(words):
    return words[:2] if words[0] in ("scenario", "twin") else words[:1]


def _commands(command, name=()):
    if hasattr(command, "commands"):
        for word, each in command.commands.items():
            yield from _commands(each, (*name, word))
    else:
        yield " ".join(name), command


def _takes_folder(command):
    out = [each for each in command.params if "--out" in each.opts]
    return bool(out) and "folder" in (out[0].help or "").lower() and "File to write" not in out[0].help
