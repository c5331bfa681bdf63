"""docs/index.md: every task of a role has a page, its command exists, and every page is in the lists."""

import re
import shlex

import pytest
import typer
from blocks import ROOT

from twinhop.cli.main import app

PAGE = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
ROLES = {
    text.partition("\n")[0]: re.findall(r"^\| (?!I want|---)(.+) \| (.+) \| (.*)\|$", text, re.MULTILINE)
    for text in PAGE.split("\n## ")[1:]
}


def test_each_role_has_tasks():
    assert list(ROLES)[:3] == ["Research", "Operation", "Review"]
    assert all(len(ROLES[role]) >= 8 for role in list(ROLES)[:3])


@pytest.mark.parametrize("task", [row for rows in ROLES.values() for row in rows], ids=lambda row: row[0])
def test_a_task_has_a_page_and_a_command_that_exists(task):
    _, page, begin = task
    assert re.search(r"\]\([\w/-]+\.md", page)
    for command in re.findall(r"`twinhop ([^`]+)`", begin):
        words, at = shlex.split(command), typer.main.get_command(app)
        while words and words[0] in getattr(at, "commands", {}):
            at = at.commands[words.pop(0)]
        assert not hasattr(at, "commands") or words == ["--help"], command
        options = {option for each in at.params for option in each.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, command


def test_every_page_is_listed():
    listed = set(re.findall(r"\]\(([\w/-]+\.md)", PAGE))
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name in listed | {"index.md"}, page.name
