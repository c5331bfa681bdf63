"""From a scenario to its problem, against plain loops over the paper's Eq. 3 to 13 and 19."""

import math

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.formulation import formulate
from twinhop.scenario import build_world, parse_scenario

STATIONS = [  # id, x, y, host, Gcycle/s, seats, opening
    ("s0", 100.0, 200.0, True, 10.0, 4, 0.2),
    ("s1", 900.0, 250.0, True, 16.0, 3, 0.1),
    ("s2", 500.0, 900.0, False, 8.0, 0, 0.3),
    ("s3", 120.0, 230.0, True, 24.0, 2, 0.05),
]
USERS = [  # id, x, y, history Mbit, update Mbit, deadline ms, power W
    ("u0", 105.0, 203.0, 5.0, 0.1, 80.0, 0.2),
    ("u1", 880.0, 300.0, 12.5, 0.5, 120.0, 0.1),
    ("u2", 500.0, 500.0, 20.0, 1.0, 200.0, 0.4),
    ("u3", 520.0, 880.0, 7.0, 0.3, 60.0, 0.2),
    ("u4", 0.0, 999.0, 9.0, 0.9, 150.0, 0.25),
]
ETA_S, PERIOD_S, PHI = 0.5, 2.0, 2e-11
C_CONSTRUCTION, C_UPDATE = 120.0, 60.0
BANDWIDTH_HZ, NOISE_DBM = 18e6, -170.0
ALPHA, BETA, KAPPA = 0.7, 1.3, 2.0


def scenario_text(bandwidth_rule, fading, rows, access="strongest_mean", deadlines=True):
    stations = "\n".join(
        f"    - {{id: {i}, x_m: {x}, y_m: {y}, host: {str(host).lower()}, cpu_gcycles_per_s: {f},"
        + (f" capacity_users: {n}," if host else "")
        + f" opening_s: {o}}}"
        for i, x, y, host, f, n, o in STATIONS
    )
    users = "\n".join(
        f"    - {{id: {i}, x_m: {x}, y_m: {y}, history_mbit: {h}, update_mbit: {u}, deadline_ms: {d}, tx_power_w: {p}}}"
        for i, x, y, h, u, d, p in USERS
    )
    return f"""
schema_version: 1
name: by-hand
seed: 5
area: {{width_m: 1000, height_m: 1000}}
radio: {{bandwidth_mhz: 18, bandwidth_rule: {bandwidth_rule}, noise_dbm_per_hz: {NOISE_DBM}, fading: {fading},
  access: {access}}}
backhaul: {{latency_s_per_bit_m: {PHI}}}
compute: {{construction_cycles_per_bit: {C_CONSTRUCTION}, update_cycles_per_bit: {C_UPDATE}}}
objective: {{alpha: {ALPHA}, beta: {BETA}, kappa_s_per_j: {KAPPA}, eta_s: {ETA_S}, sync_period_s: {PERIOD_S},
  deadlines: {str(deadlines).lower()}}}
readings: {{rows: {rows}}}
stations:
  list:
{stations}
users:
  list:
{users}
"""


