/* How fast a page of a run is, in headless Chromium with software drawing: `node bench/run_page.mjs PAGE.html ...`.
   Of each page: time to the first picture, frames a second while it plays, the longest time between two, and the
   processor time of a frame, of all the browser's processes: on a busy machine that says more. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { Chromium } from "./chromium.mjs";

const SECONDS = 5;

for (const page of process.argv.slice(2)) {
  const chromium = new Chromium();
  try {
    await chromium.open(pathToFileURL(resolve(page)).href, { width: 1280, height: 720 });
    const first_ms = await chromium.eval(`performance.getEntriesByName("first-picture")[0]?.startTime ?? NaN`);
    await chromium.eval(`document.querySelector(".map-stage").scrollIntoView({ block: "center" })`);
    const one = await frames(chromium);
    const policies = await chromium.eval(`document.querySelector(".tools select")?.options.length ?? 0`);
    console.log(`${page}: first picture ${first_ms.toFixed(0)} ms, one map ${one}`);
    if (policies > 1) {
      await chromium.press("c");
      console.log(`${page}: two maps ${await frames(chromium)}`);
    }
    for (const error of chromium.errors) console.error(`${page}: ${error}`);
  } finally {
    await chromium.close();
  }
}

/** Play, and count the pictures. */
async function frames(chromium) {
  await chromium.press(" ", "Space");
  const cpu_s = await chromium.cpu_s();
  const times = await chromium.eval(`new Promise((done) => {
    const times = [];
    const look = (now) => {
      times.push(now);
      if (now - times[0] < ${1000 * SECONDS}) requestAnimationFrame(look);
      else done(times);
    };
    requestAnimationFrame(look);
  })`);
  const used_s = (await chromium.cpu_s()) - cpu_s;
  const isPlaying = await chromium.eval(`document.querySelector(".play").textContent === "Pause"`);
  await chromium.press(" ", "Space");
  const gaps = times.slice(1).map((time, at) => time - times[at]);
  const rate = (1000 * gaps.length) / (times.at(-1) - times[0]);
  const frame_ms = (1000 * used_s) / gaps.length;
  return `${rate.toFixed(0)} frames/s, longest gap ${Math.max(...gaps).toFixed(0)} ms, CPU ${frame_ms.toFixed(0)} ms a frame${isPlaying ? "" : " (it stopped)"}`;
}
