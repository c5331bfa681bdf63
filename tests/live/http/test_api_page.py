"""The page of the API shows the routes that there are, and its calls work."""

import os
import re
import subprocess

import api_table
import pytest
from served import TOKEN, served


def test_the_table_of_routes_is_that_of_the_document():
    text = api_table.PAGE.read_text(encoding="utf-8")
    assert api_table.with_table(text) == text, "run docs/_ext/api_table.py"
    assert len(re.findall(r"^\| `[A-Z]+ /v1", text, re.M)) > 30


@pytest.mark.live
def test_the_calls_of_the_page_work(tmp_path):
    text = api_table.PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^<!-- not run: asks a server; \S+ does -->\n```sh\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) == 5
    with served(tmp_path / "twins") as server:
        environment = {**os.environ, "URL": server.url, "TWINHOP_TOKEN": TOKEN}
        done = subprocess.run(["bash", "-ec", "\n".join(blocks)], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        '"acked_through"',
        '"wheels":4',
        '"level":0.9',
        'etag: "0"',
        '"report_period_s":5',
        '"bound_s"',
        '"mode"',
    ):
        assert words in done.stdout, words
