/** The figures of a chart as a table: the truth of which the chart is the picture. */

import type { ChartContent } from "./charts";
import { clockText } from "./clock";
import { RowList } from "./row_list";

const PAGE_ROWS = 15;

/** A row a slot, a column a curve; picking a row seeks. */
export function seriesTable(
  parent: HTMLElement,
  content: ChartContent,
  title: string,
  slot_s: number,
  seek: (slot: number) => void,
): void {
  const slots = Math.max(0, ...content.curves.map((curve) => curve.values.length));
  const columns = content.curves.map((curve) => ({
    head: curve.name,
    isNumber: true,
    text: (slot: number) => (Number.isFinite(curve.values[slot]) ? content.format(curve.values[slot]) : "–"),
  }));
  const list = new RowList(parent, {
    caption: title,
    empty: "no slots",
    pageRows: PAGE_ROWS,
    columns: [{ head: "time", text: (slot) => clockText(slot * slot_s) }, ...columns],
    onPick: seek,
  });
  list.show(
    Int32Array.from({ length: slots }, (_, slot) => slot),
    () => false,
  );
}
