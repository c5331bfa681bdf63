"""The command line: one file a command, no logic of its own."""

from twinhop.cli.main import main as main
