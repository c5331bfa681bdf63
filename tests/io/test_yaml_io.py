import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.io.yaml_io import lines_of, read_yaml, resolve_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-11", 1e-11),
        ("1.0e-11", 1e-11),
        ("-3", -3),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("007", "007"),
        ("0", 0),
        ("~", None),
        ("", None),
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1" * 100, "1" * 100),
    ],
)
def test_plain_scalars(text, value):
    assert resolve_plain(text) == value and type(resolve_plain(text)) is type(value)


def test_quoted_scalars_are_text():
    assert read_yaml("{a: '1', b: \"true\"}", "f") == {"a": "1", "b": "true"}


def test_keys_are_text():
    assert read_yaml("{1: a, true: b}", "f") == {"1": "a", "true": "b"}


def test_an_empty_document_is_nothing():
    assert read_yaml("# only a comment\n", "f") is None


# PyYAML's writer leaves NEL and the Unicode line separators as they are, and its reader folds them.
# It also leaves `0E0` bare, which is text to YAML 1.1 and a number to YAML 1.2, and here.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=8).filter(
    lambda text: isinstance(resolve_plain(text), str) or isinstance(yaml.safe_load(text), type(resolve_plain(text)))
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz_", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_agrees_with_an_independent_writer(value):
    # PyYAML writes 1e+16 as 1.0e+16 and quotes what it would not read back as text.
    assert read_yaml(yaml.safe_dump(value, allow_unicode=True), "f") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f:3: the field 'a' is given twice; first on line 1"),
        ("a: &x [1]\nb: [*x, *x]", "f:1: the anchor &x"),
        ("a: 1\nb: *x", "f:2: the alias \\*x is not accepted"),
        (
            "a: !!python/object/apply:os.system ['true']",
            "f:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("a: !!python/name:os.system", "f:1: the tag"),
        ("a: !secret x", "f:1: the tag '!secret'"),
        ("a: !!str 3", "f:1: the tag"),
        ("a:\n  - [", "f:[23]: not valid YAML"),
        ("a: b: c", "f:1: not valid YAML"),
        ("\tx: 1", "f:1: not valid YAML"),
        ("a: 1\n---\nb: 2", "f:2: a second document"),
        ("? [1, 2]\n: 3", "f:1: the name of a field must be plain text"),
        ("[" * 33 + "]" * 33, "f:1: nested deeper than 32 levels"),
        ("[" * 50_000, "f"),
        ("a: \0", "f: not valid YAML"),
        ("a: \ud800", "f: "),
    ],
)
def test_refused(text, message):
    with pytest.raises(InputError, match=message):
        read_yaml(text, "f")


def test_a_bomb_is_refused_at_once():
    layers = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(InputError, match="anchor"):
        read_yaml(f"l0: &l0 [lol]\n{layers}\n", "f")


def test_lines_are_found_for_keys_and_entries():
    text = "a: 1\nb:\n  - {c: 1}\n  - {c: 2,\n     d: 3}\n"
    paths = [("a",), ("b", 1), ("b", 1, "d"), ("missing",)]
    assert lines_of(text, paths) == {("a",): 1, ("b", 1): 4, ("b", 1, "d"): 5}


@pytest.mark.parametrize(
    "word", ["1e05", "0.10", "1e400", "007", "0x10", "1_000", "yes", "no", "true", "2024-01-01", "-0", "+1"]
)
def test_names_stay_as_they_are_written(word):
    text = f"id: {word}\nlist:\n  - {{name: {word}, x: 0.10}}\nids: [{word}, '{word}']\n"
    value = read_yaml(text, "a.yaml", names=("id", "ids", "name"))
    assert value == {"id": word, "list": [{"name": word, "x": 0.1}], "ids": [word, word]}
    assert read_yaml("id: null\nname:\n", "a.yaml", names=("id", "name")) == {"id": None, "name": None}
