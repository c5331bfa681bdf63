/** A run or a world on its clock: maps, who is late, moves, and charts, all of one moment. */

import { Clock, clockText, frameOfSlot, slotAt } from "./clock";
import { ClockBar } from "./clock_bar";
import type { Column, Page, RunPolicy } from "./contract";
import { announce, h, replace, type Child } from "./dom";
import { CostFormat, count, counted, duration, percent } from "./format";
import { HostsPanel } from "./hosts_panel";
import { coordinatesAt, rowOf } from "./interpolation";
import { LatePanel } from "./late_panel";
import type { Selection } from "./map";
import { mapHeading, MapPair } from "./map_pair";
import { MoveIndex } from "./moves";
import { MovesPanel } from "./moves_panel";
import {
  choice,
  finder,
  keyHelp,
  notesOf,
  onKeys,
  originOf,
  section,
  stationName,
  stationsInWords,
  userName,
  type View,
} from "./page_parts";
import { statTile, statTiles } from "./panel";
import { RunCharts } from "./run_charts";
import { stationFacts, userFacts, writeSelection, type Moment } from "./run_selection";
import { outages } from "./series";
import { furtherTables, gapOf, plainTable, policyTable } from "./tables";

const NONE = "none";
const HOSTS_EVERY_MS = 300;
/** More moves than these in one slot are not drawn one by one. */
const MOST_DRAWN_MOVES = 400;

const RUN_KEYS = [
  ["space", "play or pause"],
  [", .", "one frame back or on"],
  ["Page up, Page down", "a tenth of the run on or back (on the slider)"],
  ["l", "next user who is late"],
  ["m", "next moment at which a twin moves"],
  ["p", "another policy on the map"],
  ["c", "compare with another policy, or stop comparing"],
  ["Escape", "select nothing"],
] as const;
const WORLD_KEYS = RUN_KEYS.filter(([key]) => !["l", "m", "p", "c"].includes(key));

/** Shows a run, or a world: a run in which nothing was decided. */
export function runView(parent: HTMLElement, page: Page): View {
  return new RunView(parent, page);
}

class RunView implements View {
  readonly #page: Page;
  readonly #parent: HTMLElement;
  readonly #policies: RunPolicy[];
  readonly #users: number;
  readonly #stations: number;
  readonly #frameSlot: ArrayLike<number>;
  readonly #slot_s: number;
  readonly #cost: CostFormat;
  readonly #clock: Clock;
  readonly #moves: (MoveIndex | null)[];
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #nobody: Int32Array;
  readonly #undo: (() => void)[] = [];
  #bar: ClockBar | null = null;
  #maps: MapPair | null = null;
  #late: LatePanel | null = null;
  #hosts: HostsPanel | null = null;
  #list: MovesPanel | null = null;
  #charts: RunCharts | null = null;
  #card: HTMLElement | null = null;
  #selects: HTMLSelectElement[] = [];
  #left = 0;
  #right: number | null = null;
  #selection: Selection = null;
  #isReduced = false;
  #handle = 0;
  #hostsHandle = 0;
  #drawnFrame = -1;

  constructor(parent: HTMLElement, page: Page) {
    this.#page = page;
    this.#parent = parent;
    this.#policies = page.policies ?? [];
    this.#users = page.users?.count ?? 0;
    this.#stations = page.stations?.count ?? 0;
    const slots = page.time?.slots ?? 1;
    this.#frameSlot = page.time?.frame_slot ?? [0];
    this.#slot_s = page.time?.slot_s ?? 1;
    this.#cost = new CostFormat(page.cost_unit);
    this.#clock = new Clock(page.time?.frames ?? 1);
    this.#moves = this.#policies.map(({ moves }) => (moves ? new MoveIndex(moves, slots) : null));
    this.#x = new Float32Array(this.#users);
    this.#y = new Float32Array(this.#users);
    this.#nobody = new Int32Array(this.#users).fill(-1);
    this.#left = cheapestThatMoves(this.#policies);
    this.#build(parent);
    this.#leaveOutLeft();
    this.#watch();
    this.#draw();
  }

