"""Mutations of every format of traces: those that keep the meaning give the same trace, others are refused or noted."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import polars as pl
import pytest
from mutations import LINE_ENDS, broken_table, broken_text, rows_of, same_bytes, same_table, same_xml, seeds, text_of

from twinhop.errors import InputError
from twinhop.scenario.traces import ImportOptions, Trace, import_trace

MUTATIONS = 2000
BATCHES = 4
LAT, LON = -37.81, 144.96
TIMES = (0, 5, 10, 15, 20, 25)
USERS = ("a1", "b2")
PLACES = {
    (user, time): (LAT + 0.01 * at + time * 1.3e-5, LON + 0.01 * at + time * 1.7e-5)
    for at, user in enumerate(USERS)
    for time in TIMES
}


def csv(columns, row):
    return text_of([columns, *(row(user, time, *PLACES[user, time]) for user in USERS for time in TIMES)])


def date(time):
    return f"2024-05-01T08:00:{time:02d}Z"


DEGREES = csv(["id", "time", "lat", "lon"], lambda user, time, lat, lon: [user, date(time), f"{lat:.6f}", f"{lon:.6f}"])
METRES = csv(
    ["user", "time_s", "x_m", "y_m"],
    lambda user, time, lat, lon: [user, str(time), f"{lat * 1e5 + 3.9e6:.2f}", f"{lon * 1e5:.2f}"],
)
WALK = text_of(
    [["Latitude", "Longitude"], *([f"{PLACES['a1', time][0]:.6f}", f"{PLACES['a1', time][1]:.6f}"] for time in TIMES)]
)
FCD = "".join(
    f'<timestep time="{time}.00">'
    + "".join(f'<vehicle id="{user}" x="{100 + 9.5 * time}" y="{700 - 7.5 * time}" speed="12.10"/>' for user in USERS)
    + "</timestep>"
    for time in TIMES
)
FCD = f'<?xml version="1.0"?><fcd-export>{FCD}</fcd-export>'
FCD_CSV = text_of(
    [
        ["timestep_time", "vehicle_id", "vehicle_x", "vehicle_y", "vehicle_speed"],
        *(
            [f"{time}.00", user, f"{100 + 9.5 * time}", f"{700 - 7.5 * time}", "12.10"]
            for time in TIMES
            for user in USERS
        ),
    ]
)
GPX = "".join(
    "<trk><trkseg>"
    + "".join(
        f'<trkpt lat="{PLACES[user, time][0]:.6f}" lon="{PLACES[user, time][1]:.6f}"><ele>3</ele>'
        f"<time>{date(time)}</time><extensions><hr>99</hr></extensions></trkpt>"
        for time in TIMES
    )
    + "</trkseg></trk>"
    for user in USERS
)
GPX = f'<?xml version="1.0"?><gpx version="1.1">{GPX}</gpx>'
BONNMOTION = "".join(
    " ".join(f"{60.5 * at} {100 + 33.25 * at * (1 + node)} {50 + 21.75 * at}" for at in range(5)) + "\n"
    for node in range(3)
)
NS2 = "".join(
    f"$node_({node}) set X_ {10.5 + node}\n$node_({node}) set Y_ {20.25 + node}\n$node_({node}) set Z_ 0.0\n"
    for node in range(3)
) + "".join(
    f'$ns_ at {30.5 * at} "$node_({node}) setdest {50.25 + 90 * at} {20.75 + 31 * node} 10.5"\n'
    for at in range(1, 4)
    for node in range(3)
)
PLT = "Geolife trajectory\nWGS 84\nAltitude is in Feet\nReserved 3\n0,2,255,My Track,0,0,2,8421376\n0\n" + "".join(
    f"{PLACES['a1', time][0]:.6f},{PLACES['a1', time][1]:.6f},0,492,{45413.333333 + time / 86400:.10f},"
    f"2024-05-01,08:00:{time:02d}\n"
    for time in TIMES
)
PORTO = text_of(
    [
        ["TRIP_ID", "TAXI_ID", "TIMESTAMP", "MISSING_DATA", "POLYLINE"],
        *(
            [
                f"T{at}",
                user,
                str(1372636858 + 1000 * at),
                "False",
                json.dumps([[round(LON + 1e-3 * k, 6), round(LAT + 1e-3 * k, 6)] for k in range(4)]),
            ]
            for at, user in enumerate((*USERS, *USERS))
        ),
    ]
)
T_DRIVE = "".join(
    f"{7 + at},2024-05-01 08:00:{time:02d},{PLACES[user, time][1]:.5f},{PLACES[user, time][0]:.5f}\n"
    for at, user in enumerate(USERS)
    for time in TIMES
)


@dataclass
class Format:
    """A format under mutation.

    Attributes:
        name: of the file.
        text: of the file.
        same: mutations that keep the meaning.
        broken: those that break it, with a sentence of what they do.
        changed: those that drop and change parts.
    """

    name: str
    text: str
    same: Callable[[Random, str], str | bytes]
    broken: list[Callable[[Random, str], str | bytes]] = field(default_factory=list)
    changed: Callable[[Random, str], str] = broken_text


def same_lines(random, text):
    """Line ends, encoding and compression."""
    return same_bytes(random, text.replace("\n", random.choice(LINE_ENDS)))


def same_columns(random, text):
    """Everything that is done to a table, and its bytes."""
    return same_bytes(random, same_table(random, text))


def same_walk(random, text):
    """A walk has no further column of an unknown name."""
    rows = rows_of(text)
    if random.random() < 0.5:
        rows = [row[::-1] for row in rows]
    if random.random() < 0.5:
        rows = [[*row, "altitude" if at == 0 else "3"] for at, row in enumerate(rows)]
    return same_lines(random, text_of(rows, random.choice((",", ";", "\t", "|"))))


def same_document(random, text):
    """XML with other blanks, comments and quotes, prefixes of namespaces, encodings and compression."""
    text = same_xml(random, text)
    if random.random() < 0.3:
        head, close, rest = text.partition("?>")
        rest = (
            rest.replace("</", "\0").replace("<!", "\1").replace("<", "<p:").replace("\0", "</p:").replace("\1", "<!")
        )
        text = head + close + rest
    content = text.encode(random.choice(("utf-8", "utf-8-sig", "utf-16")))
    return gzip.compress(content) if random.random() < 0.3 else content


def cut(random, text):
    """Cut off, but not where a line ends."""
    at = random.randrange(len(text) // 3, len(text) - 1)
    while text[at - 1] == "\n" or text[at] == "\n":
        at -= 1
    return text[:at]


def cut_compressed(random, text):
    """Compressed, and cut off."""
    content = gzip.compress(text.encode())
    return content[: random.randrange(20, len(content) - 8)]


def scaled(columns, factors):
    """The numbers of some columns in another unit."""

    def change(random, text):
        rows = rows_of(text)
        factor = random.choice(factors)
        at = [rows[0].index(name) for name in columns]
        for row in rows[1:]:
            for each in at:
                row[each] = f"{float(row[each]) * factor:.10g}"
        return text_of(rows)

    return change


def swapped(one, other):
    """Two columns under each other's name."""

    def change(random, text):
        rows = rows_of(text)
        a, b = rows[0].index(one), rows[0].index(other)
        rows[0][a], rows[0][b] = rows[0][b], rows[0][a]
        return text_of(rows)

    return change


