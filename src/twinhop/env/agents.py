"""An agent as a policy: whatever decides on observations of the environment stands wherever a policy is named."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.env.actions import Actions, check_actions, hosts_of, scores_of
from twinhop.env.agent_view import AgentView, hosts_by, observation_of, params_of_run
from twinhop.env.core.types import Params
from twinhop.env.hooks import ObservationHook
from twinhop.env.saved_agents import load_model
from twinhop.env.spaces import action_space, agent_size, features, observation_space
from twinhop.errors import InputError
from twinhop.failures import failed_by
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation
from twinhop.own_code import Call, OwnCode, call_of, is_agent
from twinhop.placement.problem import IntArray, PlacementProblem

#: What `predict` may be given besides the observation, where its signature has it.
OPTIONS = ("deterministic", "state", "episode_start", "action_masks")
VIEWS = ("graph", "flat", "agents")


class AgentPolicy:
    """An agent as a policy; see `as_policy`.

    Attributes:
        name: what tables call it.
        model: what decides.
        view: what it sees: `graph`, `flat`, `agents` (a dictionary as PettingZoo's), or a function of the state.
        actions: what it gives: `scores`, `hosts`, or None: whole numbers are hosts, others scores.
    """

    def __init__(self, name: str, model: Any, view: AgentView, actions: Actions | None) -> None:
        """Take an agent; see `as_policy`."""
        self.name, self.model = name, model
        self.view: AgentView = view
        self.actions: Actions | None = actions
        parts = model if isinstance(model, Mapping) else {"": model}
        self._predict = {key: _Predictor(each) for key, each in parts.items()}
        self._hosts: IntArray | None = None

    def __repr__(self) -> str:
        view = self.view if isinstance(self.view, str) else "a view of its own"
        return f"AgentPolicy({self.name}, sees {view}, gives {self.actions or 'scores or hosts'})"

    def __deepcopy__(self, memo: Any) -> AgentPolicy:
        """One for a run of its own, of the same weights: what it remembers is not shared."""
        return AgentPolicy(self.name, self.model, self.view, self.actions)

    def __reduce__(self) -> tuple[Any, ...]:
        return AgentPolicy, (self.name, self.model, self.view, self.actions)

    def begin(self) -> None:
        """Forget what was: an episode begins."""
        self._hosts = None
        for each in self._predict.values():
            each.begin()

    def act(self, obs: Any, may_host: NDArray[np.bool_], users: int) -> tuple[NDArray[Any], Actions]:
        """The action for an observation, checked.

        Args:
            obs: as `view` says.
            may_host: (M,) which stations may host now.
            users: N.

        Returns:
            The action, (N,) hosts or (M, N + 1) scores, and which of both it is.

        Raises:
            InputError: the agent raises, or what it gives is no action.
        """
        mask = np.tile(may_host, users)
        if self.view == "agents":
            return self._joined(obs, mask, users), "scores"
        action = _array(f"policy: {self.name}", self._predict[""](self.name, obs, mask))
        kind: Actions = self.actions or ("hosts" if action.dtype.kind in "iu" or action.ndim == 1 else "scores")
        what = f"policy: {self.name}: action"
        if kind == "hosts":
            return hosts_of(action, (users,), len(may_host), what), kind
        return scores_of(action, (len(may_host), users + 1), what), kind

    def _joined(self, obs: Mapping[str, Any], mask: NDArray[np.bool_], users: int) -> NDArray[np.float32]:
        """The actions of all stations' agents as one."""
        if isinstance(self.model, Mapping):
            actions = {key: each(f"{self.name}: {key}", obs[key], mask) for key, each in self._predict.items()}
        else:
            actions = self._predict[""](self.name, dict(obs), mask)
        if not isinstance(actions, Mapping) or set(actions) != set(obs):
            got = f"agents {', '.join(map(str, actions))}" if isinstance(actions, Mapping) else type(actions).__name__
            raise InputError(f"policy: {self.name} returned {got}; expected an action for each of {', '.join(obs)}")
        parts = {key: _array(f"policy: {self.name}: {key}", actions[key]) for key in obs}
        return np.stack([scores_of(parts[key], (users + 1,), f"policy: {self.name}: {key}: action") for key in obs])

    def require_sizes(self, params: Params, where: str) -> None:
        """Refuse an agent of other sizes before anything runs, as far as its spaces tell.

        Args:
            params: of the environment that it is to decide in.
            where: what that is called.

        Raises:
            InputError: its observations or actions have other shapes; the message names the sizes.
        """
        rules = params.rules
        sizes = f"{where} has {rules.users} users and {rules.stations} stations"
        parts = self.model if isinstance(self.model, Mapping) else {"": self.model}
        if isinstance(self.model, Mapping):
            agents = agent_names(params)
            if set(self.model) != set(agents):
                raise InputError(
                    f"policy: {self.name} is {len(self.model)} agents, {', '.join(map(str, self.model))}; {sizes}, so "
                    f"expected one each for {', '.join(agents)}"
                )
        for key, model in parts.items():
            label = self.name if key == "" else f"{self.name}: {key}"
            seen, given = getattr(model, "observation_space", None), getattr(model, "action_space", None)
            if self.view == "agents":
                expected = features(agent_size(params)).shape, (rules.users + 1,)
            else:
                expected = (
                    _shape(observation_space(params, self.view)),
                    _shape(action_space(params, self.actions or "scores")),
                )
            trained = _sizes(given, self.view)
            for what, space, shape in (("observations", seen, expected[0]), ("actions", given, expected[1])):
                if space is not None and _shape(space) is not None and _shape(space) != shape:
                    raise InputError(
                        f"policy: {label}: was trained for {trained}{what} of shape {_shape(space)}; {sizes}, which "
                        f"give {shape}: train it there, or name the world of its training"
                    )

    def require_fit(self, moment: PlacementProblem | MigrationRun) -> None:
        """Refuse a problem or a run whose observations cannot be made, or that has other sizes, before anything runs.

        Raises:
            InputError: it is so; the message says why.
        """
        if isinstance(moment, MigrationRun):
            self.require_sizes(params_of_run(moment, self.name), moment.scenario.name)
            first = next(iter(moment))
            first.with_hosts(np.full(len(moment.user_ids), -1, np.int64))
        else:
            first = moment
        seen = observation_of(first, None, self.name)
        users = seen.params.rules.users
        self.require_sizes(seen.params, seen.where)
        seen.shown(self.view)  # compiles, as does decoding, so that no decision's time has it
        hosts_by(seen, np.zeros(users, np.int32), "hosts")
        if self.actions != "hosts":
            hosts_by(seen, np.zeros((len(seen.obs.admissible), users + 1), np.float32), "scores")

    def decide(self, moment: PlacementProblem | Situation) -> IntArray:
        """The hosts of a placement problem's users, or of a situation's.

        Args:
            moment: a `PlacementProblem` of a world, or a `Situation`.

        Raises:
            InputError: the observation cannot be made of it.
            PolicyFailed: the agent raises or gives no action.
        """
        if isinstance(moment, Situation) and (self._hosts is None or moment.index == 0):
            self.begin()
            self._hosts = np.full(len(moment.all_users.ids), -1, np.int64)
        if isinstance(moment, PlacementProblem):
            self.begin()
        seen = observation_of(moment, self._hosts, self.name)
        may_host, users = np.asarray(seen.obs.admissible), seen.params.rules.users
        try:
            action, kind = self.act(seen.shown(self.view), may_host, users)
        except InputError as error:
            raise failed_by(self.name, error) from error
        host = hosts_by(seen, action, kind)
        if isinstance(moment, Situation) and self._hosts is not None:
            self._hosts[moment.users] = host
        return host


def as_policy(
    model: Any,
    *,
    env: Any = None,
    observation: str | ObservationHook | None = None,
    actions: Actions | None = None,
    name: str | None = None,
) -> AgentPolicy:
    """An agent as a policy, for `evaluate_policies`, `compare`, `plan`, `simulate` and wherever else a policy is named.

    Args:
        model: anything with ``predict(obs)``, which gives an action or, as Stable-Baselines3's, an action and a state;
            ``deterministic``, ``state``, ``episode_start`` and ``action_masks`` are passed where its signature has
            them. The class of one, made without arguments. A function of an observation. A mapping, an agent for each
            station by the names of PettingZoo. Its attributes ``observation`` and ``actions`` count as if they were
            given here.
        env: the environment of Gymnasium in which it was trained, for what it sees and gives; None: see below.
        observation: what it sees, as of `TwinEnv`: `graph`, `flat`, or a function of the state; or `agents`, a
            dictionary with the observation of each station's agent, of which it gives a dictionary of actions. None: as
            its `observation_space` says, else `graph`.
        actions: what it gives, `scores` or `hosts`. None: as its `action_space` says, else whole numbers are hosts.
        name: what tables call it; None: its own name.

    Raises:
        InputError: it is no agent, or what it sees is none of these.

    Example:
        >>> policy = as_policy(lambda obs: obs["edges"][:, :, 0].argmin(axis=0), name="close")
        >>> policy
        AgentPolicy(close, sees graph, gives scores or hosts)
    """
    if isinstance(model, AgentPolicy):
        return model
    if not is_agent(model) and not callable(model):
        raise InputError(
            f"policy: got {type(model).__name__}; expected an agent: an object with predict(obs), a function of an "
            "observation, or a mapping of such, one for each station"
        )
    name = OwnCode(None, model).name if name is None else name
    if isinstance(model, type):
        model = call_of(name, model, None, ())(options={})
    if isinstance(model, Mapping) and name == type(model).__name__:
        name = "agents"
    if env is not None:
        inner = env.unwrapped
        observation, actions = observation or inner.view, actions or inner.actions
    view: Any = observation or getattr(model, "observation", None) or _view_of(model, name)
    kind: Any = actions or getattr(model, "actions", None) or _actions_of(model)
    if not callable(view) and view not in VIEWS:
        raise InputError(
            f"policy: {name}: observation: got {view!r}; accepted: {', '.join(VIEWS)}, or a function of the state"
        )
    if kind is not None:
        check_actions(kind)
    return AgentPolicy(name, model, view, kind)


def load_saved(text: str) -> AgentPolicy:
    """The agent that ``SB3:PATH`` or ``SB3:ALGORITHM:PATH`` names.

    Raises:
        InputError: see `load_model`.
    """
    name, model = load_model(text)
    return as_policy(model, name=name)


def agent_names(params: Params) -> list[str]:
    """The names of the agents, one a station, as of PettingZoo."""
    rules = params.rules
    clouds = rules.stations - rules.radio_stations
    return [*(f"station_{at}" for at in range(rules.radio_stations)), *["cloud"] * clouds]


class _Predictor:
    """Calls an agent with what its signature takes, and remembers the state of a recurrent one."""

    def __init__(self, model: Any) -> None:
        self._call = model.predict if callable(getattr(model, "predict", None)) else model
        self._is_model = self._call is not model
        try:
            names = set(inspect.signature(self._call).parameters)
        except (TypeError, ValueError):  # of C
            names = set()
        self._options = [name for name in OPTIONS if name in names]
        self.begin()

    def begin(self) -> None:
        self._state: Any = None
        self._starts = True

    def __call__(self, name: str, obs: Any, mask: NDArray[np.bool_]) -> Any:
        values = {
            "deterministic": True,
            "state": self._state,
            "episode_start": np.array([self._starts]),
            "action_masks": mask,
        }
        call = partial(self._call, **{key: values[key] for key in self._options})
        result = _called(name, call, obs)
        self._starts = False
        if self._is_model and isinstance(result, tuple) and len(result) == 2:
            result, self._state = result
        return result


def _called(name: str, call: Callable[..., Any], obs: Any) -> Any:
    """What the agent gives for an observation of its own: it may write into it."""
    return Call(name, call, ())(copy.deepcopy(obs), options={})


def _array(what: str, action: Any) -> NDArray[Any]:
    """What an agent gave as an array.

    Raises:
        InputError: it is none, such as lists of unequal lengths, or a pair of action and state from a function.
    """
    try:
        return np.asarray(action)
    except Exception as error:  # whatever its own methods raise
        raise InputError(f"{what}: action: got {type(action).__name__}, which is no array; expected one") from error


def _view_of(model: Any, name: str) -> str:
    """What an agent sees, by its observation space."""
    if isinstance(model, Mapping):
        return "agents"
    space = getattr(model, "observation_space", None)
    if space is None or hasattr(space, "spaces"):
        return "graph"
    if len(space.shape) != 1:
        raise InputError(
            f"policy: {name}: sees arrays of shape {tuple(space.shape)}, which no view of the environment has; give "
            "observation=, the function that makes them of the state"
        )
    return "flat"


def _actions_of(model: Any) -> Actions | None:
    space = None if isinstance(model, Mapping) else getattr(model, "action_space", None)
    if space is None:
        return None
    return "hosts" if hasattr(space, "nvec") else "scores"


def _shape(space: Any) -> Any:
    """The shape of a space; of a dictionary those of its parts."""
    if hasattr(space, "spaces"):
        return {key: tuple(each.shape) for key, each in space.spaces.items()}
    if hasattr(space, "nvec"):
        return (*space.shape, f"of {int(space.nvec.max())} stations")
    return None if space.shape is None else tuple(space.shape)


def _sizes(space: Any, view: AgentView) -> str:
    """The users and stations that an action space is of, in words; empty where it does not tell."""
    if hasattr(space, "nvec"):
        return f"{len(space.nvec)} users and {int(space.nvec.max())} stations, "
    shape = getattr(space, "shape", None)
    if shape is not None and len(shape) == 2 and view != "agents":
        return f"{shape[1] - 1} users and {shape[0]} stations, "
    return ""
