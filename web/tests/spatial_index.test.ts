import assert from "node:assert/strict";
import { test } from "node:test";

import { SpatialIndex } from "../src/spatial_index";
import { uniform } from "./city";

test("the nearest point is the one that looking at all gives", () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = uniform(seed);
    const count = Math.floor(random() * 300);
    const wide = seed % 3 === 0 ? 0 : 1000;
    const x = Float32Array.from({ length: count }, () => random() * wide);
    const y = Float32Array.from({ length: count }, () => random() * 700 - 300);
    const present = Uint8Array.from({ length: count }, () => Number(random() > 0.2));
    const index = new SpatialIndex(x, y, present);
    for (let ask = 0; ask < 20; ask++) {
      const [px, py, reach] = [random() * 1200 - 100, random() * 900 - 400, random() * 120];
      let least = Infinity;
      for (let at = 0; at < count; at++) if (present[at]) least = Math.min(least, Math.hypot(x[at] - px, y[at] - py));
      const nearest = index.nearest(px, py, reach);
      if (Math.abs(least - reach) < 1e-9) continue;
      assert.equal(nearest >= 0, least < reach);
      if (nearest >= 0) assert.ok(Math.abs(Math.hypot(x[nearest] - px, y[nearest] - py) - least) < 1e-6);
    }
  }
});

test("nobody, and users without a position, are no trouble", () => {
  assert.equal(new SpatialIndex(new Float32Array(0), new Float32Array(0)).nearest(0, 0, 9), -1);
  const x = Float32Array.of(NaN, 1, 1);
  assert.equal(new SpatialIndex(x, Float32Array.of(0, 1, 1)).nearest(1, 1, 0.5), 2);
});
