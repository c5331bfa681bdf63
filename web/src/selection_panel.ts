/** What is known of the station or user that is chosen. */

import { colourChip } from "./chip";
import type { Page, Plan, Why } from "./contract";
import { h, replace, type Child } from "./dom";
import { CostFormat, count, counted, duration, frequency, number, size, wholePercent } from "./format";
import type { MapView, Selection } from "./map";
import { stationName, userName } from "./page_parts";
import { overview } from "./overview";
import { bars, facts, type Bar } from "./panel";
import { seatsMatter } from "./plan_tables";

/** Users of a station that are listed at once. */
const LISTED_USERS = 24;
/** Hosts that are listed at once for a user. */
const LISTED_HOSTS = 12;

export class SelectionPanel {
  readonly element = h("section", { class: "selection", "aria-label": "Selection" });
  private readonly cost: CostFormat;

  constructor(
    parent: HTMLElement,
    private readonly page: Page,
    private readonly map: MapView,
    private readonly choose: (selection: Selection) => void,
  ) {
    this.cost = new CostFormat(page.cost_unit);
    parent.append(this.element);
  }

  /** Show a selection under a plan; returns the sentence that says it. */
  show(selection: Selection, plan: Plan): string {
    if (!selection) {
      replace(this.element, overview(this.page, plan, this.map, this.choose));
      return "Nothing is chosen.";
    }
    const { title, summary, body } =
      "station" in selection ? this.station(selection.station, plan) : this.user(selection.user, plan);
    const close = h(
      "button",
      { type: "button", class: "close", "aria-label": "Choose nothing", click: () => this.choose(null) },
      "\u00d7",
    );
    replace(this.element, h("header", {}, title, close), h("p", { class: "summary" }, summary), ...body);
    return `${title.textContent ?? ""}: ${summary}`;
  }

  /** Scroll to the panel where the page is too narrow to show it beside what was chosen from. */
  bringIntoSight(): void {
    const { top, bottom } = this.element.getBoundingClientRect();
    if (bottom > 80 && top < window.innerHeight - 120) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.element.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
  }

  private station(station: number, plan: Plan): { title: HTMLElement; summary: string; body: Child[] } {
    const { stations, users } = this.page;
    const of = plan.station;
    const hosted = of?.users?.[station] ?? countOf(plan, station);
    const seats = stations?.capacity?.[station] ?? -1;
    const open = hosted > 0 || (plan.open?.includes(station) ?? false);
    const kind = this.kind(station, open);
    const late = of?.late?.[station] ?? 0;
    const mine: number[] = [];
    for (let i = 0; i < (users?.count ?? 0); i++) if (plan.host[i] === station) mine.push(i);
    mine.sort((a, b) => (plan.late?.[b] ?? 0) - (plan.late?.[a] ?? 0));
    const labels = (stations?.label ?? []).map(({ name, values }) => [name, values[station]] as const);
    const summary = open
      ? `${kind}: ${counted(Math.round(hosted), "twin")}${late > 0 ? `, ${count(late)} late` : ", none late"}.`
      : `${kind}.`;
    const body: Child[] = [
      facts([
        ["Seats taken", seatsMatter(this.page) ? seatsText(hosted, seats) : null],
        ["CPU in use", cpuText(of?.cpu_used?.[station])],
        ["CPU", positive(stations?.cpu_cycles_per_s?.[station], frequency)],
        ["Cost to open", positive(stations?.opening_s?.[station], (value) => duration(value))],
        ["Rent a month", positive(stations?.cost_per_month?.[station], (value) => number(value))],
        ["Worth", this.worth(plan, station)],
        ...labels,
      ]),
      of?.worth && !Number.isNaN(of.worth[station]) && of.worth_kind
        ? h("p", { class: "note" }, `Worth: ${sentence(of.worth_kind)}`)
        : null,
      of?.cpu_used_kind && open ? h("p", { class: "note" }, `CPU in use: ${sentence(of.cpu_used_kind)}`) : null,
      mine.length > 0 ? h("h4", { class: "its-twins" }, "Its twins") : null,
      mine.length > 0 ? this.userList(mine, plan) : null,
    ];
    return { title: this.title(station, stationName(stations, station)), summary, body };
  }

