"""`twinhop report`: the page of an output folder, made again from the data in it."""

from pathlib import Path
from typing import Annotated

import typer

#: Commands whose tables hold all that a page needs.
FROM_TABLES = ("simulate", "world")
EXAMPLE = "Example: twinhop report out/city"


def run(
    folder: Annotated[Path, typer.Argument(help="Folder that plan, compare, tradeoff, simulate or world wrote.")],
) -> None:
    """Make the page report.html of an output folder again, from its report-data.bin.gz."""
    from twinhop.cli.common import progress
    from twinhop.cli.own_files import writer_of
    from twinhop.errors import InputError
    from twinhop.output.page.container import DATA_FILE
    from twinhop.output.page.files import page_of_folder

    by = None if (folder / DATA_FILE).exists() else writer_of(folder)
    if by is not None and by not in FROM_TABLES:
        raise InputError(
            f"{folder}: has no {DATA_FILE}: another version of twinhop wrote it; run twinhop {by} with --out again"
        )
    with progress(f"making the page of {folder}"):
        page = page_of_folder(folder)
    typer.echo(f"wrote {page}")
