"""Notebooks of the documentation: run, and their outputs kept in them or compared.

    python docs/_ext/notebooks.py [--check] [NAME ...]

A notebook runs from its first cell to its last in `docs/notebooks`, by the Python that runs this. Outputs are those of
that run, but for what depends on the machine: cells of a clock are not compared, and of pictures what is in them (see
`page_pictures`), not their pixels. A notebook that needs what is not there is left as it is: see `NEEDS`.
`tests/docs/test_notebooks.py` compares.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import io
import json
import math
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
from outputs import CLOCK_COLUMNS, ROOT, masked, tidy, timed_cells
from page_pictures import KEY, content_of, same
from PIL import Image
from PIL.PngImagePlugin import PngInfo

FOLDER = ROOT / "docs" / "notebooks"
#: Where the public data are that are not part of the repository.
DATA = Path(os.environ.get("TWINHOP_DATA", ROOT.parent / "shared" / "data"))
#: Notebooks that need a file or a package besides the locked environment.
NEEDS = {"san-francisco": DATA / "sf_cab_cells" / "sf_cells.csv", "own-agent": "stable_baselines3"}
#: Notebooks that train: their numbers are those of one machine.
LEARNED = {"own-agent"}
#: A notebook that runs longer is stopped [s].
LONGEST_S = 600
#: Run before a notebook and shown nowhere: pictures keep what is in them.
FIRST = """\
import sys
sys.path.insert(0, {extensions!r})
import page_pictures
_kept = page_pictures.kept()
_kept.__enter__()
"""
#: Clocks in tables of notebooks, besides those of the terminal.
CLOCKS = (*CLOCK_COLUMNS, "time s")
#: How close numbers of episodes are to those of another run: relative, and of those near 0.
NEAR, NEAR_ZERO = 0.01, 0.01
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
LANGUAGE = {"name": "python"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebooks() -> list[Path]:
    """All notebooks, in the order of their names."""
    return sorted(FOLDER.glob("*.ipynb"))


def lacks(name: str) -> str:
    """What a notebook needs and is not there, or nothing."""
    match NEEDS.get(name):
        case str(package):
            return "" if importlib.util.find_spec(package) else f"the package {package}"
        case Path() as file:
            return "" if file.is_file() else f"the file {file.name}"
    return ""


def read(path: Path) -> Any:
    """A notebook as it is kept."""
    return nbformat.read(path, as_version=4)


def executed(path: Path) -> Any:
    """A copy of a notebook with the outputs of today.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails; its traceback is in the message.
    """
    from nbclient import NotebookClient

    notebook = read(path)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    setup = nbformat.v4.new_code_cell(FIRST.format(extensions=str(Path(__file__).parent)))
    notebook.cells.insert(0, setup)
    os.environ.setdefault("TWINHOP_DATA", str(DATA))
    options = {"record_timing": False, "coalesce_streams": True, "extra_arguments": ["--log-level=ERROR"]}
    client = NotebookClient(notebook, timeout=LONGEST_S, kernel_name="python3", **options)
    surroundings = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # that of notebooks
    client.execute(cwd=str(path.parent), env=surroundings)
    del notebook.cells[0]
    for count, cell in enumerate(code_cells(notebook), 1):
        cell.metadata, cell.execution_count = {}, count
        cell.outputs = [output for output in map(_kept, cell.outputs) if output is not None]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    notebook.metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    """The cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _kept(output: Any) -> Any:
    """An output as it is kept: pictures in 256 colours, without what is only said by the first to compile."""
    if output.output_type == "stream":
        output.text = "".join(f"{line}\n" for line in tidy(output.text))
        return output if output.text else None
    if "data" in output and "image/png" in output.data:
        small = in_few_colours(base64.b64decode(output.data["image/png"]))
        output.data["image/png"] = base64.b64encode(small).decode("ascii")
    return output


def in_few_colours(png: bytes) -> bytes:
    """A picture in 256 colours, a third of the bytes; it goes on saying what is in it."""
    with Image.open(io.BytesIO(png)) as image:
        info = PngInfo()
        if KEY in image.info:
            info.add_text(KEY, image.info[KEY], zip=True)
        stream = io.BytesIO()
        image.convert("RGB").quantize(256).save(stream, format="PNG", pnginfo=info, optimize=True)
    return stream.getvalue()


