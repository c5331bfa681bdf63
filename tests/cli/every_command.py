"""One cheap call of every command, and the files that they read."""

import functools
import json

import numpy as np
from typer.main import get_command

from twinhop.cli.main import app
from twinhop.output.page.container import DATA_FILE, packed

SMALL = "family(10, 3)"
#: Words of each command; FOLDER stands for where the files are, OUT for a path that is not there yet.
CALLS = {
    "plan": (SMALL,),
    "explain": (SMALL, "u0"),
    "robustness": (SMALL, "--load", "20", "--samples", "5"),
    "price": ("FOLDER/given.json", SMALL),
    "compare": (SMALL, "--policies", "nearest,lagrangian"),
    "tradeoff": (SMALL,),
    "report": ("FOLDER/planned",),
    "simulate": (SMALL, "--policies", "stay", "--slots", "3", "--animate", "none"),
    "benchmark": ("--tasks", "bench-place-n20-m4", "--policies", "nearest", "--seeds", "1", "--jobs", "1"),
    "train": ("FOLDER/nowhere.yaml", "--out", "OUT"),
    "transfer": ("--sources", "FOLDER/nowhere", "--target", SMALL, "--out", "OUT"),
    "evaluate": ("FOLDER/nowhere", SMALL, "--seeds", "1"),
    "world": (SMALL, "--slots", "3", "--animate", "none"),
    "reproduce lu2021": ("--settings", "nonsense"),
    "reproduce transfer": ("--shifts", "nonsense"),
    "scenario new": ("OUT",),
    "scenario generate": ("city", "--users", "20", "--stations", "4", "--out", "OUT"),
    "scenario check": (SMALL,),
    "scenario show": (SMALL,),
    "scenario describe": (SMALL,),
    "scenario export": (SMALL, "--expand"),
    "scenario schema": (),
    "scenario presets": (),
    "policies": (),
    "doctor": (),
    "backup": ("FOLDER", "OUT"),
    "restore": ("FOLDER/nowhere.tar", "OUT"),
    "serve": (SMALL, "--data", "FOLDER/robot.twin", "--port", "0", "--mqtt-port", "0"),
    "device": ("gauss_markov", "--devices", "2", "--url", "http://127.0.0.1:1"),
    "twin replay": ("gauss_markov", "--users", "2", "--seconds", "30"),
    "twin inspect": ("FOLDER/robot.twin",),
    "twin verify": ("FOLDER/robot.twin",),
    "import csv": ("--stations", "FOLDER/stations.csv", "--users", "FOLDER/users.csv", "--out", "OUT"),
    "import geojson": ("--stations", "FOLDER/stations.json", "--users", "FOLDER/users.json", "--out", "OUT"),
    "import eua": ("--stations", "FOLDER/sites.csv", "--users", "FOLDER/people.csv", "--out", "OUT"),
    "import ifogsim": ("--stations", "FOLDER/resources.csv", "--users", "FOLDER/people.csv", "--out", "OUT"),
    "import sf-cells": (
        "--cells",
        "FOLDER/cells.csv",
        "--serving",
        "FOLDER/serving.npz",
        "--minute",
        "1",
        "--out",
        "OUT",
    ),
    "import sscflp": ("FOLDER/depots.txt", "--out", "OUT"),
    "import json": ("FOLDER/problem.json", "--out", "OUT"),
    "import trace": ("FOLDER/walk.csv", "--out", "OUT"),
    "import sumo": ("--vehicles", "1", "--seconds", "5", "--out", "OUT"),
}
#: Commands that refuse what their call asks for: what they do takes minutes, or needs twins or a server that are kept.
REFUSED = {
    "train",
    "transfer",
    "evaluate",
    "reproduce lu2021",
    "reproduce transfer",
    "import sumo",
    "serve",
    "device",
    "backup",
    "restore",
}
TEXTS = {
    "stations.csv": "id,x_m,y_m\na,0,0\nb,900,0\n",
    "users.csv": "id,x_m,y_m\nada,100,50\nbob,700,20\n",
    "sites.csv": "SITE_ID,LATITUDE,LONGITUDE,NAME\n10,-37.815,144.974,Corner\n11,-37.810,144.952,Roof\n",
    "people.csv": "Latitude,Longitude\n-37.8146,144.9744\n-37.8101,144.9704\n",
    "resources.csv": "ID,Latitude,Longitude,Block,Level,Parent,State,Details\n0,-37.81,144.96,0,0,-1,VIC,DataCenter\n"
    "1,-37.81,144.95,1,1,0,VIC,Proxy\n2,-37.815,144.974,1,2,1,VIC,A\n3,-37.810,144.952,1,2,1,VIC,B\n",
    "cells.csv": "cell,lat,lon\n1,37.77,-122.42\n2,37.78,-122.42\n3,37.79,-122.42\n",
    "depots.txt": "2 3\n8 100\n6 60\n3 5 4\n20 40 30\n50 70 10\n",
    "walk.csv": "id,time_s,x_m,y_m\na,0,0,0\na,1,5,0\na,2,9,3\n",
}


@functools.cache
def commands():
    """Names of all commands that there are, as users write them."""

    def below(command, name=()):
        for word, each in getattr(command, "commands", {}).items():
            yield from below(each, (*name, word))
        if not hasattr(command, "commands"):
            yield " ".join(name), command

    return dict(below(get_command(app)))


def write_files(folder):
    """Write what the calls read."""
    from twinhop.twin import DeviceTwin, Dimension, TwinSchema, Update, pack

    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, -37.81]},
            "properties": {"id": f"p{lon}"},
        }
        for lon in (144.95, 144.96)
    ]
    for name in ("stations.json", "users.json"):
        (folder / name).write_text(json.dumps({"type": "FeatureCollection", "features": points}))
    np.savez(folder / "serving.npz", serving=np.array([[1, 2, 0], [2, 2, 0], [0, 1, 0], [3, 1, 3]]))
    schema = TwinSchema(dimensions=(Dimension(name="load", kind="scalar", unit="W"),))
    twin = DeviceTwin("robot", schema)
    twin.apply(Update(1, 1.0, schema.vector({"load": 2.0})))
    pack(twin, folder / "robot.twin")
    (folder / "planned").mkdir()
    (folder / "planned" / DATA_FILE).write_bytes(packed(PAGE))
    (folder / "problem.json").write_text(PROBLEM)
    (folder / "given.json").write_text(GIVEN)


PAGE = {"kind": "world", "title": "A page", "twinhop": "0"}
GIVEN = json.dumps({"station_ids": ["b0", "b1", "b2"], "user_ids": ["u0", "u1", "u2"], "host": [0, 1, 1]})
PROBLEM = json.dumps(
    {
        "comm_s": [[0.1, 0.2], [0.3, 0.1]],
        "root_work": [1.0, 1.0],
        "cpu": [2.0, 2.0],
        "capacity": [2, 2],
        "opening_s": [0.1, 0.1],
        "alpha": 1.0,
        "beta": 1.0,
    }
)


def words_of(name, folder, out):
    """The words of the call of a command."""
    return [*name.split(), *(word.replace("FOLDER", str(folder)).replace("OUT", str(out)) for word in CALLS[name])]
