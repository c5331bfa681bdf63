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
const processes = await browser.newBrowserCDPSession();
const speed = page.getByLabel(/speed/i);
await speed.selectOption({ index: (await speed.locator("option").count()) - 1 });
await page.locator(".map-stage").first().scrollIntoViewIfNeeded();
const one_map = await play();
await page.keyboard.press("c");
const two_maps = await play();
await close();
await browser.close();
console.log(JSON.stringify({ first_picture_ms: first.sort((a, b) => a - b)[first.length >> 1], one_map, two_maps }));

/** Processor time of all processes of the browser [s]. */
async function cpu_s() {
  const { processInfo } = await processes.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Play, and count the frames; on a busy machine the processor time of one says more than their rate. */
async function play() {
  await page.getByRole("button", { name: /^play/i }).click();
  await page.waitForTimeout(500);
  const begun_s = await cpu_s();
  const times_ms = await page.evaluate(
    (limit_ms) =>
      new Promise((done) => {
        const times = [];
        const step = (now) => {
          times.push(now);
          if (now - times[0] >= limit_ms) done(times);
          else requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    1000 * Number(seconds),
  );
  const frames = times_ms.length - 1;
  const cpu_ms = (1000 * ((await cpu_s()) - begun_s)) / frames;
  await page.getByRole("button", { name: /^pause/i }).click();
  return { frames_per_s: (1000 * frames) / (times_ms.at(-1) - times_ms[0]), cpu_ms };
}
