"""The programs of the page of devices work, against a server."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from serve_makers import served

PAGE = Path(__file__).parents[3] / "docs" / "devices.md"
URL = "http://127.0.0.1:8471"


@pytest.mark.live
def test_the_programs_of_the_page_work(tmp_path, monkeypatch):
    programs = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert len(programs) == 2
    monkeypatch.chdir(tmp_path)
    with served(tmp_path / "twins", monkeypatch) as at:
        assert at.client.put("/v1/twins/car-1", json={}).status_code == 201
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            for each in programs:
                assert URL in each
                exec(compile(each.replace(URL, at.url), str(PAGE), "exec"), {"__name__": "page"})
        assert said.getvalue().splitlines() == [
            "20 samples, 10 acknowledged, 10 not worth sending",
            "30 acknowledged, 0 refused",
        ]
        seqs = {twin: at.client.get(f"/v1/twins/{twin}").json()["seq"] for twin in ("car-1", "bus-2", "tram-1")}
        assert seqs == {"car-1": 10, "bus-2": 10, "tram-1": 1}
    assert sorted(each.name for each in tmp_path.iterdir() if each.suffix == ".spool") == [
        "car-1.spool",
        "tram-1.spool",
    ]