def distance(a, b):
    return math.sqrt((a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


def loss_db(d):
    return 128.1 + 37.6 * math.log10(max(d, 10.0) / 1000.0)


def links(uniform, access):
    """Mean and instant gain of every link, and the access station of each user."""
    mean, instant, chosen = [], [], []
    for i, user in enumerate(USERS):
        row = [10 ** (-loss_db(distance(user, station)) / 10) for station in STATIONS]
        power = [1.0] * 4 if uniform is None else [max(-math.log(1 - u), 0.05) for u in uniform[i]]
        mean.append(row)
        instant.append([g * p for g, p in zip(row, power, strict=True)])
        metres = [distance(user, station) for station in STATIONS]
        best = {
            "nearest": min(range(4), key=lambda j, metres=metres: metres[j]),
            "strongest_mean": max(range(4), key=lambda j, row=row: row[j]),
            "strongest_instant": max(range(4), key=lambda j, row=instant[i]: row[j]),
        }
        chosen.append(best[access])
    return instant, chosen


def expected(uniform, bandwidth_rule, access, hops, logarithm):
    gain, chosen = links(uniform, access)
    noise = 10 ** (NOISE_DBM / 10) / 1000
    comm, update_comm, work, energy = [], [], [], []
    for i, (_, _, _, history, update, _, power) in enumerate(USERS):
        b = chosen[i]
        width = BANDWIDTH_HZ / (sum(other == b for other in chosen) if bandwidth_rule == "equal_share" else 1)
        rate = width * logarithm(1 + power * gain[i][b] / (width * noise))  # Eq. 3
        history, update = history * 1e6, update * 1e6
        wired = [PHI * distance(STATIONS[b], station) for station in STATIONS]  # per bit, Eq. 5 and 7
        update_comm.append([update / rate + update * w for w in wired])
        comm.append(
            [
                history / rate + hops * history * w + ETA_S / PERIOD_S * c
                for w, c in zip(wired, update_comm[i], strict=True)
            ]
        )
        work.append(C_CONSTRUCTION * history + ETA_S / PERIOD_S * C_UPDATE * update)
        energy.append(KAPPA * power * history / rate)  # Eq. 19
    return comm, update_comm, work, energy


@pytest.mark.parametrize("bandwidth_rule", ["full", "equal_share"])
@pytest.mark.parametrize("fading", ["none", "rayleigh"])
@pytest.mark.parametrize("access", ["strongest_mean", "strongest_instant", "nearest"])
@pytest.mark.parametrize("rows", ["{}", "{1: literal}", "{26: literal}", "{1: literal, 26: literal}"])
def test_problem_equals_the_equations(bandwidth_rule, fading, access, rows):
    world = build_world(parse_scenario(scenario_text(bandwidth_rule, fading, rows, access)))
    problem = formulate(world)
    assert (world.fading_uniform is None) == (fading == "none")
    hops = 2 if "1: literal" in rows.replace("26", "") else 1
    logarithm = math.log if "26: literal" in rows else math.log2
    comm, update_comm, work, energy = expected(world.fading_uniform, bandwidth_rule, access, hops, logarithm)
    assert problem.comm_s == pytest.approx(np.array(comm), rel=1e-9)
    assert problem.update_comm_s == pytest.approx(np.array(update_comm), rel=1e-9)
    assert problem.root_work == pytest.approx(np.sqrt(work), rel=1e-12)
    assert problem.energy_j == pytest.approx(np.array(energy), rel=1e-9)
    assert problem.update_work == pytest.approx([C_UPDATE * user[4] * 1e6 for user in USERS], rel=1e-12)
    assert problem.deadline_s == pytest.approx([user[5] / 1e3 for user in USERS], rel=1e-12)
    assert problem.cpu == pytest.approx([station[4] * 1e9 for station in STATIONS], rel=1e-12)
    assert problem.capacity.tolist() == [station[5] for station in STATIONS]
    assert problem.opening_s.tolist() == [station[6] for station in STATIONS]
    assert (problem.alpha, problem.beta) == (ALPHA, BETA)
    metres = [[distance(user, station) for station in STATIONS] for user in USERS]
    assert problem.distance_m == pytest.approx(np.array(metres), rel=1e-12)
    assert problem.station_ids == ("s0", "s1", "s2", "s3")
    assert problem.user_ids == ("u0", "u1", "u2", "u3", "u4")


def changed(**fields):
    text = scenario_text("full", "none", "{}")
    for old, new in fields.values():
        assert old in text
        text = text.replace(old, new)
    return formulate(build_world(parse_scenario(text)))


def test_literal_rows_that_the_world_applies():
    sound = formulate(build_world(parse_scenario(scenario_text("full", "none", "{}"))))
    halved = formulate(build_world(parse_scenario(scenario_text("full", "none", "{3: literal}"))))
    assert halved.alpha == pytest.approx(sound.alpha / 4)  # Eq. 17 divides by M as well
    construction = formulate(build_world(parse_scenario(scenario_text("full", "none", "{4: literal}"))))
    assert construction.root_work**2 == pytest.approx([C_CONSTRUCTION * user[3] * 1e6 for user in USERS])
    one_cycle = formulate(build_world(parse_scenario(scenario_text("full", "none", "{5: literal}"))))
    assert one_cycle.root_work**2 == pytest.approx([user[3] * 1e6 + 0.25 * user[4] * 1e6 for user in USERS])


def test_sum_is_n_means():
    assert changed(a=("alpha: 0.7", "aggregation: sum, alpha: 0.7")).alpha == pytest.approx(0.7 * 5)


def test_without_deadlines_updates_are_not_described():
    problem = formulate(build_world(parse_scenario(scenario_text("full", "none", "{}", deadlines=False))))
    assert problem.update_comm_s is None
    assert problem.deadline_s is None
    assert problem.unmeetable.size == 0


def test_a_station_that_hosts_nothing_serves_radio_only():
    """User u3 is next to the radio-only station s2: it attaches to it and is hosted elsewhere."""
    from twinhop.formulation import radio_state
    from twinhop.placement import solve

    world = build_world(parse_scenario(scenario_text("full", "none", "{}")))
    assert radio_state(world).access.tolist()[3] == 2
    solution = solve(formulate(world), "exact")
    assert 2 not in solution.placement.host.tolist()
    assert solution.evaluation.feasible


def test_cpu_rule_is_passed_on():
    assert (
        changed(a=("construction_cycles_per_bit", "cpu_rule: equal, construction_cycles_per_bit")).cpu_rule == "equal"
    )


def test_constants_that_overflow_are_refused_by_the_name_of_the_scenario():
    text = "schema_version: 1\nname: far\nradio: {path_loss: power_law, path_loss_exponent: 100}\n"
    text += "stations: {generate: {count: 2}}\nusers: {generate: {count: 3}}\n"
    with pytest.raises(
        InputError, match=r"far: the constants .* comm_s: .* at most 1e\+30; comm_s .* follow from radio"
    ):
        formulate(build_world(parse_scenario(text)))
