/* axe-core finds nothing to object to, in light and dark, on a desk and on a phone. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { DESK, launch, openPage, PHONE } from "./kit/chromium.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

for (const name of ["plan", "late", "comparison", "tradeoff", "run", "world"]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [DESK, PHONE]) {
      test(`${name}, ${colorScheme}, ${viewport.width} px`, async () => {
        const { page, close } = await openPage(browser, name, { colorScheme, viewport });
        await page.evaluate(AXE);
        const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        const faults = found.violations.flatMap(({ id, help, nodes }) =>
          nodes.map(
            (node) => `${id}: ${help}: ${node.target.join(" ")} ${node.any.map((one) => one.message).join("; ")}`,
          ),
        );
        assert.deepEqual(faults, []);
        await close();
      });
    }
  }
}
