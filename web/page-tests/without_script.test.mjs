/* Without JavaScript, and with data that are damaged: what is static remains, and one sentence says what is wrong. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { launch, open, openPage } from "./kit/chromium.mjs";
import { pageFile } from "./kit/pages.mjs";

const folder = mkdtempSync(join(tmpdir(), "twinhop-damaged-"));
let browser;
before(async () => (browser = await launch()));
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

for (const name of ["plan", "comparison", "tradeoff", "run", "world"]) {
  test(`${name} without JavaScript has its tables, and its map where it has one`, async () => {
    const { page, seen, close } = await openPage(browser, name, { javaScriptEnabled: false });
    const main = page.locator("#page");
    assert.ok((await main.locator("h1").innerText()).length > 0);
    assert.ok((await main.locator("table").first().locator("tbody tr").count()) > 0);
    const map = main.locator("svg").first();
    const box = await map.boundingBox();
    assert.ok(box.width > 200 && box.height > 100, "the static map is there");
    assert.ok((await map.locator("circle, path, rect, use").count()) > 5, "the static map shows something");
    assert.deepEqual(seen, []);
    await close();
  });
}

const DATA = /(<script id="data" type="text\/plain">)([^<]*)(<\/script>)/;

/** The page of a plan with other data, in base64. */
async function openChanged(name, change) {
  const html = readFileSync(pageFile("plan"), "utf8");
  assert.match(html, DATA);
  const file = join(folder, `${name}.html`);
  writeFileSync(
    file,
    html.replace(DATA, (_, before, data, after) => before + change(data) + after),
  );
  return open(browser, pathToFileURL(file).href);
}

/** Data with their JSON or bytes changed. */
const unpacked = (change) => (data) => {
  const bytes = gunzipSync(Buffer.from(data, "base64"));
  return gzipSync(change(bytes) ?? bytes).toString("base64");
};
const DAMAGES = {
  "half of it": (data) => data.slice(0, data.length / 2),
  "no base64": () => "%%%%",
  empty: () => "",
  "another magic": unpacked((bytes) => void bytes.write("NOTTWINS")),
  "another version": unpacked((bytes) => void bytes.write("TWHPAGE9")),
  "cut columns": unpacked((bytes) => bytes.subarray(0, bytes.length - 400)),
  "broken JSON": unpacked((bytes) => void bytes.fill("}", 16, 40)),
};
for (const [what, change] of Object.entries(DAMAGES)) {
  test(`damaged data (${what}) give one sentence, and what is static stays`, async () => {
    const { page, seen, close } = await openChanged(what.replaceAll(" ", "-"), change);
    const alerts = page.getByRole("alert");
    assert.equal(await alerts.count(), 1);
    const text = await alerts.innerText();
    assert.ok(text.length > 20 && text.length < 300, text);
    assert.doesNotMatch(text, /undefined|NaN|TypeError|RangeError|\[object|Error:/);
    assert.ok((await page.locator("#page table tbody tr").count()) > 0, "the static table stays");
    assert.deepEqual(seen, []);
    await close();
  });
}
