"""The data of a run's page against the tables of the run, read by a decoder and loops that share no code with it."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from decoder import decoded
from drawn_run import DrawnFiles, facts_of
from moving_cities import city

import twinhop
from twinhop.errors import InputError
from twinhop.output.page import run_data
from twinhop.output.page.container import packed, unpacked
from twinhop.output.page.files import page_of, page_of_folder
from twinhop.output.page.frames import point_slots, position_step_m
from twinhop.output.page.run_folder import folder_data
from twinhop.output.runs import simulation as simulation_output
from twinhop.runs.simulation import simulate

MOVEMENT = (
    "slots: 40, slot_s: 2, churn: {mean_present_s: 60, mean_absent_s: 20}, "
    "failures: {random: {mean_up_s: 60, mean_down_s: 8}}"
)
POLICIES = ["stay", "follow_nearest"]
#: The bundle of the page may have so many bytes, as it is written into the page [byte].
BUNDLE = 400_000


def town(movement=MOVEMENT, stations="generate: {count: 6, host_share: 0.8}, capacity_users: 8", **more):
    return city(radio="fading: rayleigh", movement=movement, users=24, stations=stations, **more)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A simulation with its files, and the data of its page as an independent decoder reads them."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation_output, "_draw", lambda *_: None)
        simulation = simulate(town(), POLICIES, bound=True, time_limit_s=5.0, animation="none", out=folder, jobs=1)
    document, columns = decoded((folder / "report-data.bin.gz").read_bytes())
    return simulation, folder, document, lambda reference: columns[reference["$column"]]


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr(simulation_output, "_draw", lambda *_: None)


def rows_of(folder, policy, table="users"):
    (seed,) = folder.glob("seed-*")
    return pl.read_parquet(seed / policy / f"{table}.parquet").to_dicts()


def test_every_visit_is_where_the_tables_have_it(run):
    _, folder, document, values = run
    users, stations = document["users"].get("id"), document["stations"]["id"]
    at_user = {name: at for at, name in enumerate(users or [f"u{at}" for at in range(24)])}
    frames = {name: values(document["frames"][name]) for name in ("x_m", "y_m", "present", "access", "station_up")}
    assert values(document["time"]["frame_slot"]).tolist() == list(range(40))
    for policy, own in zip(POLICIES, document["policies"], strict=True):
        host, latency_s, late = (values(own[name]) for name in ("host", "latency_s", "late"))
        rows = rows_of(folder, policy)
        assert frames["present"].sum() == len(rows) > 500
        median = float(np.median([row["latency_s"] for row in rows]))
        for row in rows:
            at = row["slot"], at_user[row["user"]]
            assert frames["present"][at] == 1
            assert abs(frames["x_m"][at] - row["x_m"]) <= 0.126 and abs(frames["y_m"][at] - row["y_m"]) <= 0.126
            assert stations[int(frames["access"][at])] == row["access"] and stations[int(host[at])] == row["host"]
            assert abs(latency_s[at] - row["latency_s"]) <= 0.0051 * median
            assert late[at] == row["violation"]
    absent = frames["present"] == 0
    assert absent.any() and (frames["access"][absent] == -1).all()
    up = {(row["slot"], row["station"]): row["up"] for row in rows_of(folder, "stay", "stations")}
    is_host = values(document["stations"]["is_host"])
    for (slot, name), works in up.items():
        at = stations.index(name)
        assert frames["station_up"][slot, at] == (works or not is_host[at])
    assert 0 < is_host.sum() < 6 and not frames["station_up"].all()


def test_twins_of_the_absent_stay_where_they_were_left(run):
    _, _, document, values = run
    present = values(document["frames"]["present"])
    host = values(document["policies"][1]["host"])
    for slot, user in np.argwhere(present[1:] == 0):
        assert host[slot + 1, user] == host[slot, user]


def test_moves_with_what_the_record_says_beside_them(run):
    _, folder, document, values = run
    names = document["users"].get("id") or [f"u{at}" for at in range(24)]
    stations = document["stations"]["id"]
    told = set()
    for policy, own in zip(POLICIES, document["policies"], strict=True):
        hosts = {(row["slot"], row["station"]): row for row in rows_of(folder, policy, "stations")}
        moves = {name: values(column) for name, column in own["moves"].items()}
        before, expected = {}, []
        for row in rows_of(folder, policy):
            user, slot = row["user"], row["slot"]
            last = before.get(user)
            if row["moved"]:
                left = hosts[slot, last["host"]]
                facts = []
                if not left["up"]:
                    facts.append("its host was down")
                elif left["users"] >= left["capacity"]:
                    facts.append("its host was full without it")
                if last["slot"] == slot - 1 and last["violation"]:
                    facts.append("its update was late in the slot before")
                if last["slot"] < slot - 1:
                    facts.append("its user was away in the slot before")
                if row["access"] != last["came"]:
                    facts.append("its user had another access station than when it came")
                expected.append((slot, user, last["host"], row["host"], "; ".join(facts), row["pause_s"]))
            came = row["access"] if last is None or last["host"] != row["host"] else last["came"]
            before[user] = {**row, "came": came}
        assert len(moves["slot"]) == len(expected) > 0
        for at, (slot, user, source, target, reason, pause_s) in enumerate(expected):
            found = own["reasons"][int(moves["reason"][at])]
            assert (moves["slot"][at], names[int(moves["user"][at])]) == (slot, user)
            assert [stations[int(moves[end][at])] for end in ("from", "to")] == [source, target]
            assert found == (reason or "the policy's choice: its record has no other fact")
            assert moves["pause_s"][at] == pytest.approx(pause_s, rel=1e-3)
            told.update(found.split("; "))
        by_slot = np.zeros(40)
        np.add.at(by_slot, moves["slot"].astype(int), moves["cost"])
        terms = [row["moves"] for row in rows_of(folder, policy, "slots")]
        assert by_slot == pytest.approx(terms, rel=1e-5, abs=1e-12)
    assert len(told) >= 4, told


def test_what_is_certified_so_far_and_of_each_slot_is_below_every_run(run):
    simulation, _, document, values = run
    bound = document["bound"]
    so_far, by_slot = values(bound["so_far"]), values(bound["by_slot"])
    assert so_far[-1] / 40 == pytest.approx(bound["total"], rel=1e-12) and bound["total"] == simulation.offline[0].bound
    costs = [values(shown["cost_by_slot"]) for shown in document["policies"]] + [values(bound["plan_by_slot"])]
    for cost in costs:
        assert (cost.cumsum() >= so_far - 1e-12).all() and (cost >= by_slot - 1e-12).all()
    assert np.mean(costs[-1]) == pytest.approx(bound["plan"])
    assert (np.diff(so_far) > 0).all()
    for at, shown in enumerate(document["policies"]):
        figures = simulation.measured(at, 0)
        assert shown["against"] == "best offline plan"
        assert values(shown["regret_by_slot"])[-1] == pytest.approx(figures["regret"], rel=1e-9)
        assert shown["gap"] == figures["above_bound"] and shown["cost"] == figures["cost"]
        assert sum(term["cost"] for term in shown["terms"]) == pytest.approx(shown["cost"])
        assert values(shown["moves_by_slot"]).sum() == figures["migrations"] == len(values(shown["moves"]["slot"]))


def test_the_page_is_made_again_from_the_tables_alone(run, tmp_path):
    _, folder, document, _ = run
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    whole = (copy / "report.html").read_text()
    (copy / "report.html").unlink()
    assert page_of_folder(copy).read_text() == whole, "from its own data"
    (copy / "report-data.bin.gz").unlink()
    again, _ = decoded(packed(folder_data(copy)))
    left_out = {"notes", "map", "stations", "users", "columns", "policies", "frames", "bound", "time"}
    assert {key: again[key] for key in again.keys() - left_out} == {
        key: document[key] for key in again.keys() - left_out
    }
    assert [each["name"] for each in again["policies"]] == POLICIES
    assert "labels of stations" in again["notes"][-1]
    assert page_of_folder(copy).name == "report.html"


def test_folders_that_no_page_can_be_made_of_say_what_is_missing(run, tmp_path):
    _, folder, _, _ = run
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for name in ("report-data.bin.gz", "report.html"):
        (copy / name).unlink()
    (seed,) = copy.glob("seed-*")
    answer = json.loads((copy / "simulation.json").read_text())
    (copy / "simulation.json").write_text(json.dumps({**answer, "slot_s": "a"}))
    refused(copy, "has other ones than its tables")
    (copy / "simulation.json").write_text(json.dumps(answer))
    users = seed / "stay" / "users.parquet"
    content = users.read_bytes()
    users.write_bytes(content[:1000])
    refused(copy, "users.parquet: is not the table of a finished run")
    pl.DataFrame({"user": ["u0"]}).write_parquet(users)
    refused(copy, "users.parquet: is not the table of a finished run: it has no column 'user' of names")
    users.unlink()
    refused(copy, "has no users.parquet, which a page needs; run `twinhop simulate` with --out again")
    shutil.rmtree(seed / "stay")
    refused(copy, "has no seed-3/stay, the run of a policy in simulation.json")
    answer = json.loads((copy / "simulation.json").read_text())
    (copy / "simulation.json").write_text(json.dumps({**answer, "policies": []}))
    refused(copy, "has no policies")
    (copy / "simulation.json").unlink()
    refused(copy, "holds a simulation that is not finished; run the same `twinhop simulate`")
    (seed / "stay.unfinished").mkdir()
    said = refused(copy, "not finished (seed-3/stay.unfinished was begun)")
    docs = Path(__file__).parents[3] / "docs" / "report-runs.md"
    assert said.replace(str(copy), "out/run").replace("seed-3", "seed-0") in docs.read_text()
    (copy / "simulation_of.json").unlink()
    refused(copy, "has no report-data.bin.gz")


def test_a_folder_that_another_version_has_written(tmp_path):
    """Of figures that it did not give there are none, and of its bound the total alone is certified."""
    before = Path(__file__).parents[2] / "fixtures" / "feff2f7" / "simulation"
    data = unpacked(packed(folder_data(before)), "before")
    assert [each["name"] for each in data["policies"]] == ["stay", "follow_nearest"]
    assert (
        data["bound"]["total"] > 0
        and "so_far" not in data["bound"]
        and "below_utility_bound" not in data["policies"][0]
    )
    assert data["policies"][0]["cost_by_slot"].mean() == pytest.approx(data["policies"][0]["cost"])
    rows = pl.read_parquet(before / "seed-0" / "stay" / "users.parquet")
    assert data["frames"]["present"].sum() == rows.height
    shutil.copytree(before, tmp_path / "copy")
    assert page_of_folder(tmp_path / "copy").stat().st_size > 5000


def refused(folder, words):
    with pytest.raises(InputError) as caught:
        page_of_folder(folder)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert not (folder / "report.html").exists()
    return str(caught.value)


def page_data(simulation):
    return unpacked(packed(run_data.simulation_data(simulation)), "page")


def test_one_slot_without_moves(tmp_path, no_figures):
    data = page_data(simulate(town("slots: 1"), ["stay"], out=tmp_path, animation="none", html=False))
    assert not (tmp_path / "report.html").exists()
    assert data["time"]["frames"] == 1 and data["policies"][0]["moves"]["slot"].size == 0
    assert data["policies"][0]["reasons"] == [] and "bound" not in data and "regret_by_slot" not in data["policies"][0]
    assert "<title>" in page_of((tmp_path / "report-data.bin.gz").read_bytes(), "page")


def test_a_station_that_is_down_all_the_time_and_a_reference_without_a_bound(tmp_path, no_figures):
    scenario = town("slots: 6, failures: {schedule: [{station: b1, down_s: 0}]}", seed=1)
    data = page_data(simulate(scenario, POLICIES, out=tmp_path, animation="none"))
    at = data["stations"]["id"].index("b1")
    assert data["stations"]["is_host"][at] == 1 and not data["frames"]["station_up"][:, at].any()
    assert "regret_by_slot" not in data["policies"][0]
    regret, costs = data["policies"][1], [each["cost_by_slot"].cumsum() for each in data["policies"]]
    assert regret["against"] == "stay" and regret["regret_by_slot"] == pytest.approx(costs[1] / costs[0] - 1, rel=1e-9)


def test_stations_that_are_redrawn(tmp_path, no_figures):
    scenario = town("slots: 4, redraw_every_slots: 2", extra="readings: {rows: {25: literal}}")
    data = page_data(simulate(scenario, ["stay"], out=tmp_path, animation="none"))
    assert "Stations are drawn anew as time goes: the map has those of the first slot." in data["notes"]
    assert data["policies"][0]["moves"]["slot"].size == 0, "every twin starts anew"


def test_users_who_never_come(tmp_path, no_figures):
    movement = "slots: 4, churn: {mean_present_s: 1, mean_absent_s: 1.0e+9}"
    data = page_data(simulate(town(movement), ["stay"], out=tmp_path, animation="none"))
    assert not data["frames"]["present"].any()
    assert "No user is present in any slot shown: the map has stations only." in data["notes"]
    assert (data["frames"]["access"] == -1).all() and (data["policies"][0]["host"] == -1).all()
    page_of((tmp_path / "report-data.bin.gz").read_bytes(), "page")


def test_a_simulation_without_files_has_its_figures_and_says_so():
    data = page_data(simulate(town("slots: 3"), POLICIES, seeds=2, jobs=1))
    assert "frames" not in data and "map" not in data
    assert any("Made without files" in note for note in data["notes"])
    assert "The page shows the world of seed 3; 1 other world: 4. Tables are means over all." in data["notes"]
    assert [table["title"] for table in data["table"]][-1] == "Cost of each world [ms]"
    assert all(each["cost"] > 0 for each in data["policies"])


@pytest.mark.parametrize(("users", "slots", "most"), [(1500, 120, 1_500_000), (10_000, 60, 4_000_000)])
def test_a_page_is_small(monkeypatch, users, slots, most):
    drawn = [DrawnFiles(users, slots, seed=seed, area_m=0.8 * users + 1500) for seed in range(2)]
    drawn[1].xy_m = drawn[0].xy_m
    monkeypatch.setattr(run_data, "RunFiles", lambda at: drawn[at])
    data = run_data.run_data(run_data.ShownRun(facts_of(POLICIES, users, slots), 0, (0, 1), None, None))
    content = packed(data)
    assert data["time"]["frames"] == slots, "every slot is shown"
    assert 4 * math.ceil(len(content) / 3) + BUNDLE < most
    if users < 10_000:
        read = unpacked(content, "page")
        assert np.abs(read["frames"]["x_m"] - drawn[0].xy_m[..., 0]).max() <= position_step_m(data["map"]) / 2 + 1e-6
        assert np.abs(read["policies"][1]["latency_s"] - drawn[1].latency_s).max() <= 0.005 * np.median(
            drawn[1].latency_s
        )


def test_long_runs_and_crowds_are_thinned_and_say_so(monkeypatch):
    drawn = DrawnFiles(150, 6000, hosts=3, moving=0.04)
    monkeypatch.setattr(run_data, "RunFiles", lambda at: drawn)
    data = unpacked(
        packed(run_data.run_data(run_data.ShownRun(facts_of(["stay"], 150, 6000), 0, (0,), None, None))), ""
    )
    slot = data["time"]["frame_slot"]
    assert "The map shows every 2nd slot, 3000 of 6000; costs, figures and moves are of all." in data["notes"]
    shown, size = data["policies"][0], data["time"]["point_slots"]
    assert (len(shown["cost_by_slot"]), size, point_slots(6000)) == (3000, 2, 2)
    assert shown["cost_by_slot"][7] == pytest.approx(drawn.slots["cost"][14:16].mean())
    assert shown["moves_by_slot"].sum() == drawn.moved.sum()
    assert len(shown["moves"]["slot"]) == 30_000 and any("the first 30000 are listed" in note for note in data["notes"])
    np.testing.assert_array_equal(shown["host"], drawn.host[slot])


def test_names_and_notes_are_texts(tmp_path, no_figures):
    stations = "list: [{id: '<img src=x onerror=alert(1)>', x_m: 100, y_m: 100}, {id: b1, x_m: 500, y_m: 400}]"
    simulate(town("slots: 2", stations), ["stay"], out=tmp_path, animation="none")
    page = (tmp_path / "report.html").read_text()
    assert "<img src=x" not in page and "&lt;img src=x" in page


def test_a_world_as_its_tables_have_it(tmp_path):
    from twinhop.runs.world import watch

    watched, files = watch(town(), tmp_path, "none")
    assert {"report.html", "report-data.bin.gz"} <= {path.name for path in files}
    document, columns = decoded((tmp_path / "report-data.bin.gz").read_bytes())
    x_m, access, present = (columns[document["frames"][name]["$column"]] for name in ("x_m", "access", "present"))
    names = document["users"].get("id") or [f"u{at}" for at in range(24)]
    rows = pl.read_parquet(tmp_path / "world.parquet").to_dicts()
    assert present.sum() == len(rows)
    for row in rows:
        at = row["slot"], names.index(row["user"])
        assert abs(x_m[at] - row["x_m"]) <= 0.126
        assert access[at] == (-1 if row["access"] is None else document["stations"]["id"].index(row["access"]))
    up = columns[document["frames"]["station_up"]["$column"]]
    assert not up.all() and up[:, :6].sum() == pl.read_parquet(tmp_path / "stations.parquet")["up"].sum()
    series = {each["name"]: columns[each["by_slot"]["$column"]] for each in document["series"]}
    assert series["users present"].tolist() == watched.statistics.present.tolist()
    film = unpacked(packed(twinhop.output.page_data(watched)), "film")
    assert film["time"]["frames"] == 40 and film["frames"]["present"].sum() == len(rows)
    for name in ("report-data.bin.gz", "world.parquet"):
        (tmp_path / name).unlink()
    (tmp_path / "report.html").unlink()
    refused(tmp_path, "has no world.parquet, which a page needs; run `twinhop world` with --out again")
