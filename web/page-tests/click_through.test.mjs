/* With a mouse through a plan of Melbourne and a run of San Francisco's taxis. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage, PHONE } from "./kit/chromium.mjs";
import { absent } from "./kit/pages.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const selection = (page) => page.getByRole("region", { name: "Selection" });

/** The picture of a map, as bytes that differ where it differs. */
const picture = async (page) => (await page.locator("#page figure.map").first().screenshot()).toString("base64");

/** Click about a map until something is selected; how many clicks it took. */
async function clickUntilSelected(page, wanted) {
  const map = page.locator("#page figure.map canvas").last();
  const { width, height } = await map.boundingBox();
  for (let at = 1; at <= 150; at++) {
    const [x, y] = [(at * 0.618) % 1, (at * 0.414) % 1];
    await map.click({ position: { x: 5 + x * (width - 10), y: 5 + y * (height - 10) }, force: true });
    if (wanted.test(await selection(page).innerText())) return at;
  }
  throw new Error(`150 clicks on the map select nothing like ${wanted}`);
}

test("a plan of Melbourne", { skip: absent("melbourne") }, async () => {
  const { page, seen, close } = await openPage(browser, "melbourne");
  const whole = await picture(page);

  await clickUntilSelected(page, /\bu\d+\b/);
  const others = selection(page).getByRole("list", { name: /host/i });
  assert.ok((await others.getByRole("listitem").count()) > 1, "what every other host would cost");

  const servers = page
    .getByRole("table")
    .filter({ hasText: /seats|CPU/ })
    .first();
  await servers.locator("tbody tr button").first().click();
  assert.match(await selection(page).innerText(), /\d+ twins?/);
  await page.getByRole("searchbox", { name: /filter servers/i }).fill("zzz");
  await servers.getByText("None.").waitFor();

  await page.mouse.move(400, 500);
  const map = page.locator("#page figure.map canvas").last();
  await map.hover();
  await page.mouse.wheel(0, -400);
  await page.waitForTimeout(400);
  assert.notEqual(await picture(page), whole, "the map zooms");
  assert.deepEqual(seen, []);
  await close();
});

test("a run of San Francisco", { skip: absent("san-francisco") }, async () => {
  const { page, seen, close } = await openPage(browser, "san-francisco");
  const slider = page.getByRole("slider", { name: /^time/i });
  const first = await picture(page);
  await page.getByRole("button", { name: /^play/i }).click();
  await page.waitForTimeout(1500);
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  assert.notEqual(await slider.inputValue(), "0");
  assert.notEqual(await picture(page), first, "the taxis move");
  await page.getByLabel(/^beside/i).selectOption("follow_nearest");
  assert.equal(await page.locator("#page figure.map").count(), 2, "two policies on one clock");
  await clickUntilSelected(page, /host/i);
  assert.deepEqual(seen, []);
  await close();
});

test("a tap on a phone", { skip: absent("melbourne") }, async () => {
  const { page, seen, close } = await openPage(browser, "melbourne", { viewport: PHONE, hasTouch: true });
  const map = page.locator("#page figure.map").first();
  await map.scrollIntoViewIfNeeded();
  const { width } = await map.boundingBox();
  assert.ok(width > 300 && width <= 390, `the map is ${width} px wide`);
  await page.locator("#page tbody tr button").first().tap();
  assert.ok((await selection(page).innerText()).length > 0);
  assert.deepEqual(seen, []);
  await close();
});
