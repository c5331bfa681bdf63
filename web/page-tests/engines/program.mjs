/* A program that a test starts, and ends again with all that it wrote. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** An empty folder, and what removes it. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "twinhop-engine-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }) };
}

/** Start a program in a group of its own. `lines` grows by what it prints; `end` ends the whole group. */
export function start(command, words, environment = {}) {
  const child = spawn(command, words, { detached: true, env: { ...process.env, ...environment } });
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => lines.push(...text.split("\n").filter(Boolean)));
  }
  const ended = new Promise((done) => child.on("close", done).on("error", done));
  return {
    lines,
    async end() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
      await Promise.race([ended, new Promise((done) => setTimeout(done, 5000))]);
    },
  };
}

/** What `ask` gives once it gives something. */
export async function until(ask, what, limit_ms = 30_000) {
  const begun = performance.now();
  for (;;) {
    const value = await Promise.resolve(ask()).catch(() => undefined);
    if (value) return value;
    if (performance.now() - begun > limit_ms) throw new Error(`${what}: not within ${limit_ms / 1000} s`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
