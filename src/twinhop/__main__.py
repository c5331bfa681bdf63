"""`python -m twinhop` is `twinhop`."""

from twinhop.cli import main

main()
