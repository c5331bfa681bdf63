"""`twinhop backup` and `twinhop restore`: what `twinhop serve` keeps, in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from twinhop.cli.common import progress

BACKUP_EXAMPLE = "Example: twinhop backup http://127.0.0.1:8471 monday.tar"
RESTORE_EXAMPLE = "Example: twinhop restore monday.tar twins"
Origin = Annotated[
    str,
    typer.Argument(help="URL of a running twinhop serve (TWINHOP_TOKEN: an admin's), or a folder that is not served."),
]
Target = Annotated[Path, typer.Argument(help="File to write; must not be there.")]
File = Annotated[Path, typer.Argument(help="File that twinhop backup wrote.")]
DataDir = Annotated[Path, typer.Argument(help="Folder to make; must not be there, or be empty.")]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Send the token over http:// to another machine, readable on the way.")
]


def run_backup(origin: Origin, out: Target, insecure: Insecure = False) -> None:
    """Write the journal, checkpoints, tokens and records of a running or stopped twinhop serve into one file."""
    from twinhop.live.operate.backup import backup_of_stopped, write_archive

    with progress(f"writing {out}"):
        if origin.startswith(("http://", "https://")):
            from twinhop.live.operate.fetch import fetch_backup

            fetch_backup(origin, out, insecure)
        else:
            with backup_of_stopped(Path(origin)) as archive:
                write_archive(archive, out)
    typer.echo(f"wrote {out}: {out.stat().st_size / 2**20:.1f} MiB; every checksum in it matches")


def run_restore(archive: File, data_dir: DataDir) -> None:
    """Make the folder of a backup, from which twinhop serve goes on: whole, with every checksum compared, or not."""
    from twinhop.live.operate.backup import restore
    from twinhop.text import counted

    with progress(f"restoring {data_dir}"):
        files = restore(archive, data_dir)
    typer.echo(f"restored {counted(len(files), 'file')} to {data_dir}; every checksum matches")
