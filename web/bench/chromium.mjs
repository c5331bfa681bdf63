/* A headless Chromium, spoken to over pipes: no package is needed. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"];

export class Chromium {
  /** Start one; `CHROMIUM` names another program. */
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "twinhop-page-"));
    const flags = [...FLAGS, `--user-data-dir=${this.folder}`, "about:blank"];
    const program = process.env.CHROMIUM ?? "chromium";
    this.process = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.waiting = new Map();
    this.errors = [];
    this.last = 0;
    let rest = "";
    this.process.stdio[4].setEncoding("utf8").on("data", (text) => {
      const parts = (rest + text).split("\0");
      rest = parts.pop();
      for (const part of parts) this.hear(JSON.parse(part));
    });
  }

  hear({ id, result, error, method, params }) {
    if (method === "Runtime.exceptionThrown") this.errors.push(params.exceptionDetails.exception?.description);
    if (method === "Runtime.consoleAPICalled" && ["error", "warning"].includes(params.type)) {
      this.errors.push(params.args.map(({ value, description }) => value ?? description).join(" "));
    }
    if (method === "Log.entryAdded" && params.entry.level === "error") this.errors.push(params.entry.text);
    const wait = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) wait?.reject(new Error(error.message));
    else wait?.resolve(result);
  }

  send(method, params = {}, sessionId = this.session) {
    const id = ++this.last;
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: sessionId ?? undefined })}\0`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  /** Open a page of a size, and wait until its first picture is drawn. */
  async open(address, { width = 1280, height = 900, dark = false, print = false } = {}) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" }, undefined);
    ({ sessionId: this.session } = await this.send("Target.attachToTarget", { targetId, flatten: true }, undefined));
    for (const domain of ["Page", "Runtime", "Log"]) await this.send(`${domain}.enable`);
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
    await this.send("Emulation.setEmulatedMedia", { features, media: print ? "print" : "" });
    await this.send("Page.navigate", { url: address });
    await this.eval(`new Promise((done) => {
      const look = () => document.getElementById("page")?.dataset.ready ? done(1) : setTimeout(look, 5);
      look();
    })`);
  }

  /** The value of an expression in the page; promises are awaited. */
  async eval(expression) {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Press a key, as a person does. */
  async press(key, code = key) {
    const text = key.length === 1 ? key : undefined;
    const keys = { ArrowLeft: 37, ArrowRight: 39, Home: 36, End: 35, PageUp: 33, PageDown: 34, Enter: 13, Escape: 27 };
    const windowsVirtualKeyCode = keys[key] ?? key.toUpperCase().charCodeAt(0);
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, code, text, windowsVirtualKeyCode });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key, code, windowsVirtualKeyCode });
  }

  /** Processor time of the browser and all its processes [s]. */
  async cpu_s() {
    const { processInfo } = await this.send("SystemInfo.getProcessInfo", {}, null);
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  }

  /** The picture of the whole page, as PNG. */
  async picture() {
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(data, "base64");
  }

  async close() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill();
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
