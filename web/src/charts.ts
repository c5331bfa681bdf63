/** Curves over the time of a run, all on one clock. */

import uPlot from "uplot";

import { clockText } from "./clock";
import { h, replace, s } from "./dom";
import { setText } from "./row_list";
import { inTheme, theme, type Marker } from "./palette";

/** How a curve looks: hue, dashes and marker, so that none is told by its hue alone. */
export interface CurveLook {
  colour: string;
  dash: readonly number[];
  marker: Marker | "star" | "none";
}

export interface Curve {
  name: string;
  /** Values at even steps of time; NaN where there is none. */
  values: ArrayLike<number>;
  look: CurveLook;
  /** Held until the next slot, as what is decided slot by slot is. */
  isStep?: boolean;
}

/** A band between two curves, by their numbers: what is not certified. */
export interface Band {
  upper: number;
  lower: number;
}

/** A distance at the right end: of two values that hold for the whole run. */
export interface Bracket {
  upper: number;
  lower: number;
  text: string;
  colour: string;
}

export interface ChartContent {
  curves: Curve[];
  bands?: Band[];
  brackets?: Bracket[];
  /** The scale begins at 0. */
  fromZero?: boolean;
  /** Values are counts: the scale has whole numbers alone. */
  isCount?: boolean;
  format: (value: number) => string;
  caption?: string;
}

/** Steps of a time axis at which people read clocks [s]. */
const STEPS_S = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800];
const HEIGHT_PX = 180;
const TALL_PX = 270;
const COUNT_STEPS = [1, 2, 5]
  .flatMap((step) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((power) => step * power))
  .sort((a, b) => a - b);
/** Room at the right for brackets and their texts [px]. */
const BRACKET_PX = 74;
const MARKERS_A_CURVE = 7;
const FONT = "12px system-ui, sans-serif";

/** One chart: a figure with its title, curves, a legend that says the values of the moment, and a table on demand. */
export class Chart {
  readonly element: HTMLElement;
  onSeek: ((slot: number) => void) | null = null;
  readonly #plotAt: HTMLElement;
  readonly #legend: HTMLElement;
  readonly #caption: HTMLElement;
  readonly #table: HTMLDetailsElement;
  readonly #step_s: number;
  readonly #now: HTMLElement;
  #hidden = new Set<string>();
  #values: HTMLElement[] = [];
  #content: ChartContent = { curves: [], format: String };
  #plot: uPlot | null = null;
  #slot = 0;
  #hovered: number | null = null;
  #watch: ResizeObserver;

  /**
   * @param title what is drawn, with its unit.
   * @param step_s time between two values [s].
   * @param makeTable makes the table of the same figures when it is asked for.
   */
  constructor(
    parent: HTMLElement,
    title: string,
    step_s: number,
    makeTable: (parent: HTMLElement, content: ChartContent) => void,
  ) {
    this.#step_s = step_s;
    this.#plotAt = h("div", { class: "plot" });
    this.#legend = h("ul", { class: "chart-legend" });
    this.#caption = h("p", { class: "caption" });
    this.#now = h("div", { class: "now", "aria-hidden": "true" });
    const holder = h("div");
    this.#table = h("details", { class: "figures" }, h("summary", {}, "As a table"), holder);
    this.#table.addEventListener("toggle", () => {
      holder.replaceChildren();
      if (this.#table.open) makeTable(holder, this.#content);
    });
    const heading = h("figcaption", {}, title);
    this.element = h("figure", { class: "chart" }, heading, this.#plotAt, this.#legend, this.#caption, this.#table);
    parent.append(this.element);
    this.#watch = new ResizeObserver(() => this.#resize());
    this.#watch.observe(this.#plotAt);
  }

  /** Shows other curves. */
  show(content: ChartContent): void {
    this.#content = content;
    this.#draw();
    if (this.#table.open) {
      this.#table.open = false;
    }
  }

  /** Draws again, in the colours of the page as they are now. */
  redraw(): void {
    this.#draw();
  }

