import assert from "node:assert/strict";
import { test } from "node:test";

import { byCost, keepsLimits } from "../src/limits";

test("a plan keeps all limits unless it says otherwise, in either way", () => {
  assert.ok(keepsLimits({}));
  assert.ok(keepsLimits({ feasible: true, violations: [] }));
  assert.ok(!keepsLimits({ feasible: false }));
  assert.ok(!keepsLimits({ feasible: true, violations: ["b1 has 3 twins and 2 seats"] }));
});

test("plans that break limits come last, however cheap", () => {
  const plans = [{ cost: 3 }, { cost: 1, feasible: false }, { cost: 2 }, { cost: 0, violations: ["one"] }];
  assert.deepEqual(byCost(plans), [2, 0, 3, 1]);
});
