import assert from "node:assert/strict";
import { test } from "node:test";

import { dearestFirst, failureOf, hostsOf, movedUsers, openedAndClosed } from "../src/differences";
import { coordinatesAt, rowOf } from "../src/interpolation";
import { lateUsers, nextUser } from "../src/lateness";
import { MoveIndex, filterMoves, pageOf } from "../src/moves";
import { flat, meanSoFar, outages, regretSoFar, slotsSoFar } from "../src/series";

test("users are on the straight way between frames, and stay where the next has none of them", () => {
  const x_m = Float32Array.of(0, 10, 20, /* next */ 4, 30, 0);
  const present = Uint8Array.of(1, 1, 1, 1, 1, 0);
  const out = new Float32Array(3);
  coordinatesAt(x_m, present, 3, 0.25, out);
  assert.deepEqual([...out], [1, 15, 20]);
  coordinatesAt(x_m, null, 3, 1, out);
  assert.deepEqual([...out], [4, 30, 0]);
  coordinatesAt(x_m, null, 3, 1.9, out);
  assert.deepEqual([...out], [4, 30, 0]);
  assert.deepEqual([...rowOf(x_m, 3, 1)], [4, 30, 0]);
});

const MOVES = {
  slot: [3, 0, 3, 1],
  user: [2, 1, 0, 2],
  from: [0, 1, 1, 2],
  to: [1, 0, 2, 0],
  reason: [0, 1, 0, 0],
};
const STATIONS = ["north", "south", "east"];
const names = (row: number): string[] => [`u${MOVES.user[row]}`, STATIONS[MOVES.from[row]], STATIONS[MOVES.to[row]]];

test("moves are found by slot", () => {
  const index = new MoveIndex(MOVES, 5);
  assert.deepEqual([...index.order], [1, 3, 2, 0]);
  assert.deepEqual(
    [-1, 0, 1, 2, 3, 4, 5].map((slot) => [...index.ofSlots(slot)]),
    [[], [1], [3], [], [2, 0], [], []],
  );
  assert.deepEqual([...index.ofSlots(1, 3)], [3, 2, 0]);
  assert.deepEqual([...index.ofSlots(2, 99)], [2, 0]);
  assert.deepEqual([...index.bySlot()], [1, 1, 0, 2, 0]);
  assert.equal(new MoveIndex({ slot: [], user: [], from: [], to: [] }, 2).ofSlots(1).length, 0);
});

test("moves are filtered by text, user and reason", () => {
  const { order } = new MoveIndex(MOVES, 5);
  assert.deepEqual([...filterMoves(MOVES, order, { text: " EAST" }, names)], [3, 2]);
  assert.deepEqual([...filterMoves(MOVES, order, { user: 2 }, names)], [3, 0]);
  assert.deepEqual([...filterMoves(MOVES, order, { reason: 1 }, names)], [1]);
  assert.deepEqual([...filterMoves(MOVES, order, { text: "nobody" }, names)], []);
});

test("pages hold all rows, and a page too far is the last", () => {
  const rows = Int32Array.from({ length: 7 }, (_, row) => row);
  assert.deepEqual([...pageOf(rows, 9, 3).rows], [6]);
  assert.equal(pageOf(rows, 9, 3).pages, 3);
  assert.equal(pageOf(new Int32Array(0), 0, 3).pages, 1);
});

test("the latest user comes first, one without a deadline last", () => {
  const late = lateUsers([1, 0, 1, 1], [0.5, 9, 0.9, 0.7], [0.4, 1, 0.5, NaN]);
  assert.deepEqual(
    late.map((each) => each.user),
    [2, 0, 3],
  );
  assert.ok(Math.abs(late[0].over_s - 0.4) < 1e-12);
  assert.deepEqual([nextUser(late, null), nextUser(late, 2), nextUser(late, 3)], [2, 0, 2]);
  assert.equal(nextUser([], 1), null);
});

test("means and regret so far", () => {
  assert.deepEqual([...slotsSoFar(5, 2)], [2, 4, 5]);
  assert.deepEqual([...meanSoFar([1, 3, 5], slotsSoFar(3))], [1, 2, 3]);
  assert.deepEqual([...meanSoFar([1, 3, 7], slotsSoFar(5, 2))], [1, 2, 3]);
  assert.deepEqual([...regretSoFar([2, 2], [1, 3])], [1, 0]);
  assert.ok(Number.isNaN(regretSoFar([1], [0])[0]));
  assert.deepEqual([...flat(2, 2)], [2, 2]);
});

test("outages begin and end", () => {
  const up = [1, 1, /**/ 0, 1, /**/ 0, 1, /**/ 1, 0];
  assert.deepEqual(outages(up, 2), [
    { station: 0, from: 1, to: 2 },
    { station: 1, from: 3, to: 3 },
  ]);
  assert.deepEqual(outages([], 2), []);
});

test("users moved, servers opened and closed", () => {
  assert.deepEqual(movedUsers([0, 1, 2], [0, 2, 1]), [1, 2]);
  assert.equal(movedUsers([0], [0, 1]), null);
  assert.deepEqual(openedAndClosed([3, 1], [1, 2, 4]), { opened: [2, 4], closed: [3] });
  assert.deepEqual(hostsOf([3, -1, 1, 3]), [1, 3]);
});

test("failures that cannot be met come first, then the dearest", () => {
  const failures = [
    { stations: [4], cost_change: 1 },
    { stations: [2, 3], cost_change: 5 },
    { stations: [7], cost_change: null },
    { stations: [3], cost_change: 0.5 },
  ];
  assert.deepEqual(
    dearestFirst(failures).map((each) => each.stations[0]),
    [7, 2, 4, 3],
  );
  assert.equal(failureOf(failures, 3), failures[3]);
  assert.equal(failureOf(failures, 2), failures[1]);
  assert.equal(failureOf(failures, 9), null);
});