  /** Moves the line of the present moment, counted in values. */
  setNow(at: number): void {
    const isOther = Math.floor(at) !== Math.floor(this.#slot);
    this.#slot = at;
    this.#placeNow();
    if (isOther && this.#hovered === null) this.#writeValues();
  }

  destroy(): void {
    this.#watch.disconnect();
    this.#plot?.destroy();
    this.element.remove();
  }

  get #height(): number {
    return this.element.classList.contains("tall") ? TALL_PX : HEIGHT_PX;
  }

  #placeNow(): void {
    if (this.#plot === null) return;
    const x = this.#plot.valToPos(this.#slot * this.#step_s, "x");
    this.#now.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  #resize(): void {
    const width = this.#plotAt.clientWidth;
    if (this.#plot === null || width === 0 || Math.abs(width - this.#plot.width) < 1) return;
    this.#plot.setSize({ width, height: this.#height });
    this.#placeNow();
  }

  #draw(): void {
    const { curves } = this.#content;
    this.#plot?.destroy();
    this.#plot = null;
    this.#writeLegend();
    this.#caption.textContent = this.#content.caption ?? "";
    this.#caption.hidden = this.#caption.textContent === "";
    const slots = Math.max(0, ...curves.map((curve) => curve.values.length));
    if (slots === 0) return;
    const x = Array.from({ length: slots }, (_, slot) => slot * this.#step_s);
    const data: uPlot.AlignedData = [x, ...curves.map((curve) => Array.from(curve.values, finiteOrNull))];
    this.#plot = new uPlot(this.#options(), data, this.#plotAt);
    this.#plot.over.append(this.#now);
    this.#placeNow();
    this.#plotAt.setAttribute("role", "img");
    this.#plotAt.setAttribute("aria-label", this.#inWords());
    listen(this.#plot, (slot) => this.onSeek?.(slot), this.#step_s, slots);
  }

  #options(): uPlot.Options {
    const { muted: ink, faint: grid } = theme();
    const { curves, bands, brackets, format, fromZero, isCount } = this.#content;
    const axis: uPlot.Axis = {
      stroke: ink,
      font: FONT,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1, size: 4 },
    };
    return {
      width: Math.max(200, this.#plotAt.clientWidth),
      height: this.#height,
      padding: [8, brackets?.length ? BRACKET_PX : 12, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, sync: { key: "twinhop" }, points: { size: 6 } },
      scales: { x: { time: false }, y: { range: (_, low, high) => rangeOf(low, high, fromZero === true) } },
      axes: [
        { ...axis, incrs: STEPS_S, values: (_, at) => at.map((time_s) => clockText(time_s)), size: 28 },
        {
          ...axis,
          ...(isCount === true ? { incrs: COUNT_STEPS } : {}),
          size: 58,
          values: (_, at) => at.map((value) => format(value)),
        },
      ],
      series: [{}, ...curves.map((curve) => this.#series(curve))],
      bands: (bands ?? []).map(({ upper, lower }) => ({
        series: [upper + 1, lower + 1],
        fill: (plot: uPlot) => hatch(plot.ctx, shownIn(curves[upper].look)),
      })),
      hooks: {
        drawSeries: [(plot, at) => drawMarkers(plot, at, curves[at - 1], curves.length)],
        draw: [(plot) => drawBrackets(plot, brackets ?? [])],
        setCursor: [(plot) => this.#hover(plot.cursor.idx ?? null)],
      },
    };
  }

  #series(curve: Curve): uPlot.Series {
    return {
      label: curve.name,
      stroke: shownIn(curve.look),
      width: 1.75,
      dash: [...curve.look.dash],
      show: !this.#hidden.has(curve.name),
      spanGaps: false,
      points: { show: false },
      ...(curve.isStep === true ? { paths: uPlot.paths.stepped?.({ align: 1 }) } : {}),
    };
  }

  #writeLegend(): void {
    this.#values = [];
    const entries = this.#content.curves.map((curve, at) => {
      const value = h("span", { class: "value" });
      this.#values.push(value);
      const isShown = !this.#hidden.has(curve.name);
      const attributes = { type: "button", "aria-pressed": String(isShown), title: `Show or hide ${curve.name}` };
      const button = h("button", attributes, swatch(curve.look), h("span", {}, curve.name));
      button.addEventListener("click", () => this.#toggle(curve.name, at, button));
      return h("li", {}, button, value);
    });
    replace(this.#legend, ...entries);
    this.#writeValues();
  }

  #toggle(name: string, at: number, button: HTMLElement): void {
    const isShown = this.#hidden.delete(name);
    if (!isShown) this.#hidden.add(name);
    button.setAttribute("aria-pressed", String(isShown));
    this.#plot?.setSeries(at + 1, { show: isShown });
  }

  #hover(slot: number | null): void {
    if (slot === this.#hovered) return;
    this.#hovered = slot;
    this.#writeValues();
  }

  #writeValues(): void {
    const slot = this.#hovered ?? Math.floor(this.#slot);
    this.#content.curves.forEach((curve, at) => {
      const value = curve.values[Math.min(slot, curve.values.length - 1)];
      setText(this.#values[at], Number.isFinite(value) ? this.#content.format(value) : "–");
    });
  }

