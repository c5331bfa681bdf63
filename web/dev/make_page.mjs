/* A page to look at, from the built bundle: `node dev/make_page.mjs FILE.bin.gz OUT.html`,
   or of a made-up city: `node dev/make_page.mjs users=1000,stations=60,hosts=20 OUT.html`. */
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const BUNDLE = resolve(WEB, "../src/twinhop/output/page/bundle");
const [source, out] = process.argv.slice(2);
const packed = source.includes("=") ? gzipSync(await madeUp(source)) : await readFile(source);
const [script, style] = await Promise.all(
  ["report.js", "report.css"].map((name) => readFile(join(BUNDLE, name), "utf8")),
);
await writeFile(
  out,
  `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>twinhop</title><link rel="icon" href="data:,"><style>${style}</style></head>
<body><main id="page"><h1>Summary without script</h1></main>
<script id="data" type="text/plain">${packed.toString("base64")}</script>
<script>${script}</script></body></html>
`,
);

/** The bytes of a page of the synthetic city of the tests. */
async function madeUp(settings) {
  const size = Object.fromEntries(settings.split(",").map((one) => one.split("=").map((part) => part.trim())));
  for (const key of Object.keys(size)) if (key !== "title") size[key] = Number(size[key]);
  const { outputFiles } = await build({
    entryPoints: [join(WEB, "tests/city.ts")],
    bundle: true,
    format: "esm",
    write: false,
  });
  const { city } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
  return city(size);
}
