/** The tables of servers and of users of a plan. */

import { colourChip } from "./chip";
import type { Column, Page, Plan } from "./contract";
import { h, type Child } from "./dom";
import { CostFormat, count, duration, fixed, number, wholePercent } from "./format";
import type { MapView } from "./map";
import { stationName, userName } from "./page_parts";
import { DataTable, type TableColumn } from "./table";

/** Columns of a source's own that a table shows at most. */
const MOST_LABELS = 2;
const FULL = 0.995;

/** Servers of a plan; rows are `hosts`. */
export function serverTable(
  parent: HTMLElement,
  page: Page,
  map: MapView,
  hosts: readonly number[],
  plan: () => Plan,
  onSelect: (station: number) => void,
): DataTable {
  const { stations } = page;
  const cost = new CostFormat(page.cost_unit);
  const of = () => plan().station;
  const users = (row: number) => of()?.users?.[hosts[row]] ?? 0;
  const isOpen = (row: number) => plan().open?.includes(hosts[row]) ?? users(row) > 0;
  const anyWorth = (page.plans ?? []).some(({ station }) => station?.worth?.some((value) => !Number.isNaN(value)));
  const anyCpu = (page.plans ?? []).some(({ station }) => station?.cpu_used);
  const limited = seatsMatter(page);
  const anyDeadline = hasDeadlines(page);
  const worth = (value: number | undefined): Child => {
    if (value === Infinity) return "needed";
    return fixed(cost.value(value ?? NaN), decimalsFor(of()?.worth, cost));
  };
  const columns: (TableColumn | false)[] = [
    {
      title: "Server",
      value: (row) => stationName(stations, hosts[row]),
      show: (row) => [colourChip(map, hosts[row]), stationName(stations, hosts[row])],
    },
    { title: "State", value: (row) => (isOpen(row) ? "open" : "closed") },
    { title: "Twins", value: users, show: (row) => number(users(row)), numeric: true, first: "descending" },
    limited && {
      title: "Seats",
      value: (row) => missing(of()?.seats_used?.[hosts[row]]),
      show: (row) => seats(stations?.capacity?.[hosts[row]] ?? -1, of()?.seats_used?.[hosts[row]]),
      numeric: true,
      first: "descending",
      help: "Share of the seats that are taken",
    },
    !!anyCpu && {
      title: "CPU",
      value: (row) => missing(of()?.cpu_used?.[hosts[row]]),
      show: (row) => meter(of()?.cpu_used?.[hosts[row]]),
      numeric: true,
      first: "descending",
      help: of()?.cpu_used_kind,
    },
    anyDeadline && {
      title: "Late",
      value: (row) => of()?.late?.[hosts[row]] ?? 0,
      show: (row) => lateCount(of()?.late?.[hosts[row]] ?? 0),
      numeric: true,
      first: "descending",
    },
    !!anyWorth && {
      title: cost.unit ? `Worth, ${cost.unit}` : "Worth",
      value: (row) => missing(of()?.worth?.[hosts[row]]),
      show: (row) => worth(of()?.worth?.[hosts[row]]),
      numeric: true,
      first: "descending",
      help: of()?.worth_kind,
    },
    ...(stations?.label ?? []).slice(0, MOST_LABELS).map(({ name, values }): TableColumn => {
      return { title: name, value: (row) => values[hosts[row]], show: (row) => longText(values[hosts[row]]) };
    }),
  ];
  const kept = columns.filter((column): column is TableColumn => column !== false);
  return new DataTable(parent, {
    caption: "Servers",
    columns: kept,
    rows: hosts.length,
    sort: { column: kept.findIndex(({ title }) => title === "Twins"), order: "descending" },
    filter: "Filter servers",
    only: { label: "open only", keep: isOpen, on: true },
    onSelect: (row) => onSelect(hosts[row]),
    noun: "server",
  });
}

