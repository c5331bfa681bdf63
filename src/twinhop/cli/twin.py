"""`twinhop twin`: look into packed twins, and replay movement to twins."""

from pathlib import Path
from typing import Annotated, Any

import typer

from twinhop.cli import twin_replay
from twinhop.cli.common import Json, print_json, print_table

app = typer.Typer(help="Look into packed twins, check them, and replay movement to twins.", no_args_is_help=True)
app.command("replay", epilog=twin_replay.EXAMPLE)(twin_replay.run)

_STATE_HEADER = ("dimension", "kind", "value", "unit", "observed s", "behaviour model")

PackFile = Annotated[Path, typer.Argument(help="Packed twin to read.")]


@app.command("inspect", epilog="Example: twinhop twin inspect robot.twin")
def inspect(path: PackFile, as_json: Json = False) -> None:
    """Show what is in a packed twin: identity, state, history, behaviour models and parts, digests checked."""
    from twinhop.twin.inspection import inspect as inspected
    from twinhop.twin.pack_file import read_pack

    facts = inspected(read_pack(path))
    if as_json:
        print_json(facts)
    else:
        _show(facts)


@app.command("verify", epilog="Example: twinhop twin verify robot.twin")
def verify(path: PackFile, as_json: Json = False) -> None:
    """Check every digest of a packed twin, and that the twin in it can go on."""
    from twinhop.text import counted
    from twinhop.twin.inspection import verify as verified

    pack = verified(path)
    if as_json:
        print_json(vars(pack))
        return
    typer.echo(f"{path}: valid; twin {pack.id!r}, {counted(pack.parts, 'part')}, {counted(pack.records, 'record')}")
    typer.echo(f"SHA-256 {pack.digest}")


def _show(facts: dict[str, Any]) -> None:
    from twinhop.text import counted

    history = facts["history"]
    rows = [
        ("digest (SHA-256 of the manifest)", facts["digest"]),
        *((f"attribute {name}", str(value)) for name, value in facts["attributes"].items()),
        ("revision", str(facts["revision"])),
        ("incarnation of the device", str(facts["incarnation"])),
        ("newest update", f"{facts['seq']}" + (f", of {facts['time_s']:.10g} s" if facts["seq"] else "")),
        ("device's clock ahead, as corrected", f"{facts['clock_offset_s']:.10g} s"),
        ("version of desired settings", str(facts["desired"]["version"])),
        ("updates that never came", str(facts["missing"])),
        ("records kept, of those taken", f"{history['records']} of {history['taken']}"),
        ("sealed", counted(history["chunks"], "chunk")),
        ("not sealed", counted(history["open_records"], "record")),
        ("bytes of the history", str(history["bytes"])),
    ]
    print_table(f"twin {facts['id']}", ("", "value"), rows)
    kinds = {model["dimension"]: model["kind"] for model in facts["models"]}
    print_table(f"state, schema version {facts['schema']['version']}", _STATE_HEADER, _state_rows(facts, kinds))
    parts = [(part["name"], str(part["bytes"]), part["sha256"]) for part in facts["parts"]]
    print_table(
        "parts besides the history",
        ("name", "bytes", "SHA-256"),
        [part for part in parts if not part[0].endswith(".chunk")],
    )


def _state_rows(facts: dict[str, Any], kinds: dict[str, str]) -> list[tuple[str, ...]]:
    return [
        (
            each["name"],
            each["kind"],
            _shown(facts["state"].get(each["name"])),
            each["unit"],
            _shown(facts["observed_s"].get(each["name"])),
            kinds.get(each["name"], "none"),
        )
        for each in facts["schema"]["dimensions"]
    ]


def _shown(value: Any) -> str:
    if value is None:
        return "none yet"
    parts = value if isinstance(value, tuple | list) else (value,)
    return ", ".join(f"{part:.10g}" if isinstance(part, float) else str(part) for part in parts)
