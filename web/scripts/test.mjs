/* Bundle each test and run all with the test runner of node: `node scripts/test.mjs [NAME ...]`. */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const WEB = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const MADE = join(WEB, ".build/tests");
const names = process.argv.slice(2);
const tests = readdirSync(join(WEB, "tests"), { recursive: true })
  .filter((path) => path.endsWith(".test.ts") && (names.length === 0 || names.some((name) => path.includes(name))))
  .sort();
rmSync(MADE, { recursive: true, force: true });
await build({
  absWorkingDir: WEB,
  entryPoints: tests.map((path) => join("tests", path)),
  outdir: MADE,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});
const made = tests.map((path) => join(MADE, path.replace(/\.ts$/, ".mjs")));
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...made], { stdio: "inherit", cwd: WEB });
process.exit(run.status ?? 1);
