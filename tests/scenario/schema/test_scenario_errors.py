"""Every way to get a scenario file wrong, and what it is answered."""

import pytest

from twinhop.errors import InputError
from twinhop.scenario import load_scenario, parse_scenario

HEAD = "schema_version: 1\nname: a\n"
STATIONS = "stations: {generate: {count: 2}}\n"
USERS = "users: {generate: {count: 3}}\n"


def error(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_scenario(text, "city.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("radio:\n  bandwidth_mhz: -20", "city.yaml:6: radio.bandwidth_mhz: must be greater than 0 (got -20)"),
        ("radio: {bandwidth_mhz: .nan}", "radio.bandwidth_mhz: must be a finite number (got nan)"),
        ("radio: {bandwidth_mhz: .inf}", "radio.bandwidth_mhz: must be a finite number (got inf)"),
        ("radio: {bandwidth_mhz: 1e999}", "radio.bandwidth_mhz: must be a finite number (got inf)"),
        ("radio: {bandwidth_mhz: 1e16}", "radio.bandwidth_mhz: must be 1e+15 or less"),
        ("radio: {bandwidth_mhz: '20'}", "radio.bandwidth_mhz: must be a number (got '20')"),
        ("radio: {bandwidth_mhz: true}", "radio.bandwidth_mhz: must be a number (got True)"),
        ("radio: {bandwidth_mhz: }", "radio.bandwidth_mhz: must be a number (got nothing)"),
        (
            "radio: {bandwith_mhz: 3}",
            "city.yaml:5: radio.bandwith_mhz: unknown field; did you mean 'bandwidth_mhz'? accepted: path_loss, carri",
        ),
        ("radio: {fading: rayleih}", "radio.fading: must be one of none, rayleigh (got 'rayleih'); did you mean"),
        ("radio: {fading_floor: 0}", "radio.fading_floor: must be greater than 0 (got 0)"),
        ("radio: {noise_dbm_per_hz: 1000}", "radio.noise_dbm_per_hz: must be 100 or less"),
        ("radio: 3", "radio: must be a mapping of fields (got 3)"),
        ("radio: [1]", "radio: must be a mapping of fields (got a list)"),
        ("area: {width_m: 0}", "area.width_m: must be greater than 0 (got 0)"),
        ("area: {origin: {lat_deg: 91, lon_deg: 0}}", "area.origin.lat_deg: must be 90 or less (got 91)"),
        ("area: {origin: {lat_deg: 9}}", "area.origin.lon_deg: is required"),
        ("cloud: {x_m: 1}", "cloud.y_m: is required"),
        ("backhaul: {latency_s_per_bit_m: -1e-11}", "backhaul.latency_s_per_bit_m: must be 0 or greater"),
        ("compute: {cpu_rule: best}", "compute.cpu_rule: must be one of optimal, equal, proportional (got 'best')"),
        ("objective: {alpha: 0}", "objective.alpha: must be greater than 0"),
        ("objective: {deadlines: 1}", "objective.deadlines: must be true or false (got 1)"),
        (
            "readings: {rows: {12: literal}}",
            "readings.rows.12: row 12 cannot be switched (its reading is set by the migration policy: `utility` or",
        ),
        ("readings: {rows: {26: letter}}", "readings.rows.26: must be one of sound, literal (got 'letter')"),
        ("readings: {rows: {x: literal}}", "readings.rows.x: must be a whole number (got 'x')"),
        ("services: [{name: a}]", "city.yaml:5: services.0.members: is required"),
        ("attribution: [a, '']", "attribution.1: must not be empty"),
        ("attribution: text", "attribution: must be a list (got 'text')"),
        ("seed: -1", "seed: must be 0 or greater (got -1)"),
        ("seed: 0.5", "seed: must be a whole number (got 0.5)"),
        ("user: 1", "user: unknown field; did you mean 'users'?"),
        ("name: b", "city.yaml:5: the field 'name' is given twice; first on line 2"),
    ],
)
def test_fields(extra, message):
    assert message in error(HEAD + STATIONS + USERS + extra + "\n")


