import gzip

import polars as pl
import pytest
from trace_texts import FCD_CSV

from twinhop.scenario.traces import import_trace


@pytest.fixture
def write(tmp_path):
    """Writes a file of that name: text, bytes, text to be compressed (.gz), or a table (.parquet)."""

    def to(name, content):
        path = tmp_path / name
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(content.encode()))
        elif name.endswith(".parquet"):
            content.write_parquet(path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    return to


@pytest.fixture
def fcd_table():
    """The floating car data as a table."""
    return pl.read_csv(FCD_CSV.encode(), separator=";")


@pytest.fixture
def traced(write, tmp_path):
    """Imports positions given as `id,time_s,x_m,y_m`; returns the path of the trace."""

    def of(rows, **options):
        text = "id,time_s,x_m,y_m\n" + "\n".join(",".join(map(str, row)) for row in rows)
        out = tmp_path / "trace.parquet"
        import_trace(write("rows.csv", text), out, overwrite=True, **options)
        return out

    return of
