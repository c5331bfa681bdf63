"""What a server is started with: the page's examples, what is refused, and the command's one line."""

import re
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from typer.testing import CliRunner

from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.live.serve import ServeConfig, Server, load_config
from twinhop.live.serve.server import make_own
from twinhop.live.serve.services import definitions_of
from twinhop.scenario import city

PAGE = Path(__file__).parents[3] / "docs" / "serve.md"


def test_the_page_states_what_is_usual(tmp_path):
    exposed, usual, services = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    paths = [tmp_path / f"{at}.yaml" for at in range(3)]
    for path, text in zip(paths, (exposed, usual, services), strict=True):
        path.write_text(text)
    assert load_config(paths[0]).tls is not None
    stated, plain = load_config(paths[1]), ServeConfig()
    assert stated.door_limits == plain.door_limits
    assert stated.model_copy(update={"doors": {}}) == plain
    config = load_config(paths[2])
    (definition,) = definitions_of(config.services, config.twins).values()
    assert definition.aggregates == ("cars", "load", "spread")
    twin = definition.make()
    for number in range(1, 4):
        twin.feed(
            f"car-{number}", 1, 0.0, definition.schema.vector({"position": (200.0 * number, 9.0), "load": number})
        )
    assert (twin.members, twin.value("load").tolist()) == (2, [1.5])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1", "expected settings"),
        ("colour: red", "colour"),
        ("port: 70000", r"serve\.yaml:1.*port"),
        ("doors: {bath: 1}", "unknown limit 'bath'"),
        ("doors: {batch: 0}", "greater than 0"),
        ("doors: {batch: 1.5}", "whole number"),
        ("limits: {group: true}", "group"),
        ("controller: {mode: bold}", "mode"),
        ("twins: {state_schema: {dimensions: []}}", "at least one dimension"),
        ("tls: {certificate: a.pem}", "key"),
    ],
)
def test_what_will_not_do_is_said_in_a_line(tmp_path, text, words):
    path = tmp_path / "serve.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_config(path)
    assert "\n" not in str(caught.value).strip() or "serve.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"aggregates": {"cars": {"kind": "count"}}}, "states nothing"),
        ({"ids": ["a"], "aggregates": {"load": {"kind": "mean"}}}, "dimension"),
        ({"ids": ["a"], "aggregates": {"load": {"kind": "mean", "dimension": "speed"}}}, "speed"),
        ({"ids": ["a"], "aggregates": {"x": {"kind": "quantiles", "dimension": "position"}}}, "one is needed"),
        ({"where": "wheels >", "aggregates": {"cars": {"kind": "count"}}}, "at character"),
        ({"polygon_m": [[0, 0], [1, 1]], "aggregates": {"cars": {"kind": "count"}}}, "vert|corner|three"),
    ],
)
def test_a_service_that_does_not_fit_is_named(service, words):
    config = load_config(None, services={"centre": service})
    with pytest.raises(InputError, match=rf"services: centre: .*({words})"):
        definitions_of(config.services, config.twins)


@pytest.mark.parametrize(
    "given",
    [["nowhere.yaml"], ["city-small", "--host", "0.0.0.0"], ["city-small", "--policy", "nonsense", "--port", "0"]],
)
def test_the_command_refuses_in_a_line(given, tmp_path, monkeypatch):
    monkeypatch.setenv("TWINHOP_TOKEN", "x" * 40)
    result = CliRunner().invoke(app, ["serve", *given, "--data", str(tmp_path / "data"), "--mqtt-port", "0"])
    assert isinstance(result.exception, InputError)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "data").exists()


def test_what_cannot_be_served_is_said_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.delenv("TWINHOP_TOKEN", raising=False)
    services = {"x": {"ids": ["a"], "aggregates": {"m": {"kind": "mean", "dimension": "speed"}}}}
    issued = trustme.CA().issue_cert("127.0.0.1")
    for name, part in (("chain.pem", issued.cert_chain_pems[0]), ("plain.pem", issued.private_key_pem)):
        part.write_to_path(tmp_path / name)
    key = load_pem_private_key((tmp_path / "plain.pem").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a word"))
    (tmp_path / "locked.pem").write_bytes(locked)
    tls = {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "locked.pem")}
    usual, full = city([[0.0, 0.0]], [[1.0, 1.0]]), city([[0.0, 0.0]], [[1.0, 1.0]], capacity_users=0)
    for given, changes, words in (
        (usual, {"services": services}, "services: x: speed"),
        (usual, {"controller_policy": "nonsense"}, "unknown policy 'nonsense'"),
        (usual, {"tls": tls}, "locked.pem: is encrypted"),
        (full, {}, "none may host"),
    ):
        with pytest.raises(InputError, match=words):
            Server(given, tmp_path / "data", load_config(None, **changes))


def test_a_token_that_is_a_password_begins_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINHOP_TOKEN", "letmein")
    result = CliRunner().invoke(app, ["serve", "city-small", "--data", str(tmp_path / "data")])
    assert isinstance(result.exception, InputError)
    assert "letmein" not in str(result.exception)
    assert not (tmp_path / "data").exists()


def test_a_folder_of_twins_that_is_made_is_its_owners_alone(tmp_path):
    make_own(tmp_path / "data" / "twins")
    assert (tmp_path / "data" / "twins").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made"):
        make_own(tmp_path / "file" / "twins")
