"""A run in which twins move: the world slot by slot, and the constants of P2; the same whatever is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from twinhop import network
from twinhop.errors import InputError
from twinhop.migration.situation import Hosts, Situation, Users
from twinhop.migration.wire_table import wire_table
from twinhop.network.utility import LITERAL_UTILITY_SCALE_S, UTILITY_SCALE_S
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.scenario import Scenario, World
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.mobility import Positions
from twinhop.scenario.schema.readings import ROW_INTERACTION, ROW_MOVE_ENERGY, ROW_UNLINKED, ROW_UTILITY_SCALE
from twinhop.scenario.world.columns import user_columns
from twinhop.text import counted, in_a_line
from twinhop.units import BITS_PER_MBIT, S_PER_MS

NOWHERE = -1
"""The host of a user that has none yet."""


class MigrationRun:
    """The situations of a scenario with movement, slot by slot.

    Every iteration begins at slot 0 and gives the same situations: positions, channels, CPUs, failures and arrivals go
    by streams of their own, whatever a policy does.

    >>> from twinhop.scenario import load_scenario
    >>> run = MigrationRun(load_scenario("lu2021-n80-m5"), slots=2)
    >>> [situation.comm_s.shape for situation in run]
    [(80, 5), (80, 5)]
    """

    def __init__(
        self,
        scenario: Scenario,
        slots: int | None = None,
        positions: Positions | None = None,
        stations_up: Callable[[float], BoolArray] | None = None,
    ) -> None:
        """Read what the scenario names, and draw its world.

        Args:
            scenario: without a movement section users move by Gauss-Markov with its defaults.
            slots: how many, in place of the scenario's horizon.
            positions: what moves the users, in place of the scenario's model or trace.
            stations_up: which stations (M,) work at a time [s], in place of the scenario's failures.

        Raises:
            InputError: the world cannot be built, wires take too much memory, or a reading is not defined for P2.
        """
        if scenario.readings.is_literal(ROW_INTERACTION):
            raise InputError(
                f"{scenario.where}: readings: row {ROW_INTERACTION} literal takes the construction for the latency of "
                "interaction; a run judges updates: leave the row sound, or use `twinhop plan`"
            )
        if scenario.money is not None and scenario.money.missed_deadline is not None:
            raise InputError(
                f"{scenario.where}: money.missed_deadline: prices plans of one moment; where users move, deadlines "
                "hold as far as they can: leave it out, or use `twinhop plan`"
            )
        self.origin = None if positions is not None else scenario
        """What it can be made anew from, as in another process; None where positions were handed in."""
        self.world_run = WorldRun(scenario, slots, positions, stations_up)
        """Positions, channels, access stations, CPUs and failures."""
        self.scenario = self.world_run.scenario
        """The scenario, its users those that move."""
        self.slots = self.world_run.slots
        """T."""
        self.slot_s = self.world_run.slot_s
        """Length of a slot [s]."""
        self.user_ids = self.world_run.user_ids
        """N names."""
        self.users = self._users_of(self.world_run.world)
        """What holds of the users throughout."""
        self.hosts = self._hosts_of(self.world_run.world)
        """What holds of the hosts throughout, or in the first epoch where stations are redrawn."""

    def __repr__(self) -> str:
        sizes = (counted(len(self.user_ids), "user"), counted(len(self.host_ids), "host"))
        return in_a_line(self, self.scenario.name, f"seed {self.scenario.seed}", counted(self.slots, "slot"), *sizes)

    @property
    def host_ids(self) -> tuple[str, ...]:
        """K names: the stations, and last a cloud that may host."""
        return self.world_run.world.host_ids

    @property
    def is_redrawn(self) -> bool:
        """Whether stations are redrawn as time goes (reading 25, literal): every twin then starts anew."""
        return self.world_run.epoch_slots is not None

    def __iter__(self) -> Iterator[Situation]:
        """The situations, from slot 0, without hosts."""
        hosts, epoch = self.hosts, 0
        for slot in self.world_run:
            if slot.epoch != epoch:
                hosts, epoch = self._hosts_of(slot.stations), slot.epoch
            users = self.users if slot.load is None else self._loaded(slot.load)
            yield Situation(slot, users, hosts, self.slot_s)

    def _loaded(self, load: FloatArray) -> Users:
        """The users with their work multiplied by (N,) factors."""
        work = self.users.update_work * load
        weight = network.share_weights(work, self.hosts.cpu_rule)
        return replace(self.users, update_work=work, root_work=np.sqrt(work), share_weight=weight)

    def past_access(self) -> IntArray:
        """Where the users were before the run, as far as its trace tells: what a policy may learn from.

        Returns:
            (S, N) access stations of the S slots before slot 0, -1 where a user was not served; S is 0 where the run
            begins with its trace, or has none.
        """
        movement = self.world_run.movement
        slots = 0 if movement.trace is None else int(movement.trace.start_s / self.slot_s)
        if slots == 0 or movement.trace is None:
            return np.empty((0, len(self.user_ids)), np.int64)
        start_s = movement.trace.start_s - slots * self.slot_s
        trace = movement.trace.model_copy(update={"start_s": start_s})
        earlier = movement.model_copy(update={"trace": trace, "slots": slots, "horizon_s": None, "failures": None})
        before = WorldRun(self.scenario.model_copy(update={"movement": earlier}))
        column = {name: at for at, name in enumerate(before.user_ids)}
        own = [column.get(name, NOWHERE) for name in self.user_ids]
        known = np.array([slot.access for slot in before])
        return np.where(np.array(own) >= 0, known[:, own], NOWHERE)

    def _users_of(self, world: World) -> Users:
        columns, section, objective = user_columns(self.scenario), self.scenario.migration, self.scenario.objective
        work = world.update_cycles_per_bit * world.update_bits
        literal = self.scenario.readings.is_literal(ROW_UTILITY_SCALE)
        default_scale_s = LITERAL_UTILITY_SCALE_S if literal else UTILITY_SCALE_S
        scale_ms = section.utility_scale_ms
        return Users(
            ids=tuple(world.user_ids),
            update_bits=world.update_bits,
            update_work=work,
            root_work=np.sqrt(work),
            share_weight=network.share_weights(work, world.cpu_rule),
            twin_bits=world.history_bits,
            tau_s=columns.deadline_ms * S_PER_MS,
            has_deadlines=objective.deadlines,
            tx_power_w=world.tx_power_w,
            sync_period_s=world.sync_period_s,
            utility_weight=section.utility_weight,
            utility_scale_s=default_scale_s if scale_ms is None else scale_ms * S_PER_MS,
        )

    def _hosts_of(self, world: World) -> Hosts:
        section = self.scenario.migration
        opening_s = np.full(len(world.host_ids), section.opening_s)
        opening_s[len(world.station_ids) :] = 0.0  # a cloud is always open
        if world.rent_per_month is not None:
            opening_s = world.host_opening_s.copy()
        if self.scenario.readings.is_literal(ROW_UNLINKED):
            opening_s[:] = 0.0  # no link between association and placement: openings are free
        energy_j_per_mbit = 0.0 if self.scenario.readings.is_literal(ROW_MOVE_ENERGY) else section.energy_j_per_mbit
        return Hosts(
            ids=world.host_ids,
            xy_m=world.host_xy_m,
            stations=len(world.station_ids),
            may_host=world.host_capacity > 0,
            cpu=world.host_cpu_cycles_per_s,
            capacity=world.host_capacity,
            opening_s=opening_s,
            updates=wire_table(world, world.update_bits),
            moves=wire_table(world, world.history_bits),
            last_updates=wire_table(world, world.update_bits) if section.transfer == "live" else None,
            move_s=section.move_s,
            move_energy_j_per_bit=energy_j_per_mbit / BITS_PER_MBIT,
            alpha=world.alpha,
            beta=world.beta,
            kappa_s_per_j=world.kappa_s_per_j,
            is_summed=self.scenario.is_summed,
            cpu_rule=world.cpu_rule,
        )
