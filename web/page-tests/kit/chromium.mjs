/* The system's Chromium, and pages in it that record whatever goes wrong. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { pageAddress } from "./pages.mjs";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const program = process.env.CHROMIUM ?? PROGRAMS.find((path) => existsSync(path));

/** A browser without a window; root has no sandbox. */
export const launch = () =>
  chromium.launch({
    executablePath: program,
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--font-render-hinting=none"],
  });

/** Sizes of windows that the tests look at [CSS pixels]. */
export const DESK = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/**
 * A page opened from disk, without a network. `seen` lists what must not happen: errors and warnings of the console,
 * exceptions, and requests for anything but the file. `waits` until the page says that it is drawn;
 * `language` is what the browser says of its own.
 */
export async function open(browser, address, { waits = true, language, ...options } = {}) {
  const context = await browser.newContext({ viewport: DESK, locale: "en-GB", offline: true, ...options });
  const page = await context.newPage();
  const speak = (value) => Object.defineProperty(navigator, "language", { value, configurable: true });
  if (language) await page.addInitScript(speak, language);
  const seen = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => seen.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== address && !/^(data|blob):/.test(request.url())) seen.push(`request: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address);
  if (waits && options.javaScriptEnabled !== false) await ready(page);
  return { page, seen, close: () => context.close() };
}

/** A page of `kit/pages.mjs`. */
export const openPage = (browser, name, options) => open(browser, pageAddress(name), options);

/** Wait until a page says that it is drawn. */
export const ready = (page) => page.waitForSelector("#page[data-ready]", { timeout: 20_000 });
