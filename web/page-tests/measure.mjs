/* Times of a page of a run as JSON, for benchmarks/page.py: `node page-tests/measure.mjs FILE SECONDS REPEATS`. */
import { pathToFileURL } from "node:url";
import { launch, open } from "./kit/chromium.mjs";

const [file, seconds, repeats] = process.argv.slice(2);
const address = pathToFileURL(file).href;
const browser = await launch();
const first = [];
for (let at = 0; at < Number(repeats); at++) {
  const { page, close } = await open(browser, address);
  first.push(await page.evaluate(() => performance.getEntriesByName("first-picture")[0].startTime));
  await close();
}

const { page, close } = await open(browser, address);
const speed = page.getByLabel(/speed/i);
if (await speed.count()) await speed.selectOption({ index: (await speed.locator("option").count()) - 1 });
await page.getByRole("button", { name: /^play/i }).click();
await page.waitForTimeout(500);
const frames = await page.evaluate(
  (limit_ms) =>
    new Promise((done) => {
      const begun = performance.now();
      let count = 0;
      const step = (now) => {
        if (now - begun >= limit_ms) done((1000 * count) / (now - begun));
        else requestAnimationFrame(step);
        count++;
      };
      requestAnimationFrame(step);
    }),
  1000 * Number(seconds),
);
await close();
await browser.close();
console.log(JSON.stringify({ first_picture_ms: first.sort((a, b) => a - b)[first.length >> 1], frames_per_s: frames }));
