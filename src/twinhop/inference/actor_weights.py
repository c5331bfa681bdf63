"""The weights of an actor as they are in a file, in NumPy arrays: what `Forward` needs, without JAX."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from numpy.typing import NDArray

from twinhop.inference.actor_sizes import (
    EDGE_FEATURES,
    GLOBAL_FEATURES,
    HEADS,
    STATION_FEATURES,
    USER_FEATURES,
)
from twinhop.inference.weight_arrays import check_arrays

Arrays = Mapping[str, NDArray[Any]]
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_ROUND = re.compile(r"\.rounds\[(\d+)\]")
MOST_ROUNDS = 16


def actor_of_arrays(arrays: Arrays, source: str) -> Any:
    """The tree of an actor's weights: attributes and tuples, as those of `twinhop.learn.structured.actor.Actor`.

    Args:
        arrays: by their paths in the tree, ``.user.layers[0].weight`` and so on, float32.
        source: names the file in messages.

    Raises:
        InputError: arrays are missing, of other sizes, or not finite.
    """
    rounds = len({match[1] for match in map(_ROUND.match, arrays) if match})
    node, width = _first_size(arrays, ".opening.layers[0].weight"), _first_size(arrays, ".score.weight")
    wanted = dict(_shapes(node, width, min(rounds, MOST_ROUNDS)))
    check_arrays(arrays, wanted, source)
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        steps: list[Any] = [field or int(index) for field, index in _STEP.findall(name)]
        branch: dict[Any, Any] = tree
        for step in steps[:-1]:
            branch = branch.setdefault(step, {})
        branch[steps[-1]] = array
    tree.setdefault("rounds", {})
    return _attributes(tree)


def _first_size(arrays: Arrays, name: str) -> int:
    array = arrays.get(name)
    return 0 if array is None or array.ndim == 0 else array.shape[0]


def _shapes(node: int, width: int, rounds: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the arrays of an actor whose nodes and edges have these widths."""

    def affine(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.weight", (inputs, outputs)
        yield f"{name}.bias", (outputs,)

    def two_layers(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from affine(f"{name}.layers[0]", inputs, node)
        yield from affine(f"{name}.layers[1]", node, outputs)

    def edges(name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        for end, inputs in (("of_user", node), ("of_station", node), ("of_edge", EDGE_FEATURES)):
            yield from affine(f"{name}.{end}", inputs, width)

    yield from two_layers(".user", USER_FEATURES + GLOBAL_FEATURES, node)
    yield from two_layers(".station", STATION_FEATURES + GLOBAL_FEATURES, node)
    for at in range(rounds):
        exchange = f".rounds[{at}]"
        yield from edges(f"{exchange}.edge")
        yield from affine(f"{exchange}.association", width, HEADS)
        yield f"{exchange}.nearness", (HEADS,)
        yield from two_layers(f"{exchange}.station", 2 * node + HEADS + HEADS * width, node)
        yield from two_layers(f"{exchange}.user", node + HEADS * node, node)
    yield from edges(".edge")
    yield from affine(".score", width, 1)
    yield from two_layers(".opening", node, 1)


def _attributes(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    if all(isinstance(key, int) for key in branch):
        return tuple(_attributes(branch[at]) for at in range(len(branch)))
    return SimpleNamespace(**{key: _attributes(each) for key, each in branch.items()})
