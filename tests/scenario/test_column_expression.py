"""Arithmetic of `--columns`: against Python's own, and nothing else is accepted."""

import random

import pytest

from twinhop.errors import InputError
from twinhop.scenario.column_expression import factor_of_name, parse_column_expression, stated_factor

NUMBERS = {"cores": 8.0, "racks": 3.0, "Länge": 0.5, "CPU (GHz)": 2.25}


def drawn(draw: random.Random, depth: int) -> tuple[str, str]:
    """An expression as it is typed, and the same for Python."""
    kind = draw.randrange(6) if depth else draw.randrange(2)
    if kind == 0:
        number = draw.choice(["3", "0.5", ".25", "1e2", "7."])
        return number, number
    if kind == 1:
        name = draw.choice(list(NUMBERS))
        quote = draw.choice("\"'`") if not name.isidentifier() or draw.random() < 0.2 else ""
        return f"{quote}{name}{quote}", f"n[{name!r}]"
    if kind == 2:
        sign = draw.choice("+-")
        text, python = drawn(draw, depth - 1)
        return f"{sign}{text}", f"{sign}{python}"
    if kind == 3:
        text, python = drawn(draw, depth - 1)
        return f"( {text})", f"({python})"
    (left, first), (right, second) = drawn(draw, depth - 1), drawn(draw, depth - 1)
    sign = draw.choice("+-*/")
    return f"{left}{sign} {right}", f"{first}{sign} {second}"


def test_five_hundred_expressions_are_what_python_computes() -> None:
    computed = 0
    for seed in range(500):
        text, python = drawn(random.Random(seed), 4)
        if len(text) > 300:
            continue
        try:
            expected = eval(python, {"n": NUMBERS})  # noqa: S307, the oracle
        except ZeroDivisionError:
            with pytest.raises(ZeroDivisionError):
                parse_column_expression(text).value(NUMBERS)
            continue
        computed += 1
        assert parse_column_expression(text).value(NUMBERS) == pytest.approx(expected, rel=1e-12), text
    assert computed > 400


@pytest.mark.parametrize(
    ("text", "value"), [("racks*40+8", 128.0), ("40*racks - 8/2/2", 118.0), ("-cores--racks", -5.0), ("2-1-1", 0.0)]
)
def test_what_binds_more_tightly(text, value) -> None:
    assert parse_column_expression(text).value(NUMBERS) == value


@pytest.mark.parametrize(
    "text",
    [
        *("cores**3", "cores//2", "cores % 2", "f(cores)", "cores.real", "cores[0]", "lambda: 1", "a if b else c"),
        *(
            '__import__("os")',
            "cores;racks",
            "(cores",
            "cores)",
            "",
            "*3",
            "3 4",
            "1_000",
            "0x10",
            "cores==3",
            '"cores',
        ),
        *("3cores", "(" * 50 + "1" + ")" * 50, "-" * 50 + "1", "1+" * 200 + "1"),
    ],
)
def test_everything_else_is_refused_in_one_line(text) -> None:
    with pytest.raises(InputError) as error:
        parse_column_expression(text)
    assert "accepted" in str(error.value) and "\n" not in str(error.value)


def test_what_is_no_finite_number_is_none() -> None:
    with pytest.raises(OverflowError):
        parse_column_expression("1e300*1e300").value({})


@pytest.mark.parametrize(
    ("needed", "column", "factor"),
    [
        *(("Mbit", "history_MB", 8), ("Mbit", "history_mbit", 1), ("Mbit", "size (kB)", 8e-3), ("Mbit", "plain", 1)),
        *(("Mbit", "Datei [MiB]", 8.388608), ("ms", "deadline_s", 1000), ("ms", "Frist [s]", 1000), ("ms", "s", 1)),
        *(
            ("Gcycle/s", "cpu_mhz", 1e-3),
            ("Gcycle/s", "CPU_MHZ", 1e-3),
            ("Gcycle/s", "CPU (GHz)", 1),
            ("W", "p_mW", 1e-3),
        ),
        *(("m", "x_km", 1000), ("degree", "lat_deg", 1), ("users", "seats_MB", 1), ("ms", "deadline_xs", 1)),
    ],
)
def test_units_at_the_end_of_names(needed, column, factor) -> None:
    assert factor_of_name("q", needed, column) == pytest.approx(factor)


@pytest.mark.parametrize(("needed", "column"), [("Mbit", "history_mb"), ("Mbit", "history_Mb"), ("W", "Power_MW")])
def test_units_with_two_readings_are_refused(needed, column) -> None:
    with pytest.raises(
        InputError, match=rf"the unit of '{column}' may be read in several ways; say which, as in q={column}\["
    ):
        factor_of_name("q", needed, column)


def test_a_stated_unit_is_one_of_the_quantity() -> None:
    assert stated_factor("q", "Mbit", "GB") == 8000
    with pytest.raises(InputError, match=r"deadline_ms: \[MB\] is no unit of it; accepted: us, µs, ms, s, sec, min"):
        stated_factor("deadline_ms", "ms", "MB")
