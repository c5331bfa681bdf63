"""Runs of training with a learner that is quick: they go on bit for bit, stop in time, and keep what is good."""

import json
import os
import signal
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.errors import InputError, TwinhopError, WarmUpWarning
from twinhop.inference.checkpoint import open_checkpoint
from twinhop.learn import trainer
from twinhop.learn.checkpoint import load_weights
from twinhop.learn.config import config_of, load_config, parse_config
from twinhop.learn.trainer import train_run

CONFIG = """
schema_version: 1
name: quick
scenario: lu2021-n80-m5
iterations: 40
checkpoint_every: 20
evaluation: {every: 20, instances: 1}
structured: {critic_only_iterations: 0}
"""


class State(NamedTuple):
    weights: jax.Array
    key: jax.Array
    iteration: jax.Array


@dataclass(frozen=True)
class Drift:
    """Weights that go at random; a loss that stops being finite where it is told to."""

    breaks_at: int = -1

    def start(self, key, source):
        return State(jnp.zeros(2), jax.random.key_data(key), jnp.zeros((), jnp.int32))

    def advance(self, state, source, iterations):
        def go(now, _):
            key, draw = jax.random.split(jax.random.wrap_key_data(now.key))
            weights = now.weights + jax.random.normal(draw, (2,)) * source
            loss = jnp.where(now.iteration == self.breaks_at, jnp.nan, weights.sum())
            return State(weights, jax.random.key_data(key), now.iteration + 1), {
                "cost": weights[0],
                "critic_loss": loss,
            }

        return jax.lax.scan(go, state, length=iterations)

    def weights(self, state):
        return state.weights

    networks = weights


class Rules(NamedTuple):
    users: int = 80
    stations: int = 5


class Setting(NamedTuple):
    rules: Rules = Rules()


class Learner(NamedTuple):
    algorithm: Drift
    source: jax.Array
    record: MappingProxyType = MappingProxyType({})


class Judge:
    """The later, the worse."""

    def __init__(self, *args):
        self.judged = 0

    def judge(self, weights):
        self.judged += 1
        return {"cost": 1.0, "gap_percent": float(self.judged)}


@pytest.fixture
def quick(monkeypatch):
    def use(algorithm):
        made = (Setting(), Learner(algorithm, jnp.float32(1.0)))
        monkeypatch.setattr(trainer, "learner_of", lambda config, scenario, root: made)
        monkeypatch.setattr(trainer, "Validation", Judge)
        monkeypatch.setattr(trainer, "PIECE", 10)

    use(Drift())
    return use


