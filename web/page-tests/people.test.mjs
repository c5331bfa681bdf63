/* Less motion, German numbers, and names that try to be code. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage } from "./kit/chromium.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test("with reduced motion nothing moves by itself, and no style animates", async () => {
  const { page, close } = await openPage(browser, "run", { reducedMotion: "reduce" });
  const place = () => page.getByRole("slider", { name: /^time/i }).inputValue();
  const before = await place();
  await page.waitForTimeout(800);
  assert.equal(await place(), before);
  const moving = await page.evaluate(() => document.getAnimations().length);
  assert.equal(moving, 0);
  const lasting = await page.evaluate(() =>
    [...document.querySelectorAll("#page *")]
      .map((element) => getComputedStyle(element))
      .filter(
        ({ transitionDuration, animationName }) => parseFloat(transitionDuration) > 0.01 || animationName !== "none",
      )
      .map((style) => style.transitionProperty),
  );
  assert.deepEqual(lasting, []);
  await close();
});

for (const [locale, has, lacks] of [
  ["de-DE", /\d,\d/, /\d\.\d{1,2}\b(?!\.)/],
  ["en-GB", /\d\.\d/, /\d,\d{1,2}\b(?!,)/],
]) {
  test(`numbers in ${locale}`, async () => {
    for (const name of ["plan", "run"]) {
      const { page, close } = await openPage(browser, name, { locale });
      const panels = page.locator("#page table, #page .tiles, #page .tile");
      const text = (await panels.allInnerTexts()).join("\n");
      assert.match(text, has);
      assert.doesNotMatch(text, lacks);
      await close();
    }
  });
}

test("a system without a language gets English numbers", async () => {
  const { page, seen, close } = await openPage(browser, "run", { language: "C" });
  assert.equal(await page.getByRole("alert").count(), 0);
  assert.deepEqual(seen, []);
  await close();
});

for (const name of ["plan", "comparison", "tradeoff", "run", "world"]) {
  for (const javaScriptEnabled of [true, false]) {
    test(`${name}: names are text, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
      const { page, seen, close } = await openPage(browser, name, { javaScriptEnabled });
      assert.ok((await page.getByText("<img src=x onerror=window.broken=1>").count()) > 0, "the name as written");
      assert.equal(await page.locator("img[src=x]").count(), 0);
      if (javaScriptEnabled) assert.equal(await page.evaluate(() => window.broken), undefined);
      assert.deepEqual(seen, []);
      await close();
    });
  }
}
