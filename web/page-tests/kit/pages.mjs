/* The pages that the tests open, made by twinhop's own commands: `node page-tests/kit/pages.mjs FOLDER`. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = resolve(HERE, "../../..");
const [TWINHOP, PYTHON] = ["twinhop", "python"].map((name) => join(ROOT, ".venv/bin", name));
const DATA = process.env.TWINHOP_DATA ?? resolve(ROOT, "../shared/data");
const [ODD, TIGHT] = ["odd-harbour", "tight-harbour"].map((name) => resolve(HERE, `../scenarios/${name}.yaml`));
const MELBOURNE = ["site-optus-melbCBD.csv", "users-melbcbd-generated.csv"].map((name) => join(DATA, "eua", name));
const TAXIS = ["sf_cells.csv", "sf_serving_1min.npz"].map((name) => join(DATA, "sf_cab_cells", name));

/** The commands that make each page, the last with `--out`, and the files of others that they read. */
const PAGES = {
  plan: { commands: [["plan", ODD, "--without", "each"]] },
  late: { commands: [["plan", TIGHT, "--policy", "random"]] },
  comparison: { commands: [["compare", ODD]] },
  tradeoff: { commands: [["tradeoff", ODD]] },
  run: {
    commands: [
      ["simulate", TIGHT, "--policies", "stay,follow_nearest", "--slots", "40", "--bound", "--time-limit", "5"],
    ],
  },
  world: { commands: [["world", ODD, "--slots", "20"]] },
  melbourne: {
    reads: MELBOURNE,
    commands: [
      ["import", "eua", "--stations", MELBOURNE[0], "--users", MELBOURNE[1], "--out", "melbourne.yaml"],
      ["plan", "melbourne.yaml"],
    ],
  },
  "san-francisco": {
    reads: TAXIS,
    commands: [
      [
        "import",
        "sf-cells",
        "--cells",
        TAXIS[0],
        "--serving",
        TAXIS[1],
        "--from-minute",
        "720",
        "--to-minute",
        "739",
      ].concat(["--out", "taxis.yaml"]),
      ["simulate", "taxis.yaml", "--policies", "stay,follow_nearest", "--bound", "--time-limit", "4"],
    ],
  },
};

/** Pages that are also put into the cell of a notebook, on a page of its own: `notebook-plan` for `plan`. */
const IN_NOTEBOOKS = ["plan", "run"];
const NOTEBOOK = `
import sys
from pathlib import Path
from twinhop.output.page.notebook import notebook_page
page = notebook_page(Path(sys.argv[1]).read_text(encoding="utf-8"), "a page", 700)
html = f"<!doctype html><title>Notebook</title><p id=notebook>A cell:</p>{page._repr_html_()}"
Path(sys.argv[2]).parent.mkdir(exist_ok=True)
Path(sys.argv[2]).write_text(html, encoding="utf-8")
`;

/** Where the pages of this run of the tests lie. */
export const FOLDER = process.env.TWINHOP_PAGES ?? join(tmpdir(), "twinhop-pages");

/** The file of a page. */
export const pageFile = (name) => join(FOLDER, name, "report.html");

/** The address of a page on disk. */
export const pageAddress = (name) => pathToFileURL(pageFile(name)).href;

/** Why the page cannot be made here, or false: what a test takes as `skip`. */
export function absent(name) {
  const missing = (PAGES[name].reads ?? []).filter((file) => !existsSync(file));
  return missing.length > 0 && `not here: ${missing.join(", ")}`;
}

/** Run a program to its end; an error has what it said. */
const run = promisify(execFile);

/** Make a page by its commands. */
async function make(name) {
  const commands = PAGES[name].commands;
  const work = mkdtempSync(join(tmpdir(), "twinhop-page-"));
  for (const command of commands) {
    const still = ["simulate", "world"].includes(command[0]) ? ["--animate", "none"] : [];
    const out = command === commands.at(-1) ? [...still, "--out", join(FOLDER, name)] : [];
    await run(TWINHOP, [...command, ...out], { cwd: work });
  }
  const shown = `notebook-${name}`;
  if (IN_NOTEBOOKS.includes(name)) await run(PYTHON, ["-c", NOTEBOOK, pageFile(name), pageFile(shown)]);
}

/** Make pages of a list until it is empty. */
async function work(names) {
  for (let name = names.shift(); name; name = names.shift()) {
    const begun = performance.now();
    const why = absent(name);
    if (!why) await make(name);
    console.log(`${name}: ${why || `${((performance.now() - begun) / 1000).toFixed(1)} s`}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(FOLDER, { recursive: true });
  const asked = process.argv.slice(2);
  const names = asked.length > 0 ? asked : Object.keys(PAGES);
  await Promise.all(Array.from({ length: Number(process.env.WORKERS ?? 2) }, () => work(names)));
}
