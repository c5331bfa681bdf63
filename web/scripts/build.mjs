/* The bundle of the page, the same bytes on each machine: `node scripts/build.mjs`; with --check it only compares. */
import { build } from "esbuild";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const BUNDLE = resolve(WEB, "../src/twinhop/output/page/bundle");
/** What all files together may weigh, compressed [bytes]. */
const MOST_BYTES = 150_000;

const check = process.argv.includes("--check");
const files = await bundle();
let weight = 0;
let stale = false;
for (const [name, bytes] of files) {
  const path = join(BUNDLE, name);
  const size = gzipSync(bytes, { level: 9 }).length;
  weight += size;
  console.log(`${name}: ${bytes.length} bytes, ${size} compressed`);
  if (check) {
    const present = await readFile(path).catch(() => Buffer.alloc(0));
    if (!present.equals(bytes)) {
      stale = true;
      console.error(`${name} is not what the sources make: run npm run build in web/ and commit it`);
    }
  } else {
    await mkdir(BUNDLE, { recursive: true });
    await writeFile(path, bytes);
  }
}
if (weight > MOST_BYTES) console.error(`the bundle weighs ${weight} bytes compressed, more than ${MOST_BYTES}`);
process.exitCode = stale || weight > MOST_BYTES ? 1 : 0;

/** Name and bytes of each file of the bundle. */
async function bundle() {
  const result = await build({
    absWorkingDir: WEB,
    entryPoints: { report: "src/main.ts", style: "src/style.css" },
    outdir: ".build",
    bundle: true,
    format: "iife",
    target: ["es2021", "chrome109", "firefox115", "safari16.4"],
    minify: true,
    charset: "ascii",
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const output = (ending) => {
    const file = result.outputFiles.find((one) => one.path.endsWith(ending));
    return Buffer.from(file.contents);
  };
  return [
    ["report.js", output("report.js")],
    ["report.css", output("style.css")],
    ["LICENSES.txt", Buffer.from(await licences(Object.keys(result.metafile.inputs)))],
  ];
}

/** The licence texts of all packages that a bundle was made of. */
async function licences(inputs) {
  const names = new Set();
  for (const input of inputs) {
    const match = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input.replaceAll("\\", "/"));
    if (match) names.add(match[1]);
  }
  const texts = ["report.js and report.css contain these packages, under these licences."];
  for (const name of [...names].sort()) {
    const folder = join(WEB, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).sort().find((one) => /^licen[cs]e/i.test(one));
    if (!file) throw new Error(`${name} has no licence file`);
    const text = (await readFile(join(folder, file), "utf8")).replaceAll("\r\n", "\n").trim();
    texts.push(`${"-".repeat(79)}\n${name} ${version} (${license})\n\n${text}`);
  }
  return `${texts.join("\n\n")}\n`;
}
