/* Screenshots beside their references, coarsely: layout and colours, not letters. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PNG } from "pngjs";
import { DESK, launch, openPage, PHONE } from "./kit/chromium.mjs";
import { compareWithReference, difference, shrink } from "./kit/coarse.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const SHOTS = [
  ["plan", DESK, "light"],
  ["plan", PHONE, "light"],
  ["plan", DESK, "dark"],
  ["comparison", DESK, "light"],
  ["tradeoff", DESK, "light"],
  ["run", DESK, "light"],
  ["run", PHONE, "dark"],
];
for (const [name, viewport, colorScheme] of SHOTS) {
  const shot = `${name}-${viewport.width}-${colorScheme}`;
  test(`${shot} looks as its reference`, async () => {
    const { page, close } = await openPage(browser, name, { viewport, colorScheme, reducedMotion: "reduce" });
    await page.waitForTimeout(200);
    assert.equal(compareWithReference(shot, await page.screenshot()), null);
    await close();
  });
}

test("a picture with a moved block is another one", () => {
  const [one, other] = [0, 1].map((moved) => {
    const picture = new PNG({ width: 640, height: 400 });
    picture.data.fill(255);
    for (let y = 100; y < 300; y++) {
      for (let x = 100 + 200 * moved; x < 300 + 200 * moved; x++)
        picture.data.fill(40, 4 * (y * 640 + x), 4 * (y * 640 + x) + 3);
    }
    return shrink(PNG.sync.write(picture));
  });
  assert.equal(difference(one, one), 0);
  assert.ok(difference(one, other) > 0.2);
});
