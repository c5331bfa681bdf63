/* Pictures compared by what survives another machine's fonts: the mean colour of some thousand blocks. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PNG } from "pngjs";

/** Blocks across a picture. */
const ACROSS = 64;
/** Levels of 255 by which a block may differ and still count as the same: one of letters does by its fonts. */
const SAME_LEVELS = 26;
/** Share of blocks that may differ by more. */
const MOST_DIFFERENT = 0.06;

const referenceFile = (name) => fileURLToPath(new URL(`../references/${name}.png`, import.meta.url));

/** A picture shrunk to the mean colours of its blocks. */
export function shrink(bytes) {
  const { width, height, data } = PNG.sync.read(bytes);
  const side = width / ACROSS;
  const down = Math.round(height / side);
  const small = new PNG({ width: ACROSS, height: down });
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < ACROSS; column++) {
      const sums = [0, 0, 0];
      let count = 0;
      for (let y = Math.floor(row * side); y < Math.min(height, (row + 1) * side); y++) {
        for (let x = Math.floor(column * side); x < (column + 1) * side; x++) {
          for (let channel = 0; channel < 3; channel++) sums[channel] += data[4 * (y * width + x) + channel];
          count++;
        }
      }
      const at = 4 * (row * ACROSS + column);
      for (let channel = 0; channel < 3; channel++) small.data[at + channel] = Math.round(sums[channel] / count);
      small.data[at + 3] = 255;
    }
  }
  return small;
}

/** Share of blocks whose colour differs by more than fonts explain; 1 where sizes differ. */
export function difference(one, other) {
  if (one.width !== other.width || one.height !== other.height) return 1;
  let different = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    const gaps = [0, 1, 2].map((channel) => Math.abs(one.data[at + channel] - other.data[at + channel]));
    if (Math.max(...gaps) > SAME_LEVELS) different++;
  }
  return different / (one.data.length / 4);
}

/**
 * Compare a screenshot with the reference of its name; what is wrong, or null. With REFERENCES=write the reference is
 * written instead (`make test-page REFERENCES=write`).
 */
export function compareWithReference(name, bytes) {
  const small = shrink(bytes);
  const file = referenceFile(name);
  if (process.env.REFERENCES === "write") {
    writeFileSync(file, PNG.sync.write(small));
    return null;
  }
  if (!existsSync(file)) return `${name}: has no reference; make test-page REFERENCES=write`;
  const share = difference(small, PNG.sync.read(readFileSync(file)));
  return share <= MOST_DIFFERENT ? null : `${name}: ${(100 * share).toFixed(1)} % of the picture is another one`;
}
