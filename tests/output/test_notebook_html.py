"""What notebooks show of a result: well-formed, small, static, and with the numbers of `to_json`."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

import twinhop
from twinhop.learn.trainer import Training
from twinhop.output.kit.html import LONGEST, ROWS, Summary, Table, html_of
from twinhop.output.summaries import SUMMARISED_BY
from twinhop.plans.describe import describe
from twinhop.replay.options import motion_model
from twinhop.replay.tracks import tracks_of
from twinhop.replay.twin_replay import replay
from twinhop.result import Result
from twinhop.runs.world import moving, watch
from twinhop.training.evaluation import LearnedEvaluation, Score, SourceScores
from twinhop.training.policy_episodes import EpisodeScore
from twinhop.training.policy_evaluation import PolicyEvaluation, PolicyScores

EVIL = "<script>alert('x')</script>&\"\x07"
SHOWN = "<script>alert('x')</script>&\"�"
SCENARIO = """\
schema_version: 1
name: %s
attribution: [%s]
area: {width_m: 900, height_m: 600}
stations: {opening_s: 0.05, list: [%s]}
users: {list: [%s], deadline_ms: {uniform: [150, 300]}}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """A city in which everything that has a name tries to run a script."""
    evil = EVIL.replace("\x07", "")
    stations = [{"id": f"{evil}{k}", "x_m": 250 * k, "y_m": 300, "cpu_gcycles_per_s": 14} for k in range(4)]
    users = [{"id": f"{evil}{i}", "x_m": 40 * i, "y_m": 200} for i in range(20)]
    listed = (json.dumps(evil), json.dumps(evil), *(", ".join(map(json.dumps, rows)) for rows in (stations, users)))
    path = tmp_path_factory.mktemp("scenario") / "evil.yaml"
    path.write_text(SCENARIO % listed, encoding="utf-8")
    return twinhop.load(path)


@pytest.fixture(scope="module")
def results(scenario):
    """One of each kind, by kind."""
    plan = twinhop.plan(scenario)
    tracks = tracks_of("gauss_markov", 2, 30.0, 1.0, 1.0, 0).tracks
    checkpoint = SimpleNamespace(
        folder=Path(EVIL), configuration={"name": EVIL}, iteration=3, seed=1, algorithm="structured", digest="0"
    )
    scores = tuple(Score(name, (2.5, 3.5), (0.25, 0.125), (0.1, 0.1), 0) for name in (EVIL, "nearest"))
    episodes = (EpisodeScore(2.5, 0.01, 1.0, 0, 0.002), EpisodeScore(3.5, 0.01, 1.0, 0, 0.002))
    agents = (PolicyScores(EVIL, True, episodes),)
    evaluation = PolicyEvaluation(EVIL, "placement", 3, 2, 5, (1, 2), (2.0, 3.0), agents)
    made = [
        scenario,
        twinhop.build_world(scenario),
        plan,
        plan.solution,
        plan.case.problem,
        twinhop.placement.Planner(plan.case.problem).replan(),
        twinhop.compare(scenario),
        twinhop.compare(scenario, ["nearest", "lagrangian"], seeds=2),
        evaluation,
        twinhop.plan_forecasts([scenario]),
        twinhop.tradeoff(scenario),
        twinhop.robustness(scenario, samples=20, load=0.2),
        twinhop.survey_failures(plan, failure_moves="stay"),
        twinhop.price(plan, scenario),
        twinhop.explain(plan, plan.case.problem.user_name(0)),
        describe(scenario),
        twinhop.simulate(scenario, ["stay", "follow_nearest"], slots=3, bound=True, jobs=1),
        watch(moving(scenario, 3))[0],
        twinhop.benchmark(["nearest", "lagrangian"], tasks=["bench-place-n20-m4"], seeds=1, jobs=1, time_limit_s=5),
        LearnedEvaluation(checkpoint, "argmax", 0, (SourceScores(EVIL, 3, 2, (1, 2), scores),)),
        replay(EVIL, tracks, ["delta", "fixed"], motion_model("constant_velocity", 1.0), 5.0, 1.0, 60.0),
        Training(Path(EVIL), 3, 10, {"gap_percent": 0.25, "source": EVIL}, True, 1.5, 2.5),
    ]
    return {type(each).__name__: each for each in made}


def cells(html):
    """All cells of all tables, as texts."""
    return ["".join(each.itertext()) for each in ElementTree.fromstring(html).iter() if each.tag in ("td", "th")]


@pytest.mark.parametrize("kind", SUMMARISED_BY)
def test_static_small_and_well_formed(kind, results):
    html = results[kind]._repr_html_()
    root = ElementTree.fromstring(html)
    assert {each.tag for each in root.iter()} <= {
        *("div", "table", "caption", "thead", "tbody", "tr", "th", "td", "code"),
    }
    assert {name for each in root.iter() for name in each.attrib} <= {"style", "scope", "colspan"}
    assert "url(" not in html and "://" not in "".join(each.get("style", "") for each in root.iter())
    assert len(html.encode()) <= LONGEST
    assert cells(html)


