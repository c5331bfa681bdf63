/** What one more server is worth: drag the number of servers and see the plan. */

import type { Page, Plan, Tradeoff } from "./contract";
import { hostsOf, movedUsers, openedAndClosed } from "./differences";
import { announce, h, replace, type Child } from "./dom";
import { CostFormat, count, counted, number, percent } from "./format";
import { choice, finder, keyHelp, notesOf, onKeys, originOf, section, stationName, type View } from "./page_parts";
import { facts, statTile, statTiles } from "./panel";
import { PlanPair } from "./plan_pair";
import { furtherTables, lateOf, planTable } from "./tables";
import { TradeoffCurve, type PointMark } from "./tradeoff_curve";

const KEYS = [
  ["← →", "one server less or more (on the slider, or anywhere but on a map)"],
  ["b", "the best number of servers"],
  ["k", "the knee"],
  ["c", "compare with one server less, or stop comparing"],
  ["Escape", "select nothing"],
] as const;
const NONE = "none";

/** Shows a trade-off. */
export function tradeoffView(parent: HTMLElement, page: Page): View {
  return new TradeoffView(parent, page);
}

class TradeoffView implements View {
  readonly #parent: HTMLElement;
  readonly #page: Page;
  readonly #plans: Plan[];
  readonly #cost: CostFormat;
  readonly #slider: HTMLInputElement;
  readonly #text: HTMLElement;
  readonly #changes: HTMLElement;
  readonly #beside: HTMLSelectElement;
  readonly #pair: PlanPair | null;
  readonly #curve: TradeoffCurve;
  readonly #table: { select(row: number | null): void };
  readonly #undo: () => void;
  #at: number;
  #other: number | null = null;

  constructor(parent: HTMLElement, page: Page) {
    this.#parent = parent;
    this.#page = page;
    this.#plans = page.plans ?? [];
    this.#cost = new CostFormat(page.cost_unit);
    this.#at = Math.max(0, this.#indexOf(page.tradeoff?.best));
    parent.append(this.#tiles());
    const part = section(parent, "Servers", "servers");
    const unit = this.#cost.unit ? `cost [${this.#cost.unit}]` : "cost";
    this.#curve = new TradeoffCurve(part, this.#points(), unit, (value) => number(value, 4));
    this.#curve.onPick = (index) => this.#show(index);
    this.#text = h("output", { class: "servers-text" });
    this.#slider = h("input", {
      type: "range",
      min: 0,
      max: Math.max(0, this.#plans.length - 1),
      step: 1,
      "aria-label": "Servers",
      input: () => this.#show(Number(this.#slider.value)),
    });
    part.append(h("div", { class: "servers-slider" }, this.#slider, this.#text));
    const options = this.#plans.map((plan, index) => ({
      value: String(index),
      text: `${count(serversOf(plan))} servers`,
    }));
    const beside = choice("beside", [{ value: NONE, text: "nothing" }, ...options], NONE, (value) => {
      this.#other = value === NONE ? null : Number(value);
      this.#show(this.#at);
    });
    this.#beside = beside.select;
    const find = finder(page, (selection) => this.#pair?.select(selection));
    part.append(h("div", { class: "tools" }, beside.element, find, keyHelp(KEYS)));
    this.#changes = h("div", { class: "aside changes" });
    const stage = h("div", { class: "stage" });
    part.append(stage);
    this.#pair = page.map && page.users?.x_m ? new PlanPair(stage, page) : null;
    stage.append(this.#changes);
    const all = section(parent, "All numbers", "all-numbers");
    const first = { title: "servers", name: (row: number) => count(serversOf(this.#plans[row])) };
    this.#table = planTable(all, page, first, (row) => {
      this.#show(row);
      announce(this.#valueText());
    });
    furtherTables(parent, page);
    notesOf(parent, page);
    originOf(parent, page);
    this.#undo = onKeys({
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
      b: () => this.#jump(page.tradeoff?.best),
      k: () => this.#jump(page.tradeoff?.knee?.servers),
      c: () => this.#compare(),
      Escape: () => this.#pair?.select(null),
    });
    this.#show(this.#at);
  }

  destroy(): void {
    this.#undo();
    this.#pair?.destroy();
    this.#curve.destroy();
    this.#parent.replaceChildren();
  }

  #tiles(): HTMLElement {
    const tradeoff: Tradeoff = this.#page.tradeoff ?? {};
    const best = this.#plans.at(this.#at);
    const made: HTMLElement[] = [];
    if (best !== undefined) {
      made.push(statTile("Best number", counted(serversOf(best), "server"), this.#cost.text(best.cost)));
      if (typeof best.gap === "number") made.push(statTile("Gap", percent(best.gap), "of its plan over its bound"));
    }
    const may = tradeoff.may_be_best ?? [];
    if (may.length > 1) made.push(statTile("May be best", listed(may), "not ruled out by the bounds"));
    else if (may.length === 1) made.push(statTile("Proved", "best", "every other number costs more", "good"));
    const { knee } = tradeoff;
    if (knee) {
      const others = (knee.may_be ?? []).filter((servers) => servers !== knee.servers);
      const note = knee.proved ? "proved" : others.length > 0 ? `may be ${listed(others)} too` : "not proved";
      made.push(statTile("Knee", counted(knee.servers, "server"), note));
    }
    if (tradeoff.fewest !== undefined) {
      made.push(statTile("Fewest that fit", counted(tradeoff.fewest, "server")));
    }
    return statTiles(...made);
  }

  #points() {
    const { best, may_be_best: may, knee } = this.#page.tradeoff ?? {};
    return this.#plans.map((plan) => {
      const servers = serversOf(plan);
      const marks: PointMark[] = [];
      if (servers === best) marks.push("best");
      else if (may?.includes(servers)) marks.push("may be best");
      if (servers === knee?.servers) marks.push("knee");
      const bound = typeof plan.lower_bound === "number" ? this.#cost.value(plan.lower_bound) : NaN;
      return { servers, cost: this.#cost.value(plan.cost), bound, marks };
    });
  }

