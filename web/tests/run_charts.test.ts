import assert from "node:assert/strict";
import { test } from "node:test";

import type { RunPolicy } from "../src/contract";
import { CostFormat } from "../src/format";
import { costContent } from "../src/run_charts";
import { slotsSoFar } from "../src/series";
import { ticksOf } from "../src/tradeoff_curve";

const cost = new CostFormat({ name: "ms", factor: 1000 });
const policies: RunPolicy[] = [
  { name: "stay", cost: 2, cost_by_slot: Float64Array.of(1, 2, 3) },
  { name: "nearest", cost: 4, gap: 1.5, cost_by_slot: Float64Array.of(4, 4, 4) },
];
const bound = { total: 1.6, by_slot: Float64Array.of(0.9, 1.8, 1.2), so_far: Float64Array.of(0.9, 3, 4.8) };
const ends = slotsSoFar(3);

test("what is certified so far is held against the mean so far", () => {
  const { curves, bands, brackets } = costContent(policies, bound, [0], "mean", cost, ends);
  assert.deepEqual(
    curves.map(({ name }) => name),
    ["stay", "nearest", "certified so far"],
  );
  assert.deepEqual(Array.from(curves[0].values, Math.round), [1000, 1500, 2000]);
  assert.deepEqual(Array.from(curves[2].values, Math.round), [900, 1500, 1600]);
  assert.deepEqual(bands, [{ upper: 0, lower: 2 }]);
  assert.deepEqual([brackets?.[0].upper, brackets?.[0].lower], [2000, 1600]);
});

test("what is certified of a slot alone is held against the cost of the slot", () => {
  const { curves, bands, brackets } = costContent(policies, bound, [0, 1], "slot", cost, ends);
  assert.deepEqual(Array.from(curves[2].values, Math.round), [900, 1800, 1200]);
  assert.deepEqual(bands, [
    { upper: 0, lower: 2 },
    { upper: 1, lower: 2 },
  ]);
  assert.deepEqual(brackets, []);
});

test("a bound of the whole run makes a line and a bracket, and no band", () => {
  for (const mode of ["mean", "slot"] as const) {
    const { curves, bands, brackets, caption } = costContent(policies, { total: 1.6 }, [1], mode, cost, ends);
    assert.deepEqual(Array.from(curves[2].values, Math.round), [1600, 1600, 1600]);
    assert.deepEqual(bands, []);
    assert.equal(brackets?.length, 1);
    assert.match(caption ?? "", /may be below it/);
  }
});

test("without a bound nothing is claimed", () => {
  const { curves, bands } = costContent(policies, undefined, [0], "mean", cost, ends);
  assert.equal(curves.length, 2);
  assert.equal(bands, undefined);
});

test("ticks hold all values between round numbers", () => {
  for (const [low, high] of [
    [3.254, 3.501],
    [0, 1],
    [99.9, 100.1],
    [5, 5],
    [-2, 7],
  ]) {
    const ticks = ticksOf(low, high);
    assert.ok(ticks[0] <= low && ticks[ticks.length - 1] >= high, `${low} to ${high}: ${ticks.join(" ")}`);
    assert.ok(ticks.length >= 2 && ticks.length <= 9);
  }
  assert.deepEqual(ticksOf(NaN, 1), [0, 1]);
});