def pictures(notebook: Any) -> Iterator[dict[str, Any] | None]:
    """What is in each picture of a notebook; None of one that does not say."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if png := output.get("data", {}).get("image/png"):
                yield content_of(io.BytesIO(base64.b64decode(png)))


def differences(shown: Any, now: Any, *, numbers: bool = True) -> list[str]:
    """What the outputs of a notebook show, and a run does not give, cell by cell.

    Args:
        shown: the notebook as it is kept.
        now: as it was run.
        numbers: whether numbers are compared, and what is in pictures.
    """
    result = []
    for number, (old, new) in enumerate(zip(code_cells(shown), code_cells(now), strict=True), 1):
        before, after = ([_compared(output) for output in cell.outputs] for cell in (old, new))
        if not numbers:
            before, after = map(without_numbers, (before, after))
        if not (near if any(map(_is_of_episodes, old.outputs)) else same)(before, after):
            result.append(f"code cell {number}: shows {_short(before, after)}, gives {_short(after, before)}")
    return result


def _short(outputs: list[Any], others: list[Any]) -> str:
    return " ".join(str([each for each in outputs if each not in others]).split())[:600]


def _compared(output: Any) -> Any:
    """An output as it is compared."""
    if output.output_type == "stream":
        lines = output.text.splitlines()
        return [output.name, [masked(line, timed) for line, timed in zip(lines, timed_cells(lines), strict=True)]]
    return {kind: _compared_data(kind, data) for kind, data in sorted(output.get("data", {}).items())}


def _compared_data(kind: str, data: Any) -> Any:
    if kind == "image/png":
        return content_of(io.BytesIO(base64.b64decode(data)))
    if kind == "text/html":
        return html_words(data)
    return re.sub(r"0x[0-9a-f]+", "0x", data) if isinstance(data, str) else data


def html_words(html: str) -> list[Any]:
    """The texts of a piece of HTML, and its tables row by row without the values of clocks."""
    words: list[Any] = []
    root = ElementTree.fromstring(html)  # noqa: S314  our own
    in_tables = {id(part) for table in root.iter("table") for part in table.iter()}
    words += [part.text for part in root.iter() if id(part) not in in_tables and (part.text or "").strip()]
    for table in root.iter("table"):
        rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        timed = {at for at, name in enumerate(rows[0]) if name in CLOCKS} if rows else set()
        words += [["#" if at in timed and row is not rows[0] else cell for at, cell in enumerate(row)] for row in rows]
    return words


def _is_of_episodes(output: Any) -> bool:
    """Whether it shows episodes of the environment, drawn in 32 bits, which other processors round otherwise."""
    return output.get("data", {}).get("text/plain", "").startswith("<PolicyEvaluation")


def near(one: Any, other: Any) -> bool:
    """Whether two outputs are the same words with numbers that are close to each other."""
    if isinstance(one, str) and isinstance(other, str):
        numbers = [[float(each) for each in _NUMBER.findall(text)] for text in (one, other)]
        return _NUMBER.sub("#", one) == _NUMBER.sub("#", other) and all(
            math.isclose(a, b, rel_tol=NEAR, abs_tol=NEAR_ZERO) for a, b in zip(*numbers, strict=True)
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    return same(one, other)


def without_numbers(value: Any) -> Any:
    """Outputs without their numbers and without what is in pictures, which other processors learn otherwise."""
    if isinstance(value, str):
        return re.sub(r"[-+]?\d[\d.e+-]*", "#", value)
    if isinstance(value, dict):
        return {kind: kind == "image/png" or without_numbers(each) for kind, each in value.items()}
    return [without_numbers(each) for each in value] if isinstance(value, list) else value


def write(notebook: Any, path: Path) -> None:
    """Keep a notebook: cells numbered, so that the same notebook is the same file."""
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    nbformat.validate(notebook)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def main() -> int:
    """Run notebooks; keep what they show, or with --check compare."""
    parser = argparse.ArgumentParser(description="Run the notebooks of the documentation and keep their outputs.")
    parser.add_argument("names", nargs="*", help="of notebooks, without .ipynb; all without one")
    parser.add_argument("--check", action="store_true", help="change nothing; say what differs")
    chosen = parser.parse_args()
    wrong = 0
    for path in notebooks():
        if chosen.names and path.stem not in chosen.names:
            continue
        if missing := lacks(path.stem):
            print(f"{path.name}: left as it is, {missing} is not there")
            continue
        now = executed(path)
        changes = differences(read(path), now, numbers=path.stem not in LEARNED)
        if changes and chosen.check:
            print("\n".join(f"{path.name}: {each}" for each in changes), file=sys.stderr)
            wrong += 1
        elif changes:
            write(now, path)
            print(f"ran {path.name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