def shifted(random, text):
    """The header, or a row, one cell to the side."""
    rows = rows_of(text)
    if random.random() < 0.5:
        by = random.choice((1, -1))
        rows = [rows[0], *(row[by:] + row[:by] for row in rows[1:])]
    else:
        row = rows[random.randrange(1, len(rows))]
        if random.random() < 0.5:
            row.insert(random.randrange(len(row)), "7")
        else:
            row.pop(random.randrange(len(row)))
    return text_of(rows)


def in_xml(pattern, factor):
    """Attributes of XML in another unit."""

    def change(random, text):
        parts = text.split(f' {pattern}="')
        scale = random.choice(factor)
        rest = [part.partition('"') for part in parts[1:]]
        return parts[0] + "".join(
            f' {pattern}="{float(value) * scale:.10g}{quote}{after}' for value, quote, after in rest
        )

    return change


def exchanged(one, other):
    """Two attributes of XML under each other's name."""

    def change(random, text):
        return text.replace(f' {one}="', "\0").replace(f' {other}="', f' {one}="').replace("\0", f' {other}="')

    return change


FORMATS = {
    "csv in degrees": Format(
        "a.csv", DEGREES, same_columns, [cut, cut_compressed, swapped("lat", "lon"), shifted], broken_table
    ),
    "csv in metres": Format(
        "a.csv",
        METRES,
        same_columns,
        [cut, cut_compressed, scaled(["x_m", "y_m"], (1e3, 1e-3)), scaled(["time_s"], (1e3, 1 / 3600)), shifted],
        broken_table,
    ),
    "walk": Format("a1.csv", WALK, same_walk, [cut, cut_compressed, swapped("Latitude", "Longitude")], broken_table),
    "fcd-xml": Format(
        "a.xml",
        FCD,
        same_document,
        [cut, cut_compressed, in_xml("x", (1000.0, 0.01)), in_xml("time", (100.0, 0.01)), exchanged("x", "speed")],
    ),
    "fcd-csv": Format(
        "a.csv",
        FCD_CSV,
        same_columns,
        [
            cut,
            cut_compressed,
            scaled(["vehicle_x", "vehicle_y"], (1e3, 1e-3)),
            scaled(["timestep_time"], (1e3, 0.01)),
            shifted,
        ],
        broken_table,
    ),
    "gpx": Format("a.gpx", GPX, same_document, [cut, cut_compressed, exchanged("lat", "lon"), in_xml("lat", (100.0,))]),
    "bonnmotion": Format("a.movements", BONNMOTION, same_lines, [cut, cut_compressed]),
    "ns2": Format("a.tcl", NS2, same_lines, [cut, cut_compressed]),
    "plt": Format("a.plt", PLT, same_lines, [cut, cut_compressed]),
    "porto": Format("a.csv", PORTO, same_columns, [cut, cut_compressed, swapped("TAXI_ID", "TIMESTAMP")], broken_table),
    "t-drive": Format("7.txt", T_DRIVE, same_lines, [cut, cut_compressed]),
}
OPTIONS = {"csv in metres": ImportOptions(origin=(0.0, 0.0)), "fcd-csv": ImportOptions(), "fcd-xml": ImportOptions()}


