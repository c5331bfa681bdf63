import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "../src/contract";
import { areAtStations, aspectOf, crowdOf, extentOf, stepsAside } from "../src/extent";
import { uniform } from "./city";

const AREA = { min_x_m: 0, min_y_m: 0, max_x_m: 20_000, max_y_m: 40_000 };

function page(x: number[], y: number[], stations: [number[], number[]] = [[], []]): Page {
  const [sx, sy] = stations.map((values) => Float64Array.from(values));
  const id = stations[0].map((_, m) => `b${m}`);
  const users = { count: x.length, x_m: Float64Array.from(x), y_m: Float64Array.from(y) };
  return {
    kind: "plan",
    title: "",
    twinhop: "1",
    map: AREA,
    users,
    stations: { count: id.length, id, x_m: sx, y_m: sy },
  };
}

test("a map is as wide as its area, within bounds", () => {
  assert.equal(aspectOf({ left: 0, right: 3, top: 0, bottom: 2 }), 1.5);
  assert.equal(aspectOf({ left: 0, right: 1, top: 0, bottom: 9 }), 0.9);
  assert.equal(aspectOf({ left: 0, right: 9, top: 0, bottom: 1 }), 2.2);
});

test("the first look is at the users where they are in a small part, whatever a few do", () => {
  const random = uniform(3);
  const x = Array.from({ length: 500 }, (_, i) => (i < 10 ? 20_000 * random() : 4000 + 2000 * random()));
  const y = Array.from({ length: 500 }, (_, i) => (i < 10 ? 40_000 * random() : 9000 + 2000 * random()));
  const of = page(x, y);
  const crowd = crowdOf(of, extentOf(of));
  assert.ok(crowd);
  assert.ok(crowd.left > 2500 && crowd.left < 4100 && crowd.right > 5900 && crowd.right < 7500);
  assert.ok(crowd.top > 7500 && crowd.top < 9100 && crowd.bottom > 10_900 && crowd.bottom < 12_500);
});

test("where users are everywhere or nowhere the whole area is looked at", () => {
  const random = uniform(4);
  const x = Array.from({ length: 300 }, () => 20_000 * random());
  const y = Array.from({ length: 300 }, () => 40_000 * random());
  const spread = page(x, y);
  assert.equal(crowdOf(spread, extentOf(spread)), null);
  const none = page([], []);
  assert.equal(crowdOf(none, extentOf(none)), null);
  const lost = page([NaN, NaN], [NaN, NaN]);
  assert.equal(crowdOf(lost, extentOf(lost)), null);
});

test("users whose places are those of stations are found, and drawn beside them", () => {
  const stations: [number[], number[]] = [
    [1000, 9000],
    [2000, 30_000],
  ];
  const at = page([1000, 9000, 1000], [2000, 30_000, 2001], stations);
  assert.ok(areAtStations(at, extentOf(at)));
  const away = page([1400, 9000, 1000], [2000, 30_000, 2001], stations);
  assert.ok(!areAtStations(away, extentOf(away)));
  const { x, y } = stepsAside(1000);
  for (let i = 0; i < 1000; i++) {
    const far = Math.hypot(x[i], y[i]);
    assert.ok(far > 14.9 && far < 28.1, String(far));
  }
});
