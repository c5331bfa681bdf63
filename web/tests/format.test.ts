import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { CostFormat, count, counted, distance, duration, number, percent, setLocale, size } from "../src/format";

const plain = (text: string) => text.replace(/\u202f/g, " ");
afterEach(() => setLocale("en"));
setLocale("en");

test("numbers are as exact as asked, and whole parts are never rounded", () => {
  assert.equal(number(3.14159), "3.142");
  assert.equal(number(123456.7), "123,457");
  assert.equal(number(0.000123456), "0.0001235");
  assert.equal(number(-2.5), "\u22122.5");
  assert.equal(number(NaN), "\u2013");
  assert.equal(number(0), "0");
});

test("units fit the size", () => {
  assert.equal(plain(duration(0.0032544, 5)), "3.2544 ms");
  assert.equal(plain(duration(0.5e-4)), "50 \u00b5s");
  assert.equal(plain(duration(90)), "90 s");
  assert.equal(plain(distance(1500)), "1.5 km");
  assert.equal(plain(size(8.6e6)), "1.08 MB");
});

test("a small gap is not shown as none", () => {
  assert.equal(plain(percent(0.00027)), "0.027 %");
  assert.equal(plain(percent(1e-9)), "< 0.001 %");
  assert.equal(plain(percent(0)), "0 %");
});

test("German readers see decimal commas", () => {
  setLocale("de-DE");
  assert.equal(number(3.25), "3,25");
  assert.equal(count(10000), "10.000");
});

test("costs are shown in their unit", () => {
  const cost = new CostFormat({ name: "ms", factor: 1000 });
  assert.equal(plain(cost.text(0.00325441)), "3.25441 ms");
  assert.equal(plain(cost.change(0.0001)), "+0.1 ms");
  assert.equal(plain(new CostFormat(undefined).text(2)), "2");
});

test("nouns follow their number", () => {
  assert.equal(counted(1, "user"), "1 user");
  assert.equal(counted(0, "user"), "0 users");
});
