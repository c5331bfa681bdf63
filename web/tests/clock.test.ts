import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, FRAMES_PER_SECOND, clockText, frameOfSlot, slotAt } from "../src/clock";

test("a clock stays within the run", () => {
  const clock = new Clock(5);
  for (const [to, at] of [
    [-1, 0],
    [2.5, 2.5],
    [99, 4],
    [NaN, 0],
  ] as const) {
    clock.seek(to);
    assert.equal(clock.at, at);
  }
});

test("steps go to whole frames, back first to the beginning of this one", () => {
  const clock = new Clock(5);
  clock.seek(2.5);
  clock.step(-1);
  assert.equal(clock.at, 2);
  clock.seek(2.5);
  clock.step(1);
  assert.equal(clock.at, 3);
  clock.step(10);
  assert.equal(clock.at, 4);
});

test("a clock says when the frame is another one", () => {
  const clock = new Clock(5);
  const ticks: [number, boolean][] = [];
  clock.onTick((at, isNew) => ticks.push([at, isNew]));
  clock.seek(0.5);
  clock.seek(1.25);
  clock.seek(1.25);
  clock.seek(0.75);
  assert.deepEqual(ticks, [
    [0.5, false],
    [1.25, true],
    [0.75, true],
  ]);
});

test("play goes on at its speed, stops at the end and starts again", () => {
  const clock = new Clock(5);
  clock.advance(1);
  assert.equal(clock.at, 0);
  clock.play();
  clock.speed = 0.5;
  clock.advance(1);
  assert.equal(clock.at, 0.5 * FRAMES_PER_SECOND);
  clock.advance(100);
  assert.equal(clock.at, 4);
  assert.equal(clock.playing, false);
  clock.play();
  assert.equal(clock.at, 0);
});

test("a run of one frame has nothing to play", () => {
  for (const frames of [0, 1]) {
    const clock = new Clock(frames);
    clock.play();
    assert.equal(clock.playing, false);
    clock.step(1);
    assert.equal(clock.at, 0);
  }
});

test("a slot is found among frames that leave some out", () => {
  const slots = Int32Array.of(0, 2, 4, 6);
  assert.deepEqual(
    [0, 1, 2, 3, 6, 9].map((slot) => frameOfSlot(slots, slot)),
    [0, 1, 1, 2, 3, 3],
  );
  assert.equal(frameOfSlot([], 3), 0);
  assert.deepEqual([slotAt(slots, 0.5), slotAt(slots, 3), slotAt([], 0)], [1, 6, 0]);
});

test("times are written as clocks show them", () => {
  assert.deepEqual(
    [0, 59, 61, 3600, 7325].map((seconds) => clockText(seconds)),
    ["0:00", "0:59", "1:01", "1:00:00", "2:02:05"],
  );
  assert.equal(clockText(1.5, true), "0:01.5");
});