def rows_in(folder, name, content, options=None):
    """The records and the notes of a file."""
    path = folder / name
    path.write_bytes(content.encode("utf-8", errors="surrogatepass") if isinstance(content, str) else content)
    imported = import_trace(path, folder / "out.parquet", options=options or ImportOptions(), overwrite=True)
    table = Trace.open(imported.trace.path).scan().sort("user", "time_s").collect()
    return table, imported


def key(table):
    return [(row[1], round(row[0], 3), round(row[2], 2), round(row[3], 2), row[4]) for row in table.iter_rows()]


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("name", list(FORMATS))
def test_mutations(name, batch, tmp_path):
    form = FORMATS[name]
    expected = key(rows_in(tmp_path, form.name, form.text)[0])
    for seed, random in seeds(MUTATIONS // BATCHES, batch * (MUTATIONS // BATCHES)):
        kind = seed % 5
        if kind < 2:
            content = form.same(random, form.text)
            assert key(rows_in(tmp_path, form.name, content)[0]) == expected, (name, seed, content)
        elif kind == 2:
            change = form.broken[random.randrange(len(form.broken))]
            content = change(random, form.text)
            try:
                notes = rows_in(tmp_path, form.name, content)[1].notes
            except InputError:
                continue
            assert notes, (name, seed, content)
        else:
            content = form.changed(random, form.text)
            options = random.choice(
                [ImportOptions(), ImportOptions(skip_bad=True), ImportOptions(skip_bad=True, sort=True)]
            )
            try:
                rows_in(tmp_path, form.name, content, options)
            except InputError as error:
                assert "Traceback" not in str(error), (name, seed)


def parquet_of(text, **kinds):
    table = pl.read_csv(text.encode())
    return table.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items())


@pytest.mark.slow
@pytest.mark.parametrize("text", [METRES, FCD_CSV], ids=["parquet", "fcd-parquet"])
def test_mutations_of_parquet(text, tmp_path):
    table = pl.read_csv(text.encode())
    path = tmp_path / "a.parquet"

    def rows(changed):
        changed.write_parquet(path)
        imported = import_trace(path, tmp_path / "out.parquet", overwrite=True)
        return key(Trace.open(imported.trace.path).scan().sort("user", "time_s").collect())

    expected = rows(table)
    content = path.read_bytes()
    for seed, random in seeds(MUTATIONS):
        if seed % 2:
            changed = table.select(random.sample(table.columns, len(table.columns)))
            if random.random() < 0.5:
                changed = changed.with_columns(remark=pl.lit("x"))
            if random.random() < 0.5:
                changed = changed.cast({name: pl.String for name in table.columns})
            assert rows(changed) == expected, seed
            continue
        damaged = bytearray(content)
        for _ in range(random.randint(1, 8)):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        path.write_bytes(damaged[: random.choice([len(damaged), random.randrange(len(damaged))])])
        try:
            import_trace(path, tmp_path / "out.parquet", overwrite=True)
        except InputError:
            pass
