/** A comparison of policies: what each costs above the certified bound, and where their plans differ. */

import type { Page, Plan } from "./contract";
import { announce, h } from "./dom";
import { CostFormat, count, percent } from "./format";
import { byCost, keepsLimits } from "./limits";
import { choice, finder, keyHelp, notesOf, onKeys, originOf, section, stationsInWords, type View } from "./page_parts";
import { statTile, statTiles } from "./panel";
import { PlanPair } from "./plan_pair";
import { policyBars } from "./policy_bars";
import { seedDots } from "./seed_dots";
import { furtherTables, planTable } from "./tables";

const KEYS = [
  ["p", "another policy on the left"],
  ["b", "another policy on the right"],
  ["x", "exchange left and right"],
  ["Escape", "select nothing"],
] as const;

/** Shows a comparison. */
export function comparisonView(parent: HTMLElement, page: Page): View {
  const plans = page.plans ?? [];
  const cost = new CostFormat(page.cost_unit);
  const bound = boundOf(page);
  const best = bestOf(page);
  headTiles(parent, page, cost, bound, best);
  if (page.worlds) seedDots(section(parent, "Policies in several worlds", "worlds"), page.worlds);
  if (plans.length === 0) {
    finish(parent, page);
    return { destroy: () => parent.replaceChildren() };
  }
  const part = section(parent, "Policies", "policies");
  let pair: PlanPair | null = null;
  const shown = [best, otherThan(best, plans.length)];
  const choices: HTMLSelectElement[] = [];
  const show = (left: number, right: number): void => {
    shown.splice(0, 2, left, right);
    choices.forEach((select, side) => (select.value = String(shown[side])));
    pair?.show(shown.map((index) => ({ plan: plans[index], title: plans[index].name })));
  };
  const say = (): void => announce(shown.map((index) => plans[index].name).join(" beside "));
  const pick = (index: number): void => {
    show(shown[0], index);
    say();
    pair?.element.scrollIntoView({ block: "nearest" });
  };
  const order = byCost(plans);
  const pickBar = (bar: number): void => pick(order[bar]);
  policyBars(
    part,
    barsOf(
      order.map((index) => plans[index]),
      cost,
      bound,
    ),
    bound === null ? null : { value: bound, text: "certified bound" },
    pickBar,
  );
  planTable(part, page, { title: "policy", name: (row) => plans[row].name }, pick);
  if (!page.map) {
    finish(parent, page);
    return { destroy: () => parent.replaceChildren() };
  }
  const side = section(parent, "Side by side", "side-by-side");
  const options = plans.map(({ name }, index) => ({ value: String(index), text: name }));
  const left = choice("Left", options, String(shown[0]), (value) => show(Number(value), shown[1]));
  const right = choice("right", options, String(shown[1]), (value) => show(shown[0], Number(value)));
  choices.push(left.select, right.select);
  side.append(
    h(
      "div",
      { class: "tools" },
      left.element,
      right.element,
      finder(page, (selection) => pair?.select(selection)),
      keyHelp(KEYS),
    ),
    h("p", { class: "quiet" }, "Rings mark users whose host is another one in the other plan."),
  );
  pair = new PlanPair(side, page);
  show(shown[0], shown[1]);
  finish(parent, page);
  const after = (index: number): number => (index + 1) % plans.length;
  const turn = (first: number, second: number): void => {
    show(first, second);
    say();
  };
  const undo = onKeys({
    p: () => turn(after(shown[0]), shown[1]),
    b: () => turn(shown[0], after(shown[1])),
    x: () => turn(shown[1], shown[0]),
    Escape: () => pair?.select(null),
  });
  return {
    destroy: () => {
      undo();
      pair?.destroy();
      parent.replaceChildren();
    },
  };
}

function headTiles(parent: HTMLElement, page: Page, cost: CostFormat, bound: number | null, best: number): void {
  const plan = page.plans?.[best];
  if (plan === undefined) return;
  const by = page.comparison?.bound_by;
  const plans = page.plans ?? [];
  const isKept = keepsLimits(plan);
  const title = plans.every(keepsLimits) ? "Cheapest policy" : isKept ? "Cheapest that keeps all limits" : "Cheapest";
  const made = [statTile(title, plan.name, isKept ? cost.text(plan.cost) : `${cost.text(plan.cost)}, breaks limits`)];
  if (bound !== null) {
    made.push(statTile("Certified bound", cost.text(bound), by ? `by ${by}` : "no plan costs less"));
    if (isKept) made.push(statTile("Gap", percent(plan.cost / bound - 1), `of ${plan.name} over the bound`));
  }
  made.push(statTile("Users", count(page.users?.of ?? page.users?.count), stationsInWords(page.stations)));
  parent.append(statTiles(...made));
}

function finish(parent: HTMLElement, page: Page): void {
  furtherTables(parent, page);
  notesOf(parent, page);
  originOf(parent, page);
}

/** The best bound on the cost that was certified. */
function boundOf({ comparison, plans }: Page): number | null {
  if (typeof comparison?.lower_bound === "number") return comparison.lower_bound;
  const bounds = (plans ?? []).map(({ lower_bound }) => lower_bound).filter((value) => typeof value === "number");
  return bounds.length === 0 ? null : Math.max(...bounds);
}

function bestOf({ comparison, plans }: Page): number {
  if (comparison?.best !== undefined && plans?.[comparison.best] !== undefined) return comparison.best;
  return byCost(plans ?? []).at(0) ?? 0;
}

function otherThan(index: number, count: number): number {
  return count < 2 ? index : index === 0 ? 1 : 0;
}

function barsOf(plans: readonly Plan[], cost: CostFormat, bound: number | null) {
  return plans.map((plan) => ({
    name: plan.name,
    cost: plan.cost,
    terms: plan.terms ?? [],
    text: cost.text(plan.cost),
    broken: !keepsLimits(plan),
    note: !keepsLimits(plan)
      ? "breaks limits"
      : bound === null
        ? ""
        : `${percent(plan.cost / bound - 1)} over the bound`,
  }));
}
