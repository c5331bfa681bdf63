/* Firefox, by the WebDriver BiDi that it speaks itself: Debian has no geckodriver. */
import { existsSync } from "node:fs";
import WebSocket from "ws";
import { freePort, scratch, start, until } from "./program.mjs";

const PROGRAM = ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find((path) => existsSync(path));

export const absent = !PROGRAM && "there is no firefox-esr (Debian: apt install firefox-esr)";

/** A window of Firefox: `go`, `run` a function in its page, `press` keys, `faults` of its console so far, `close`. */
export async function open() {
  const port = await freePort();
  const profile = scratch();
  const words = ["--headless", "--no-remote", "--profile", profile.folder, `--remote-debugging-port=${port}`];
  const program = start(PROGRAM, words, { HOME: profile.folder });
  const socket = await until(() => connect(`ws://127.0.0.1:${port}/session`), "firefox");
  const waiting = new Map();
  const faults = [];
  socket.on("message", (text) => {
    const message = JSON.parse(text);
    if (message.method === "log.entryAdded" && ["error", "warn"].includes(message.params.level)) {
      faults.push(`${message.params.level}: ${message.params.text}`);
    }
    if (message.method === "network.beforeRequestSent" && /^(https?|wss?):/.test(message.params.request.url)) {
      faults.push(`request: ${message.params.request.url}`);
    }
    waiting.get(message.id)?.(message);
  });
  let last = 0;
  const send = async (method, params) => {
    const id = ++last;
    const answer = new Promise((done) => waiting.set(id, done));
    socket.send(JSON.stringify({ id, method, params }));
    const { type, result, error, message } = await answer;
    if (type === "error") throw new Error(`${method}: ${error}: ${message}`);
    return result;
  };
  const { capabilities } = await send("session.new", { capabilities: {} });
  await send("session.subscribe", { events: ["log.entryAdded", "network.beforeRequestSent"] });
  const { contexts } = await send("browsingContext.getTree", {});
  const context = contexts[0].context;
  return {
    version: `Firefox ${capabilities.browserVersion}`,
    faults: () => faults.splice(0),
    go: (url) => send("browsingContext.navigate", { context, url, wait: "complete" }),
    async run(action, ...values) {
      const expression = `(async () => JSON.stringify(await (${action})(...${JSON.stringify(values)})))()`;
      const target = { context };
      const answer = await send("script.evaluate", { expression, target, awaitPromise: true });
      if (answer.type === "exception") throw new Error(answer.exceptionDetails.text);
      return answer.result.value === undefined ? undefined : JSON.parse(answer.result.value);
    },
    press: (key) =>
      send("input.performActions", {
        context,
        actions: [{ type: "key", id: "keys", actions: ["keyDown", "keyUp"].map((type) => ({ type, value: key })) }],
      }),
    async close() {
      await send("browser.close", {}).catch(() => undefined);
      socket.terminate();
      await program.end();
      profile.remove();
    },
  };
}

/** An open socket. */
function connect(address) {
  return new Promise((done, fail) => {
    const socket = new WebSocket(address);
    socket.once("open", () => done(socket)).once("error", fail);
  });
}
