"""docs/behaviour.md and docs/synchronisation.md leave no model and no policy out."""

from blocks import ROOT

from twinhop.twin.behaviour import BEHAVIOUR_MODELS
from twinhop.twin.synchronisation import HEADER_BITS, NUMBER_BITS, SYNC_POLICIES

DOCS = ROOT / "docs"


def test_every_model_has_a_row_and_a_reference():
    page, reference = ((DOCS / name).read_text(encoding="utf-8") for name in ("behaviour.md", "python.md"))
    for kind, model in BEHAVIOUR_MODELS.items():
        assert f"| `{kind}` |" in page
        assert f"twinhop.twin.behaviour.{model.__name__}\n" in reference


def test_every_policy_has_a_row_and_a_reference():
    page, reference = ((DOCS / name).read_text(encoding="utf-8") for name in ("synchronisation.md", "python.md"))
    for kind, policy in SYNC_POLICIES.items():
        assert f"| `{kind}` |" in page
        assert f"twinhop.twin.synchronisation.{policy.__name__}\n" in reference


def test_the_stated_size_of_an_update_is_that_of_the_code():
    assert (NUMBER_BITS, HEADER_BITS) == (64, 2 * 64)
    assert "sequence number, its time and its values, 64 bits each" in (DOCS / "synchronisation.md").read_text("utf-8")
