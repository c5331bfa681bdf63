"""Pictures of the page that commands write, as Chromium shows it.

    python docs/_ext/page_screenshots.py [NAME ...]

Needs the system's Chromium, and says so where there is none. Fonts differ from machine to machine, so nothing compares
these pictures; `make test-page` looks at pages themselves.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from page_pictures import IMAGES
from PIL import Image

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: Time of the page's own clock after which it is drawn [ms].
SETTLED_MS = 5000
LARGEST_BYTES = 200_000


@dataclass(frozen=True)
class Screenshot:
    """A picture: the command that writes the page, without ``--out``, and the window [CSS pixels]."""

    command: str
    width: int = 1280
    height: int = 960


SCREENSHOTS = {
    "page-plan.png": Screenshot("plan city-small --without each"),
    "page-run.png": Screenshot("simulate city-small --policies stay,follow_nearest --slots 60 --bound --animate none"),
}


def shoot(chromium: str, shot: Screenshot, folder: Path) -> Path:
    """Write the page and photograph it, in light colours and English."""
    program, picture = Path(sys.executable).with_name("twinhop"), folder / "page.png"
    subprocess.run([program, *shot.command.split(), "--out", folder / "out"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a command of ours
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=en-GB"]
    options += [f"--window-size={shot.width},{shot.height}", f"--virtual-time-budget={SETTLED_MS}"]
    options += [f"--user-data-dir={folder / 'profile'}", f"--screenshot={picture}"]
    page = (folder / "out" / "report.html").as_uri()
    subprocess.run([chromium, *options, page], check=True, capture_output=True, timeout=120)  # noqa: S603 - as above
    return picture


def store(picture: Path, file: Path) -> None:
    """Put a picture into the documentation, in as many colours as its size allows."""
    with Image.open(picture) as image:
        for colours in (256, 128, 64, 32):
            image.convert("RGB").quantize(colours).save(file, optimize=True)
            if file.stat().st_size <= LARGEST_BYTES:
                return
    raise RuntimeError(f"{file.name}: is larger than {LARGEST_BYTES} bytes")


def main() -> int:
    """Draw those named on the command line anew, or all."""
    parser = argparse.ArgumentParser(description="Photograph the page that commands write.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SCREENSHOTS)}; all without one")
    names = parser.parse_args().names or list(SCREENSHOTS)
    chromium = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if chromium is None:
        print(f"{', '.join(names)}: left as they are, there is no chromium (Debian: apt install chromium)")
        return 0
    for name in names:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            store(shoot(chromium, SCREENSHOTS[name], Path(folder)), IMAGES / name)
        print(f"drew {name}, {(IMAGES / name).stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
