"""`twinhop twin`: what device twins hold, and how they are kept in step."""

import typer

from twinhop.cli import twin_replay

app = typer.Typer(help="Look into device twins, and replay traces into them.", no_args_is_help=True)
app.command("replay", epilog=twin_replay.EXAMPLE)(twin_replay.run)


@app.callback()
def _group() -> None:
    pass
