"""A city made in Python is the scenario that a file with the same numbers describes."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.scenario import build_world, city, dump_scenario, parse_scenario

STATIONS = [[0.0, 0.0], [800.0, 100.0]]
USERS = np.array([[100, 50], [700, 20], [650, 90]])
FILE = """
schema_version: 1
name: quay
seed: 4
area: {width_m: 800, height_m: 100}
radio: {bandwidth_mhz: 10}
stations:
  list:
    - {id: west, x_m: 0, y_m: 0, capacity_users: 2, host: true}
    - {id: east, x_m: 800, y_m: 100, capacity_users: 3, host: true}
  cpu_gcycles_per_s: {list: [8, 16]}
  opening_s: 0.1
users:
  list:
    - {id: u0, x_m: 100, y_m: 50}
    - {id: u1, x_m: 700, y_m: 20}
    - {id: u2, x_m: 650, y_m: 90}
  update_mbit: {uniform: [0.1, 0.4]}
  deadline_ms: {list: [50, 60, 70]}
"""


def test_it_is_the_scenario_of_a_file():
    made = city(
        np.array(STATIONS),
        USERS,
        name="quay",
        seed=np.int64(4),
        host=np.array([True, True]),
        station_ids=("west", "east"),
        capacity_users=np.array([2, 3]),
        cpu_gcycles_per_s=np.array([8, 16]),
        opening_s=np.float64(0.1),
        update_mbit={"uniform": (0.1, 0.4)},
        deadline_ms=[50, 60, 70],
        radio={"bandwidth_mhz": np.int64(10)},
    )
    assert made == parse_scenario(FILE)
    assert parse_scenario(dump_scenario(made)) == made


def test_numbers_of_stations_and_users_are_drawn():
    world = build_world(city(3, np.int64(20), capacity_users="all", width_m=100))
    assert world.station_xy_m.shape == (3, 2) and len(world.user_ids) == 20
    assert (world.width_m, world.height_m) == (100, 1500) and (world.capacity == 20).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"users": [1, 2]},
            r"users: shape \(2,\); expected positions of shape \(n, 2\) in metres, or the number of users",
        ),
        ({"stations": "many"}, "stations: got str; expected positions"),
        ({"stations": True}, r"stations: shape \(\); expected positions"),
        ({"stations": 0}, "stations.generate.count: must be 1 or greater"),
        ({"stations": [[0, float("nan")]]}, "stations.list.0.y_m: must be a finite number"),
        ({"stations": []}, r"stations: shape \(0,\)"),
        ({"cpu_gcycles_per_s": [1.0]}, "stations.cpu_gcycles_per_s: holds 1 values for 2 stations"),
        ({"cpu_gcycles_per_s": -1}, "stations.cpu_gcycles_per_s: must be greater than 0"),
        ({"deadline_ms": [1, 2, "x"]}, "users.deadline_ms.list.2: must be a number"),
        ({"host": [True]}, "stations: host: got 1; expected a list of 2, one each"),
        ({"host": True}, "stations: host: got no list; expected a list of 2"),
        ({"host": [False, False]}, "stations.list: no station may host twins"),
        ({"stations": 2, "host": [True, True]}, "host of each: needs positions of the stations, not their number"),
        ({"users": 3, "user_ids": ["a", "b", "c"]}, "id of each: needs positions of the users"),
        ({"station_ids": ["a", "a"]}, "stations.list.1.id: duplicate id 'a'"),
        ({"capacity_users": 1.5}, "stations.capacity_users: must be a whole number"),
        ({"seed": -1}, "seed: must be 0 or greater"),
        ({"raido": {}}, r"raido: unknown argument; did you mean 'radio'\? sections: attribution, backhaul"),
        ({"radio": {"bandwith_mhz": 3}}, "radio.bandwith_mhz: unknown field; did you mean 'bandwidth_mhz'"),
    ],
)
def test_what_is_not_accepted_is_named(arguments, message):
    with pytest.raises(InputError, match=f"^city: {message}"):
        city(**{"stations": STATIONS, "users": USERS, **arguments})