  /** What a screen reader says of the picture: where each curve ends, and its extremes. */
  #inWords(): string {
    const lines = this.#content.curves.map((curve) => {
      const values = Array.from(curve.values).filter((value) => Number.isFinite(value));
      if (values.length === 0) return `${curve.name}: no values`;
      let [low, high] = [Infinity, -Infinity];
      for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
      const { format } = this.#content;
      return `${curve.name}: ${format(low)} to ${format(high)}, at the end ${format(values[values.length - 1])}`;
    });
    return lines.join("; ");
  }
}

/** A line with its marker, as curves are drawn. */
export function swatch(look: CurveLook): SVGSVGElement {
  const stroke = shownIn(look);
  const dash = look.dash.length > 0 && look.dash.join(" ");
  const marker = markerPath(look.marker, 15, 6, 3.6);
  return s(
    "svg",
    { viewBox: "0 0 30 12", width: 30, height: 12, "aria-hidden": "true", class: "swatch" },
    s("line", { x1: 1, x2: 29, y1: 6, y2: 6, stroke, "stroke-width": 2, "stroke-dasharray": dash }),
    marker !== "" && s("path", { d: marker, fill: stroke }),
  );
}

/** The colour of a look in the theme of the page as it is now. */
function shownIn(look: CurveLook): string {
  return inTheme(look.colour, theme());
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The scale of values: some air above and below, and none below 0 where all are above. */
function rangeOf(low: number | null, high: number | null, fromZero: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  const air = 0.06 * (high - low) || 0.05 * Math.abs(high) || 1;
  const least = fromZero && low >= 0 ? 0 : low - air;
  return [low >= 0 && least < 0 ? 0 : least, high + air];
}

/** Clicks and drags seek. */
function listen(plot: uPlot, seek: (slot: number) => void, slot_s: number, slots: number): void {
  const go = (event: PointerEvent): void => {
    const left = event.clientX - plot.over.getBoundingClientRect().left;
    const slot = Math.round(plot.posToVal(left, "x") / slot_s);
    seek(Math.min(Math.max(slot, 0), slots - 1));
  };
  plot.over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    plot.over.setPointerCapture(event.pointerId);
    go(event);
  });
  plot.over.addEventListener("pointermove", (event) => {
    if (plot.over.hasPointerCapture(event.pointerId)) go(event);
  });
}

const hatches = new Map<string, CanvasPattern | string>();

