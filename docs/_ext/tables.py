"""Tables of the documentation that follow from the code: scenario fields, commands, policies, functions."""

import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from twinhop import network
from twinhop.cli.main import app
from twinhop.extras import EXTRAS
from twinhop.names import MIGRATION_POLICIES, PLACEMENT_POLICIES
from twinhop.runs.policy_lines import policy_lines
from twinhop.scenario import json_schema
from twinhop.scenario.distribution.field import SCHEMA_TITLE
from twinhop.scenario.mobility import MOBILITY_MODELS, Attraction, Churn
from twinhop.twin import Dimension, Retention

Schema = dict[str, Any]
ROOT = Path(__file__).parents[2]


def write_all(folder: Path) -> None:
    """Write every table into the folder, from where pages include them."""
    folder.mkdir(exist_ok=True)
    (folder / "scenario_fields.md").write_text(scenario_fields(), encoding="utf-8")
    (folder / "commands.md").write_text(commands(), encoding="utf-8")
    (folder / "policies.md").write_text(policies(), encoding="utf-8")
    (folder / "extras.md").write_text(extras(), encoding="utf-8")
    (folder / "migration_policies.md").write_text(migration_policies(), encoding="utf-8")
    for name, section in {**MOBILITY_MODELS, "attraction": Attraction, "churn": Churn}.items():
        schema = section.model_json_schema()
        (folder / f"mobility_{name}.md").write_text(_section_table(schema, schema) + "\n", encoding="utf-8")
    for name, section in {"dimension": Dimension, "retention": Retention}.items():
        schema = section.model_json_schema()
        (folder / f"twin_{name}.md").write_text(_section_table(schema, schema) + "\n", encoding="utf-8")
    (folder / "functions.md").write_text(functions(), encoding="utf-8")


