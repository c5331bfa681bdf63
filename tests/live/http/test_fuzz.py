"""Requests made from the OpenAPI document: no answer is a failure, and each is what the document says."""

import asyncio

import hypothesis
import pytest
from http_makers import ADMIN, door
from hypothesis import HealthCheck, given, settings

schemathesis = pytest.importorskip("schemathesis")

from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi import checks  # noqa: E402

CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.use_after_free,
    checks.ensure_resource_availability,
    checks.ignored_auth,
    checks.positive_data_acceptance,
)


#: Whose bodies must fit together in ways that a schema cannot say: units to kinds, models to dimensions.
MEANT = ("PUT /v1/twins/{twin}",)
AS_ADMIN = {"Authorization": f"Bearer {ADMIN}"}


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The document of an application that runs, with a twin; its streams end at once."""
    with door(tmp_path_factory.mktemp("fuzz") / "twins") as there:
        there.context.draining.set()
        asyncio.run(there.car())
        yield schemathesis.openapi.from_asgi("/openapi.json", there.app, config=config())


def config():
    """What is refused although it is of the right form: a policy that there is none of, a version that is old."""
    more = schemathesis.Config()
    checks = more.projects.default.checks
    checks.negative_data_rejection.expected_statuses += ["410", "412", "413"]
    checks.positive_data_acceptance.expected_statuses += ["400", "410", "412", "428"]
    return more


def asking(excluded):
    """Makes a request, and looks at the answer.

    A parameter whose value is an empty list is wrong in the case and not in the request: nothing of it is sent.
    """

    def ask(case):
        unsent = [checks.negative_data_rejection] if [] in (case.query or {}).values() else []
        case.call_and_validate(headers=AS_ADMIN, checks=CHECKS, excluded_checks=[*excluded, *unsent])

    return ask


def faults(document, mode, examples):
    """Make requests of every operation, good ones or bad ones; what is wrong with the answers."""
    found, asked = [], 0
    for each in document.get_all_operations():
        operation = each.ok()
        ask = asking([checks.positive_data_acceptance] if operation.label in MEANT else [])
        strategy = operation.as_strategy(generation_mode=mode)
        ask = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)(
            given(case=strategy)(ask)
        )
        try:
            ask()
        except hypothesis.errors.Unsatisfiable:  # nothing of it could be wrong
            continue
        except schemathesis.core.failures.FailureGroup as group:
            found += [f"{operation.label}: {str(one)[:400]}" for one in group.exceptions]
        asked += 1
    assert asked > 25
    return found


@pytest.mark.live
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_what_the_document_says(document, mode):
    assert not faults(document, mode, 10)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_what_the_document_says_at_length(document, mode):
    assert not faults(document, mode, 1_000)