/** Thin slanted lines of a hue on a breath of it. */
function hatch(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const ratio = window.devicePixelRatio || 1;
  const key = `${colour} ${ratio}`;
  const made = hatches.get(key);
  if (made !== undefined) return made;
  const size = Math.round(7 * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  if (pen === null) return `${colour}22`;
  pen.fillStyle = `${colour}1c`;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = `${colour}66`;
  pen.lineWidth = ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat") ?? `${colour}22`;
  hatches.set(key, pattern);
  return pattern;
}

/** Markers on some points of a curve, those of each curve elsewhere, so that they do not hide each other. */
function drawMarkers(plot: uPlot, at: number, curve: Curve | undefined, curves: number): void {
  if (curve === undefined || curve.look.marker === "none" || plot.series[at].show === false) return;
  const slots = curve.values.length;
  const every = Math.max(1, Math.round(slots / MARKERS_A_CURVE));
  const ratio = window.devicePixelRatio || 1;
  const first = Math.round((every * (at - 0.5)) / Math.max(1, curves));
  plot.ctx.save();
  plot.ctx.fillStyle = shownIn(curve.look);
  for (let slot = first; slot < slots; slot += every) {
    const value = curve.values[slot];
    if (!Number.isFinite(value)) continue;
    const x = plot.valToPos(plot.data[0][slot], "x", true);
    const y = plot.valToPos(value, "y", true);
    plot.ctx.fill(new Path2D(markerPath(curve.look.marker, x, y, 3.4 * ratio)));
  }
  plot.ctx.restore();
}

/** Brackets side by side, each with its text beside its middle, or below the text that stands there. */
function drawBrackets(plot: uPlot, brackets: readonly Bracket[]): void {
  const ratio = window.devicePixelRatio || 1;
  const right = plot.bbox.left + plot.bbox.width;
  const { ctx } = plot;
  const ends = brackets.map(({ upper, lower }) => [plot.valToPos(upper, "y", true), plot.valToPos(lower, "y", true)]);
  ctx.save();
  ctx.setLineDash([]);
  ctx.lineWidth = 1.5 * ratio;
  ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  const texts = ends.map(([top, bottom], at) => ({ at, y: (top + bottom) / 2 })).sort((a, b) => a.y - b.y);
  texts.forEach((text, order) => {
    if (order > 0) text.y = Math.max(text.y, texts[order - 1].y + 15 * ratio);
  });
  for (const { at, y } of texts) {
    const [top, bottom] = ends[at];
    const x = right + (6 + 5 * at) * ratio;
    ctx.strokeStyle = ctx.fillStyle = inTheme(brackets[at].colour, theme());
    ctx.beginPath();
    ctx.moveTo(x - 4 * ratio, top);
    ctx.lineTo(x, top);
    ctx.lineTo(x, bottom);
    ctx.lineTo(x - 4 * ratio, bottom);
    ctx.stroke();
    ctx.fillText(brackets[at].text, right + (10 + 5 * (brackets.length - 1)) * ratio, y);
  }
  ctx.restore();
}

/** A marker as the path of an SVG or canvas, about a point. */
export function markerPath(marker: CurveLook["marker"], x: number, y: number, r: number): string {
  const polygon = (points: readonly (readonly [number, number])[]): string =>
    `M${points.map(([px, py]) => `${(x + r * px).toFixed(2)},${(y + r * py).toFixed(2)}`).join("L")}Z`;
  switch (marker) {
    case "none":
      return "";
    case "disc": {
      const arc = `a${r.toFixed(2)},${r.toFixed(2)} 0 1 0`;
      return `M${(x - r).toFixed(2)},${y.toFixed(2)}${arc} ${(2 * r).toFixed(2)},0${arc} ${(-2 * r).toFixed(2)},0Z`;
    }
    case "square":
      return polygon(regular(4, Math.PI / 4));
    case "triangle":
      return polygon(regular(3, 0));
    case "down":
      return polygon(regular(3, Math.PI));
    case "diamond":
      return polygon(regular(4, 0));
    case "pentagon":
      return polygon(regular(5, 0));
    case "plus":
      return polygon(cross(0));
    case "cross":
      return polygon(cross(Math.PI / 4));
    case "star":
      return polygon(star());
  }
}

/** The corners of a regular polygon, the first turned from the top. */
function regular(corners: number, turn: number): [number, number][] {
  return Array.from({ length: corners }, (_, at) => {
    const angle = turn + (2 * Math.PI * at) / corners;
    return [1.2 * Math.sin(angle), -1.2 * Math.cos(angle)];
  });
}

function cross(turn: number): [number, number][] {
  const [wide, long] = [0.35, 1.2];
  const arm: [number, number][] = [
    [-wide, -wide],
    [-wide, -long],
    [wide, -long],
  ];
  return Array.from({ length: 4 }, (_, quarter) => {
    const angle = turn + (Math.PI / 2) * quarter;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return arm.map(([x, y]): [number, number] => [c * x - s * y, s * x + c * y]);
  }).flat();
}

function star(): [number, number][] {
  return Array.from({ length: 10 }, (_, at) => {
    const size = at % 2 === 0 ? 1.35 : 0.55;
    return [size * Math.sin((Math.PI * at) / 5), -size * Math.cos((Math.PI * at) / 5)];
  });
}
