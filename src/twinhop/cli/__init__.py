"""The command line: one file a command, no logic of its own."""

from twinhop.cli.entry import main as main
