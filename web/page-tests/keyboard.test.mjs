/* Everything by keys alone: find a late twin, read why, fail a station, compare, play and seek. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage } from "./kit/chromium.mjs";
import { tabTo } from "./kit/keyboard.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const selection = (page) => page.getByRole("region", { name: "Selection" });

test("a late twin of a plan, and why it is where it is", async () => {
  const { page, seen, close } = await openPage(browser, "late");
  await tabTo(page, /^next late/i);
  await page.keyboard.press("Enter");
  const text = await selection(page).innerText();
  assert.match(text, /\bu\d+\b/);
  assert.match(text, /late/i);
  const others = selection(page).getByRole("list", { name: /host/i });
  assert.ok((await others.getByRole("listitem").count()) > 1, "what every other host would cost");
  assert.deepEqual(seen, []);
  await close();
});

test("a twin by its name", async () => {
  const { page, seen, close } = await openPage(browser, "plan");
  await tabTo(page, /find/i);
  await page.keyboard.type("u7");
  await page.keyboard.press("Enter");
  assert.match(await selection(page).innerText(), /\bu7\b/);
  assert.deepEqual(seen, []);
  await close();
});

test("a station that fails, before and after", async () => {
  const { page, seen, close } = await openPage(browser, "plan");
  await tabTo(page, /quay/i);
  await page.keyboard.press("Enter");
  await tabTo(page, /fail.*quay/i);
  await page.keyboard.press("Enter");
  const text = await page.locator("#page").innerText();
  assert.match(text, /before/i);
  assert.match(text, /after/i);
  assert.deepEqual(seen, []);
  await close();
});

test("a sorted table", async () => {
  const { page, seen, close } = await openPage(browser, "plan");
  const names = () =>
    page
      .getByRole("table", { name: /servers/i })
      .locator("tbody th")
      .allInnerTexts();
  const before = await names();
  await tabTo(page, /^seats/i);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  assert.notDeepEqual(await names(), before);
  assert.equal(
    await page.locator("th[aria-sort] button:focus").count(),
    1,
    "the focus stays on the head of the column",
  );
  assert.deepEqual(seen, []);
  await close();
});

test("another policy of a comparison", async () => {
  const { page, seen, close } = await openPage(browser, "comparison");
  const before = await page.locator("#page").innerText();
  await tabTo(page, /greedy/i);
  await page.keyboard.press("Enter");
  await page.waitForFunction((text) => document.querySelector("#page").innerText !== text, before);
  assert.deepEqual(seen, []);
  await close();
});

test("another number of servers", async () => {
  const { page, seen, close } = await openPage(browser, "tradeoff");
  await tabTo(page, /^servers/i);
  const slider = page.getByRole("slider", { name: /^servers/i });
  await page.keyboard.press("Home");
  const least = await slider.getAttribute("aria-valuetext");
  await page.keyboard.press("End");
  assert.notEqual(await slider.getAttribute("aria-valuetext"), least);
  assert.deepEqual(seen, []);
  await close();
});

test("play, pause and seek a run, and its late twins", async () => {
  const { page, seen, close } = await openPage(browser, "run");
  const slider = page.getByRole("slider", { name: /^time/i });
  const place = () => slider.getAttribute("aria-valuetext");
  await tabTo(page, /^play/i);
  const begin = await place();
  await page.keyboard.press("Enter");
  await page.waitForFunction((text) => document.querySelector("[aria-valuetext]").ariaValueText !== text, begin);
  await page.keyboard.press("Enter");
  const paused = await place();
  await page.waitForTimeout(600);
  assert.equal(await place(), paused);
  await slider.focus();
  await page.keyboard.press("End");
  const end = await place();
  assert.notEqual(end, begin);
  await page.keyboard.press("Home");
  assert.equal(await place(), begin);
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await place(), begin);
  await tabTo(page, /next late/i);
  await page.keyboard.press("Enter");
  assert.match(await selection(page).innerText(), /\bu\d+\b/);
  assert.deepEqual(seen, []);
  await close();
});

test("one run beside another", async () => {
  const { page, seen, close } = await openPage(browser, "run");
  await tabTo(page, /^beside/i);
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelectorAll("#page figure.map").length === 2);
  assert.deepEqual(seen, []);
  await close();
});
