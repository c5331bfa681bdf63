"""The file of HTML: what runs in it is hashed, what users wrote is text, and the data are exactly those beside it."""

import base64
import copy
import hashlib
import html.parser
import math
import re

import numpy as np
import pytest
from each_result import result

from twinhop.errors import InputError
from twinhop.output import page_data
from twinhop.output.page.check import check_page
from twinhop.output.page.container import DATA_FILE, packed, unpacked
from twinhop.output.page.files import PAGE_FILE, page_of, page_of_folder, write_page
from twinhop.output.page.static_map import MOST_USERS

EVIL = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</main></style>&amp;\"'",
    "a\u2028b\u2029c",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31m",
    "\ud800",
)


class Elements(html.parser.HTMLParser):
    """Tags with their attributes, and the text of each script and style."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.inside, self.texts = [], None, {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside = (tag, dict(attrs).get("id"))

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.texts[self.inside] = self.texts.get(self.inside, "") + data


@pytest.fixture(scope="module")
def document():
    return page_data(result("plan"))


def page(document):
    return page_of(packed(document), "a")


def test_scripts_and_styles_are_those_whose_hashes_are_stated(document):
    text = page(document)
    elements = Elements(text)
    (policy,) = [attrs["content"] for tag, attrs in elements.tags if attrs.get("http-equiv")]
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(elements.texts[kind, None].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;") and "base-uri 'none'; form-action 'none'" in policy
    assert "unsafe" not in policy and "\r" not in text
    assert [tag for tag, _ in elements.tags].count("script") == 2
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")


def test_nothing_is_asked_for_outside_and_the_data_are_the_bytes_of_the_file(document):
    elements = Elements(page(document))
    for tag, attrs in elements.tags:
        assert not {"src", "href", "style", "srcset", "action"} & attrs.keys(), (tag, attrs)
        assert not any(name.startswith("on") for name in attrs)
    assert base64.b64decode(elements.texts["script", "data"]) == packed(document)


def test_without_scripts_there_are_heading_certificate_tables_and_a_map(document):
    text = page(document)
    main = text[text.index('<main id="page">') : text.index("</main>")]
    assert "<h1>Plan of city-small</h1>" in main and "No plan that keeps the constraints" in main
    assert "certified lower bound" in main and main.count("<table>") >= 2
    servers = re.findall(r'<tr><th scope="row">(b\d+)</th><td>(\d+)</td>', main)
    assert len(servers) == 11 and [int(each) for _, each in servers] == sorted(
        (int(e) for _, e in servers), reverse=True
    )
    assert main.count("<circle") == 150 and main.count("<rect") == 1 + 17


def evil_document(document, text):
    changed = copy.copy(document)
    stations, users = dict(document["stations"]), dict(document["users"])
    stations["id"] = [text] * stations["count"]
    users["id"] = [text] * users["count"]
    stations["label"] = [{"name": text, "values": [text] * stations["count"]}]
    changed |= {
        "title": text,
        "source": text,
        "notes": [text],
        "attribution": [text],
        "stations": stations,
        "users": users,
    }
    changed["warnings"] = [{"code": text, "text": text}]
    changed["plans"] = [{**document["plans"][0], "name": text, "verdict": text, "constraints": [text], "status": text}]
    changed["table"] = [{"title": text, "columns": [text, text], "rows": [[text, text]]}]
    return changed


@pytest.mark.parametrize("text", EVIL)
def test_what_users_wrote_is_text(document, text):
    shown = page(evil_document(document, text))
    plain = Elements(page(document))
    elements = Elements(shown)
    assert {tag for tag, _ in elements.tags} <= {tag for tag, _ in plain.tags} | {"h2", "ul", "li"}
    assert [tag for tag, _ in elements.tags].count("script") == 2
    assert not re.search("[\x00\x1b\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800]", shown)
    shown.encode()


def test_the_drawing_is_of_bounded_size(document):
    many = 50_000
    rng = np.random.default_rng(0)
    read = unpacked(packed(document), "a")
    users = {"count": many, "x_m": rng.uniform(0, 2000, many), "y_m": rng.uniform(0, 1800, many)}
    plan = {"name": "a", "host": np.zeros(many, np.int64), "open": np.array([0])}
    from twinhop.output.page.static_map import static_map

    text = static_map({**read, "users": users, "plans": [plan]})
    assert text.count("<circle") == MOST_USERS and len(text) < 200_000


def nodes(value, path=()):
    """Every place in a document."""
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from nodes(each, (*path, key))
    elif isinstance(value, list) and len(value) < 20:
        for at, each in enumerate(value):
            yield from nodes(each, (*path, at))


def put(value, path, other):
    """The value with something else at a place."""
    if not path:
        return other
    changed = list(value) if isinstance(value, list) else dict(value)
    changed[path[0]] = put(value[path[0]], path[1:], other)
    return changed


OTHERS = (None, True, -7, 1e308, "text", [], [[1]], {}, {"a": 1}, np.arange(3.0), np.zeros((2, 2), np.int64))


@pytest.mark.parametrize("kind", ["plan", "failures", "tradeoff", "comparison"])
def test_whatever_stands_anywhere_is_drawn_or_refused(kind):
    """A checked document is drawn without an error of Python's, whatever its fields are."""
    from twinhop.output.page.fallback import fallback

    document = unpacked(packed(page_data(result(kind))), "a")
    rng = np.random.default_rng(0)
    paths = [path for path in nodes(document) if path]
    refused = 0
    for at in rng.permutation(len(paths))[:150].tolist():
        changed = put(document, paths[at], OTHERS[int(rng.integers(len(OTHERS)))])
        try:
            check_page(changed, "a")
        except InputError as error:
            assert "\n" not in str(error) and str(error).startswith("a: is damaged: ")
            refused += 1
            continue
        fallback(changed)
    assert refused > 30


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("plans", 0, "host"), np.full(150, 99), "plans.0..host has an index that is not among 21"),
        (("plans", 0, "host"), np.full(149, 1), "has 149 entries where 150 are expected"),
        (("plans", 0, "open"), np.array([-1]), "plans.0..open has an index that is not among 21"),
        (("why", "hosts"), np.full((150, 17), 21), "why.hosts has an index"),
        (("stations", "id"), ["a"], "stations.id has 1 texts where 21 are expected"),
        (("kind",), "other", "kind is not of its kind"),
        (("title",), 3, "title is not of its kind"),
        (("plans", 0, "cost"), 10**400, "plans.0..cost is not of its kind"),
        (("cost_unit", "factor"), math.inf, "cost_unit.factor is not of its kind"),
        (("map", "max_x_m"), -1e9, "map.min_x_m is above map.max_x_m"),
    ],
)
def test_what_does_not_fit_is_named(document, path, value, message):
    read = unpacked(packed(document), "a")
    with pytest.raises(InputError, match=message):
        check_page(put(read, path, value), "a")


def test_a_page_is_made_again_from_its_folder(document, tmp_path, monkeypatch):
    write_page(tmp_path, document)
    first = (tmp_path / PAGE_FILE).read_bytes()
    (tmp_path / PAGE_FILE).unlink()
    assert page_of_folder(tmp_path) == tmp_path / PAGE_FILE and (tmp_path / PAGE_FILE).read_bytes() == first
    with monkeypatch.context() as without:
        without.setattr(
            "twinhop.output.page.shell.html_page", lambda *_: pytest.fail("a page nobody asked for is built")
        )
        write_page(tmp_path, document, html=False)
    (tmp_path / DATA_FILE).write_bytes((tmp_path / DATA_FILE).read_bytes()[:-20])
    with pytest.raises(InputError, match="is damaged: it is cut off; run the command with --out again"):
        page_of_folder(tmp_path)
    assert (tmp_path / PAGE_FILE).read_bytes() == first, "a page that was there stays"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([PAGE_FILE, DATA_FILE])