  private kind(station: number, open: boolean): string {
    const { stations } = this.page;
    if (stations?.is_cloud?.[station]) return "Cloud";
    if (stations?.is_host?.[station] === 0) return "Radio station without a server";
    return open ? "Open server" : "Closed server";
  }

  private worth(plan: Plan, station: number): string | null {
    const worth = plan.station?.worth?.[station];
    if (worth === undefined || Number.isNaN(worth)) return null;
    return worth === Infinity ? "no plan can do without it" : `at least ${this.cost.text(worth, 4)}`;
  }

  private userList(mine: number[], plan: Plan): HTMLElement {
    const list = h("ul", { class: "chips" });
    const write = (most: number) => {
      const left = mine.length - most;
      const more = h(
        "button",
        { type: "button", class: "more", click: () => write(mine.length) },
        `and ${count(left)} more`,
      );
      replace(
        list,
        ...mine.slice(0, most).map((user) => {
          const late = plan.late?.[user] ? h("span", { class: "late-mark" }, " late") : null;
          const chip = h(
            "button",
            { type: "button", click: () => this.choose({ user }) },
            userName(this.page.users, user),
            late,
          );
          return h("li", {}, chip);
        }),
        left > 0 ? h("li", {}, more) : null,
      );
    };
    write(LISTED_USERS);
    return list;
  }

  private user(user: number, plan: Plan): { title: HTMLElement; summary: string; body: Child[] } {
    const { users } = this.page;
    const host = plan.host[user];
    const deadline = users?.deadline_s?.[user] ?? NaN;
    const update = (plan.update_s_by_user ?? plan.latency_s_by_user)?.[user] ?? NaN;
    const margin = deadline - update;
    const weight = users?.weight?.[user] ?? 1;
    const labels = (users?.label ?? []).map(({ name, values }) => [name, values[user]] as const);
    const why = this.whyOf(plan);
    const summary = `${this.hostSentence(host)}${plan.late?.[user] ? lateText(margin) : ""}`;
    const body: Child[] = [
      why ? h("p", { class: "why" }, this.reason(why, user, host)) : null,
      facts([
        ["Hosted by", this.stationButton(host)],
        ["Served by", plan.access ? this.stationButton(plan.access[user]) : null],
        ["Latency", finite(plan.latency_s_by_user?.[user], duration)],
        ["An update takes", plan.update_s_by_user ? finite(update, duration) : null],
        ["Deadline", finite(deadline, duration)],
        ["Time to spare", Number.isFinite(margin) && margin >= 0 ? duration(margin) : null],
        [
          "Late by",
          Number.isFinite(margin) && margin < 0 ? h("strong", { class: "late-mark" }, duration(-margin)) : null,
        ],
        ["CPU share", positive(plan.cpu_share_cycles_per_s?.[user], frequency)],
        ["History", positive(users?.history_bit?.[user], size)],
        ["Update", positive(users?.update_bit?.[user], size)],
        ["Stands for", weight === 1 ? null : `${number(weight)} users`],
        ...labels,
      ]),
      plan.unmeetable?.[user] ? h("p", { class: "note" }, "No station could keep its deadline.") : null,
      why
        ? h("h4", {}, why.complete === false ? "What the next hosts would cost" : "What every other host would cost")
        : null,
      why ? this.others(why, user, host) : null,
    ];
    const title = h("h3", {}, `Twin ${userName(users, user)}`);
    return { title, summary, body };
  }

  private hostSentence(host: number): string {
    return host < 0 ? "Hosted by nobody." : `Hosted by ${stationName(this.page.stations, host)}.`;
  }

  private whyOf(plan: Plan): Why | null {
    const { why, plans } = this.page;
    return why && plans?.[why.of_plan ?? 0] === plan ? why : null;
  }

