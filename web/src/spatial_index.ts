/** Points on a grid, so that the one nearest a pointer is found without looking at all. */

import type { Column } from "./contract";

/** Points a cell holds, about. */
const POINTS_PER_CELL = 3;
const MOST_CELLS = 1 << 20;

export class SpatialIndex {
  private readonly start: Int32Array;
  private readonly order: Int32Array;
  private readonly columns: number;
  private readonly rows: number;
  private readonly cell: number;
  private readonly left: number;
  private readonly low: number;

  /** Points that `present` leaves out, and such without a position, are never found. */
  constructor(
    private readonly x: Column,
    private readonly y: Column,
    present?: Column | null,
  ) {
    const use = (at: number) => present?.[at] !== 0 && Number.isFinite(x[at]) && Number.isFinite(y[at]);
    let [left, right, low, high, used] = [Infinity, -Infinity, Infinity, -Infinity, 0];
    for (let at = 0; at < x.length; at++) {
      if (!use(at)) continue;
      left = Math.min(left, x[at]);
      right = Math.max(right, x[at]);
      low = Math.min(low, y[at]);
      high = Math.max(high, y[at]);
      used += 1;
    }
    const [width, height] = used > 0 ? [right - left, high - low] : [0, 0];
    const cells = Math.min(Math.max(used / POINTS_PER_CELL, 1), MOST_CELLS);
    this.cell = Math.max(Math.sqrt((width * height) / cells), Math.max(width, height) / cells, 1e-9);
    this.left = used > 0 ? left : 0;
    this.low = used > 0 ? low : 0;
    this.columns = Math.floor(width / this.cell) + 1;
    this.rows = Math.floor(height / this.cell) + 1;
    this.start = new Int32Array(this.columns * this.rows + 1);
    for (let at = 0; at < x.length; at++) if (use(at)) this.start[this.cellOf(x[at], y[at]) + 1] += 1;
    for (let at = 1; at < this.start.length; at++) this.start[at] += this.start[at - 1];
    const next = this.start.slice();
    this.order = new Int32Array(used);
    for (let at = 0; at < x.length; at++) if (use(at)) this.order[next[this.cellOf(x[at], y[at])]++] = at;
  }

  /** The point nearest to a place, no farther than `reach`; -1 if there is none. Of several the last. */
  nearest(x: number, y: number, reach: number): number {
    const first = (value: number) => Math.max(Math.floor((value - reach) / this.cell), 0);
    const last = (value: number, count: number) => Math.min(Math.floor((value + reach) / this.cell), count - 1);
    let best = -1;
    let least = reach * reach;
    const [fromLeft, fromLow] = [x - this.left, y - this.low];
    for (let row = first(fromLow); row <= last(fromLow, this.rows); row++) {
      for (let column = first(fromLeft); column <= last(fromLeft, this.columns); column++) {
        const cell = row * this.columns + column;
        for (let at = this.start[cell]; at < this.start[cell + 1]; at++) {
          const point = this.order[at];
          const square = (this.x[point] - x) ** 2 + (this.y[point] - y) ** 2;
          if (square <= least) [best, least] = [point, square];
        }
      }
    }
    return best;
  }

  private cellOf(x: number, y: number): number {
    const column = Math.min(Math.floor((x - this.left) / this.cell), this.columns - 1);
    const row = Math.min(Math.floor((y - this.low) / this.cell), this.rows - 1);
    return row * this.columns + column;
  }
}