/** Users of a plan; row is user. */
export function userTable(
  parent: HTMLElement,
  page: Page,
  map: MapView,
  plan: () => Plan,
  onSelect: (user: number) => void,
): DataTable {
  const { stations, users } = page;
  const update = (row: number) => (plan().update_s_by_user ?? plan().latency_s_by_user)?.[row];
  const deadline = (row: number) => missing(users?.deadline_s?.[row]);
  const spare = (row: number) => {
    const [limit, takes] = [deadline(row), update(row)];
    return limit === null || takes === undefined ? null : limit - takes;
  };
  const plans = page.plans ?? [];
  const anyDeadline = hasDeadlines(page);
  const columns: (TableColumn | false)[] = [
    { title: "Twin", value: (row) => userName(users, row) },
    ...(users?.label ?? []).slice(0, MOST_LABELS).map(({ name, values }): TableColumn => {
      return { title: name, value: (row) => values[row], show: (row) => longText(values[row]) };
    }),
    {
      title: "Host",
      value: (row) => stationName(stations, plan().host[row]),
      show: (row) => [colourChip(map, plan().host[row]), stationName(stations, plan().host[row])],
    },
    plans.some(({ access }) => access) && {
      title: "Served by",
      value: (row) => stationName(stations, plan().access?.[row] ?? -1),
    },
    plans.some(({ latency_s_by_user }) => latency_s_by_user) && {
      title: "Latency",
      value: (row) => missing(plan().latency_s_by_user?.[row]),
      show: (row) => duration(plan().latency_s_by_user?.[row]),
      numeric: true,
      first: "descending",
    },
    anyDeadline && {
      title: "Deadline",
      value: deadline,
      show: (row) => duration(deadline(row)),
      numeric: true,
    },
    anyDeadline && {
      title: "To spare",
      value: spare,
      show: (row) => spareText(spare(row)),
      numeric: true,
      help: "What is left of the deadline; late twins are below zero",
    },
  ];
  return new DataTable(parent, {
    caption: "Twins",
    columns: columns.filter((column): column is TableColumn => column !== false),
    rows: users?.count ?? 0,
    pageSize: 15,
    filter: "Filter twins",
    only: anyDeadline ? { label: "late only", keep: (row) => (plan().late?.[row] ?? 0) !== 0 } : undefined,
    onSelect,
    noun: "twin",
  });
}

/** Whether any user has a deadline. */
export function hasDeadlines({ users }: Page): boolean {
  return users?.deadline_s?.some((value) => Number.isFinite(value)) ?? false;
}

/** Whether some server has fewer seats than there are users: else seats limit nothing. */
export function seatsMatter({ stations, users }: Page): boolean {
  const everyone = users?.of ?? users?.count ?? 0;
  return stations?.capacity?.some((seats, m) => stations.is_host?.[m] !== 0 && seats >= 0 && seats < everyone) ?? false;
}

/** A text of a source, cut where it is long; the whole of it is in the panel of what is chosen. */
function longText(text: string): HTMLElement {
  return h("span", { class: "long", title: text }, text);
}

/** Decimals that give the greatest of a column three digits, so that all stand under one another. */
function decimalsFor(values: Column | undefined, cost: CostFormat): number {
  let most = 0;
  for (const value of values ?? []) if (Number.isFinite(value)) most = Math.max(most, Math.abs(cost.value(value)));
  return most === 0 ? 0 : Math.min(Math.max(3 - Math.floor(Math.log10(most)), 0), 12);
}

function missing(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** A share as a bar and a figure. */
function meter(share: number | undefined, text = wholePercent(share)): Child {
  if (share === undefined || Number.isNaN(share)) return "\u2013";
  const fill = h("span", { class: share >= FULL ? "meter-fill meter-full" : "meter-fill" });
  fill.style.width = `${Math.min(100 * share, 100)}%`;
  return [h("span", { class: "meter", "aria-hidden": "true" }, fill), h("span", { class: "meter-text" }, text)];
}

function seats(capacity: number, share: number | undefined): Child {
  if (capacity < 0) return "no limit";
  if (share === undefined || Number.isNaN(share)) return "\u2013";
  return meter(share, `${number(share * capacity)} of ${count(capacity)}`);
}

function lateCount(late: number): Child {
  return late > 0 ? h("strong", { class: "late-mark" }, number(late)) : "0";
}

function spareText(spare: number | null): Child {
  if (spare === null) return "\u2013";
  return spare < 0 ? h("strong", { class: "late-mark" }, `late by ${duration(-spare)}`) : duration(spare);
}