@pytest.mark.parametrize("kind", sorted(SUMMARISED_BY.keys() - {"Benchmark", "PlacementProblem", "Replan", "Solution"}))
def test_what_users_name_is_text(kind, results):
    html = results[kind]._repr_html_()
    assert "<script" not in html
    words = "".join(ElementTree.fromstring(html).itertext())
    assert "<script>alert('x')</script>&\"" in words


def test_numbers_are_those_of_the_plain_values(results):
    def numbers(kind):
        return cells(results[kind]._repr_html_()), results[kind].to_json()

    for kind in ("Plan", "Solution"):
        texts, facts = cells(results[kind]._repr_html_()), results["Plan"].to_json()
        expected = (facts["cost"], facts["terms"]["latency_s"], facts["terms"]["opening_s"], facts["lower_bound"])
        assert {f"{each:.6g}" for each in expected} <= set(texts)
    texts, facts = numbers("Comparison")
    assert {f"{row['cost']:.6g}" for row in facts["policies"]} <= set(texts)
    assert f"{facts['lower_bound']:.6g}" in results["Comparison"]._repr_html_()
    texts, facts = numbers("Tradeoff")
    assert {f"{point['cost']:.6g}" for point in facts["points"]} <= set(texts)
    texts, facts = numbers("Robustness")
    assert {f"{each:.6g}" for each in facts["cost"].values()} <= set(texts)
    texts, facts = numbers("Explanation")
    assert {f"{facts[name]:.6g}" for name in ("computing_s", "radio_s", "cost_share")} <= set(texts)
    texts, facts = numbers("Description")
    assert {f"{each:.4g}" for each in facts["latency_counted_s"].values()} <= set(texts)
    texts, facts = numbers("Simulation")
    assert {f"{1e3 * row['cost']:.4g}" for row in facts["policies"]} <= set(texts)
    assert f"{1e3 * facts['offline_bound']:.6g}" in results["Simulation"]._repr_html_()
    texts, facts = numbers("WatchedWorld")
    assert f"{facts['speed_mps']['mean']:.4g}" in texts
    texts, facts = numbers("Benchmark")
    assert {row["policy"] for row in facts["leaderboard"]["placement"]} <= set(texts)
    texts, facts = numbers("LearnedEvaluation")
    assert {"3.0000", "18.750"} <= set(texts)
    texts, facts = numbers("SeedComparison")
    assert {f"{row['cost']:.5g}" for row in facts["policies"]} <= set(texts)
    texts, facts = numbers("PolicyEvaluation")
    assert {f"{row['cost']:.5g}" for row in facts["policies"]} <= set(texts)
    texts, facts = numbers("TwinReplay")
    assert {str(row["updates"]) for row in facts["policies"]} <= set(texts)
    assert {"3 of 10", "0.0025"} <= set(cells(results["Training"]._repr_html_()))


def test_an_infeasible_plan_says_what_is_broken():
    ones = np.ones(2)
    problem = twinhop.PlacementProblem(
        comm_s=np.full((3, 2), 0.1),
        root_work=np.ones(3),
        cpu=1e9 * ones,
        capacity=2 * ones,
        opening_s=0.1 * ones,
        alpha=1,
        beta=1,
    )
    plan = twinhop.plan(problem, policy=lambda problem: [0, 0, 0])
    html = plan._repr_html_()
    assert "Broken: 1 capacity constraint" in html and "All constraints are kept" not in html
    assert "gives no lower bound" in html


def test_long_tables_are_cut_and_counted():
    rows = [(f"row {at}", EVIL * 40) for at in range(300)]
    tables = [Table(("name", "value"), rows, "x" * 2000)] * 9
    html = html_of(Summary("t" * 5000, "l" * 5000, ["s" * 5000] * 9, tables, ["n" * 5000] * 9))
    ElementTree.fromstring(html)
    assert len(html.encode()) <= LONGEST
    assert "... 3 more tables" in html and "... 4 more notes" in html
    one = html_of(Summary("t", tables=[Table(("name", "value"), [(f"row {at}", "1") for at in range(300)])]))
    assert f"row {ROWS[0] - 1}" in one and f"row {ROWS[0]}" not in one and f"... {300 - ROWS[0]} more" in one


def test_a_kind_of_result_without_a_summary_shows_its_rows():
    @dataclass
    class Ranking(Result):
        name: str

        def rows(self):
            return [{"policy": self.name, "gap": 0.125, "gap_interval": [0.1, None], "runs": [1, 2, 3]}]

        def to_json(self):
            return {"name": self.name}

    html = Ranking(EVIL)._repr_html_()
    assert cells(html) == ["policy", "gap", "gap_interval", SHOWN, "0.125", "0.1 to -"]