  #indexOf(servers: number | undefined): number {
    return this.#plans.findIndex((plan) => serversOf(plan) === servers);
  }

  #jump(servers: number | undefined): void {
    const index = this.#indexOf(servers);
    if (index < 0) return;
    this.#show(index);
    announce(this.#valueText());
  }

  #step(by: number): void {
    this.#show(Math.min(Math.max(this.#at + by, 0), this.#plans.length - 1));
    announce(this.#valueText());
  }

  #compare(): void {
    this.#other = this.#other === null && this.#at > 0 ? this.#at - 1 : null;
    this.#beside.value = this.#other === null ? NONE : String(this.#other);
    this.#show(this.#at);
  }

  #valueText(): string {
    const plan = this.#plans[this.#at];
    const gap = typeof plan.gap === "number" ? `, gap ${percent(plan.gap)}` : "";
    return `${counted(serversOf(plan), "server")}: ${this.#cost.text(plan.cost)}${gap}`;
  }

  #show(index: number): void {
    if (this.#plans.length === 0) return;
    this.#at = index;
    this.#slider.value = String(index);
    const text = this.#valueText();
    this.#slider.setAttribute("aria-valuetext", text);
    this.#text.textContent = text;
    this.#curve.choose(index);
    this.#table.select(index);
    const plan = this.#plans[index];
    const title = (each: Plan): string => counted(serversOf(each), "server");
    const other = this.#other === null || this.#other === index ? undefined : this.#plans.at(this.#other);
    const sides = other === undefined ? [plan] : [other, plan];
    this.#pair?.show(sides.map((each) => ({ plan: each, title: title(each) })));
    replace(this.#changes, this.#openNow(plan), this.#neighbours(index));
  }

  /** The open servers of a plan by their names, and how many twins each hosts. */
  #openNow(plan: Plan): Child {
    const open = [...(plan.open ?? hostsOf(plan.host))];
    const names = open.map((station) => {
      const users = plan.station?.users?.[station];
      const hosted = users === undefined ? "" : ` (${number(users)})`;
      return h("li", {}, stationName(this.#page.stations, station), h("span", { class: "quiet" }, hosted));
    });
    return h(
      "div",
      { class: "change" },
      h("h3", {}, `${counted(open.length, "server")} with their twins`),
      h("ul", { class: "name-list" }, names),
    );
  }

  /** What opens and closes from the number before, and to the next. */
  #neighbours(index: number): Child[] {
    const plan = this.#plans[index];
    return [
      [index - 1, "From"],
      [index + 1, "To"],
    ].map(([neighbour, word]) => {
      const other = this.#plans.at(Math.max(Number(neighbour), 0));
      if (other === undefined || Number(neighbour) < 0 || Number(neighbour) >= this.#plans.length) return null;
      const [before, after] = word === "From" ? [other, plan] : [plan, other];
      return h(
        "div",
        { class: "change" },
        h("h3", {}, `${word} ${counted(serversOf(other), "server")}`),
        facts(this.#difference(before, after)),
      );
    });
  }

  #difference(before: Plan, after: Plan): [string, Child][] {
    const open = (plan: Plan): ArrayLike<number> => plan.open ?? hostsOf(plan.host);
    const { opened, closed } = openedAndClosed(open(before), open(after));
    const names = (stations: number[]): string =>
      stations.length === 0 ? "none" : stations.map((one) => stationName(this.#page.stations, one)).join(", ");
    const moved = movedUsers(before.host, after.host);
    const [lateBefore, lateAfter] = [lateOf(before), lateOf(after)];
    return [
      ["opens", names(opened)],
      ["closes", names(closed)],
      ["cost", `${this.#cost.change(after.cost - before.cost)} (${signed(after.cost / before.cost - 1)})`],
      ["on another host", moved === null ? null : counted(moved.length, "user")],
      ["late", lateBefore === null || lateAfter === null ? null : `${count(lateBefore)} then ${count(lateAfter)}`],
    ];
  }
}

function serversOf(plan: Plan): number {
  return plan.servers ?? plan.open?.length ?? hostsOf(plan.host).length;
}

function listed(numbers: readonly number[]): string {
  const texts = numbers.map((each) => count(each));
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} or ${texts[texts.length - 1]}`;
}

function signed(share: number): string {
  return `${share > 0 ? "+" : ""}${percent(share)}`;
}
