import assert from "node:assert/strict";
import { test } from "node:test";

import { certificateOf, certificateText, lens } from "../src/certificate";
import { CostFormat, setLocale } from "../src/format";

setLocale("en");
const plan = { name: "p", cost: 3.2554, lower_bound: 3.2545, gap: 0.000277, host: new Int32Array(0) };
const format = new CostFormat({ name: "s", factor: 1 });
const say = (change: object) => certificateText(certificateOf({ ...plan, ...change }), format).replace(/\u202f/g, " ");

test("the sentence says no more than is proved", () => {
  assert.match(say({}), /costs 3.2554 s.*no plan costs less than 3.2545 s.*at most 0.028 % better/);
  assert.match(say({ lower_bound: 3.2554, gap: 0 }), /proved that no plan costs less\.$/);
  assert.match(say({ lower_bound: null, gap: null }), /not known/);
  assert.match(say({ lower_bound: 3, gap: undefined }), /at most 8.5 % better/);
});

test("the lens shows the whole gap, and room beside it", () => {
  const { low, high, magnified } = lens(certificateOf(plan));
  assert.ok(magnified && low < 3.2545 && high > 3.2554);
  assert.ok((3.2554 - 3.2545) / (high - low) > 0.3);
  assert.deepEqual(lens(certificateOf({ ...plan, lower_bound: 2, gap: 0.6277 })).low, 0);
  assert.equal(lens({ cost: 0, bound: 0, gap: 0 }).high, 1);
});
