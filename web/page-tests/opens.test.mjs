/* Every kind of page opens from disk without a network, and nothing goes wrong meanwhile. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage } from "./kit/chromium.mjs";
import { absent } from "./kit/pages.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

for (const name of ["plan", "late", "comparison", "tradeoff", "run", "world", "melbourne", "san-francisco"]) {
  test(`${name} opens from disk, offline, without an error or a request`, { skip: absent(name) }, async () => {
    const { page, seen, close } = await openPage(browser, name);
    assert.ok((await page.locator("h1").first().innerText()).length > 0);
    assert.ok(await page.locator("#page canvas").first().isVisible(), "the map is there");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `scrolls sideways by ${wide} px`);
    assert.deepEqual(seen, []);
    await close();
  });
}
