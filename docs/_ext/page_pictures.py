"""Pictures of README and documentation that a command draws, made by that command.

    python docs/_ext/page_pictures.py [--fast] [--check] [NAME ...]

A picture keeps what is in it, its texts and its shapes, as text in the PNG file; so it can be compared without pixels,
which differ from one machine's fonts to another's. `tests/docs/test_outputs.py` compares.
"""

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from outputs import ROOT, Runs, blocks_of
from PIL import Image
from PIL.PngImagePlugin import PngInfo

IMAGES = ROOT / "docs" / "images"
KEY = "twinhop"
#: Relative difference of sums of coordinates beyond which a picture is another one.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Picture:
    """A picture: the command that draws it, which of its files it is, and a page whose scenarios it reads."""

    command: str
    file: str
    page: str = ""
    slow: bool = False


WORLD = "twinhop world rush.yaml --animate none --out out/world"
PICTURES = {
    "city-small.png": Picture("twinhop plan city-small --out out/city", "out/city/map.png"),
    "tradeoff-city-small.png": Picture("twinhop tradeoff city-small --out out/city", "out/city/tradeoff.png"),
    "day-plan.png": Picture("twinhop plan day.yaml --hours 0-23 --out out/day", "out/day/together.png", "day-plan.md"),
    "twin-errors.png": Picture(
        "twinhop twin replay gauss_markov --sync fixed,delta,model --users 5 --seconds 120 --out out/replay",
        "out/replay/errors.png",
    ),
    "services.png": Picture(
        "twinhop plan town-with-services.yaml --out out/town-with-services",
        "out/town-with-services/map.png",
        "services.md",
    ),
    "world-map.png": Picture(WORLD, "out/world/map.png", "movement.md", slow=True),
    "world-statistics.png": Picture(WORLD, "out/world/statistics.png", "movement.md", slow=True),
}


def content(figure: Figure) -> dict[str, Any]:
    """What is in a figure: its texts, and of each kind of shape the number and the sums of coordinates and colours."""
    texts, shapes = [], []
    for artist in figure.findobj(lambda each: each.get_visible()):
        match artist:
            case Text():
                texts += [artist.get_text()] if artist.get_text().strip() else []
            case Line2D():
                shapes.append(("line", artist.get_xydata(), artist.get_color()))
            case Collection():
                paths = [path.vertices for path in artist.get_paths()] if not len(artist.get_offsets()) else []
                points = np.concatenate([*paths, artist.get_offsets()])
                shapes.append((type(artist).__name__, points, artist.get_facecolor().round(3).tolist()))
            case Patch():
                shapes.append((type(artist).__name__, artist.get_path().vertices, artist.get_facecolor()))
    rows = []
    for kind, points, colour in shapes:
        values = np.asarray(points, float).reshape(-1, 2)
        finite = values[np.isfinite(values).all(axis=1)]
        rows.append([kind, len(values), *(float(f"{each:.7g}") for each in finite.sum(axis=0)), colour_sum(colour)])
    return {"texts": texts, "shapes": rows}


def colour_sum(colour: Any) -> float:
    """One number of a colour, or of many."""
    from matplotlib.colors import to_rgba_array

    return round(float((to_rgba_array(colour) * [1, 2, 3, 4]).sum()), 2)


@contextmanager
def kept() -> Iterator[None]:
    """Have figures that are saved meanwhile keep what is in them in their files."""
    print_figure = FigureCanvasBase.print_figure

    def keep(canvas: FigureCanvasBase, file: Any, *args: Any, **options: Any) -> Any:
        if str(file).endswith(".png") or options.get("format") == "png":
            options["metadata"] = {KEY: json.dumps(content(canvas.figure))}
        return print_figure(canvas, file, *args, **options)

    FigureCanvasBase.print_figure = keep
    try:
        yield
    finally:
        FigureCanvasBase.print_figure = print_figure


def draw(picture: Picture, folder: Path, runs: Runs) -> Path:
    """Run the command of a picture in a folder, unless it ran before; the file that it is.

    Raises:
        RuntimeError: the command fails, with what it said.
    """
    if picture.page:
        page = (ROOT / "docs" / picture.page).read_text(encoding="utf-8")
        for block in blocks_of(page):
            if block.language == "yaml" and (name := block.file):
                (folder / name).write_text(block.text, encoding="utf-8")
    run = runs.of(picture.command, folder)
    if run.code:
        raise RuntimeError(f"{picture.command}: {run.text}")
    return folder / picture.file


def content_of(file: Path) -> dict[str, Any] | None:
    """What a picture keeps of what is in it."""
    with Image.open(file) as image:
        text = image.info.get(KEY)
    return json.loads(text) if text else None


def store(file: Path, name: str) -> None:
    """Put a picture into the documentation, in 256 colours: a third of the bytes."""
    with Image.open(file) as image:
        info = PngInfo()
        info.add_text(KEY, image.info[KEY])
        image.convert("RGB").quantize(256).save(IMAGES / name, pnginfo=info, optimize=True)


def same(one: Any, other: Any) -> bool:
    """Whether two contents are the same, numbers within the tolerance."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == other


def differences(name: str, file: Path) -> list[str]:
    """What is in a picture of the documentation, and not in the one that its command draws, and the other way round."""
    shown, now = content_of(IMAGES / name), content_of(file)
    if shown is None or now is None:
        return [f"{name}: does not say what is in it; make docs-outputs"]
    if same(shown, now):
        return []
    words = [
        f"{name}: {mark} {text!r}"
        for mark, texts, others in (("only in the picture:", shown, now), ("only drawn now:", now, shown))
        for text in texts["texts"]
        if text not in others["texts"]
    ]
    return words or [f"{name}: shapes differ"]


def main() -> int:
    """Draw anew, or with --check compare, the pictures named on the command line."""
    parser = argparse.ArgumentParser(description="Draw the pictures of README and documentation by their commands.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PICTURES)}; all without one")
    parser.add_argument("--fast", action="store_true", help="leave those that take long as they are")
    parser.add_argument("--check", action="store_true", help="change nothing; say what differs")
    asked = parser.parse_args()
    wrong, runs = 0, Runs()
    with kept(), tempfile.TemporaryDirectory() as folder:
        for name in asked.names or PICTURES:
            if asked.fast and PICTURES[name].slow:
                continue
            file = draw(PICTURES[name], Path(folder), runs)
            changes = differences(name, file)
            if changes and asked.check:
                print("\n".join(changes), file=sys.stderr)
                wrong += len(changes)
            elif changes:
                store(file, name)
                print(f"drew {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
