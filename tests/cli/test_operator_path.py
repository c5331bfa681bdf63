"""The operator's whole path in five commands: from German spreadsheets to servers, prices, failures and next week."""

import csv
import json

import numpy as np
import pytest

SITES, CUSTOMERS, MOST_MOVES, SECOND_EUR = 30, 120, 40, 1.5
#: Demand of an hour by kind of customer, as a share of the customer's own.
DAY = {
    "Laden": [0.1] * 8 + [0.5, 0.8, 1, 1, 1, 0.9, 0.9, 1, 1, 1, 0.8, 0.4] + [0.1] * 4,
    "Büro": [0.1] * 7 + [0.4, 0.9, 1, 1, 1, 0.7, 1, 1, 0.9, 0.6, 0.2] + [0.1] * 6,
}
IMPORT = ("--columns", "cpu=Kerne*3", "--currency", "EUR", "--second-value", SECOND_EUR)


def comma(value):
    return f"{value:.10g}".replace(".", ",")


def write_sheet(path, header, rows):
    """A spreadsheet as a German Excel saves it: semicolons, decimal commas, a byte order mark, lines of Windows."""
    lines = [
        header,
        *(";".join(str(cell) if not isinstance(cell, float) else comma(cell) for cell in row) for row in rows),
    ]
    path.write_bytes(b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode())


def write_week(folder, name, *, closed=(), left=()):
    """Tables of sites, customers and demand by hour, without those that are closed or have left."""
    rng = np.random.default_rng(22)
    lat_deg, lon_deg = 52.45 + 0.12 * rng.random(SITES), 13.3 + 0.2 * rng.random(SITES)
    cores, rent_eur = rng.integers(4, 12, SITES), rng.integers(200, 600, SITES) + 0.5
    sites = [
        (f"S{k:02d}", float(lat_deg[k]), float(lon_deg[k]), int(cores[k]), float(rent_eur[k]), 1990 + k)
        for k in range(SITES)
    ]
    near = rng.integers(0, SITES, CUSTOMERS) // 4 * 4
    scatter_deg, kind = rng.normal(0, 0.01, (CUSTOMERS, 2)), rng.choice(list(DAY), CUSTOMERS)
    size = rng.integers(1, 9, CUSTOMERS) / 2
    customers = [
        (f"K{i:03d}", float(lat_deg[k] + scatter_deg[i, 0]), float(lon_deg[k] + scatter_deg[i, 1]), kind[i])
        for i, k in enumerate(near)
    ]
    hours = [(f"K{i:03d}", *(float(size[i] * share) for share in DAY[kind[i]])) for i in range(CUSTOMERS)]
    tables = {
        "standorte": ("Standort;Breite;Länge;Kerne;Miete;Baujahr", sites, closed),
        "kunden": ("Kunde;Breite;Länge;Branche", customers, left),
        "last": (";".join(["Kunde", *map(str, range(24))]), hours, left),
    }
    paths = {}
    for table, (header, rows, gone) in tables.items():
        paths[table] = folder / f"{table}-{name}.csv"
        write_sheet(paths[table], header, [row for row in rows if row[0] not in gone])
    return paths


def import_week(run, paths, out, *more):
    return run(
        *("import", "csv", "--stations", paths["standorte"], "--users", paths["kunden"], "--hours", paths["last"]),
        *(*IMPORT, "--out", out, *more),
    )


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def done_well(done):
    assert done.code == 0, done.err
    return done


