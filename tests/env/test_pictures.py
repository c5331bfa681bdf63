"""What is drawn of an environment: an array, text, and a window, and that nothing else is touched by it."""

import copy
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
from cities import city
from recorded_cities import CHURN, CLOUD, OUTAGES, PLACES, save_city

from twinhop.extras import MissingExtra

pytest.importorskip("jax")
gymnasium = pytest.importorskip("gymnasium")
pytest.importorskip("pettingzoo")

import twinhop.env  # noqa: E402
from twinhop.env.picture import DOWN, HEIGHT_PX, WIDTH_PX, station_colours  # noqa: E402

IDS = list(twinhop.env.IDS)


def made(scenario, mode="rgb_array", **options):
    env = gymnasium.make(IDS[1], scenario=scenario, render_mode=mode, actions="hosts", **options).unwrapped
    env.reset(seed=0)
    return env


def count(frame, colour):
    """Pixels of a colour from 0 to 1, of 3."""
    return int((np.abs(frame / 255 - np.asarray(colour)) < 0.02).all(axis=-1).sum())


def test_users_and_stations_have_the_colour_of_the_host():
    env = made(city())
    before = env.render()
    assert before.shape == (HEIGHT_PX, WIDTH_PX, 3) and before.dtype == np.uint8 and WIDTH_PX >= 640
    colours = station_colours(4)
    env.step(np.full(12, 2))
    after = env.render()
    assert (before != after).any() and (env.render() == after).all()
    # a hollow mark has an edge only; a full one, and 12 dots, have more
    assert count(after, colours[2]) > 300 > 3 * count(before, colours[2])
    assert count(after, colours[1]) == count(before, colours[1])


def test_the_absent_are_not_drawn_and_stations_that_are_down_are_crossed_out(tmp_path):
    extra = f"{CLOUD}, latency_ms: 2}}"
    env = made(save_city(tmp_path, movement=CHURN + OUTAGES, extra=extra), start="first")
    frames, present, drawn = [], [], []
    for _ in range(4):
        frames.append(env.render())
        drawn.append(len(env._renderer._picture._users.get_offsets()))
        present.append(int(np.asarray(env._episode.state.slot.active).sum()))
        env.step(np.full(30, 6))
    x_px, y_px = env._renderer._picture._map.transData.transform(PLACES).T.round().astype(int)
    cross = np.array([int(DOWN[at : at + 2], 16) for at in (1, 3, 5)])
    is_crossed = [(np.abs(frame[HEIGHT_PX - 1 - y_px, x_px] - cross) < 30).all(axis=1).tolist() for frame in frames]
    assert is_crossed == [[at in down for at in range(6)] for down in ((), (1,), (1, 4), (1, 4))]
    assert drawn == present and len(set(present)) > 1


def test_text_says_the_slot_the_costs_and_the_hosts(tmp_path):
    env = made(save_city(tmp_path, movement=OUTAGES, extra=f"{CLOUD}, latency_ms: 2}}"), "ansi", start="first")
    assert env.render().startswith("migration, slot 0 of 25\nrecorded moment 0 s\n30 of 30 users present\n")
    _, _, _, _, info = env.step(np.array([0] * 10 + [6] * 20))
    lines = env.render().splitlines()
    assert lines[0] == "migration, slot 1 of 25" and f"slot decided last: {info['cost']:.4g} s" in lines
    assert lines[-2:] == ["s0: 10 twins", "cloud: 20 twins"] and "2 stations open" in lines
    assert f"    communication {info['communication']:.3g}" in lines


def test_many_stations_are_named_where_names_fit():
    env = made(city(stations=60, users=60))
    env.step(np.arange(60))
    env.render()
    texts = [label.get_text() for label in env._renderer._picture._labels]
    assert 10 < sum(text != "" for text in texts) < 60


def test_an_environment_that_was_drawn_can_be_copied_and_pickled():
    env = made(city())
    shows = env.render()
    for copied in (pickle.loads(pickle.dumps(env)), copy.deepcopy(env)):
        assert np.array_equal(copied.render(), shows)
        action = np.arange(12) % 4
    assert copied.step(action)[1] == env.step(action)[1]


def test_pictures_are_fast_enough_to_record():
    env = made(city(stations=10, users=100))
    env.step(np.zeros(100, int))
    env.render()
    used = []
    for _ in range(5):
        begun = time.process_time()
        env.render()
        used.append(time.process_time() - begun)
    assert min(used) < 0.15


def test_drawing_leaves_the_callers_backend_and_figures_alone():
    program = (
        "import sys, matplotlib; matplotlib.use('svg'); import matplotlib.pyplot as plt; figure = plt.figure()\n"
        "import gymnasium, twinhop.env\n"
        "env = gymnasium.make('twinhop/Placement-v0', scenario='lu2021-n80-m5', render_mode='rgb_array')\n"
        "env.reset(seed=0); env.render()\n"
        "assert matplotlib.get_backend() == 'svg' and plt.get_fignums() == [1]"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


def test_a_window_is_renewed_by_every_step_and_closed(monkeypatch):
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    for env in (made(city(), "human"), twinhop.env.TwinParallelEnv("migration", city(), render_mode="human")):
        env.reset(seed=0)
        shows = pygame.surfarray.array3d(pygame.display.get_surface())
        assert shows.shape == (WIDTH_PX, HEIGHT_PX, 3)
        env.step(
            {name: env.action_space(name).sample() for name in env.agents}
            if hasattr(env, "agents")
            else np.zeros(12, int)
        )
        assert (pygame.surfarray.array3d(pygame.display.get_surface()) != shows).any()
        assert env.render() is None
        env.close()
        assert not pygame.display.get_init()


def test_without_pygame_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(
        MissingExtra, match=r"^render_mode: human: .*`pip install 'pygame-ce>=2\.5'` \(the extra 'human'"
    ):
        gymnasium.make(IDS[0], scenario=city(), render_mode="human")
