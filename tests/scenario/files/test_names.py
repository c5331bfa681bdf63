"""Ids and names of scenarios stay as they are written, whatever they look like."""

import pytest

from twinhop.scenario import build_world, dump_scenario, load_scenario, parse_scenario
from twinhop.scenario.files.load import NAME_FIELDS
from twinhop.scenario.schema.scenario import Scenario

WORDS = ("1e05", "0.10", "1e400", "007", "0x10", "1_000", "yes", "no", "true", "2024-05-01", "12:30", ".5", "-0")


@pytest.mark.parametrize("word", WORDS)
def test_names_of_everything(word, tmp_path):
    text = f"""schema_version: 1
name: {word}
area: {{width_m: 1200, height_m: 800}}
stations: {{list: [{{id: {word}, x_m: 200, y_m: 300}}, {{id: other, x_m: 700, y_m: 500}}]}}
users:
  list: [{{id: {word}, x_m: 1, y_m: 2, class: {word}}}]
  classes: [{{name: {word}, share: 0}}]
services: [{{name: {word}, members: {{ids: [{word}]}}, extracted_mbit: 1, work_gcycles: 1}}]
backhaul: {{graph: {{links: [{{a: {word}, b: other, rate_mbps: 10, delay_ms: 1}}]}}}}
attribution: [{word}]
"""
    (tmp_path / "city.yaml").write_text(text)
    for scenario in (load_scenario(tmp_path / "city.yaml"), parse_scenario(text)):
        world = build_world(scenario)
        assert scenario.name == word and world.name == word
        assert world.station_ids == (word, "other") and world.user_ids == (word,)
        assert scenario.users.rows[0].user_class == word
        assert scenario.services[0].name == word and scenario.services[0].members.ids == (word,)
        assert scenario.backhaul.graph.links[0].a == word and scenario.attribution == (word,)
    assert parse_scenario(dump_scenario(scenario)) == scenario


def test_the_list_of_name_fields_is_that_of_the_schema():
    """Every field of plain names is in the list, so that a new one is not forgotten."""
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    listed = set()
    for model in (schema, *schema["$defs"].values()):
        for name, field in model.get("properties", {}).items():
            kinds = [field, *field.get("anyOf", []), field.get("items", {})]
            plain = [
                each for each in kinds if each.get("type") == "string" and "enum" not in each and "const" not in each
            ]
            if plain:
                listed.add(name)
    assert listed - {"where"} <= set(NAME_FIELDS)
