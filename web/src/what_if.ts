/** Failures that were computed: what each costs, certified, with the plans before and after side by side. */

import type { Page, WhatIf } from "./contract";
import { dearestFirst, failureOf } from "./differences";
import { announce, h, replace, s, type Child } from "./dom";
import { CostFormat, count } from "./format";
import { onKeys, stationNames, stationName, type View } from "./page_parts";
import { facts } from "./panel";
import { PlanPair } from "./plan_pair";
import { DataTable, type TableColumn } from "./table";

export interface WhatIfPanel extends View {
  element: HTMLElement;
  /** Shows what the failure of a station does; false where it was not computed. */
  fail(station: number): boolean;
}

export interface WhatIfOptions {
  /** The station that key `f` fails. */
  selected?: () => number | null;
}

/** What a failure leaves of the limits: all are kept, some are broken, or there is no plan. */
function limits(status: string | undefined): string | null {
  return status === "kept" ? "all kept" : status === "violated" ? "broken" : (status ?? null);
}

/** The panel at the end of a parent; null where no failure was computed. */
export function whatIfPanel(parent: HTMLElement, page: Page, options: WhatIfOptions = {}): WhatIfPanel | null {
  const failures = dearestFirst(page.what_ifs ?? []);
  return failures.length === 0 ? null : new Panel(parent, page, failures, options);
}

class Panel implements WhatIfPanel {
  readonly element: HTMLElement;
  readonly #page: Page;
  readonly #failures: WhatIf[];
  readonly #cost: CostFormat;
  readonly #table: DataTable;
  readonly #detail: HTMLElement;
  readonly #words: HTMLElement;
  readonly #undo: () => void;
  #pair: PlanPair | null = null;

  constructor(parent: HTMLElement, page: Page, failures: WhatIf[], { selected }: WhatIfOptions) {
    this.#page = page;
    this.#failures = failures;
    this.#cost = new CostFormat(page.cost_unit);
    this.element = h("div", { class: "what-if", role: "group", "aria-label": "What if" });
    parent.append(this.element);
    this.#table = new DataTable(this.element, {
      caption: "What each failure costs",
      noun: "failure",
      columns: this.#columns(),
      rows: failures.length,
      sort: { column: 1, order: "descending" },
      onSelect: (row) => this.#show(row, true),
    });
    this.#words = h("div", { class: "what-if-words" });
    this.#detail = h("div", { class: "what-if-detail" }, this.#words);
    this.element.append(this.#detail);
    replace(this.#words, h("p", { class: "quiet" }, "Choose a failure to see the plan before and after it."));
    this.#undo = selected === undefined ? () => undefined : onKeys({ f: () => this.#failSelected(selected()) });
  }

  fail(station: number): boolean {
    const found = failureOf(this.#failures, station);
    if (found === null) return false;
    this.#show(this.#failures.indexOf(found), true);
    return true;
  }

  destroy(): void {
    this.#undo();
    this.#pair?.destroy();
    this.element.remove();
  }

  #failSelected(station: number | null): void {
    if (station === null) announce("Select a station first.");
    else if (!this.fail(station)) {
      announce(`The failure of ${stationName(this.#page.stations, station)} was not computed.`);
    }
  }

  #columns(): TableColumn[] {
    const of = this.#failures;
    const numeric = true;
    const unit = this.#cost.unit ? ` [${this.#cost.unit}]` : "";
    const has = (name: keyof WhatIf): boolean => of.some((each) => each[name] !== undefined && each[name] !== null);
    const tally = (title: string, name: "displaced" | "moved_users" | "late"): TableColumn | false =>
      has(name) && { title, value: (row) => of[row][name] ?? null, show: (row) => count(of[row][name]), numeric };
    const columns: (TableColumn | false)[] = [
      { title: "failure", value: (row) => this.#name(of[row]), show: (row) => `Fail ${this.#name(of[row])}` },
      {
        title: `cost changes by${unit}`,
        value: (row) => of[row].cost_change ?? Infinity,
        show: (row) => this.#change(of[row]),
        numeric,
        first: "descending",
      },
      has("change_interval") && {
        title: `certified${unit}`,
        value: (row) => of[row].change_interval?.[0] ?? null,
        show: (row) => this.#interval(of[row]),
        numeric,
      },
      has("change_interval") && {
        title: "The change, and the interval in which the true change lies",
        isPicture: true,
        value: () => null,
        show: (row) => this.#picture(of[row]),
      },
      tally("users on it", "displaced"),
      tally("users that move", "moved_users"),
      tally("late users", "late"),
      has("status") && { title: "limits", value: (row) => limits(of[row].status) },
    ];
    return columns.filter((column) => column !== false);
  }

  #name({ stations, title }: WhatIf): string {
    return stations.length === 0 ? title : stationNames(this.#page.stations, stations);
  }

  #change({ cost_change: change }: WhatIf): string {
    if (change === undefined || change === null) return "no plan";
    return `${change > 0 ? "+" : ""}${this.#cost.bare(change, 4)}`;
  }

  #interval({ change_interval: interval }: WhatIf): string {
    if (!interval) return "–";
    return `${this.#cost.bare(interval[0], 4)} to ${this.#cost.bare(interval[1], 4)}`;
  }

  /** The change as a point in its certified interval, on one scale for all failures. */
  #picture({ change_interval: interval, cost_change: change }: WhatIf): Child {
    const ends = this.#failures.flatMap((each) => [...(each.change_interval ?? []), each.cost_change ?? 0, 0]);
    const finite = ends.filter((value) => Number.isFinite(value));
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const at = (value: number): string => `${(2 + (96 * (value - low)) / (high - low || 1)).toFixed(2)}%`;
    if (typeof change !== "number") return null;
    return s(
      "svg",
      { class: "interval", width: 130, height: 16, "aria-hidden": "true" },
      s("line", { class: "zero", x1: at(0), x2: at(0), y1: 0, y2: 16 }),
      s("line", { class: "change", x1: at(0), x2: at(change), y1: 8, y2: 8 }),
      interval && [
        s("line", { class: "range", x1: at(interval[0]), x2: at(interval[1]), y1: 8, y2: 8 }),
        s("line", { class: "range-end", x1: at(interval[0]), x2: at(interval[0]), y1: 3, y2: 13 }),
        s("line", { class: "range-end", x1: at(interval[1]), x2: at(interval[1]), y1: 3, y2: 13 }),
      ],
      s("circle", { class: "value", cx: at(change), cy: 8, r: 3 }),
    );
  }

  #show(row: number, says: boolean): void {
    const failure = this.#failures[row];
    const { plans = [], map } = this.#page;
    const before = plans.at(failure.before ?? 0);
    const after = typeof failure.plan === "number" ? plans.at(failure.plan) : undefined;
    this.#table.select(row);
    replace(
      this.#words,
      h("h3", {}, `${this.#name(failure)} ${failure.stations.length > 1 ? "fail" : "fails"}`),
      failure.text && h("p", {}, failure.text),
      facts([
        ["cost changes by", this.#change(failure)],
        ["certified", failure.change_interval ? this.#interval(failure) : null],
        ["limits", limits(failure.status)],
      ]),
    );
    if (before !== undefined && map) {
      this.#pair ??= new PlanPair(this.#detail, this.#page, "Before and after");
      const sides = [{ plan: before, title: "Before" }];
      const failed = { plan: after ?? before, title: "After", failed: failure.stations };
      this.#pair.show(after === undefined ? sides : [...sides, failed]);
    }
    if (says) announce(`${this.#name(failure)} fails: ${this.#change(failure)} ${this.#cost.unit}`);
  }
}
