"""docs/migration-policies.md names every policy, setting, default and predictor, and the constants of the code."""

import re

import pytest
from blocks import ROOT, blocks

from twinhop.migration.distance_chain import STAYS_PRIOR
from twinhop.migration.policies.mdp_threshold import TOLERANCE
from twinhop.migration.policy import ENTRY_POINTS, POLICIES, policy_choice
from twinhop.migration.predictor import PREDICTORS
from twinhop.migration.predictors.next_station import DEPARTURE_WEIGHT, RATE_WEIGHT

PATH = ROOT / "docs" / "migration-policies.md"
PAGE = PATH.read_text(encoding="utf-8")


def section(name):
    return PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_has_a_row_and_a_section(name):
    assert f"| [`{name}`](#{name.replace('_', '-')}) |" in PAGE
    assert len(section(name)) > 80


@pytest.mark.parametrize("name", POLICIES)
def test_every_setting_has_a_row_with_its_default(name):
    found = dict(re.findall(r"^\| `(\w+)` \| (\S+) \| ", section(name), re.MULTILINE))
    settings = policy_choice(name).kind.settings
    expected = {key: str(s.default) if isinstance(s.default, str) else f"{s.default:g}" for key, s in settings.items()}
    assert {key: found.get(key) for key in expected} == expected
    for key, setting in settings.items():
        for word in setting.accepted:
            assert f"`{word}`" in section(name), (key, word)
    assert set(found) <= set(settings)


def test_every_predictor_is_explained():
    for name in PREDICTORS:
        assert f"| `{name}` | " in section("lookahead")


def test_the_constants_are_those_of_the_code():
    assert f"(L_a + {RATE_WEIGHT:g} \\, \\ell) / (n_a + {RATE_WEIGHT:g})" in PAGE
    assert f"(C_{{ab}} + {DEPARTURE_WEIGHT:g} \\, r_{{ab}}) / (C_a + {DEPARTURE_WEIGHT:g})" in PAGE
    assert STAYS_PRIOR == 1.0 and TOLERANCE == 1e-6 and "$10^{-6}$" in PAGE
    assert f"`{ENTRY_POINTS}`" in PAGE


def test_the_command_names_policies_that_there_are():
    (line,) = [line for line in blocks(PATH, "sh")[0].splitlines() if "--policies" in line]
    for text in line.split("--policies ")[1].split(","):
        assert policy_choice(text).text == text
