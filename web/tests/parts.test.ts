import assert from "node:assert/strict";
import { test } from "node:test";

import { CostFormat, decimalsOf, setLocale } from "../src/format";
import { busiestFirst } from "../src/hosts_panel";
import { findByName, isLetter, stationsInWords, userName } from "../src/page_parts";
import { inLanguage } from "../src/tables";

test("users of a sample have the names that they have among all", () => {
  const users = { count: 3, of: 60_000, index: Int32Array.from([7, 20_000, 59_999]) };
  assert.equal(userName(users, 1), "u20000");
  assert.equal(userName({ count: 3 }, 1), "u1");
  assert.equal(userName({ ...users, id: ["a", "b", "c"] }, 2), "c");
  const page = { kind: "plan" as const, title: "", twinhop: "1", users };
  assert.deepEqual(findByName(page, " U59999 "), { user: 2 });
  assert.equal(findByName(page, "u1"), null);
});

test("letters and signs can be switched off, keys that do not write cannot", () => {
  for (const key of ["l", "/", ",", "+", "0"]) assert.ok(isLetter(key));
  for (const key of [" ", "Escape", "ArrowLeft", "PageUp"]) assert.ok(!isLetter(key));
});

test("costs of a column have the same decimals, those of its greatest", () => {
  setLocale("en-GB");
  assert.equal(decimalsOf([74.83, 0.5]), 2);
  assert.equal(decimalsOf([1.6e-6, 40.04]), 2);
  assert.equal(decimalsOf([0, 0]), 0);
  assert.equal(decimalsOf([12, 3400]), 0);
  const show = new CostFormat({ name: "ms", factor: 1000 }).column([0.0304, 1.6e-9, null]);
  assert.equal(show(0.0304), "30.40");
  assert.equal(show(1.6e-9), "0.00");
  assert.equal(show(null), "–");
});

test("numbers that come as texts are written in the reader's language, other texts are left alone", () => {
  setLocale("de-DE");
  assert.equal(inLanguage("3.54 %"), "3,54 %");
  assert.equal(inLanguage("0.000 %"), "0,000 %");
  assert.equal(inLanguage("1,036.5"), "1.036,5");
  for (const text of ["none", "0.1.0", "b1.5", "2026-12-02", "u7", "7", ""]) assert.equal(inLanguage(text), text);
  setLocale("en-GB");
  assert.equal(inLanguage("<0.01"), "<0.01");
});

test("hosts are listed with the busiest first, empty ones left out", () => {
  assert.deepEqual(busiestFirst([3, 0, 9, 3]), [2, 0, 3]);
});

test("a cloud is no station", () => {
  const stations = { count: 3, id: ["a", "b", "cloud"], is_cloud: Uint8Array.from([0, 0, 1]) };
  assert.equal(stationsInWords(stations), "2 stations and a cloud");
  assert.equal(stationsInWords({ count: 1, id: ["a"] }), "1 station");
});
