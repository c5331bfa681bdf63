import assert from "node:assert/strict";
import { test } from "node:test";

import { contrast, DARK, HUES, inkOn, inTheme, LIGHT, looksApart, policyLooks } from "../src/palette";
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
