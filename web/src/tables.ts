/** Tables of figures that do not change: policies, plans, and whatever else a page brings. */

import { swatch } from "./charts";
import type { Page, Plan, RunPolicy } from "./contract";
import { h, type Child } from "./dom";
import { CostFormat, count, duration, fixed, number, percent } from "./format";
import { keepsLimits } from "./limits";
import { section } from "./page_parts";
import { policyLooks } from "./palette";
import { DataTable, type TableColumn } from "./table";

type Cell = string | number | null;

/** A table of texts and numbers; where a row leads somewhere, its first cell is a button. */
export function plainTable(
  parent: HTMLElement,
  caption: string,
  noun: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  onSelect?: (row: number) => void,
): DataTable {
  const heads = columns.map((title, column): TableColumn => {
    const numeric = column > 0 && rows.every((row) => typeof row[column] === "number" || isNumeric(row[column]));
    return {
      title,
      numeric,
      value: (row) => sortKey(rows[row][column], numeric),
      show: (row) => cellText(rows[row][column]),
    };
  });
  return new DataTable(parent, { caption, columns: heads, rows: rows.length, noun, onSelect, sort: null });
}

/** The tables that a page brings along. */
export function furtherTables(parent: HTMLElement, { table }: Page): void {
  for (const { title, columns, rows } of table ?? []) {
    plainTable(section(parent, title, "further"), title, "row", columns, rows);
  }
}

/** By which share a policy costs more than what is certified. */
export function gapOf({ cost, gap }: RunPolicy, total: number | null | undefined): number | null {
  if (typeof gap === "number") return gap;
  return typeof total === "number" && total > 0 ? cost / total - 1 : null;
}

/** What each policy of a run costs, and what its users see. */
export function policyTable(parent: HTMLElement, page: Page, onSelect?: (index: number) => void): DataTable {
  const policies = page.policies ?? [];
  const cost = new CostFormat(page.cost_unit);
  const looks = policyLooks(policies.map(({ name }) => name));
  const total = page.bound?.total;
  const gap = (row: number): number | null => gapOf(policies[row], total);
  const figure = (title: string, value: TableColumn["value"], show: (row: number) => string): TableColumn => ({
    title,
    value,
    show,
    numeric: true,
  });
  const has = (value: (row: number) => unknown): boolean =>
    policies.some((_, row) => value(row) !== null && value(row) !== undefined);
  const late = (row: number): number | null => policies[row].late_share ?? null;
  const moves = (row: number): number | null => policies[row].moves_per_user_hour ?? null;
  const regret = (row: number): number | null => policies[row].regret_by_slot?.at(-1) ?? null;
  const term = (name: string, row: number): number | null =>
    policies[row].terms?.find((each) => each.name === name)?.cost ?? null;
  const costs = cost.column(policies.map(({ cost: one }) => one));
  const spent = policies.flatMap((policy) => (policy.terms ?? []).filter(({ cost: part }) => part !== 0));
  const terms = [...new Set(spent.map(({ name }) => name))];
  const named = (row: number): Child => {
    const look = looks.get(policies[row].name);
    return [look === undefined ? null : swatch(look), " ", policies[row].name];
  };
  const columns = [
    { title: "policy", value: (row: number) => policies[row].name, show: named },
    figure(
      withUnit("cost", cost),
      (row) => policies[row].cost,
      (row) => costs(policies[row].cost),
    ),
    has(gap) && figure("over the bound", gap, (row) => percent(gap(row))),
    has(regret) && figure("regret", regret, (row) => percent(regret(row))),
    has(late) && figure("late", late, (row) => percent(late(row))),
    has(moves) && figure("moves/h", moves, (row) => number(moves(row), 3)),
    ...terms.map((name) => {
      const parts = cost.column(policies.map((_, row) => term(name, row)));
      return figure(
        name,
        (row) => term(name, row),
        (row) => parts(term(name, row)),
      );
    }),
  ].filter((column) => column !== false);
  return new DataTable(parent, {
    caption: "Policies",
    noun: "policy",
    nouns: "policies",
    columns,
    rows: policies.length,
    sort: { column: 1, order: "ascending" },
    onSelect,
  });
}

