"""The problem with candidates against the whole one: arcs that both have are equal, those left out cost no less."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.formulation import access_links, formulate, formulate_sparse, radio_state, sparse_view_lacks
from twinhop.formulation import sparse as module
from twinhop.placement.sparse import SparseProblem
from twinhop.scenario import build_world, parse_scenario, preset
from twinhop.scenario.world.world import World

SIZES = """
schema_version: 1
name: t
seed: 3
area: {width_m: 3000, height_m: 2000}
stations: {generate: {count: 12, host_share: 0.8}, capacity_users: 20}
users: {generate: {count: 90}}
"""
GRAPH = """
backhaul:
  graph:
    fit: true
    nodes: [{id: n0, x_m: 0, y_m: 0}, {id: n1, x_m: 9, y_m: 1}, {id: n2, x_m: 4, y_m: 9}, {id: n3, x_m: 5, y_m: 5}]
    links:
      - {a: n0, b: n1, rate_mbps: %s, delay_ms: 0.5}
      - {a: n1, b: n2, rate_mbps: 400, delay_ms: 1}
      - {a: n0, b: n3, rate_mbps: 9000, delay_ms: 2}
      - {a: n3, b: n1, rate_mbps: 9000, delay_ms: 3}
      - {a: n3, b: n2, rate_mbps: 900, delay_ms: 1}
