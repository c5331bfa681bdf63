"""Settings towards a device: the version decides which of two writers was first."""

import asyncio

import pytest
from http_makers import in_loop

PATH = "/v1/twins/car-1/desired"


def body(value):
    return {"values": {"report_period_s": value}}


@in_loop
async def test_the_version_is_the_tag(door):
    await door.car()
    none = await door.get(PATH)
    assert (none.json(), none.headers["ETag"]) == ({"version": 0, "values": {}}, '"0"')
    one = await door.put(PATH, body(5), headers={"If-Match": '"0"'})
    assert (one.json(), one.headers["ETag"]) == ({"version": 1, **body(5)}, '"1"')
    again = await door.get(PATH, headers={"If-None-Match": '"1"'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", '"1"')
    for known in ('W/"1"', "*", '"7", "1"'):
        assert (await door.get(PATH, headers={"If-None-Match": known})).status_code == 304
    assert (await door.get(PATH, headers={"If-None-Match": '"0"'})).json()["version"] == 1


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (None, 428),
        ('"1"', 412),
        ('W/"0"', 412),
        ('"00"', 412),
        ("0", 400),
        ("", 400),
        ('"0', 400),
        ('"7", "0"', 200),
        ("*", 200),
    ],
)
@in_loop
async def test_a_write_names_the_version_that_it_replaces(door, if_match, status):
    await door.car()
    headers = {} if if_match is None else {"If-Match": if_match}
    answer = await door.put(PATH, body(5), headers=headers)
    assert answer.status_code == status, answer.text
    assert (await door.get(PATH)).json()["version"] == (1 if status == 200 else 0)


@in_loop
async def test_of_writers_at_once_one_wins(door):
    await door.car()
    for version in range(5):
        tag = {"If-Match": f'"{version}"'}
        answers = await asyncio.gather(*(door.put(PATH, body(writer), headers=tag) for writer in range(8)))
        won = [writer for writer, each in enumerate(answers) if each.status_code == 200]
        lost = [each for each in answers if each.status_code == 412]
        assert len(won) == 1 and len(lost) == 7
        assert all(each.json()["type"] == "/problems/precondition-failed" for each in lost)
        assert (await door.get(PATH)).json() == {"version": version + 1, **body(won[0])}


@in_loop
async def test_what_is_no_setting_changes_nothing(door):
    await door.car()
    for values in ({"a": None}, {"a": [1]}, {"a": {"b": 1}}, {"1a": 1}, {"a": "x\ny"}, {"a": 1e99}, {"a" * 65: 1}):
        answer = await door.put(PATH, {"values": values}, headers={"If-Match": '"0"'})
        assert answer.status_code in (400, 422), values
    nan = await door.ask("PUT", PATH, content=b'{"values": {"a": NaN}}', headers=JSON | {"If-Match": '"0"'})
    assert nan.status_code in (400, 422)
    assert (await door.get(PATH)).json()["version"] == 0
    assert (await door.put("/v1/twins/nobody/desired", body(1), headers={"If-Match": '"0"'})).status_code == 404


JSON = {"Content-Type": "application/json"}