def test_the_whole_path_in_five_commands(run, tmp_path):
    city, plan, week = tmp_path / "stadt.yaml", tmp_path / "plan", tmp_path / "week"
    tables = write_week(tmp_path, "jetzt")

    done = done_well(import_week(run, tables, city))  # 1
    assert "by column cost_per_month" in done.out and "Baujahr" in done.out
    done = done_well(run("plan", city, "--without", "each", "--out", plan))  # 2: the plan, and N-1
    assert "EUR/month" in done.out
    placement, failures = (json.loads((plan / f"{name}.json").read_text()) for name in ("placement", "failures"))
    servers = rows_of(plan / "servers.csv")
    names = [row["station_id"] for row in servers]
    rents = {row[0]: row[4] for row in sheet_rows(tables["standorte"])}
    assert sorted(names) == sorted(placement["open_ids"]) and 3 <= len(names) <= 12
    assert all(
        row["cost_per_month"] == rents[row["station_id"]].replace(",", ".") and row["Baujahr"] for row in servers
    )
    assert sum(float(row["users"]) for row in servers) == pytest.approx(placement["people"])
    users = rows_of(plan / "users.csv")
    parts = [sum(float(row[name]) for name in ("radio_s", "wired_s", "computing_s")) for row in users]
    weight = [float(row["weight"]) for row in users]
    assert parts == pytest.approx([float(row["latency_s"]) for row in users])
    money = SECOND_EUR * np.dot(weight, parts)
    assert placement["terms_in_money"]["latency"] == pytest.approx(money)
    assert placement["terms_in_money"]["rent"] == pytest.approx(sum(float(row["cost_per_month"]) for row in servers))
    assert {tuple(each["station_ids"]) for each in failures["failures"]} == {(name,) for name in names}
    assert failures["worst_failure"]["cost"] >= placement["lower_bound"]
    assert all(each["cost_change"] == each["cost"] - placement["cost"] for each in failures["failures"])
    gone = {row["station_id"]: float(row["users"]) for row in servers}
    assert all(each["displaced"] == pytest.approx(gone[each["station_ids"][0]]) for each in failures["failures"])

    done = done_well(run("price", plan, city, "--hours", "0-23", "--out", tmp_path / "price"))  # 3
    assert "EUR/month" in done.out
    hours = rows_of(tmp_path / "price" / "hours.csv")
    busiest = max(hours, key=lambda row: float(row["people"]))
    assert len(hours) == 24 and float(busiest["cost"]) == pytest.approx(placement["cost"], rel=1e-9)
    assert all(float(row["lower_bound"]) <= float(row["cost"]) * (1 + 1e-9) for row in hours)
    assert all(row["violations"] == "0" for row in hours)

    closed = min(servers, key=lambda row: float(row["users"]))["station_id"]
    left = {f"K{i:03d}" for i in range(0, CUSTOMERS, 6)}
    stays = [row for row in users if row["user_id"] not in left]
    moves = int(sum(float(row["weight"]) for row in stays if row["host_id"] == closed)) + MOST_MOVES
    next_week = write_week(tmp_path, "neu", closed={closed}, left=left)
    done_well(import_week(run, next_week, tmp_path / "neu.yaml"))  # 4
    done = done_well(run("plan", tmp_path / "neu.yaml", "--from", plan, "--max-moves", moves, "--out", week))  # 5
    changed = rows_of(week / "changes.csv")
    assert {row["name"] for row in changed if row["what"] == "user left"} == left and len(left) == 20
    assert [row["name"] for row in changed if row["what"] == "site closed"] == [closed]
    assert len(changed) == 21, "rents, seats and CPUs of the other sites are what they were"
    then, now = {row["user_id"]: row["host_id"] for row in users}, rows_of(week / "users.csv")
    moved = [row for row in now if row["host_id"] != then[row["user_id"]]]
    assert sum(float(row["weight"]) for row in moved) <= moves + 1e-6
    assert all(row["host_id"] != closed for row in now) and len(now) == CUSTOMERS - 20
    assert {row["user"] for row in rows_of(week / "moves.csv")} == {row["user_id"] for row in moved}
    replanned = json.loads((week / "placement.json").read_text())
    assert replanned["feasible"] and replanned["lower_bound"] <= replanned["cost"] <= 1.1 * replanned["lower_bound"]
    assert f"At most {moves} users may." in done.out