"""
WORLDS = {
    "family": "family(60, 20)",
    "lu2021": "lu2021-n80-m5",
    "nearest": SIZES + "radio: {access: nearest, bandwidth_rule: equal_share}\n",
    "clamped": SIZES + "radio: {min_distance_m: 600}\n",
    "cloud by latency": SIZES + "cloud: {latency_ms: 30, link_rate_mbps: 800, host: true, cpu_gcycles_per_s: 90}\n",
    "cloud by distance": SIZES + "cloud: {x_m: 9000, y_m: 0, host: true, cpu_gcycles_per_s: 90}\n",
    "two hops": SIZES + "readings: {rows: {1: literal, 7: literal}}\n",
    "line of sight": SIZES + "radio: {path_loss: tr38901_umi, carrier_ghz: 3.5, line_of_sight: never}\n",
    "graph": SIZES + GRAPH % "9000",
    "graph of several paths": SIZES + GRAPH % "20" + "cloud: {latency_ms: 9, host: true, cpu_gcycles_per_s: 90}\n",
    "graph, construction": SIZES + GRAPH % "20" + "readings: {rows: {1: literal, 7: literal}}\n",
}


def world_of(name: str) -> World:
    text = WORLDS[name]
    return build_world(parse_scenario(text) if "\n" in text else preset(text))


def omitted(problem: SparseProblem) -> tuple[np.ndarray, np.ndarray]:
    """(N, M) lower bounds on each arc were it left out: of the cost, and of the update; inf where none is."""
    assert problem.group is not None
    delay, slope = (lines[problem.row][:, problem.group] for lines in (problem.omitted_delay_s, problem.omitted_slope))
    none = np.isinf(delay)
    delay, slope = np.where(none, 0.0, delay), np.where(none, 0.0, slope)
    comm, update = problem.up_s[:, None] + delay + problem.scale[:, None] * slope, np.zeros(delay.shape)
    if problem.update_up_s is not None and problem.update_scale is not None:
        wire = problem.update_delay_factor * delay + problem.update_scale[:, None] * slope
        update = problem.update_up_s[:, None] + wire
    return np.where(none, np.inf, comm), np.where(none, np.inf, update)


@pytest.mark.parametrize("candidates", [1, 4, 99])
@pytest.mark.parametrize("name", WORLDS)
def test_arcs_are_those_of_the_whole_problem_and_the_omitted_ones_cost_no_less(name: str, candidates: int) -> None:
    world = world_of(name)
    whole, sparse = formulate(world), formulate_sparse(world, candidates)
    dense = sparse.dense()
    there = np.isfinite(dense.comm_s)
    usable = np.broadcast_to(whole.capacity > 0, there.shape)
    assert there.sum() == len(world.user_xy_m) * min(candidates, int((whole.capacity > 0).sum()))
    assert dense.comm_s[there] == pytest.approx(whole.comm_s[there], rel=1e-12)
    left_out = usable & ~there
    bound, update_bound = omitted(sparse)
    assert (bound <= whole.comm_s * (1 + 1e-12))[left_out].all()
    assert sparse.is_complete == (candidates == 99)
    if candidates == 99:
        assert np.isinf(bound).all()
    if whole.update_comm_s is not None:
        assert dense.update_comm_s is not None
        assert dense.update_comm_s[there] == pytest.approx(whole.update_comm_s[there], rel=1e-12)
        assert (update_bound <= whole.update_comm_s * (1 + 1e-12))[left_out].all()
        assert dense.deadline_s == pytest.approx(whole.deadline_s)
        assert dense.update_work == pytest.approx(whole.update_work)
    assert dense.constant_cost == pytest.approx(whole.constant_cost, rel=1e-12)
    for each in ("root_work", "cpu", "capacity", "opening_s"):
        assert np.array_equal(getattr(dense, each), getattr(whole, each)), each
    assert (dense.alpha, dense.beta, dense.station_ids, dense.user_ids) == (
        whole.alpha,
        whole.beta,
        whole.station_ids,
        whole.user_ids,
    )


@pytest.mark.parametrize("name", WORLDS)
def test_access_stations_and_rates_are_those_of_all_links(name: str) -> None:
    world = world_of(name)
    links, radio = access_links(world), radio_state(world)
    assert np.array_equal(links.access, radio.access)
    assert np.array_equal(links.access_rate_bps, radio.access_rate_bps)
    assert np.array_equal(links.link_distance_m, radio.link_distance_m)


def test_stations_at_one_place_are_told_apart_by_their_order() -> None:
    spots = "".join(f"{{id: b{k}, x_m: {500 if k else 900}, y_m: 500}}, " for k in range(40))
    text = f"schema_version: 1\nname: t\nstations: {{list: [{spots[:-2]}]}}\nusers: {{generate: {{count: 50}}}}\n"
    world = build_world(parse_scenario(text))
    assert np.array_equal(access_links(world).access, radio_state(world).access)
    assert set(access_links(world).access.tolist()) == {0, 1}


@pytest.mark.parametrize("bounds", [1, 40, 200])
def test_groups_of_stations_cost_no_less_than_known(bounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BOUNDS", bounds)
    world = world_of("cloud by distance")
    whole, sparse = formulate(world), formulate_sparse(world, 3)
    assert sparse.group is not None
    assert len(set(sparse.group.tolist())) == min(12, max(1, bounds // 12)) + 1
    left_out = ~np.isfinite(sparse.dense().comm_s) & (whole.capacity > 0)
    assert (omitted(sparse)[0] <= whole.comm_s * (1 + 1e-12))[left_out].all()


def test_widened_holds_the_arcs_of_before_and_more() -> None:
    sparse = formulate_sparse(world_of("family"), 3)
    wider = sparse.widened(8)
    assert (sparse.candidates, wider.candidates, sparse.widened(2).candidates) == (3, 8, 3)
    fewer, more = np.isfinite(sparse.dense().comm_s), np.isfinite(wider.dense().comm_s)
    assert (more | ~fewer).all()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("radio: {fading: rayleigh}", "radio.fading: draws a value for each link; expected none"),
        (
            "radio: {shadowing: correlated, shadowing_sigma_db: 6, shadowing_decorrelation_m: 50}",
            "radio.shadowing: is drawn for each link",
        ),
        ("radio: {path_loss: tr38901_umi, carrier_ghz: 3.5}", "radio.line_of_sight: is drawn for each link"),
        ("radio: {interference: full_reuse}", "radio.interference: needs the gain of each link"),
        ("compute: {cpu_rule: equal}", "compute.cpu_rule: got equal; expected optimal"),
        ("readings: {rows: {2: literal}}", "readings: rows 2 are evaluated over all stations"),
    ],
)
def test_what_needs_every_link_is_refused_in_a_line(more: str, words: str) -> None:
    world = build_world(parse_scenario(SIZES + more + "\n"))
    assert sparse_view_lacks(world) is not None
    with pytest.raises(InputError, match="t: " + words.replace("(", r"\(")):
        formulate_sparse(world)
