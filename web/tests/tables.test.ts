import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunPolicy } from "../src/contract";
import { gapOf } from "../src/tables";

test("a policy's gap is its own, or what it costs above the bound", () => {
  const policy = { name: "nearest", cost: 5 } as RunPolicy;
  assert.equal(gapOf({ ...policy, gap: 0.2 }, 4), 0.2);
  assert.equal(gapOf(policy, 4), 0.25);
  for (const total of [0, null, undefined]) assert.equal(gapOf(policy, total), null);
});