/** What each plan costs, its bound, and what breaks. */
export function planTable(
  parent: HTMLElement,
  page: Page,
  first: { title: string; name: (row: number) => string },
  onSelect?: (index: number) => void,
): DataTable {
  const plans = page.plans ?? [];
  const cost = new CostFormat(page.cost_unit);
  const bound = page.comparison?.lower_bound;
  const costs = cost.column(
    plans.map(({ cost: one }) => one),
    6,
  );
  const lower = (row: number): number | null => plans[row].lower_bound ?? null;
  const over = (row: number): number | null => {
    const to = typeof bound === "number" ? bound : lower(row);
    return to === null || !keepsLimits(plans[row]) ? null : plans[row].cost / to - 1;
  };
  const late = (row: number): number | null => lateOf(plans[row]);
  const numeric = true;
  const has = (value: (row: number) => number | null): boolean => plans.some((_, row) => value(row) !== null);
  const latency = (row: number): number | null => plans[row].latency_s ?? null;
  const servers = (row: number): number | null => plans[row].servers ?? null;
  const columns: (TableColumn | false)[] = [
    { title: first.title, value: (row) => servers(row) ?? first.name(row), show: (row) => first.name(row) },
    {
      title: withUnit("cost", cost),
      value: (row) => plans[row].cost,
      last: (row) => !keepsLimits(plans[row]),
      show: (row) => costs(plans[row].cost),
      numeric,
    },
    typeof bound !== "number" &&
      has(lower) && { title: "certified bound", value: lower, show: (row) => costs(lower(row)), numeric },
    has(over) && { title: "over the bound", value: over, show: (row) => percent(over(row)), numeric },
    has(servers) &&
      first.title !== "servers" && {
        title: "open servers",
        value: servers,
        show: (row) => count(servers(row)),
        numeric,
      },
    has(latency) && { title: "mean latency", value: latency, show: (row) => duration(latency(row)), numeric },
    has(late) && { title: "late users", value: late, show: (row) => count(late(row)), numeric },
    plans.some(({ feasible }) => feasible !== undefined) && {
      title: "keeps all limits",
      value: (row) => (keepsLimits(plans[row]) ? "yes" : "no"),
      show: (row) => (keepsLimits(plans[row]) ? "yes" : h("strong", { class: "bad" }, "no")),
    },
    plans.some(({ status }) => status) && { title: "status", value: (row) => plans[row].status ?? null },
  ];
  return new DataTable(parent, {
    caption: first.title === "servers" ? "Costs by number of servers" : "Policies",
    noun: "plan",
    columns: columns.filter((column) => column !== false),
    rows: plans.length,
    sort: { column: first.title === "servers" ? 0 : 1, order: "ascending" },
    onSelect,
  });
}

/** How many users of a plan are late. */
export function lateOf({ late }: Plan): number | null {
  if (late === undefined) return null;
  let sum = 0;
  for (const value of late) if (value !== 0) sum++;
  return sum;
}

function withUnit(text: string, cost: CostFormat): string {
  return cost.unit ? `${text} [${cost.unit}]` : text;
}

function cellText(value: Cell | undefined): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "number" ? number(value) : inLanguage(value);
}

const WRITTEN = /^([<+\-−]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(\s*%)?$/;

/** A number that came as a text, as the reader's language writes it, with the decimals that it has. */
export function inLanguage(text: string): string {
  const [, sign, whole, decimals = "", percent = ""] = WRITTEN.exec(text) ?? [];
  if (whole === undefined || (decimals === "" && percent === "" && !whole.includes(","))) return text;
  return `${sign}${fixed(Number(whole.replaceAll(",", "") + decimals), Math.max(decimals.length - 1, 0))}${percent}`;
}

const NUMBER = /^[<+\-−]?[\d.,]+(e[+-]?\d+)?(\s*%)?$/;

function isNumeric(value: Cell | undefined): boolean {
  return value === null || value === undefined || value === "–" || value === "-" || NUMBER.test(String(value));
}

function sortKey(value: Cell | undefined, numeric: boolean): Cell {
  if (value === undefined || value === null || typeof value === "number" || !numeric) return value ?? null;
  const read = parseFloat(value.replace(/[,<+]/g, "").replace("−", "-"));
  return Number.isNaN(read) ? null : read;
}
