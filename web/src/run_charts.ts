/** The charts of a run: cost against its bound, regret, late users, open hosts and moves. */

import { Chart, type Bracket, type ChartContent, type Curve, type CurveLook } from "./charts";
import type { Bound, Page, RunPolicy } from "./contract";
import { count, CostFormat, number, percent } from "./format";
import type { MoveIndex } from "./moves";
import { choice } from "./page_parts";
import { flat, meanSoFar, regretSoFar, slotsSoFar } from "./series";
import { seriesTable } from "./series_table";
import { h } from "./dom";
import { HUES, policyLooks } from "./palette";

export type CostMode = "slot" | "mean";

const BOUND_LOOK: CurveLook = { colour: "#22262b", dash: [5, 3], marker: "none" };
const PLAN_LOOK: CurveLook = { colour: "#59616a", dash: [1.5, 2.5], marker: "none" };

/**
 * The curves of cost, what is certified of them, and the gap as a band.
 *
 * What is certified of each slot holds for the cost of that slot, and what is certified so far, over the slots so far,
 * for the mean so far. Where there is a bound of the whole run alone it is a line, which holds where the run ends.
 */
export function costContent(
  policies: readonly RunPolicy[],
  bound: Bound | undefined,
  chosen: readonly number[],
  mode: CostMode,
  cost: CostFormat,
  ends: ArrayLike<number>,
): ChartContent {
  const looks = policyLooks(policies.map(({ name }) => name));
  const scaled = (values: ArrayLike<number>): Float64Array =>
    Float64Array.from({ length: values.length }, (_, slot) => cost.value(values[slot]));
  const way = (values: ArrayLike<number>): Float64Array => scaled(mode === "mean" ? meanSoFar(values, ends) : values);
  const curves: Curve[] = [];
  const curveOf = new Map<number, number>();
  policies.forEach((policy, index) => {
    if (!policy.cost_by_slot) return;
    curveOf.set(index, curves.length);
    curves.push({ name: policy.name, values: way(policy.cost_by_slot), look: lookOf(looks, policy.name) });
  });
  const format = (value: number): string => number(value, 4);
  if (bound?.plan_by_slot) curves.push({ name: "best plan found", values: way(bound.plan_by_slot), look: PLAN_LOOK });
  const lower = certified(bound, mode, ends);
  if (lower === null) return { curves, format, caption: bound?.text };
  curves.push({ name: lower.name, values: scaled(lower.values), look: BOUND_LOOK });
  const at = curves.length - 1;
  const bands = chosen.flatMap((index) => {
    const upper = curveOf.get(index);
    return upper === undefined || !lower.isBand ? [] : [{ upper, lower: at }];
  });
  const brackets =
    mode === "mean" || !lower.isBand ? chosen.flatMap((index) => bracketOf(policies[index], bound, cost, looks)) : [];
  const band = "Hatched: the gap between the policy on the map and what is certified. ";
  return { curves, bands, brackets, format, caption: `${bands.length > 0 ? band : ""}${lower.text}` };
}

/** What is certified of the costs that a mode draws. */
function certified(
  bound: Bound | undefined,
  mode: CostMode,
  ends: ArrayLike<number>,
): { name: string; values: ArrayLike<number>; isBand: boolean; text: string } | null {
  if (bound === undefined) return null;
  const text = bound.text ?? "";
  if (mode === "slot" && bound.by_slot) {
    return { name: "certified of each slot alone", values: bound.by_slot, isBand: true, text };
  }
  if (mode === "mean" && bound.so_far) {
    const values = Float64Array.from(bound.so_far, (value, point) => value / ends[point]);
    return { name: "certified so far", values, isBand: true, text };
  }
  if (typeof bound.total !== "number") return null;
  const only =
    "The bound is certified for the mean over all slots: a slot, or the mean before the end, may be below it.";
  return {
    name: "certified of the whole run",
    values: flat(bound.total, ends.length),
    isBand: false,
    text: `${text} ${only}`.trim(),
  };
}

function bracketOf(
  policy: RunPolicy | undefined,
  bound: Bound | undefined,
  cost: CostFormat,
  looks: Map<string, CurveLook>,
): Bracket[] {
  const total = bound?.total;
  if (policy === undefined || typeof total !== "number") return [];
  const text = percent(policy.gap ?? policy.cost / total - 1);
  const { colour } = lookOf(looks, policy.name);
  return [{ upper: cost.value(policy.cost), lower: cost.value(total), text, colour }];
}

function lookOf(looks: Map<string, CurveLook>, name: string): CurveLook {
  return looks.get(name) ?? PLAN_LOOK;
}

/** All charts of a run on one clock. */
export class RunCharts {
  readonly element: HTMLElement;
  readonly #page: Page;
  readonly #policies: RunPolicy[];
  readonly #cost: CostFormat;
  readonly #charts: { chart: Chart; content: () => ChartContent | null }[] = [];
  readonly #ends: Float64Array;
  /** Slots of a point, and time between two points [s]. */
  readonly #pointSlots: number;
  readonly #step_s: number;
  readonly #seek: (slot: number) => void;
  #chosen: number[] = [0];
  #mode: CostMode = "mean";