def lines(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def weights_of(folder):
    return np.asarray(load_weights(open_checkpoint(folder / "checkpoints" / "00000040"), jnp.zeros(2)))


def test_a_run_logs_is_judged_and_keeps_its_best_and_its_last(quick, tmp_path):
    log = []
    result = train_run(parse_config(CONFIG), tmp_path / "run", on_progress=lambda done, of, values: log.append(done))
    assert (result.iteration, result.interrupted) == (40, False)
    assert log == [10, 20, 30, 40] == [line["iteration"] for line in lines(tmp_path / "run")]
    assert lines(tmp_path / "run")[1]["evaluation/gap_percent"] == 1.0
    assert open_checkpoint(tmp_path / "run").iteration == 20, "the best, not the last"
    saved = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert saved == {"00000020", "00000040", "best.json", "last.json"}
    assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_a_run_that_was_killed_goes_on_bit_for_bit(quick, tmp_path):
    train_run(parse_config(CONFIG), tmp_path / "whole")

    def kill(done, of, values):
        if done == 30:
            raise SystemExit("killed")

    with pytest.raises(SystemExit):
        train_run(parse_config(CONFIG), tmp_path / "parts", on_progress=kill)
    with (tmp_path / "parts" / "log.jsonl").open("a") as stream:
        stream.write('{"iteration": 4')
    result = train_run(parse_config(CONFIG), tmp_path / "parts")
    assert result.iteration == 40
    assert weights_of(tmp_path / "parts").tobytes() == weights_of(tmp_path / "whole").tobytes()
    costs = [[line["cost"] for line in lines(tmp_path / name)] for name in ("whole", "parts")]
    assert costs[0] == costs[1]


def test_ctrl_c_writes_a_checkpoint_and_ends(quick, tmp_path):
    def interrupt(done, of, values):
        if done == 10:
            os.kill(os.getpid(), signal.SIGINT)

    result = train_run(parse_config(CONFIG), tmp_path / "run", on_progress=interrupt)
    assert result.interrupted and 10 <= result.iteration < 40
    assert open_checkpoint(tmp_path / "run" / "checkpoints" / f"{result.iteration:08d}").iteration == result.iteration
    again = train_run(parse_config(CONFIG), tmp_path / "run")
    assert (again.iteration, again.interrupted) == (40, False)


def test_losses_that_are_not_finite_end_the_run_and_name_what_is_good(quick, tmp_path):
    quick(Drift(breaks_at=33))
    with pytest.raises(TwinhopError, match=r"critic_loss is no longer finite in iteration 34; .*00000020 is the last"):
        train_run(parse_config(CONFIG), tmp_path / "run")
    assert open_checkpoint(tmp_path / "run").iteration == 20


def test_a_folder_of_another_configuration_is_refused(quick, tmp_path):
    train_run(parse_config(CONFIG), tmp_path / "run")
    other = CONFIG.replace("iterations: 40", "iterations: 60").replace("instances: 1", "instances: 2") + "seed: 3\n"
    with pytest.raises(InputError, match=r"another configuration \(evaluation, seed differ\)"):
        train_run(parse_config(other), tmp_path / "run")


def length(iterations):
    """The same run of another length."""
    return parse_config(CONFIG.replace("iterations: 40", f"iterations: {iterations}"))


@pytest.mark.parametrize("first", [10, 15, 20, 25])
def test_a_run_goes_on_to_more_iterations_as_if_it_had_been_asked_for_them_at_once(first, quick, tmp_path):
    """Of a learner without schedules: bit for bit, whatever pieces both were compiled in."""
    train_run(length(40), tmp_path / "whole")
    assert train_run(length(first), tmp_path / "parts").iteration == first
    result = train_run(length(40), tmp_path / "parts")
    assert (result.began_at, result.iteration, result.iterations, result.interrupted) == (first, 40, 40, False)
    assert weights_of(tmp_path / "parts").tobytes() == weights_of(tmp_path / "whole").tobytes()
    assert open_checkpoint(tmp_path / "parts" / "checkpoints" / "00000040").record["totals"] == [
        [0, first],
        [first, 40],
    ]
    assert json.loads((tmp_path / "parts" / "config.json").read_text())["iterations"] == 40
    iterations = [line["iteration"] for line in lines(tmp_path / "parts")]
    assert iterations == sorted(set(iterations)) and iterations[-1] == 40
    assert train_run(length(40), tmp_path / "parts").began_at == 40, "there is nothing left to do"


def test_a_run_that_was_stopped_may_be_given_another_length(quick, tmp_path):
    def interrupt(done, of, values):
        if done == 20:
            os.kill(os.getpid(), signal.SIGINT)

    assert train_run(parse_config(CONFIG), tmp_path / "run", on_progress=interrupt).iteration == 20
    assert train_run(length(30), tmp_path / "run").iteration == 30
    with pytest.raises(InputError, match=r"run: holds a run that has 30 iterations; got 20, expected at least 30; or"):
        train_run(length(20), tmp_path / "run")


WARM = CONFIG.replace("critic_only_iterations: 0", "critic_only_iterations: 25")


@pytest.fixture
def with_actor_loss(quick):
    """The quick learner, with a loss of its actor that is its iteration once it learns."""

    @dataclass(frozen=True)
    class Warm(Drift):
        def advance(self, state, source, iterations):
            at = state.iteration + jnp.arange(iterations)
            after, log = Drift.advance(self, state, source, iterations)
            return after, {**log, "actor_loss": jnp.where(at < 25, 0.0, at.astype(float))}

    quick(Warm())


def test_the_warm_up_is_named_in_the_log(with_actor_loss, tmp_path):
    """Pieces of ten: two without an update of the actor, one with five, one with ten; losses of updates alone."""
    result = train_run(parse_config(WARM), tmp_path / "run")
    assert (result.actor_starts_at, result.in_warm_up) == (25, False)
    log = [(line["actor_updates"], line["actor_loss"]) for line in lines(tmp_path / "run")]
    assert log == [(0, 0.0), (0, 0.0), (5, 27.0), (10, 34.5)]


@pytest.mark.parametrize("iterations", [20, 25])
def test_a_run_within_the_warm_up_says_so(iterations, with_actor_loss, tmp_path):
    config = parse_config(WARM.replace("iterations: 40", f"iterations: {iterations}"))
    words = (
        rf"^quick: {iterations} iterations are within the warm-up of 25, .* expected more than 25, or a lower "
        "critic_only_iterations"
    )
    with pytest.warns(WarmUpWarning, match=words):
        assert train_run(config, tmp_path / "run").in_warm_up
    assert not train_run(parse_config(WARM), tmp_path / "run").in_warm_up


def test_the_shipped_configuration_has_a_warm_up_and_algorithm_1_none():
    assert load_config("maddpg")[0].actor_starts_at() == 200
    assert load_config("lu2021-literal")[0].actor_starts_at() == 0


def test_the_weights_that_ship_are_of_the_committed_configuration():
    """What their checkpoint says made them is what `twinhop train maddpg` reads today, fields added since included."""
    made = json.loads((open_checkpoint("maddpg").folder / "checkpoint.json").read_text(encoding="utf-8"))
    assert config_of(made["configuration"], "shipped").plain() == load_config("maddpg")[0].plain()
    assert made["iteration"] == load_config("maddpg")[0].iterations
    assert made["configuration"]["evaluation"]["first_seed"] == 500