@pytest.mark.parametrize(
    ("stations", "message"),
    [
        ("", "city.yaml:1: stations: is required"),
        ("stations: {}", "stations: exactly one of generate, list, csv must be given (got 0)"),
        ("stations: {generate: {}, list: []}", "exactly one of generate, list, csv must be given (got 2)"),
        ("stations: {list: []}", "stations.list: holds no station"),
        ("stations: {list: [{id: a, x_m: 1, y_m: 1, host: false}]}", "stations.list: no station may host twins"),
        (
            "stations: {list: [{id: a, x_m: 1, y_m: 1, host: false}]}\ncloud: {x_m: 1, y_m: 1}",
            "set host: true for at least one, or let the cloud host",
        ),
        (
            "stations:\n  list:\n    - {id: 1, x_m: 1, y_m: 1}\n    - {id: '1', x_m: 2, y_m: 1}",
            "city.yaml:7: stations.list.1.id: duplicate id '1'; list.0 has it already",
        ),
        ("stations: {list: [{x_m: 1, y_m: 1}]}", "stations.list.0.id: is required"),
        ("stations: {list: [{id: a, x_m: .nan, y_m: 1}]}", "stations.list.0.x_m: must be a finite number"),
        ("stations: {list: [{id: a, x_m: 1e9, y_m: 1}]}", "stations.list.0.x_m: must be 1e+08 or less"),
        ("stations: {list: [{id: a, x_m: 1, y_m: 1, host: yes}]}", "host: must be true or false (got 'yes')"),
        (
            "stations: {list: [{id: a, x_m: 1, y_m: 1, cpu_gcycles_per_s: 0}]}",
            "stations.list.0.cpu_gcycles_per_s: must be greater than 0 (got 0)",
        ),
        (
            "stations: {list: [{id: a, x_m: 1, y_m: 1, cpu: 0}]}",
            "stations.list.0.cpu: unknown field; accepted: id, x_m, y_m, host, cpu_gcycles_per_s",
        ),
        ("stations: {list: [3]}", "stations.list.0: must be a mapping of fields (got 3)"),
        ("stations: {list: {a: 1}}", "stations.list: must be a list (got a mapping)"),
        ("stations: {generate: {count: 0}}", "stations.generate.count: must be 1 or greater (got 0)"),
        ("stations: {generate: {count: 20001}}", "stations.generate.count: must be 20000 or less (got 20001)"),
        ("stations: {generate: {host_share: 0}}", "stations.generate.host_share: must be greater than 0 (got 0)"),
        ("stations: {generate: {layout: hex}}", "layout: must be one of uniform, hexagonal (got 'hex')"),
        ("stations: {generate: {}, capacity_users: -1}", "stations.capacity_users: must be a whole number from 0"),
        ("stations: {generate: {}, capacity_users: many}", "\"all\" or null (got 'many')"),
        ("stations: {generate: {}, capacity_users: 2.0}", "capacity_users: must be a whole number"),
        ("stations: {generate: {}, capacity_users: true}", "capacity_users: must be a whole number"),
        ("stations: {generate: {}, opening_s: -1}", "stations.opening_s: must be 0 or greater (got -1)"),
        (
            "stations: {generate: {}, cpu_gcycles_per_s: {uniform: [0, 8]}}",
            "stations.cpu_gcycles_per_s: must be greater than 0 (got 0)",
        ),
        (
            "stations: {generate: {}, cpu_gcycles_per_s: {uniform: [8, 4]}}",
            "stations.cpu_gcycles_per_s: the lower bound 8 is above the upper bound 4",
        ),
        ("stations: {generate: {}, cpu_gcycles_per_s: {uniform: [8]}}", "cpu_gcycles_per_s.uniform.1: is required"),
        ("stations: {generate: {}, cpu_gcycles_per_s: {normal: [8, 1]}}", "unknown kind of distribution 'normal'"),
        (
            "stations: {generate: {}, cpu_gcycles_per_s: fast}",
            "cpu_gcycles_per_s: must be a number or a distribution such as {uniform: [lo, hi]} (got 'fast')",
        ),
        ("stations: {csv: a.csv}", "stations.csv: a file can only be named in a scenario that is itself read from a f"),
    ],
)
def test_stations(stations, message):
    assert message in error(HEAD + USERS + stations + "\n")


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("", "city.yaml:1: users: is required"),
        ("users: {list: []}", "users.list: holds no user"),
        ("users: {generate: {count: 20000001}}", "users.generate.count: must be 20000000 or less"),
        ("users: {list: [{id: a, x_m: 1, y_m: 1, history_mbit: -2}]}", "history_mbit: must be 0 or greater (got -2)"),
        ("users: {list: [{id: a, x_m: 1, y_m: 1, update_mbit: .nan}]}", "update_mbit: must be a finite number"),
        ("users: {list: [{id: a, x_m: 1, y_m: 1, deadline_ms: 0}]}", "deadline_ms: must be greater than 0 (got 0)"),
        ("users: {list: [{id: a, x_m: 1, y_m: 1, tx_power_w: 0}]}", "tx_power_w: must be greater than 0 (got 0)"),
        ("users: {list: [{id: [a], x_m: 1, y_m: 1}]}", "users.list.0.id: must be text (got a list)"),
        ('users: {list: [{id: "a\\nb", x_m: 1, y_m: 1}]}', "users.list.0.id: must be one line of printable"),
        (f"users: {{list: [{{id: {'a' * 201}, x_m: 1, y_m: 1}}]}}", "id: must have at most 200 characters (got 201)"),
        ("users: {generate: {}, update_mbit: {uniform: [-1, 1]}}", "users.update_mbit: must be 0 or greater (got -1)"),
        ("users: {generate: {layout: hot_spots}}", "users.generate.hot_spots: layout: hot_spots and a list of hot_sp"),
        (
            "users: {generate: {hot_spots: [{x_m: 1, y_m: 1, radius_m: 1, share: 1}]}}",
            "layout: hot_spots and a list of hot_spots go together",
        ),
        (
            "users: {generate: {layout: hot_spots, hot_spots: [{x_m: 1, y_m: 1, radius_m: 1, share: 0.6}, "
            "{x_m: 1, y_m: 1, radius_m: 1, share: 0.6}]}}",
            "users.generate.hot_spots: the shares add up to 1.2; at most 1 is possible",
        ),
        (
            "users: {generate: {layout: hot_spots, hot_spots: [{x_m: 9e3, y_m: 1, radius_m: 1, share: 0.6}]}}",
            "users.generate.hot_spots.0: the centre (9000, 1) lies outside the area of 1500 m x 1500 m",
        ),
    ],
)
def test_users(users, message):
    assert message in error(HEAD + STATIONS + users + "\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "city.yaml: is empty"),
        ("# nothing\n", "city.yaml: is empty"),
        ("- a\n", "city.yaml:1: must be a mapping of fields such as `name: my-city` (got a list)"),
        (
            "2 3\n8 100\n6 60\n3 5 4\n",
            "(got the single value '2 3 8 100 6 60 3 5 4'); `plan` and `compare` take a facility",
        ),
        ("just words", "must be a mapping of fields such as `name: my-city` (got the single value 'just words')"),
        ("name: [", ": not valid YAML"),
        (f"name: a\n{STATIONS}{USERS}", "schema_version: is required"),
        (f"schema_version: 2\nname: a\n{STATIONS}{USERS}", "city.yaml:1: schema_version: must be one of 1 (got 2)"),
        (f"schema_version: 1\n{STATIONS}{USERS}", "name: is required"),
        (f"schema_version: 1\nname: ' '\n{STATIONS}{USERS}", "city.yaml:2: name: must not be empty"),
    ],
)
def test_documents(text, message):
    assert message in error(text)


