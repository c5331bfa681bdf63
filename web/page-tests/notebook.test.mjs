/* A page in a cell of a notebook: in a frame without an origin, under its own policy. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./kit/chromium.mjs";
import { pageAddress } from "./kit/pages.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

for (const name of ["notebook-plan", "notebook-run"]) {
  test(`${name} is drawn in its frame, which reads nothing of the notebook`, async () => {
    const { page, seen, close } = await open(browser, pageAddress(name), { waits: false });
    const frame = await (await page.waitForSelector("iframe")).contentFrame();
    await frame.waitForSelector("#page[data-ready]");
    assert.equal(await frame.getByRole("alert").count(), 0);
    assert.ok(await frame.locator("canvas").first().isVisible());
    assert.ok((await frame.locator("table tbody tr").count()) > 0);
    const reaches = (read) => frame.evaluate(read).then(() => true, () => false); // prettier-ignore
    assert.ok(!(await reaches(() => window.parent.document.body.id)), "the frame reads the notebook");
    assert.ok(!(await reaches(() => window.localStorage.length)), "the frame has storage");
    assert.deepEqual(seen, []);
    await close();
  });
}
