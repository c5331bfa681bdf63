/** What is worth a look before anything is chosen: the busiest servers, and the twins with least to spare. */

import type { Page, Plan } from "./contract";
import { h } from "./dom";
import { count, duration, number } from "./format";
import { colourChip } from "./chip";
import { hasDeadlines } from "./plan_tables";
import type { MapView, Selection } from "./map";
import { stationName, userName } from "./page_parts";

const LISTED = 5;

interface Ranked {
  selection: NonNullable<Selection>;
  value: number;
  text: string;
  bad?: boolean;
}

/** Lists whose entries choose what they name. */
export function overview(page: Page, plan: Plan, map: MapView, choose: (selection: Selection) => void): HTMLElement {
  const list = (title: string, ranked: Ranked[]) => {
    if (ranked.length === 0) return null;
    const rows = ranked.map(({ selection, text, bad }) => {
      const name =
        "station" in selection
          ? [colourChip(map, selection.station), stationName(page.stations, selection.station)]
          : userName(page.users, selection.user);
      const button = h(
        "button",
        { type: "button", class: "rank", click: () => choose(selection) },
        h("span", {}, name),
      );
      button.append(h("span", { class: bad ? "late-mark" : "rank-text" }, text));
      return h("li", {}, button);
    });
    return [h("h3", { class: "rank-title" }, title), h("ul", {}, ...rows)];
  };
  const late = plan.late?.includes(1) ?? false;
  return h(
    "div",
    { class: "overview" },
    h("p", { class: "hint" }, "Choose a station or a twin: on the map, in a table, here, or by its name."),
    list("Busiest servers", busiest(page, plan)),
    list(late ? "Latest twins" : "Least time to spare", tightest(page, plan)),
    list("Slowest twins", hasDeadlines(page) ? [] : slowest(plan)),
  );
}

function busiest({ stations, users: everyone }: Page, { station }: Plan): Ranked[] {
  const share = station?.seats_used;
  const users = station?.users;
  if (!users) return [];
  const ranked: Ranked[] = [];
  for (let m = 0; m < users.length; m++) {
    if (!(users[m] > 0)) continue;
    const seats = stations?.capacity?.[m] ?? -1;
    const text =
      seats > 0 && seats < (everyone?.of ?? everyone?.count ?? 0)
        ? `${number(users[m])} of ${count(seats)} seats`
        : `${number(users[m])} twins`;
    const value = share && share[m] >= 0 ? share[m] : 0;
    ranked.push({ selection: { station: m }, value: value || users[m] * 1e-9, text });
  }
  return top(ranked, (a, b) => b.value - a.value);
}

function tightest({ users }: Page, plan: Plan): Ranked[] {
  const takes = plan.update_s_by_user ?? plan.latency_s_by_user;
  const deadline = users?.deadline_s;
  if (!takes || !deadline) return [];
  const ranked: Ranked[] = [];
  for (let i = 0; i < takes.length; i++) {
    const value = deadline[i] - takes[i];
    if (!Number.isFinite(value)) continue;
    const text = value < 0 ? `late by ${duration(-value)}` : `${duration(value)} to spare`;
    ranked.push({ selection: { user: i }, value, text, bad: value < 0 });
  }
  return top(ranked, (a, b) => a.value - b.value);
}

function slowest({ latency_s_by_user }: Plan): Ranked[] {
  const ranked: Ranked[] = [];
  for (let i = 0; i < (latency_s_by_user?.length ?? 0); i++) {
    const value = latency_s_by_user?.[i] ?? NaN;
    if (Number.isFinite(value)) ranked.push({ selection: { user: i }, value, text: duration(value) });
  }
  return top(ranked, (a, b) => b.value - a.value);
}

function top(ranked: Ranked[], order: (a: Ranked, b: Ranked) => number): Ranked[] {
  return ranked.sort(order).slice(0, LISTED);
}
