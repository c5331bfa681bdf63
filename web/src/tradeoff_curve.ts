/** Costs by number of servers, with their certified bounds: what lies between is hatched. */

import { markerPath } from "./charts";
import { h, replace, s } from "./dom";

export interface CurvePoint {
  servers: number;
  /** Costs and bounds in the unit that is shown; NaN where there is none. */
  cost: number;
  bound: number;
  /** What marks this number, if anything does. */
  marks: readonly PointMark[];
}

export type PointMark = "best" | "may be best" | "knee";

const HEIGHT_PX = 240;
const MARGIN = { left: 64, right: 18, top: 28, bottom: 40 };
const TICKS = 5;
const NICE = [1, 2, 2.5, 5, 10];
/** Room between two numbers on the axis [px]. */
const LABEL_PX = 26;

/** The curve; a click picks the nearest number. */
export class TradeoffCurve {
  readonly element: HTMLElement;
  onPick: ((index: number) => void) | null = null;
  readonly #points: readonly CurvePoint[];
  readonly #format: (value: number) => string;
  readonly #unit: string;
  readonly #plot: HTMLElement;
  readonly #watch: ResizeObserver;
  #chosen = 0;
  #width = 0;

  constructor(parent: HTMLElement, points: readonly CurvePoint[], unit: string, format: (value: number) => string) {
    this.#points = points;
    this.#format = format;
    this.#unit = unit;
    this.#plot = h("div", { class: "curve-plot", role: "img", "aria-label": this.#inWords() });
    this.element = h("figure", { class: "tradeoff-curve" }, this.#plot, legend(points));
    parent.append(this.element);
    this.#plot.addEventListener("click", (event) => this.#pick(event));
    this.#watch = new ResizeObserver(() => this.#resize());
    this.#watch.observe(this.#plot);
    this.#resize();
  }

  /** Marks the number that is shown. */
  choose(index: number): void {
    this.#chosen = index;
    this.#draw();
  }

  destroy(): void {
    this.#watch.disconnect();
    this.element.remove();
  }

  #resize(): void {
    const width = Math.round(this.#plot.clientWidth);
    if (width === this.#width || width === 0) return;
    this.#width = width;
    this.#draw();
  }

  get #x(): (index: number) => number {
    const { left, right } = MARGIN;
    const step = (this.#width - left - right) / Math.max(1, this.#points.length - 1);
    return (index) => left + step * index;
  }

  #draw(): void {
    if (this.#width === 0) return;
    const values = this.#points.flatMap(({ cost, bound }) => [cost, bound]).filter((value) => Number.isFinite(value));
    const ticks = ticksOf(Math.min(...values), Math.max(...values));
    const [low, high] = [ticks[0], ticks[ticks.length - 1]];
    const { top, bottom, left, right } = MARGIN;
    const scale = (HEIGHT_PX - top - bottom) / (high - low || 1);
    const y = (value: number): number => HEIGHT_PX - bottom - scale * (value - low);
    const x = this.#x;
    const end = this.#width - right;
    replace(
      this.#plot,
      s(
        "svg",
        { width: this.#width, height: HEIGHT_PX, viewBox: `0 0 ${this.#width} ${HEIGHT_PX}` },
        hatch(),
        ticks.map((tick) => [
          s("line", { class: "grid", x1: left, x2: end, y1: y(tick), y2: y(tick) }),
          s("text", { class: "tick", x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, this.#format(tick)),
        ]),
        this.#numbers(x),
        s("path", { d: this.#band(x, y), fill: "url(#tradeoff-gap)" }),
        s("path", { class: "bound", d: line(this.#points, x, y, "bound") }),
        s("path", { class: "cost", d: line(this.#points, x, y, "cost") }),
        this.#points.map((point, index) => this.#mark(point, x(index), y(point.cost))),
        s("line", { class: "chosen", x1: x(this.#chosen), x2: x(this.#chosen), y1: top - 8, y2: HEIGHT_PX - bottom }),
        s("text", { class: "tick", x: 0, y: 12 }, this.#unit),
        s("text", { class: "tick", x: (left + end) / 2, y: HEIGHT_PX - 4, "text-anchor": "middle" }, "servers"),
      ),
    );
  }

  #numbers(x: (index: number) => number): SVGElement[] {
    const apart = x(1) - x(0);
    const every = Math.max(1, Math.ceil(LABEL_PX / Math.max(apart, 1)));
    return this.#points.flatMap(({ servers }, index) => {
      if (index % every !== 0 && index !== this.#chosen) return [];
      const name = index === this.#chosen ? "tick now" : "tick";
      return [s("text", { class: name, x: x(index), y: HEIGHT_PX - 22, "text-anchor": "middle" }, servers)];
    });
  }

  #band(x: (index: number) => number, y: (value: number) => number): string {
    const known = this.#points.flatMap((point, index) =>
      Number.isFinite(point.cost) && Number.isFinite(point.bound) ? [{ ...point, index }] : [],
    );
    if (known.length === 0) return "";
    const upper = known.map(({ index, cost }) => `${x(index).toFixed(1)},${y(cost).toFixed(1)}`);
    const lower = known.map(({ index, bound }) => `${x(index).toFixed(1)},${y(bound).toFixed(1)}`).reverse();
    return `M${upper.join("L")}L${lower.join("L")}Z`;
  }

  #mark({ marks, cost }: CurvePoint, x: number, y: number): SVGElement | null {
    if (!Number.isFinite(cost)) return null;
    return s(
      "g",
      {},
      s("circle", { class: "point", cx: x, cy: y, r: 3 }),
      marks.includes("may be best") && s("circle", { class: "may-be", cx: x, cy: y, r: 7.5 }),
      marks.includes("knee") && s("path", { class: "knee", d: markerPath("diamond", x, y, 8) }),
      marks.includes("best") && s("path", { class: "best", d: markerPath("star", x, y, 8) }),
    );
  }

  #pick(event: MouseEvent): void {
    const left = event.clientX - this.#plot.getBoundingClientRect().left;
    let nearest = 0;
    this.#points.forEach((_, index) => {
      if (Math.abs(this.#x(index) - left) < Math.abs(this.#x(nearest) - left)) nearest = index;
    });
    this.onPick?.(nearest);
  }

  #inWords(): string {
    return this.#points
      .map(({ servers, cost, marks }) => {
        const marked = marks.length > 0 ? ` (${marks.join(", ")})` : "";
        return `${servers} servers ${this.#format(cost)}${marked}`;
      })
      .join("; ");
  }
}

function legend(points: readonly CurvePoint[]): HTMLElement {
  const has = (mark: PointMark): boolean => points.some(({ marks }) => marks.includes(mark));
  const picture = (...shapes: SVGElement[]): SVGElement =>
    s("svg", { width: 26, height: 18, "aria-hidden": "true" }, shapes);
  return h(
    "ul",
    { class: "chart-legend" },
    h(
      "li",
      {},
      picture(s("path", { class: "cost", d: "M1 9h24" }), s("circle", { class: "point", cx: 13, cy: 9, r: 3 })),
      "cost",
    ),
    h("li", {}, picture(s("path", { class: "bound", d: "M1 9h24" })), "certified bound"),
    has("best") && h("li", {}, picture(s("path", { class: "best", d: markerPath("star", 13, 9, 7) })), "best"),
    has("may be best") && h("li", {}, picture(s("circle", { class: "may-be", cx: 13, cy: 9, r: 7 })), "may be best"),
    has("knee") && h("li", {}, picture(s("path", { class: "knee", d: markerPath("diamond", 13, 9, 7) })), "knee"),
  );
}

function hatch(): SVGElement {
  return s(
    "defs",
    {},
    s(
      "pattern",
      { id: "tradeoff-gap", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      s("rect", { class: "gap-ground", width: 7, height: 7 }),
      s("rect", { class: "gap-line", width: 1.5, height: 7 }),
    ),
  );
}

function line(
  points: readonly CurvePoint[],
  x: (index: number) => number,
  y: (value: number) => number,
  which: "cost" | "bound",
): string {
  let isDrawn = false;
  return points
    .map((point, index) => {
      const value = point[which];
      if (!Number.isFinite(value)) {
        isDrawn = false;
        return "";
      }
      const part = `${isDrawn ? "L" : "M"}${x(index).toFixed(1)},${y(value).toFixed(1)}`;
      isDrawn = true;
      return part;
    })
    .join("");
}

/** Round numbers from below the least value to above the greatest. */
export function ticksOf(low: number, high: number): number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / TICKS));
  const step = power * (NICE.find((nice) => nice * power * TICKS >= span) ?? 10);
  const from = Math.floor(low / step + 1e-9);
  const to = Math.ceil(high / step - 1e-9);
  return Array.from({ length: Math.max(2, to - from + 1) }, (_, at) => Number(((from + at) * step).toPrecision(12)));
}
