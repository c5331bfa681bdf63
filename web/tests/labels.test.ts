import assert from "node:assert/strict";
import { test } from "node:test";

import { placeNames } from "../src/labels";
import { uniform } from "./city";

const FRAME = { left: 0, top: 0, right: 600, bottom: 400 };

test("no name lies on another, on a mark or outside", () => {
  const random = uniform(5);
  const names = Array.from({ length: 200 }, () => {
    return { x: random() * 600, y: random() * 400, half: 6, width: 20 + random() * 60, height: 14 };
  });
  const marks = names.map(({ x, y, half }) => ({ left: x - half, top: y - half, right: x + half, bottom: y + half }));
  const boxes = placeNames(names, marks, FRAME).flatMap((place, at) => {
    if (!place) return [];
    const { width, height } = names[at];
    return [{ left: place.x, right: place.x + width, top: place.y - height / 2, bottom: place.y + height / 2 }];
  });
  assert.ok(boxes.length > 20);
  boxes.forEach((box, at) => {
    assert.ok(box.left >= 0 && box.right <= 600 && box.top >= 0 && box.bottom <= 400);
    for (const other of [...boxes.slice(0, at), ...marks]) {
      const apart =
        box.right <= other.left || other.right <= box.left || box.bottom <= other.top || other.bottom <= box.top;
      assert.ok(apart);
    }
  });
});

test("the most important name comes first", () => {
  const name = { x: 300, y: 200, half: 5, width: 590, height: 14 };
  const [first, second] = placeNames([{ ...name, width: 100 }, name], [], FRAME);
  assert.ok(first);
  assert.equal(second, null);
});
