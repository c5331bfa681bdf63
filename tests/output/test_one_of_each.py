"""One user, one station: counts are written in the singular everywhere."""

import re

from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.output.plans.description_figure import draw_description
from twinhop.output.plans.map_figure import draw_map
from twinhop.plans.describe import describe
from twinhop.scenario import preset

ONE = re.compile(r"\b1 (?:possible )?(?:users|twins|stations|servers|hosts|seats)\b|\ball 1\b|\b1 servers? are\b")


def texts(figure):
    return " ".join(each.get_text() for each in figure.texts)


def test_nothing_is_one_of_many():
    made = twinhop.plan("family(1, 1, capacity=1)")
    written = [made.report(), texts(draw_map(made))]
    written.append(texts(draw_description(describe(preset("family(1, 1, capacity=1)")))))
    for command in (("plan",), ("scenario", "check"), ("compare",)):
        done = CliRunner().invoke(app, [*command, "family(1, 1, capacity=1)"])
        assert done.exit_code == 0
        written.append(done.output)
    for text in written:
        assert not ONE.search(text), ONE.search(text)
