/** Two plans side by side: their maps, with the users marked whose host differs, and who they are. */

import type { Column, Page, Plan } from "./contract";
import { h, replace, type Child } from "./dom";
import { CostFormat, counted, duration, percent } from "./format";
import { movedUsers } from "./differences";
import type { FrameState, Selection } from "./map";
import { mapHeading, MapPair } from "./map_pair";
import { stationName, userName } from "./page_parts";
import { facts as factList } from "./panel";
import { RowList } from "./row_list";
import { lateOf } from "./tables";

export interface PlanSide {
  plan: Plan;
  title: string;
  /** Stations that have failed. */
  failed?: readonly number[];
}

/** Two maps and a table of the differences. */
export class PlanPair {
  readonly element: HTMLElement;
  readonly #page: Page;
  readonly #cost: CostFormat;
  readonly #maps: MapPair;
  readonly #card: HTMLElement;
  readonly #list: RowList;
  readonly #onSelect: ((selection: Selection) => void) | undefined;
  #sides: PlanSide[] = [];
  #moved: number[] = [];
  #selection: Selection = null;

  /** @param name of the region that says what is selected. */
  constructor(parent: HTMLElement, page: Page, name = "Selection", onSelect?: (selection: Selection) => void) {
    this.#page = page;
    this.#cost = new CostFormat(page.cost_unit);
    this.#onSelect = onSelect;
    this.element = h("div", { class: "plan-pair" });
    parent.append(this.element);
    this.#maps = new MapPair(this.element, page, (selection) => {
      this.select(selection);
      this.#onSelect?.(selection);
    });
    this.#card = h("div", { class: "selection", role: "region", "aria-label": name });
    const columns = h("div", { class: "columns" });
    const hasLatency = (page.plans ?? []).every(({ latency_s_by_user: latency_s }) => latency_s !== undefined);
    this.element.append(columns);
    this.#list = new RowList(columns, {
      caption: "Users on another host",
      empty: "No user is on another host.",
      columns: [
        { head: "user", text: (user) => userName(page.users, user) },
        { head: "from", text: (user) => this.#host(0, user) },
        { head: "to", text: (user) => this.#host(1, user) },
        ...(hasLatency
          ? [
              { head: "latency", isNumber: true, text: (user: number) => this.#latency(0, user) },
              { head: "then", isNumber: true, text: (user: number) => this.#latency(1, user) },
            ]
          : []),
      ],
      onPick: (user) => {
        this.select({ user });
        this.#onSelect?.({ user });
      },
    });
    columns.append(this.#card);
    this.#write();
  }

  /** Shows two plans, or one. */
  show(sides: readonly PlanSide[]): void {
    this.#sides = [...sides];
    const [before, after] = sides;
    const moved = after === undefined ? [] : (movedUsers(before.plan.host, after.plan.host) ?? []);
    this.#moved = moved;
    this.#maps.setCount(sides.length);
    this.#maps.sides.forEach(({ view, heading }, at) => {
      replace(heading, ...this.#heading(sides[at]));
      view.showFrame(planFrame(this.#page, sides[at], moved));
    });
    this.#list.setCaption(`Users on another host: ${counted(moved.length, "user")}`);
    this.#list.element.hidden = after === undefined;
    this.#write(true);
  }

  select(selection: Selection): void {
    this.#selection = selection;
    this.#maps.select(selection);
    this.#write();
  }

  destroy(): void {
    this.#maps.destroy();
    this.element.remove();
  }

  #heading({ plan, title }: PlanSide): Child[] {
    const late = lateOf(plan);
    const facts = [
      this.#cost.text(plan.cost, 5),
      plan.servers !== undefined && !title.endsWith("servers") && counted(plan.servers, "open server"),
      late !== null && `${late} late`,
    ];
    return mapHeading(
      title,
      facts.filter((fact) => typeof fact === "string").map((fact) => h("span", {}, fact)),
    );
  }

  #write(isOther = false): void {
    const picked = this.#selection !== null && "user" in this.#selection ? this.#selection.user : -1;
    this.#list.show(this.#moved, (user) => user === picked, isOther);
    const selection = this.#selection;
    if (selection === null) {
      replace(this.#card, h("p", { class: "quiet" }, "Select a user or a station on a map or in a table."));
    } else if ("user" in selection) {
      replace(this.#card, this.#userFacts(selection.user));
    } else {
      replace(this.#card, this.#stationFacts(selection.station));
    }
  }

  #userFacts(user: number): Child[] {
    const deadline = this.#page.users?.deadline_s?.[user];
    return [
      h("h3", {}, `User ${userName(this.#page.users, user)}`),
      factList([["deadline", deadline === undefined || Number.isNaN(deadline) ? "none" : duration(deadline)]]),
      this.#sides.map(({ plan, title }, at) => [
        h("h4", {}, title),
        factList([
          ["host", this.#host(at, user)],
          ["latency", plan.latency_s_by_user ? this.#latency(at, user) : null],
          ["late", plan.late === undefined ? "–" : plan.late[user] === 0 ? "no" : "yes"],
        ]),
      ]),
    ];
  }

  #stationFacts(station: number): Child[] {
    return [
      h("h3", {}, `Station ${stationName(this.#page.stations, station)}`),
      this.#sides.map(({ plan, title, failed }) => {
        const { users, seats_used, cpu_used, late } = plan.station ?? {};
        const isFailed = failed?.includes(station) === true;
        return [
          h("h4", {}, title),
          factList([
            ["state", isFailed ? "failed" : hosted(plan, station) > 0 ? "open" : "closed"],
            ["hosts", counted(users?.[station] ?? hosted(plan, station), "user")],
            ["seats", seats_used ? percent(seats_used[station]) : "–"],
            ["CPU", cpu_used ? percent(cpu_used[station]) : "–"],
            ["late", late ? String(late[station]) : "–"],
          ]),
        ];
      }),
    ];
  }

  #host(side: number, user: number): string {
    return stationName(this.#page.stations, this.#sides.at(side)?.plan.host[user] ?? -1);
  }

  #latency(side: number, user: number): string {
    return duration(this.#sides.at(side)?.plan.latency_s_by_user?.[user]);
  }
}

/** A plan as the map draws it, users marked and failed stations crossed out. */
function planFrame(page: Page, { plan, failed }: PlanSide, marked: readonly number[] = []): FrameState {
  const users = page.users?.count ?? 0;
  const stations = page.stations?.count ?? 0;
  const nowhere = (): Float32Array => new Float32Array(users).fill(NaN);
  const up = new Uint8Array(stations).fill(1);
  for (const station of failed ?? []) up[station] = 0;
  return {
    x: page.users?.x_m ?? nowhere(),
    y: page.users?.y_m ?? nowhere(),
    host: plan.host,
    access: plan.access,
    late: plan.late,
    load: plan.station?.cpu_used,
    open: plan.open ? flags(plan.open, stations) : null,
    up,
    marked,
  };
}

function flags(which: Column, count: number): Uint8Array {
  const set = new Uint8Array(count);
  for (const index of which) set[index] = 1;
  return set;
}

function hosted(plan: Plan, station: number): number {
  let sum = 0;
  for (const host of plan.host) if (host === station) sum++;
  return sum;
}
