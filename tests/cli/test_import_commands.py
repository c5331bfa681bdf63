"""The commands made from the table of importers."""

import numpy as np
import pytest
from typer.testing import CliRunner

from twinhop.cli.import_files import IMPORTERS
from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.scenario import build_world, load_scenario


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("name", IMPORTERS)
def test_every_importer_has_a_command_with_an_example(name):
    done = run("import", name, "--help")
    assert done.exit_code == 0, done.output
    assert callable(IMPORTERS[name].load())
    assert IMPORTERS[name].example.startswith(f"twinhop import {name} ")
    for option in IMPORTERS[name].options:
        assert f"--{option.replace('_', '-')}" in done.output


def test_a_wrong_name_is_answered_with_the_importers():
    done = run("import", "kml", "x")
    assert done.exit_code == 2
    words = " ".join(done.output.replace("│", " ").split())
    assert "No importer named 'kml'; accepted: csv, geojson, eua, ifogsim, sf-cells, sscflp, json" in words
    assert "did you mean 'geojson'?" in " ".join(run("import", "geojsn").output.split())


def test_export_and_import_from_end_to_end(tmp_path):
    folder, out = tmp_path / "tables", tmp_path / "again.yaml"
    assert run("scenario", "export", "city-small", "--format", "csv", "--out", folder).exit_code == 0
    words = ("import", "csv", "--stations", folder / "stations.csv", "--users", folder / "users.csv", "--out", out)
    done = run(*words, "--attribution", "Survey 2026, CC0", "--seed", 4)
    assert done.exit_code == 0, done.output
    again = load_scenario(out)
    assert (again.name, again.seed, again.attribution) == ("again", 4, ("Survey 2026, CC0",))
    assert build_world(again).user_xy_m.tobytes() == build_world(load_scenario("city-small")).user_xy_m.tobytes()
    assert isinstance(run(*words).exception, InputError), "an existing file is kept"
    assert run(*words, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("line", "message"), [("a\nb", "must be one line"), ("", "not be empty"), ("a" * 201, "at most")]
)
def test_attribution_that_is_no_line_is_refused_by_its_option(line, message, tmp_path):
    words = ("--stations", "s.csv", "--users", "u.csv", "--out", tmp_path / "a.yaml")
    error = run("import", "csv", *words, "--attribution", "fine", "--attribution", line).exception
    assert isinstance(error, InputError) and str(error).startswith("--attribution: must ") and message in str(error)


def test_export_of_geojson(tmp_path):
    done = run("scenario", "export", "city-small", "--format", "geojson")
    assert done.exit_code == 0 and '"FeatureCollection"' in done.output
    assert (
        run("scenario", "export", "city-small", "--format", "geojson", "--out", tmp_path / "c.geojson").exit_code == 0
    )
    assert isinstance(run("scenario", "export", "city-small", "--format", "csv").exception, InputError)


def test_attribution_reaches_the_report(tmp_path):
    np.savez(tmp_path / "v.npz", serving=np.ones((3, 5), np.uint8))
    (tmp_path / "c.csv").write_text("cell,lat,lon\n1,37.60,-122.40\n2,37.61,-122.41\n")
    words = ("--cells", tmp_path / "c.csv", "--serving", tmp_path / "v.npz", "--minute", 2)
    assert run("import", "sf-cells", *words, "--out", tmp_path / "sf.yaml").exit_code == 0
    assert run("plan", tmp_path / "sf.yaml", "--out", tmp_path / "out").exit_code == 0
    report = (tmp_path / "out" / "report.md").read_text()
    assert "## Sources" in report and "CC BY 4.0" in report


@pytest.mark.parametrize("link", [False, True])
def test_an_import_never_writes_over_what_it_reads(link, run, tmp_path):
    stations, out = tmp_path / "stations.csv", tmp_path / "users.csv"
    stations.write_text("id,x_m,y_m\ns1,0,0\ns2,500,0\n")
    out.write_text("id,x_m,y_m\nu1,10,10\nu2,20,20\n")
    before = out.read_text()
    target = tmp_path / "link.csv" if link else out
    if link:
        target.symlink_to(out)
    done = run("import", "csv", "--stations", stations, "--users", out, "--out", target, "--force")
    assert done.code == 2
    assert "is a file that is read; choose another name" in done.err
    assert out.read_text() == before
