"""Envelopes of paths against the enumeration of all simple paths, for all sizes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.network import fastest_path, path_envelopes, routed_latency_s, routes_from

SIZES_BITS = np.array([0.0, 1.0, 1e3, 1e5, 1e6, 3e6, 1e7, 1e9, 1e15])


@st.composite
def graphs(draw):
    """A graph of up to six nodes with parallel links, ties and zero delays; perhaps in pieces."""
    nodes = draw(st.integers(1, 6))
    pairs = list(itertools.combinations(range(nodes), 2))
    links = draw(st.lists(st.sampled_from(pairs), max_size=11)) if pairs else []
    delays = st.sampled_from([0.0, 1e-3, 2e-3, 5e-3]) | st.floats(0.0, 0.05)
    rates = st.sampled_from([1e6, 1e7, 1e9]) | st.floats(1e5, 1e11)
    return (
        nodes,
        np.array(links, np.int64).reshape(-1, 2),
        np.array([draw(delays) for _ in links]),
        np.array([draw(rates) for _ in links]),
    )


def simple_paths(nodes, link_nodes, source, target):
    """Every path without a repeated node, as tuples of links: depth first, nothing clever."""

    def extend(node, seen, links):
        if node == target:
            yield links
            return
        for link, (a, b) in enumerate(link_nodes.tolist()):
            for here, there in ((a, b), (b, a)):
                if here == node and there not in seen:
                    yield from extend(there, seen | {there}, (*links, link))

    return list(extend(source, {source}, ()))


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_envelopes_are_the_fastest_paths_of_every_size(graph):
    nodes, link_nodes, delay_s, rate_bps = graph
    places = np.arange(nodes)
    path_delay_s, path_s_per_bit = path_envelopes(link_nodes, delay_s, rate_bps, places)
    assert (np.diff(path_s_per_bit, axis=0) <= 0).all()
    for source, target in itertools.product(range(nodes), repeat=2):
        paths = [list(path) for path in simple_paths(nodes, link_nodes, source, target)]
        if not paths:
            assert np.isinf(path_delay_s[:, source, target]).all()
            continue
        sources, targets = np.full(len(SIZES_BITS), source), np.full(len(SIZES_BITS), target)
        found_s = routed_latency_s(SIZES_BITS, sources, np.array([target]), path_delay_s, path_s_per_bit)[:, 0]
        oracle_s = [min(sum(delay_s[path] + x / rate_bps[path]) for path in paths) for x in SIZES_BITS]
        assert found_s == pytest.approx(oracle_s, rel=1e-12, abs=1e-300)
        which = fastest_path(SIZES_BITS, sources, targets, path_delay_s, path_s_per_bit)
        routes = routes_from(source, link_nodes, delay_s, rate_bps, [target])[0]
        for x, p, latency_s in zip(SIZES_BITS, which, found_s, strict=True):
            links = list(routes[p].links)
            assert tuple(links) in {tuple(path) for path in paths}
            assert sum(delay_s[links] + x / rate_bps[links]) == pytest.approx(latency_s, rel=1e-12, abs=1e-300)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_every_line_is_the_fastest_for_some_size(graph):
    """No line can be left out: at the crossing of its neighbours each is strictly below both."""
    nodes, link_nodes, delay_s, rate_bps = graph
    for source in range(nodes):
        for routes in routes_from(source, link_nodes, delay_s, rate_bps, range(nodes)):
            slopes = [
                (after.s_per_bit - before.s_per_bit) / (after.delay_s - before.delay_s)
                for before, after in itertools.pairwise(routes)
            ]
            assert all(slope < 0 for slope in slopes)
            assert all(first <= second * (1 - 1e-9) for first, second in itertools.pairwise(slopes))


def test_many_trade_offs():
    """A chain of pairs of parallel links, fast or wide: the envelope takes the cheapest exchanges first."""
    rungs = 6
    link_nodes = np.array([(i, i + 1) for i in range(rungs) for _ in range(2)])
    delay_s = np.array([each for i in range(rungs) for each in (1e-3, (2 + i) * 1e-3)])
    rate_bps = np.array([1e6, 1e9] * rungs)
    routes = routes_from(0, link_nodes, delay_s, rate_bps, [rungs])[0]
    assert [sum(link % 2 for link in route.links) for route in routes] == list(range(rungs + 1))


def test_a_node_reaches_itself_at_once():
    nothing = np.zeros((0, 2), np.int64)
    delay_s, s_per_bit = path_envelopes(nothing, np.zeros(0), np.zeros(0), np.array([0]))
    assert (delay_s.tolist(), s_per_bit.tolist()) == ([[[0.0]]], [[[0.0]]])


@pytest.mark.parametrize("alike", [True, False])
def test_random_networks_agree_with_floyd_and_warshall(alike):
    rng = np.random.default_rng(4)
    nodes = 40
    link_nodes = np.array([(i, int(rng.integers(i))) for i in range(1, nodes)] + [*rng.integers(0, nodes, (60, 2))])
    link_nodes = link_nodes[link_nodes[:, 0] != link_nodes[:, 1]]
    delay_s = np.full(len(link_nodes), 1e-3) if alike else rng.uniform(0, 5e-3, len(link_nodes))
    rate_bps = 10 ** rng.uniform(6, 10, len(link_nodes))
    path_delay_s, path_s_per_bit = path_envelopes(link_nodes, delay_s, rate_bps, np.arange(nodes))
    for x in (0.0, 1e4, 1e6, 1e8):
        best_s = np.full((nodes, nodes), np.inf)
        np.fill_diagonal(best_s, 0.0)
        for (a, b), weight in zip(link_nodes, delay_s + x / rate_bps, strict=True):
            best_s[a, b] = best_s[b, a] = min(best_s[a, b], weight)
        for via in range(nodes):
            best_s = np.minimum(best_s, best_s[:, via, None] + best_s[None, via])
        np.testing.assert_allclose((path_delay_s + x * path_s_per_bit).min(axis=0), best_s, rtol=1e-12)