def sheet_rows(path):
    return [line.split(";") for line in path.read_text(encoding="utf-8-sig").splitlines()[1:]]


def replaced(path, old, new, count=1):
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def without_line(path, name):
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith(name)))


SPOILED = {
    "no coordinates": (lambda paths: replaced(paths["kunden"], "Breite;Länge", "Straße;Ort"), "lat"),
    "mixed separators": (lambda paths: replaced(paths["kunden"], "K003;", "K003,"), "kunden-jetzt.csv:5"),
    "an empty sheet": (lambda paths: paths["kunden"].write_text(""), "kunden-jetzt.csv"),
    "a header alone": (lambda paths: paths["standorte"].write_text("Standort;Breite;Länge;Kerne;Miete\n"), "standorte"),
    "ids twice": (lambda paths: replaced(paths["standorte"], "S04;", "S03;"), "duplicate id 'S03'"),
    "an hour less": (lambda paths: paths["last"].write_text(cut_hour(paths["last"])), "23"),
    "a user without hours": (lambda paths: without_line(paths["last"], "K007"), "K007"),
    "a weight below zero": (lambda paths: replaced(paths["last"], "K002;", "K002;-"), "last-jetzt.csv"),
    "no demand at all": (lambda paths: paths["last"].write_text(no_demand(paths["last"])), "every value is 0"),
}


def cut_hour(path):
    return "".join(line.rsplit(";", 1)[0] + "\n" for line in path.read_text(encoding="utf-8-sig").splitlines())


def no_demand(path):
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return "\n".join([lines[0], *(line.split(";")[0] + ";0" * 24 for line in lines[1:])]) + "\n"


def refused(done, words, out):
    assert (done.code, done.out) == (2, ""), done
    assert [line for line in done.err.splitlines() if not line.startswith("note: ")] == [done.err.splitlines()[-1]]
    assert done.err.splitlines()[-1].startswith("twinhop: ") and words in done.err, done.err
    assert not out.exists()


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_table_is_refused_in_a_line(run, tmp_path, name):
    spoil, words = SPOILED[name]
    paths = write_week(tmp_path, "jetzt")
    spoil(paths)
    refused(import_week(run, paths, tmp_path / "out.yaml"), words, tmp_path / "out.yaml")


@pytest.mark.parametrize("weight", ["0", "-3", "viel"])
def test_weights_are_above_zero(run, tmp_path, weight):
    (tmp_path / "s.csv").write_text("Standort;Breite;Länge\nA;52,5;13,4\n")
    (tmp_path / "k.csv").write_text(f"Kunde;Breite;Länge;Anzahl\nada;52,5;13,41;2\nbob;52,51;13,4;{weight}\n")
    out = tmp_path / "out.yaml"
    done = run("import", "csv", "--stations", tmp_path / "s.csv", "--users", tmp_path / "k.csv", "--out", out)
    refused(done, "k.csv:3", out)


def test_prices_come_together(run, tmp_path):
    paths, out = write_week(tmp_path, "jetzt"), tmp_path / "out.yaml"
    words = ("import", "csv", "--stations", paths["standorte"], "--users", paths["kunden"], "--columns", "cpu=Kerne*3")
    refused(run(*words, "--out", out, "--currency", "EUR"), "second", out)
    refused(run(*words, "--out", out, "--second-value", "1"), "currency", out)


def test_how_many_failures_and_moves_are_whole_numbers(run, tmp_path):
    folder = tmp_path / "out"
    for option, value, words in (
        ("--without-any", "0", "without-any"),
        ("--max-moves", "-1", "max moves"),
        ("--max-moves", "1.5", "max moves"),
        ("--spare", "0", "spare"),
    ):
        done = run("plan", "family(20, 4)", option, value, "--out", folder)
        assert done.code == 2 and not folder.exists()
        assert done.err.count("twinhop: ") == 1 and words.split("-")[0] in done.err, done.err