def test_errors_are_collected_in_the_order_of_the_file():
    lines = error(HEAD + "seed: -1\nradio: {bandwidth_mhz: 0}\nstations: {generate: {count: x}}\n").splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "3", "4", "5"]


def test_many_errors_are_counted():
    rows = "\n".join("    - {id: a, x_m: q, y_m: 0}" for _ in range(25))
    lines = error(f"{HEAD}{STATIONS}users:\n  list:\n{rows}\n").splitlines()
    assert len(lines) == 11 and lines[-1] == "and 15 more"


def test_numbers_become_text_in_names():
    scenario = parse_scenario(
        f"schema_version: 1\nname: 2021\n{STATIONS}users: {{list: [{{id: 7, x_m: 0, y_m: 0}}, "
        "{id: 007, x_m: 0, y_m: 0}, {id: 1.5, x_m: 0, y_m: 0}, {id: no, x_m: 0, y_m: 0}]}"
    )
    assert scenario.name == "2021"
    assert scenario.users.rows and [row.id for row in scenario.users.rows] == ["7", "007", "1.5", "no"]


class TestFiles:
    def test_a_missing_file_lists_the_presets(self):
        with pytest.raises(InputError, match="city-smal: file not found.*did you mean 'city-small'.*family\\(N, M"):
            load_scenario("city-smal")

    def test_a_name_no_file_system_accepts(self):
        with pytest.raises(InputError, match="file not found"):
            load_scenario("x" * 5000)
        with pytest.raises(InputError, match="file not found"):
            load_scenario("x\0y")

    def test_a_folder(self, tmp_path):
        with pytest.raises(InputError, match="is a folder"):
            load_scenario(tmp_path)

    def test_not_utf8(self, tmp_path):
        path = tmp_path / "city.yaml"
        path.write_bytes("name: Zürich".encode("latin-1"))
        with pytest.raises(InputError, match="city.yaml: is not UTF-8 text \\(byte 7\\)"):
            load_scenario(path)

    def test_a_byte_order_mark_is_tolerated(self, tmp_path):
        path = tmp_path / "city.yaml"
        path.write_text(HEAD + STATIONS + USERS, encoding="utf-8-sig")
        assert load_scenario(path, seed=9).seed == 9

    def test_too_large(self, tmp_path):
        path = tmp_path / "city.yaml"
        with path.open("wb") as file:
            file.truncate(64 * 1024 * 1024 + 1)
        with pytest.raises(InputError, match="is larger than 64 MiB"):
            load_scenario(path)

    def test_not_a_regular_file(self):
        with pytest.raises(InputError, match="is not a regular file"):
            load_scenario("/dev/null")

    def test_errors_name_the_file_and_line(self, tmp_path):
        path = tmp_path / "city.yaml"
        path.write_text(HEAD + STATIONS + USERS + "seed: x\n")
        with pytest.raises(InputError, match="city.yaml:5: seed: must be a whole number"):
            load_scenario(path)