  constructor(parent: HTMLElement, page: Page, moves: readonly (MoveIndex | null)[], seek: (slot: number) => void) {
    this.#page = page;
    this.#policies = page.policies ?? [];
    this.#cost = new CostFormat(page.cost_unit);
    const { slots = 0, slot_s = 1, point_slots: pointSlots = 1 } = page.time ?? {};
    this.#ends = slotsSoFar(slots, pointSlots);
    this.#pointSlots = pointSlots;
    this.#step_s = slot_s * pointSlots;
    this.#seek = (point) => seek(point * pointSlots);
    this.element = h("div", { class: "charts" });
    parent.append(this.element);
    const unit = this.#cost.unit ? ` [${this.#cost.unit}]` : "";
    this.#add(`Cost${unit}${page.sense ? `, ${page.sense}` : ""}`, () => this.#costs(), this.#modes());
    this.#add(this.#regretTitle(), () => this.#regrets());
    const span = pointSlots === 1 ? "a slot" : `in ${count(pointSlots)} slots`;
    if (this.#policies.some(({ late_by_slot }) => late_by_slot?.some((value) => value > 0))) {
      this.#add(`Late users, ${span}`, () => this.#counts((policy) => policy.late_by_slot));
    }
    this.#add(`Moves of twins, ${span}`, () =>
      this.#counts((policy, index) => policy.moves_by_slot ?? (pointSlots === 1 ? moves[index]?.bySlot() : undefined)),
    );
    this.#add("Open hosts", () => this.#counts((policy) => policy.open_by_slot));
    for (const { name, by_slot } of page.series ?? []) {
      const look: CurveLook = { colour: HUES[0], dash: [], marker: "none" };
      const content: ChartContent = {
        curves: [{ name, values: by_slot, look, isStep: true }],
        format: (value: number) => number(value, 4),
        isCount: by_slot.every((value) => Number.isInteger(value)),
      };
      this.#add(capital(name), () => content);
    }
    this.#draw();
  }

  get isEmpty(): boolean {
    return this.#charts.length === 0;
  }

  /** Draws bands and brackets of other policies. */
  choose(policies: readonly number[]): void {
    this.#chosen = [...policies];
    const first = this.#costs() === null ? undefined : this.#charts.at(0);
    const content = first?.content();
    if (first && content) first.chart.show(content);
  }

  setNow(slot: number): void {
    for (const { chart } of this.#charts) chart.setNow(slot / this.#pointSlots);
  }

  /** Draws all again: in another theme, or on paper. */
  redraw(): void {
    for (const { chart } of this.#charts) chart.redraw();
  }

  destroy(): void {
    for (const { chart } of this.#charts) chart.destroy();
    this.element.remove();
  }

  #modes(): HTMLElement | null {
    if (!this.#policies.some((policy) => policy.cost_by_slot)) return null;
    const options = [
      { value: "mean", text: "mean so far" },
      { value: "slot", text: "of each slot" },
    ];
    return choice("Cost", options, this.#mode, (value) => {
      this.#mode = value === "mean" ? "mean" : "slot";
      this.choose(this.#chosen);
    }).element;
  }

  #add(title: string, content: () => ChartContent | null, control: HTMLElement | null = null): void {
    if (content() === null) return;
    const chart = new Chart(this.element, title, this.#step_s, (parent, shown) =>
      seriesTable(parent, shown, title, this.#step_s, this.#seek),
    );
    if (control !== null) {
      chart.element.querySelector("figcaption")?.append(control);
      chart.element.classList.add("tall");
    }
    chart.onSeek = this.#seek;
    this.#charts.push({ chart, content });
  }

  #draw(): void {
    for (const { chart, content } of this.#charts) {
      const made = content();
      if (made !== null) chart.show(made);
    }
  }

  #costs(): ChartContent | null {
    if (!this.#policies.some((policy) => policy.cost_by_slot)) return null;
    return costContent(this.#policies, this.#page.bound, this.#chosen, this.#mode, this.#cost, this.#ends);
  }

  #regretTitle(): string {
    const against = this.#policies.find((policy) => policy.against)?.against;
    return `Regret so far${against ? `, against ${against}` : ""}`;
  }

  #regrets(): ChartContent | null {
    const plan = this.#page.bound?.plan_by_slot;
    const looks = policyLooks(this.#policies.map(({ name }) => name));
    const curves = this.#policies.flatMap(({ name, regret_by_slot, cost_by_slot }) => {
      const values = regret_by_slot ?? (plan && cost_by_slot ? regretSoFar(cost_by_slot, plan) : null);
      return values === null ? [] : [{ name, values, look: lookOf(looks, name) }];
    });
    const caption = "What was paid so far over what the plan paid so far, less 1. Below 0 the plan has paid early.";
    return curves.length === 0 ? null : { curves, format: (value) => percent(value, 3), caption };
  }

  #counts(of: (policy: RunPolicy, index: number) => ArrayLike<number> | undefined): ChartContent | null {
    const looks = policyLooks(this.#policies.map(({ name }) => name));
    const curves = this.#policies.flatMap((policy, index) => {
      const values = of(policy, index);
      return values === undefined
        ? []
        : [{ name: policy.name, values, look: lookOf(looks, policy.name), isStep: true }];
    });
    return curves.length === 0 ? null : { curves, format: count, fromZero: true, isCount: true };
  }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
