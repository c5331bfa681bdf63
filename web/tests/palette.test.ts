import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";

import {
  contrast,
  DARK,
  DASHES,
  HUES,
  inkOn,
  inTheme,
  LIGHT,
  looksApart,
  policyLooks,
  type Theme,
} from "../src/palette";
import { uniform } from "./city";

test("texts and marks stand out in both themes", () => {
  for (const theme of [LIGHT, DARK]) {
    for (const ground of [theme.paper, theme.ground, theme.area]) {
      for (const text of [theme.ink, theme.muted, theme.accent, theme.alarm]) {
        assert.ok(contrast(text, ground) >= 4.5, `${text} on ${ground}: ${contrast(text, ground)}`);
      }
    }
    for (const hue of HUES.slice(0, 8)) {
      assert.ok(contrast(inTheme(hue, theme), theme.area) >= 2.5, `${hue} in ${theme.dark ? "dark" : "light"}`);
      assert.ok(contrast(inkOn(inTheme(hue, theme)), inTheme(hue, theme)) >= 3);
    }
  }
});

test("no two hosts look alike while hues and shapes last", () => {
  const random = uniform(3);
  const x = Array.from({ length: 60 }, random);
  const y = Array.from({ length: 60 }, random);
  const looks = looksApart(x, y, [...x.keys()]);
  const twelve = looksApart(x, y, [...Array(12).keys()]);
  assert.equal(new Set([...twelve.values()].map((look) => look.colour)).size, 12);
  assert.ok(new Set([...looks.values()].map((look) => look.colour + look.shape)).size >= 50);
});

test("policies keep their look, whatever else is drawn", () => {
  const alone = policyLooks(["stay"]).get("stay");
  const names = ["mine.py:agent", "stay", "expected", "expected:horizon=3", "utility", "other", "third"];
  const looks = policyLooks(names);
  assert.deepEqual(looks.get("stay"), alone);
  assert.equal(new Set([...looks.values()].map((look) => JSON.stringify(look))).size, names.length);
});

test("policies look as in twinhop's figures", () => {
  const names = [
    "stay",
    "mine.py:agent",
    "maddpg:polish=10",
    "maddpg",
    "flat",
    "other",
    "third",
    "constructor",
    "expected:horizon=3",
  ];
  const script = `
import json, runpy, sys
kit = runpy.run_path("src/twinhop/output/kit/colours.py")
looks = lambda names: {name: [look.colour, kit["DASHES"].index(look.dashes)] for name, look in kit["policy_looks"](names).items()}
alone = {name: looks([name])[name] for name in kit["BUILT_IN"]}
kept = {name: kit[name.upper()] for name in ("ink", "faint", "paper", "ground", "accent", "alarm")}
json.dump({"hues": kit["HUES"], "looks": looks(json.loads(sys.argv[1])), "alone": alone, "kept": kept}, sys.stdout)`;
  const root = resolve("..");
  const python = resolve(root, ".venv/bin/python");
  const said = execFileSync(python, ["-c", script, JSON.stringify(names)], { cwd: root, encoding: "utf8" });
  const { hues, looks, alone, kept } = JSON.parse(said) as Record<string, Record<string, unknown>>;
  const asThere = (name: string, among: string[]) => {
    const look = policyLooks(among).get(name);
    return [look?.colour, DASHES.findIndex((dash) => dash.join() === look?.dash.join())];
  };
  assert.deepEqual(HUES, hues);
  assert.deepEqual(Object.fromEntries(names.map((name) => [name, asThere(name, names)])), looks);
  assert.deepEqual(Object.fromEntries(Object.keys(alone).map((name) => [name, asThere(name, [name])])), alone);
  for (const [name, colour] of Object.entries(kept)) assert.equal(LIGHT[name as keyof Theme], colour, name);
});

test("what is drawn has the colours of the style", () => {
  const style = readFileSync("src/style.css", "utf8");
  const [light, dark, paper] = style.split(":root {").slice(1);
  for (const [theme, rules] of [
    [LIGHT, light],
    [DARK, dark],
    [LIGHT, paper],
  ] as const) {
    for (const name of ["ink", "muted", "faint", "paper", "accent", "alarm"] as const) {
      assert.match(rules, new RegExp(`--${name}: ${theme[name]};`));
    }
  }
});
