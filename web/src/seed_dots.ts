/** How far policies are above the certified bounds of several worlds: a dot a world, and their mean. */

import type { Worlds } from "./contract";
import { h, s } from "./dom";
import { counted, number, percent } from "./format";

/** Rows of dots, the best policy first. */
export function seedDots(parent: HTMLElement, { policies, cost, gap, seed }: Worlds): void {
  const values = gap ?? cost;
  const isGap = gap !== undefined;
  const worlds = seed.length;
  const of = (policy: number): number[] =>
    Array.from({ length: worlds }, (_, world) => values[world * policies.length + policy]);
  const rows = policies.map((name, policy) => {
    const own = of(policy).filter((value) => Number.isFinite(value));
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    return { name, own, mean };
  });
  rows.sort((a, b) => (Number.isNaN(a.mean) ? 1 : Number.isNaN(b.mean) ? -1 : a.mean - b.mean));
  const most = Math.max(...rows.flatMap(({ own }) => own)) || 1;
  const place = (value: number): string => `${(1 + (97 * Math.max(0, value)) / most).toFixed(2)}%`;
  const text = (value: number): string => (isGap ? percent(value) : number(value));
  const line = ({ name, own, mean }: (typeof rows)[number]): HTMLElement =>
    h(
      "li",
      {},
      h("strong", {}, name),
      h(
        "div",
        { class: "policy-bar", "aria-hidden": "true" },
        s(
          "svg",
          { width: "100%", height: 22 },
          s("line", { class: "dots-line", x1: place(0), x2: "98%", y1: 11, y2: 11 }),
          own.map((value) => s("circle", { class: "dot", cx: place(value), cy: 11, r: 4 })),
          s("line", { class: "dots-mean", x1: place(mean), x2: place(mean), y1: 2, y2: 20 }),
        ),
      ),
      h(
        "span",
        { class: "policy-cost" },
        `${text(mean)} in the mean`,
        h("small", {}, own.length === 0 ? "no plan" : `${text(Math.min(...own))} to ${text(Math.max(...own))}`),
      ),
    );
  parent.append(
    h(
      "p",
      { class: "quiet" },
      `${isGap ? "Over the certified bound" : "Cost"}, in ${counted(worlds, "world")}: a dot a world, the mean as a line.`,
    ),
    h("ol", { class: "policy-rows" }, rows.map(line)),
  );
}
