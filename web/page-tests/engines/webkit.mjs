/* WebKitGTK's MiniBrowser by WebKitWebDriver, on a display of Xvfb where there is none. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { freePort, scratch, start, until } from "./program.mjs";

const DRIVER = "/usr/bin/WebKitWebDriver";
const XVFB = "/usr/bin/Xvfb";
/** What MiniBrowser prints of its page's console, beside warnings of the machine's own. */
const FAULT = /CONSOLE .*(ERROR|WARN)/;
/** How long a page is watched for them [ms]. */
const WATCHED_MS = 6000;

export const absent =
  (!existsSync(DRIVER) && "there is no WebKitWebDriver (Debian: apt install webkit2gtk-driver)") ||
  (!process.env.DISPLAY && !existsSync(XVFB) && "there is no display and no Xvfb (Debian: apt install xvfb)");

/** MiniBrowser lies beside the library, whose folder bears the machine's architecture. */
function miniBrowser() {
  const library = "/usr/lib";
  const folders = readdirSync(library).flatMap((name) =>
    ["4.1", "4.0"].map((api) => join(library, name, `webkit2gtk-${api}`)),
  );
  return folders.map((folder) => join(folder, "MiniBrowser")).find((path) => existsSync(path));
}

/** A window of MiniBrowser: `go`, `run` a function in its page, `press` keys, `faults` of its console so far, `close`. */
export async function open() {
  const home = scratch();
  const display = process.env.DISPLAY ?? `:${100 + (process.pid % 400)}`;
  const screen = process.env.DISPLAY ? null : start(XVFB, [display, "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
  const port = await freePort();
  const environment = {
    DISPLAY: display,
    GDK_BACKEND: "x11",
    HOME: home.folder,
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: process.getuid?.() === 0 ? "1" : "0",
    LIBGL_ALWAYS_SOFTWARE: "1",
  };
  const driver = start(DRIVER, [`--port=${port}`], environment);
  const send = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  await until(() => send("GET", "/status"), "WebKitWebDriver");
  const options = { binary: miniBrowser(), args: ["--automation"] };
  const { sessionId, capabilities } = await send("POST", "/session", {
    capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
  });
  const session = `/session/${sessionId}`;
  return {
    version: `WebKitGTK ${capabilities.browserVersion}`,
    /** A driven window does not print its console, so the page is opened again in one that does. */
    async faults(url) {
      const words = ["--enable-write-console-messages-to-stdout=true", url];
      const watched = start(miniBrowser(), words, environment);
      await new Promise((done) => setTimeout(done, WATCHED_MS));
      await watched.end();
      return watched.lines.filter((line) => FAULT.test(line));
    },
    go: (url) => send("POST", `${session}/url`, { url }),
    run: (action, ...values) =>
      send("POST", `${session}/execute/async`, {
        script: `const done = arguments[arguments.length - 1];
          Promise.resolve((${action})(...${JSON.stringify(values)})).then(done, (error) => done({ thrown: String(error) }));`,
        args: [],
      }),
    press: (key) =>
      send("POST", `${session}/actions`, {
        actions: [{ type: "key", id: "keys", actions: ["keyDown", "keyUp"].map((type) => ({ type, value: key })) }],
      }),
    async close() {
      await send("DELETE", session).catch(() => undefined);
      await driver.end();
      await screen?.end();
      home.remove();
    },
  };
}