  /** Why a user is where it is, from what other hosts would cost. */
  private reason(why: Why, user: number, host: number): string {
    const given = why.reason?.[user];
    if (given) return given;
    const others = this.otherHosts(why, user, host);
    const here = stationName(this.page.stations, host);
    const free = others.filter(({ obstacle }) => obstacle === null);
    if (others.length === 0) return `No other host was looked at.`;
    if (free.length === 0) return `No other host can take it: ${here} is the only one.`;
    const [best] = free;
    const name = stationName(this.page.stations, best.station);
    const barred = others.find(({ change, obstacle }) => obstacle !== null && change < 0);
    const but = barred
      ? ` ${stationName(this.page.stations, barred.station)} would be ${this.cost.text(-barred.change, 3)} cheaper, but cannot take it: ${barred.obstacle}.`
      : "";
    if (best.change < 0) return `Moved alone to ${name}, it would cost ${this.cost.text(-best.change, 3)} less.${but}`;
    return `${here} is the cheapest host for it; on ${name}, the next, the plan would cost ${this.cost.text(best.change, 3)} more.${but}`;
  }

  /** What every other host would cost, the cheapest first. */
  private otherHosts(
    why: Why,
    user: number,
    host: number,
  ): { station: number; change: number; obstacle: string | null }[] {
    const width = why.hosts.length / Math.max(this.page.users?.count ?? 0, 1);
    const others = [];
    for (let at = user * width; at < (user + 1) * width; at++) {
      const station = why.hosts[at];
      if (station < 0 || station === host) continue;
      const barred = why.feasible?.[at] === 0;
      const index = why.obstacle?.[at] ?? 0;
      const obstacle = index > 0 ? (why.obstacles?.[index] ?? "it cannot") : barred ? "not possible" : null;
      others.push({ station, change: why.cost_change[at], obstacle });
    }
    return others.sort((a, b) => a.change - b.change);
  }

  private others(why: Why, user: number, host: number): HTMLElement {
    const others = this.otherHosts(why, user, host);
    const holder = h("div", { class: "others" });
    const write = (most: number) => {
      const left = others.length - most;
      const shown: Bar[] = others.slice(0, most).map(({ station, change, obstacle }) => {
        return {
          name: stationName(this.page.stations, station),
          value: change,
          text: this.cost.change(change, 3),
          tone: obstacle ? "bar-barred" : change < 0 ? "bar-good" : "",
          note: obstacle ?? undefined,
        };
      });
      const more = h(
        "button",
        { type: "button", class: "more", click: () => write(others.length) },
        `and ${count(left)} more`,
      );
      replace(holder, bars(shown, "Change of the total cost by host"), left > 0 ? more : null);
    };
    write(LISTED_HOSTS);
    return holder;
  }

  private stationButton(station: number): Child {
    if (station < 0) return "nobody";
    const name = stationName(this.page.stations, station);
    return h(
      "button",
      { type: "button", class: "link", click: () => this.choose({ station }) },
      this.chip(station),
      name,
    );
  }

  private title(station: number, name: string): HTMLElement {
    return h("h3", {}, this.chip(station), name);
  }

  private chip(station: number): HTMLElement | null {
    return colourChip(this.map, station);
  }
}

/** A text with its full stop. */
function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

function countOf({ host }: Plan, station: number): number {
  let hosted = 0;
  for (let i = 0; i < host.length; i++) if (host[i] === station) hosted += 1;
  return hosted;
}

function seatsText(hosted: number, seats: number): string | null {
  if (seats < 0) return `${number(hosted)}, no limit`;
  if (seats === 0) return null;
  return `${number(hosted)} of ${count(seats)}`;
}

function cpuText(share: number | undefined): string | null {
  return share === undefined || Number.isNaN(share) ? null : wholePercent(share);
}

function lateText(margin: number): string {
  return margin < 0 ? ` Late by ${duration(-margin)}.` : " Late.";
}

function positive(value: number | undefined, show: (value: number) => string): string | null {
  return value !== undefined && value > 0 && Number.isFinite(value) ? show(value) : null;
}

function finite(value: number | undefined, show: (value: number) => string): string | null {
  return value !== undefined && Number.isFinite(value) ? show(value) : null;
}
