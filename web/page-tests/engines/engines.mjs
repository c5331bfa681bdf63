/* make test-page-engines: the pages in Firefox and WebKit, from disk; one line an engine and page. */
import { absent, pageAddress } from "../kit/pages.mjs";
import * as firefox from "./firefox.mjs";
import { until } from "./program.mjs";
import * as webkit from "./webkit.mjs";

const PAGES = ["plan", "comparison", "tradeoff", "run", "world", "melbourne", "san-francisco"];
const [LEFT, RIGHT] = ["\uE012", "\uE014"];
const strict = process.env.CI === "true";
const counts = { pass: 0, fail: 0, skipped: 0 };

/** What is wrong with a page in a window; empty if nothing is. */
async function faultsOf(window, name) {
  await window.go(pageAddress(name));
  await until(() => window.run(() => document.querySelector("#page[data-ready]") !== null), `${name} is drawn`);
  const faults = await window.run(checkPicture);
  if (["run", "tradeoff", "san-francisco"].includes(name)) {
    const [first] = await window.run(focusSlider);
    await window.press(name === "tradeoff" ? LEFT : RIGHT); // which begins at its best number, maybe the greatest
    await until(async () => (await window.run(focusSlider))[0] !== first, "the slider moves").catch((error) =>
      faults.push(error.message),
    );
  }
  return [...faults, ...(await window.faults(pageAddress(name)))];
}

/** In the page: the data are decoded and drawn. */
function checkPicture() {
  const faults = [];
  const alert = document.querySelector("#page [role=alert]");
  if (alert) faults.push(alert.textContent);
  const drawn = [...document.querySelectorAll("#page canvas")].some((canvas) => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((level, at) => at % 4 === 3 && level > 0);
  });
  if (!drawn) faults.push("nothing is drawn");
  if (document.querySelectorAll("#page table tbody tr").length === 0) faults.push("no table has a row");
  return faults;
}

/** In the page: put the focus on the slider; its place in words and number. */
function focusSlider() {
  const slider = document.querySelector("#page input[type=range]");
  slider.focus();
  return [`${slider.value} ${slider.getAttribute("aria-valuetext")}`];
}

for (const [name, engine] of Object.entries({ firefox, webkit })) {
  if (engine.absent) {
    counts[strict ? "fail" : "skipped"]++;
    console.log(`${name}: skipped, ${engine.absent}`);
    continue;
  }
  const window = await engine.open();
  console.log(window.version);
  for (const page of PAGES) {
    const why = absent(page);
    if (why) {
      counts.skipped++;
      console.log(`  ${page}: skipped, ${why}`);
      continue;
    }
    const faults = await faultsOf(window, page).catch((error) => [error.message]);
    counts[faults.length > 0 ? "fail" : "pass"]++;
    console.log(`  ${page}: ${faults.length > 0 ? faults.join("; ") : "opens, draws, no error"}`);
  }
  await window.close();
}
console.log(`page engines: ${counts.pass} pass, ${counts.fail} fail, ${counts.skipped} skipped`);
process.exitCode = counts.fail > 0 ? 1 : 0;