def extras() -> str:
    """The extras, what each is for, and its packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = project["optional-dependencies"]
    rows = [(f"`{name}`", about, ", ".join(packages[name])) for name, about in EXTRAS.items()]
    return _table(("extra", "what for", "packages"), rows)


def policies() -> str:
    """Each built-in policy, what it does, and whether it comes with a bound."""
    rows = [
        (f"`{each.name}`", each.line, "certified" if each.certifies else "")
        for each in policy_lines("placement")
        if each.name in PLACEMENT_POLICIES
    ]
    return _table(("policy", "what it does", "bound"), rows)


def migration_policies() -> str:
    """Each built-in migration policy, what it does, and its settings with their defaults."""
    rows = []
    for each in policy_lines("migration"):
        if each.name in MIGRATION_POLICIES:
            settings = [f"`{key}={setting.default}`: {setting.description}" for key, setting in each.settings.items()]
            rows.append((f"`{each.name}`", each.line, "; ".join(settings)))
    return _table(("policy", "what it does", "settings"), rows)


def functions() -> str:
    """Each public function of the physics: what it does, what it returns, its source."""
    found = [(name, inspect.getdoc(getattr(network, name)) or "") for name in network_functions()]
    rows = [
        (
            f"{{py:func}}`~twinhop.network.{name}`",
            _plain(text.split("\n\n")[0].removeprefix("Return ")),
            _plain(_docstring_section(text, "Returns")),
            _plain(_docstring_section(text, "Source")),
        )
        for name, text in found
    ]
    return _table(("function", "what", "returns [unit]", "source"), rows)


def network_functions() -> list[str]:
    """The names of the public functions of the physics."""
    return [name for name in network.__all__ if inspect.isfunction(getattr(network, name))]


def _docstring_section(text: str, name: str) -> str:
    match = re.search(rf"^{name}:\n((?:    .*\n|\n)+)", text + "\n", re.MULTILINE)
    return match[1] if match else ""


def _plain(text: str) -> str:
    """Docstring text as a cell of a Markdown table."""
    line = " ".join(text.split()).replace("``", "`").replace("|", "\\|").removesuffix(".")
    return line[:1].upper() + line[1:]


def scenario_fields() -> str:
    """One table a section of the scenario file."""
    schema = json_schema()
    parts = ["## The file", _section_table(schema, schema)]
    for name, field in schema["properties"].items():
        inner, suffix = _inner_section(field, schema)
        if inner is not None:
            parts += _section(f"{name}{suffix}", inner, schema)
    return "\n\n".join(parts) + "\n"


def _section(path: str, section: Schema, schema: Schema) -> Iterator[str]:
    level = "##" if "." not in path else "###"
    yield f"{level} `{path}`"
    yield section.get("description", "").replace("`", "")
    yield _section_table(section, schema)
    for name, field in section.get("properties", {}).items():
        inner, suffix = _inner_section(field, schema)
        if inner is not None:
            yield from _section(f"{path}.{name}{suffix}", inner, schema)


def _inner_section(field: Schema, schema: Schema) -> tuple[Schema | None, str]:
    """The section or list of sections below a field, if there is one; distributions are values, not sections."""
    if field.get("title") == SCHEMA_TITLE:
        return None, ""
    for option in field.get("anyOf", [field]):
        if option.get("title") == SCHEMA_TITLE:
            continue
        found = _resolved(option, schema)
        if found.get("type") == "array" and "$ref" in found.get("items", {}):
            return _resolved(found["items"], schema), "[]"
        if found.get("type") == "object" and "properties" in found:
            return found, ""
    return None, ""


def _section_table(section: Schema, schema: Schema) -> str:
    required = section.get("required", [])
    rows = [
        (
            f"`{name}`",
            _meaning(field, schema),
            "required" if name in required else _default(field.get("default")),
            _accepted(field, schema),
        )
        for name, field in section.get("properties", {}).items()
    ]
    return _table(("field", "meaning [unit]", "default", "accepted"), rows)


def _meaning(field: Schema, schema: Schema) -> str:
    return (field.get("description") or _resolved(field, schema).get("description", "")).replace("|", "\\|")


def _default(value: Any) -> str:
    if value is None or value == [] or value == {} or isinstance(value, dict) and "uniform" not in value:
        return "none" if not isinstance(value, dict) or not value else "its defaults"
    if isinstance(value, dict):
        return "`{{uniform: [{:g}, {:g}]}}`".format(*value["uniform"])
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _accepted(field: Schema, schema: Schema) -> str:
    options = [field] if field.get("title") == SCHEMA_TITLE else field.get("anyOf") or [field]
    return " or ".join(dict.fromkeys(_one_kind(_resolved(option, schema), schema) for option in options))


def _one_kind(kind: Schema, schema: Schema) -> str:
    if kind.get("title") == SCHEMA_TITLE:
        number = kind["anyOf"][0]
        return _one_kind(number, schema) + " or [distribution](#distributions)"
    if "const" in kind:
        return f"`{kind['const']}`"
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    name = kind.get("type", "any")
    if name == "array":
        return "list of " + _one_kind(_resolved(kind["items"], schema), schema) if kind.get("items") else "list"
    if name == "object":
        return "section" if "properties" in kind else "mapping of row to " + _accepted(kind["additionalProperties"], {})
    words = {"number": "number", "integer": "whole number", "string": "text", "boolean": "`true` or `false`"}
    return words.get(name, name) + _range(kind)


def _range(kind: Schema) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "maximum": "≤"}
    return "".join(
        f"{' ' if at == 0 else ', '}{signs[key]} {_figure(kind[key])}"
        for at, key in enumerate(key for key in signs if key in kind)
    )


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _resolved(field: Schema, schema: Schema) -> Schema:
    reference = field.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else field


def commands() -> str:
    """One section a command: what it does, usage, options."""
    return "\n\n".join(_command("twinhop", typer.main.get_command(app))) + "\n"


def _command(path: str, command: Any) -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below is None:
        yield f"## `{path}`"
        yield " ".join((command.help or "").split())
        yield f"```text\n{_usage(path, command)}\n```"
        if command.params:
            yield _table(("argument or option", "meaning", "default"), [_parameter(each) for each in command.params])
        if command.epilog:
            yield f"```sh\n{command.epilog.removeprefix('Example: ')}\n```"
        return
    for name, inner in below.items():
        yield from _command(f"{path} {name}", inner)


def _usage(path: str, command: Any) -> str:
    words = [path]
    for each in command.params:
        if each.param_type_name == "argument":
            words.append(each.name.upper())
        elif each.required:
            words.append(f"{each.opts[0]} VALUE")
    return " ".join([*words, "[OPTIONS]"])


def _parameter(each: Any) -> tuple[str, str, str]:
    names = each.name.upper() if each.param_type_name == "argument" else ", ".join(sorted(each.opts, reverse=True))
    if each.required:
        default = "required"
    elif each.default is None or each.default is False:
        default = "none" if each.default is None else "off"
    else:
        default = f"`{each.default:g}`" if isinstance(each.default, float) else f"`{each.default}`"
    return f"`{names}`", (each.help or "").replace("|", "\\|"), default


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
