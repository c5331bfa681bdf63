"""The command line: one file per command, no logic of its own."""

from twinhop.cli.entry import main as main
