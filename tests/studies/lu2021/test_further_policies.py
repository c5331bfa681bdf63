"""Further policies as bars of Fig. 9: on the same slots, with the same bounds; code of one's own anew in every call."""

import json

import numpy as np
import pytest
from gymnasium import spaces

from twinhop.errors import InputError
from twinhop.learn import learners
from twinhop.output.kit.colours import HUES, OWN_HUE
from twinhop.studies.lu2021 import policies, reproduce_lu2021
from twinhop.studies.lu2021.figures import bar_looks, policy_fill
from twinhop.studies.lu2021.report import CLAIMS_FILE
from twinhop.studies.lu2021.results import read_results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.terms import SYSTEM

SMALL = Setting(6, 2)
OPTIONS = {"settings": [SMALL.name], "algorithms": ["structured"], "iterations": 50, "jobs": 1, "seeds": 1}


@pytest.fixture(scope="module", autouse=True)
def fake():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "LEARNERS", {"structured": "fake_contender:made"})
        yield patch


def closest(problem):
    return problem.comm_s.argmin(axis=1)


def sometimes(problem, seed):
    if seed % 25 == 3:
        raise ValueError("not today")
    return closest(problem)


def by_turns(problem):
    return np.arange(problem.users) % problem.stations


def agent(obs):
    users, stations = obs["users"].shape[0], obs["stations"].shape[0]
    return np.arange(users) % stations


def broken(obs):
    raise ValueError("no weights")


class Trained:
    """An agent for other sizes, as its spaces say."""

    def __init__(self):
        self.action_space = spaces.MultiDiscrete([3] * 5)

    def predict(self, obs):
        return np.zeros(5, int)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bars")
    return folder, reproduce_lu2021(**OPTIONS, policies=["greedy", closest, sometimes], out=folder)


def test_they_stand_beside_the_others_and_above_the_bound(done):
    folder, found = done
    results = found.results
    assert results.further == ["closest", "greedy"] and list(bar_looks(results))[-4:] == [
        "closest",
        "greedy",
        "lagrangian",
        "lagrangian, time alone",
    ]
    bound = results.bound(SMALL, "cost_bound")
    for name in ("closest", "greedy"):
        cost = results.slots(name, SMALL, SYSTEM)
        assert cost.shape == bound.shape == (1, 25) and (cost >= bound * (1 - 1e-5)).all()
    # the baseline of this name does the same: judged on the same slots it costs the same
    assert results.slots("closest", SMALL, SYSTEM) == pytest.approx(results.slots("nearest", SMALL, SYSTEM), rel=1e-5)
    report = (folder / CLAIMS_FILE).read_text()
    assert f"{SMALL.label}: closest" in report and f"| closest, {SMALL.label} |" in report


def test_own_bars_have_a_colour_of_their_own(done):
    looks = bar_looks(done[1].results)
    fills = {str(policy_fill(name, look)) for name, look in looks.items()}
    assert len(fills) == len(looks) and looks["closest"].colour == HUES[OWN_HUE]


def test_one_that_fails_has_no_bar_and_is_told(done):
    folder, found = done
    [failure] = found.failures
    assert (failure.policy, failure.source, failure.slot) == ("sometimes", "lu2021-n6-m2", 3)
    assert failure.seed == 1000 and failure.message.startswith("raised ValueError: not today")
    assert "- sometimes, on lu2021-n6-m2 (seed 1000, slot 3), raised" in (folder / CLAIMS_FILE).read_text()
    assert not list(folder.glob("runs/policies/sometimes/*/*.json"))


def test_a_folder_goes_on_and_runs_own_code_anew(done, monkeypatch):
    folder, found = done
    asked = []

    def closest(problem):
        return np.zeros(problem.users, int)

    with monkeypatch.context() as patch:
        patch.setattr("twinhop.studies.lu2021.runner.do_training", lambda *_: pytest.fail("done again"))
        judged = policies._solved
        patch.setattr(policies, "_solved", lambda bar, *rest: asked.append(bar.policy.name) or judged(bar, *rest))
        again = reproduce_lu2021(**OPTIONS, policies=["greedy", closest], out=folder)
    assert set(asked) == {"closest"} and len(asked) == 100
    before, now = (each.results.slots("closest", SMALL, SYSTEM) for each in (found, again))
    assert (before != now).any()
    later = reproduce_lu2021(**OPTIONS, out=folder)
    assert later.results.further == ["closest", "greedy"] and not later.failures


@pytest.mark.parametrize("limit_s", [None, 30.0])
def test_an_agent_sees_the_slots_as_observations(tmp_path, limit_s):
    own = f"{__file__}:agent,{__file__}:broken,{__file__}:by_turns"
    found = reproduce_lu2021(**OPTIONS, policies=own, time_limit_s=limit_s, out=tmp_path)
    slots = {name: found.results.slots(name, SMALL, SYSTEM) for name in ("agent", "by_turns")}
    assert (slots["agent"] == slots["by_turns"]).all()
    [failure] = found.failures
    assert failure.in_words().startswith("broken, on lu2021-n6-m2 (seed 1000, slot 0), raised ValueError: no weights")


def test_an_agent_of_other_sizes_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("twinhop.studies.lu2021.reproduce.do_bars", lambda *_: pytest.fail("begun"))
    with pytest.raises(
        InputError, match="trained for 5 users and 3 stations.* lu2021-n6-m2 has 6 users and 2 stations"
    ):
        reproduce_lu2021(**OPTIONS, policies=[Trained()], out=tmp_path)


def test_what_is_kept_is_of_one_policy_each(done):
    folder, _ = done
    kept = json.loads((folder / "runs/policies/greedy/n6-m2/seed-0.json").read_text())
    assert list(kept["policies"]) == ["greedy"] and kept["unit"]["kind"] == "policies/greedy"
    assert read_results(folder).algorithms == ["structured"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("nearest", "nearest is a bar already"),
        ("greedy,greedy", "greedy is given more than once"),
        ("gredy", "did you mean 'greedy'"),
    ],
)
def test_what_is_no_further_bar_is_refused_before_anything_runs(tmp_path, chosen, message):
    with pytest.raises(InputError, match=message):
        reproduce_lu2021(**OPTIONS, policies=chosen, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_jobs_need_code_that_can_be_sent(tmp_path):
    def local(problem):
        return closest(problem)

    with pytest.raises(InputError, match="^jobs: got 2, but policy local cannot be sent"):
        reproduce_lu2021(**{**OPTIONS, "jobs": 2}, policies=[local], out=tmp_path)