  destroy(): void {
    cancelAnimationFrame(this.#handle);
    window.clearTimeout(this.#hostsHandle);
    for (const undo of this.#undo) undo();
    this.#bar?.destroy();
    this.#maps?.destroy();
    this.#charts?.destroy();
  }

  get #shown(): number[] {
    if (this.#policies.length === 0) return [];
    return this.#right === null ? [this.#left] : [this.#left, this.#right];
  }

  #build(parent: HTMLElement): void {
    const page = this.#page;
    parent.append(this.#tiles());
    if (this.#policies.length > 0) {
      const part = section(parent, "Policies", "policies");
      policyTable(part, page, (index) => this.#choose(index, this.#right === index ? null : this.#right));
    }
    if (page.time) this.#buildPlayer(parent);
  }

  /** Charts and lists, below what is seen first. */
  finish(): void {
    const [page, parent] = [this.#page, this.#parent];
    if (page.time) {
      const charts = section(parent, "Over time", "over-time");
      this.#charts = new RunCharts(charts, page, this.#moves, (slot) => this.#seekSlot(slot));
      this.#charts.choose(this.#shown);
      if (this.#charts.isEmpty) charts.remove();
      this.#buildMoves(parent);
    }
    this.#buildOutages(parent);
    this.#buildStatistics(section(parent, "Statistics", "statistics"));
    furtherTables(parent, page);
    notesOf(parent, page);
    originOf(parent, page);
    this.#draw();
  }

  /** The maps and the clock. */
  #buildPlayer(parent: HTMLElement): void {
    const page = this.#page;
    const part = section(parent, this.#policies.length > 0 ? "The run" : "The world", "player");
    const tools = h("div", { class: "tools" });
    part.append(tools);
    if (this.#policies.length > 0) tools.append(...this.#policyChoices());
    tools.append(
      finder(page, (selection) => this.#select(selection)),
      keyHelp(this.#policies.length > 0 ? RUN_KEYS : WORLD_KEYS),
    );
    this.#bar = new ClockBar(part, this.#clock, (at) => this.#timeText(at));
    const stage = h("div", { class: "stage" });
    this.#card = h("div", { class: "selection", role: "region", "aria-label": "Selection" });
    part.append(stage);
    if (page.frames && page.map) {
      this.#maps = new MapPair(stage, page, (selection) => this.#select(selection));
      this.#maps.setCount(1);
    } else {
      stage.append(h("p", { class: "quiet" }, "No positions were kept: there is no map of this run."));
    }
    const aside = h("div", { class: "aside" }, this.#card);
    stage.append(aside);
    if (mayBeLate(page)) {
      this.#late = new LatePanel(
        aside,
        page,
        (user) => this.#selectLate(user),
        () => this.#nextLate(),
      );
    }
    if (this.#hostsNow !== undefined) {
      this.#hosts = new HostsPanel(aside, page, this.#policies.length > 0, this.#late !== null, (station) =>
        this.#select({ station }),
      );
    }
    this.#clock.onTick(() => this.#ask());
    this.#showHappenings();
  }

  #policyChoices(): HTMLElement[] {
    const options = this.#policies.map(({ name }, index) => ({ value: String(index), text: name }));
    const left = choice("Policy", options, String(this.#left), (value) => this.#choose(Number(value), this.#right));
    if (this.#policies.length < 2) {
      this.#selects = [left.select];
      return [left.element];
    }
    const others = [{ value: NONE, text: "nothing" }, ...options];
    const right = choice("beside", others, NONE, (value) =>
      this.#choose(this.#left, value === NONE ? null : Number(value)),
    );
    this.#selects = [left.select, right.select];
    return [left.element, right.element];
  }

  #buildStatistics(parent: HTMLElement): void {
    const rows = (this.#page.statistics ?? []).map(({ name, value }) => [name, value]);
    if (rows.length === 0) parent.remove();
    else plainTable(parent, "Statistics", "figure", ["what", "value"], rows);
  }

  #buildMoves(parent: HTMLElement): void {
    if (this.#moves.every((moves) => moves === null)) return;
    const part = section(parent, "Moves of twins", "moves");
    this.#list = new MovesPanel(part, this.#page, (user, slot) => {
      this.#seekSlot(slot);
      this.#select({ user });
      announce(`${this.#timeText(this.#clock.at)}, user ${userName(this.#page.users, user)} selected`);
    });
    this.#showLists();
  }

  #buildOutages(parent: HTMLElement): void {
    const up = this.#page.frames?.station_up;
    const found = up ? outages(up, this.#stations) : [];
    if (found.length === 0) return;
    const part = section(parent, "Stations that failed", "outages");
    const rows = found.map(({ station, from, to }) => [
      stationName(this.#page.stations, station),
      this.#frameTime(from),
      to === this.#clock.frames - 1 ? "the end" : this.#frameTime(to + 1),
    ]);
    plainTable(part, "Outages", "outage", ["station", "from", "to"], rows, (row) => {
      this.#clock.seek(found[row].from);
      this.#select({ station: found[row].station });
    });
  }

  #tiles(): HTMLElement {
    const { time, bound, users } = this.#page;
    const made: HTMLElement[] = [];
    if (this.#policies.length > 0) {
      const best = this.#policies[cheapest(this.#policies)];
      made.push(statTile("Cheapest policy", best.name, this.#cost.text(best.cost, 4)));
      if (typeof bound?.total === "number") {
        made.push(statTile("Certified bound", this.#cost.text(bound.total, 4), "no run costs less"));
        made.push(statTile("Gap", percent(gapOf(best, bound.total)), `of ${best.name} over the bound`));
      }
      const late = best.late_share;
      if (typeof late === "number")
        made.push(statTile("Late", percent(late), "of its updates", late > 0 ? "plain" : "good"));
    }
    made.push(statTile("Users", count(users?.of ?? this.#users), stationsInWords(this.#page.stations)));
    if (time) {
      const { slots, slot_s } = time;
      made.push(statTile("Time", duration(slots * slot_s), `${counted(slots, "slot")} of ${duration(slot_s)}`));
    }
    return statTiles(...made);
  }

  #watch(): void {
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    const reduce = (): void => {
      this.#isReduced = motion.matches;
      this.#ask();
    };
    motion.addEventListener("change", reduce);
    reduce();
    const redraw = (): void => this.#charts?.redraw();
    const schemes = [matchMedia("(prefers-color-scheme: dark)"), matchMedia("print")];
    for (const scheme of schemes) scheme.addEventListener("change", redraw);
    const keys = onKeys(this.#keys());
    this.#undo.push(
      () => motion.removeEventListener("change", reduce),
      () => schemes.forEach((scheme) => scheme.removeEventListener("change", redraw)),
      keys,
    );
  }

  #keys(): Record<string, () => void> {
    const keys: Record<string, () => void> = {
      " ": () => this.#bar?.toggle(),
      ",": () => this.#clock.step(-1),
      ".": () => this.#clock.step(1),
      Escape: () => this.#select(null),
    };
    if (this.#policies.length === 0) return keys;
    const after = (index: number): number => (index + 1) % this.#policies.length;
    const next = (): number => (after(this.#left) === this.#right ? after(after(this.#left)) : after(this.#left));
    return {
      ...keys,
      l: () => this.#nextLate(),
      m: () => this.#nextMove(),
      p: () => this.#choose(next(), this.#right),
      c: () => this.#choose(this.#left, this.#right === null && this.#policies.length > 1 ? after(this.#left) : null),
    };
  }

  #choose(left: number, right: number | null): void {
    this.#left = left;
    this.#right = right === left ? null : right;
    const values = [String(this.#left), this.#right === null ? NONE : String(this.#right)];
    this.#selects.forEach((select, at) => (select.value = values[at]));
    this.#leaveOutLeft();
    this.#maps?.setCount(this.#right === null ? 1 : 2);
    this.#charts?.choose(this.#shown);
    this.#drawnFrame = -1;
    window.clearTimeout(this.#hostsHandle);
    this.#hostsHandle = 0;
    this.#showHappenings();
    this.#showLists();
    this.#ask();
    announce(this.#shown.map((index) => this.#policies[index].name).join(" beside "));
  }

  /** Beside a policy stands another one. */
  #leaveOutLeft(): void {
    for (const option of this.#selects.at(1)?.options ?? []) {
      option.hidden = option.disabled = option.value === String(this.#left);
    }
  }

  #showLists(): void {
    this.#list?.show(this.#policies[this.#left], this.#moves[this.#left]);
    this.#drawnFrame = -1;
  }

  #showHappenings(): void {
    const policy = this.#policies.at(this.#left);
    if (policy === undefined || this.#bar === null) return;
    const frames = Int32Array.from({ length: this.#clock.frames }, (_, frame) => frame);
    const moves = this.#moves[this.#left];
    const above = frames.map((frame) => moves?.ofSlots(...this.#slotsOf(frame)).length ?? 0);
    const below = frames.map((frame) => policy.late_by_slot?.[this.#frameSlot[frame]] ?? 0);
    this.#bar.showHappenings({ above, below, text: `${policy.name}: moves above the line, late users below it` });
  }

  #seekSlot(slot: number): void {
    this.#clock.seek(frameOfSlot(this.#frameSlot, slot));
  }

  #select(selection: Selection): void {
    this.#selection = selection;
    this.#maps?.select(selection);
    const user = selection !== null && "user" in selection ? selection.user : null;
    this.#late?.select(user);
    this.#list?.select(user);
    this.#hosts?.select(selection !== null && "station" in selection ? selection.station : null);
    this.#writeCard();
  }

  #selectLate(user: number, saysTime = false): void {
    this.#select({ user });
    const how = this.#late?.inWords(user) ?? "not late";
    const host = this.#policies[this.#left].host?.[this.#clock.frame * this.#users + user] ?? -1;
    const time = saysTime ? `${this.#timeText(this.#clock.at)}: user` : "User";
    announce(`${time} ${userName(this.#page.users, user)}, ${how}, on ${stationName(this.#page.stations, host)}`);
  }

  /** The next user who is late now; where nobody is, at the next moment at which somebody is. */
  #nextLate(): void {
    const { frame, frames } = this.#clock;
    const { late } = this.#policies[this.#left];
    if (this.#late === null || late === undefined) return;
    for (let step = 0; step < frames; step++) {
      const at = (frame + step) % frames;
      if (!rowOf<Column>(late, this.#users, at).includes(1)) continue;
      if (step > 0) this.#clock.seek(at);
      this.#draw();
      const user = this.#late.next();
      if (user !== null) this.#selectLate(user, step > 0);
      return;
    }
    announce("Nobody is ever late.");
  }

  /** Goes to the next frame in which a twin moves, from the end to the first. */
  #nextMove(): void {
    const moves = this.#moves[this.#left];
    const { frame, frames } = this.#clock;
    for (let step = 1; step <= frames && moves !== null; step++) {
      const to = (frame + step) % frames;
      const rows = moves.ofSlots(...this.#slotsOf(to));
      if (rows.length === 0) continue;
      this.#clock.seek(to);
      announce(`${this.#timeText(to)}: ${counted(rows.length, "move")}`);
      return;
    }
    announce("No twin moves.");
  }

  /** The slots that a frame shows: after those of the frame before it, to its own. */
  #slotsOf(frame: number): [number, number] {
    return [frame === 0 ? 0 : this.#frameSlot[frame - 1] + 1, this.#frameSlot[frame]];
  }

  #frameTime(frame: number): string {
    return clockText(this.#frameSlot[frame] * this.#slot_s);
  }

  #timeText(at: number): string {
    const slot = this.#frameSlot[Math.floor(at)];
    const time = clockText(slot * this.#slot_s, this.#slot_s < 1);
    return `${time}, slot ${count(slot)} of ${count(this.#page.time?.slots ?? 1)}`;
  }

  /** Draws before the next picture, once however often it is asked. */
  #ask(): void {
    if (this.#handle !== 0) return;
    this.#handle = requestAnimationFrame(() => {
      this.#handle = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const frame = this.#clock.frame;
    const at = this.#isReduced ? frame : this.#clock.at;
    this.#drawMaps(at, frame);
    this.#charts?.setNow(slotAt(this.#frameSlot, at));
    if (frame !== this.#drawnFrame) {
      this.#drawnFrame = frame;
      this.#late?.show(this.#policies[this.#left], frame);
      this.#showHosts(frame);
      this.#list?.setSlots(...this.#slotsOf(frame));
      this.#writeHeadings(frame);
      this.#writeCard();
    }
  }

  /** Where everybody's twin is at all times; in a world, the station that serves them. */
  get #hostsNow(): Column | undefined {
    return this.#policies.length > 0 ? this.#policies[this.#left].host : this.#page.frames?.access;
  }

  /** Counts of hosts are written a few times a second at most: nobody reads faster, and it takes time. */
  #showHosts(frame: number): void {
    if (this.#hostsHandle !== 0) return;
    this.#hostsHandle = window.setTimeout(() => {
      this.#hostsHandle = 0;
      if (this.#clock.frame !== frame) this.#showHosts(this.#clock.frame);
    }, HOSTS_EVERY_MS);
    const late = this.#policies.at(this.#left)?.late;
    const host = this.#hostsNow;
    if (this.#hosts === null || host === undefined) return;
    const row = (column: Column | undefined): Column | null =>
      column ? rowOf<Column>(column, this.#users, frame) : null;
    this.#hosts.show(rowOf<Column>(host, this.#users, frame), row(this.#page.frames?.present), row(late));
  }

  #drawMaps(at: number, frame: number): void {
    const { frames } = this.#page;
    if (!frames || this.#maps === null) return;
    const present = frames.present ?? null;
    coordinatesAt(frames.x_m, present, this.#users, at, this.#x);
    coordinatesAt(frames.y_m, present, this.#users, at, this.#y);
    const row = (column: Column | null | undefined, width: number): Column | null =>
      column ? rowOf<Column>(column, width, frame) : null;
    const here = row(present, this.#users);
    const up = row(frames.station_up, this.#stations);
    const access = row(frames.access, this.#users);
    this.#maps.sides.forEach(({ view }, side) => {
      const policy = this.#policies.at(this.#shown[side] ?? 0);
      view.showFrame({
        x: this.#x,
        y: this.#y,
        present: here,
        host: row(policy?.host, this.#users) ?? access ?? this.#nobody,
        late: row(policy?.late, this.#users),
        up,
        moves: this.#movesNow(side, frame),
      });
    });
  }

  #movesNow(side: number, frame: number): { user: number; from: number; to: number }[] {
    const which = this.#shown.at(side);
    if (which === undefined) return [];
    const moves = this.#policies[which].moves;
    const rows = this.#moves[which]?.ofSlots(...this.#slotsOf(frame));
    if (!moves || !rows) return [];
    return Array.from(rows.subarray(0, MOST_DRAWN_MOVES), (row) => ({
      user: moves.user[row],
      from: moves.from[row],
      to: moves.to[row],
    }));
  }

  #writeHeadings(frame: number): void {
    this.#maps?.sides.forEach(({ heading }, side) => {
      replace(heading, ...this.#heading(this.#shown.at(side), frame));
    });
  }

  #heading(which: number | undefined, frame: number): Child[] {
    const slot = this.#frameSlot[frame];
    if (which === undefined) {
      const here = this.#page.frames?.present;
      const row = here ? Array.from(rowOf<Column>(here, this.#users, frame)) : null;
      const present = row === null ? this.#users : row.filter((value) => value !== 0).length;
      return mapHeading(clockText(slot * this.#slot_s), h("span", {}, `${counted(present, "user")} present`));
    }
    const policy = this.#policies[which];
    const late = policy.late_by_slot?.[slot];
    const facts = [
      policy.cost_by_slot && this.#cost.text(policy.cost_by_slot[slot], 4),
      late !== undefined && this.#late !== null && `${count(late)} late`,
      counted(this.#moves[which]?.ofSlots(...this.#slotsOf(frame)).length ?? 0, "move"),
      policy.open_by_slot && counted(policy.open_by_slot[slot], "open host"),
    ];
    return mapHeading(
      policy.name,
      facts.filter((fact) => typeof fact === "string").map((fact) => h("span", {}, fact)),
    );
  }

  #writeCard(): void {
    if (this.#card === null) return;
    const selection = this.#selection;
    const moment: Moment = {
      frame: this.#clock.frame,
      slot: this.#frameSlot[this.#clock.frame],
      x: this.#x,
      y: this.#y,
    };
    const policies = this.#shown.map((index) => this.#policies[index]);
    const moves = this.#shown.map((index) => this.#moves[index]);
    if (selection === null) writeSelection(this.#card, null);
    else if ("user" in selection)
      writeSelection(this.#card, userFacts(this.#page, selection.user, policies, moves, moment));
    else writeSelection(this.#card, stationFacts(this.#page, selection.station, policies, moment));
  }
}

/** The policy that is shown first: the cheapest that moves twins, if any does. */
function cheapestThatMoves(policies: readonly RunPolicy[]): number {
  const movers = policies.flatMap(({ moves, cost }, index) =>
    moves && moves.slot.length > 0 ? [{ index, cost }] : [],
  );
  movers.sort((a, b) => a.cost - b.cost);
  return movers.at(0)?.index ?? cheapest(policies);
}

/** Whether anybody of a run has a deadline, or was late. */
function mayBeLate({ policies, users }: Page): boolean {
  const hasDeadline = users?.deadline_s?.some((value) => Number.isFinite(value)) === true;
  return (policies ?? []).some(({ late }) => late !== undefined && (hasDeadline || late.includes(1)));
}

/** The cheapest of the policies. */
function cheapest(policies: readonly RunPolicy[]): number {
  let best = 0;
  policies.forEach(({ cost }, index) => {
    if (cost < policies[best].cost) best = index;
  });
  return best;
}
