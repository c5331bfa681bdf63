/* A plan prints on two pages of A4. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage } from "./kit/chromium.mjs";
import { absent } from "./kit/pages.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

for (const name of ["plan", "melbourne"]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${name} prints on at most two pages from ${colorScheme}`, { skip: absent(name) }, async () => {
      const { page, close } = await openPage(browser, name, { colorScheme });
      const pdf = await page.pdf({ format: "A4", printBackground: false });
      const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g).length;
      assert.ok(pages >= 1 && pages <= 2, `${pages} pages`);
      await close();
    });
  }
}
