/** A plan: its certificate, its map, why each twin is where it is, what it costs and what it keeps. */

import { CertificatePicture, certificateOf } from "./certificate";
import type { Page, Plan } from "./contract";
import { announce, h, replace, type Child } from "./dom";
import { CostFormat, count, counted, duration, number, percent } from "./format";
import { MapView, type Selection } from "./map";
import { finder, keyHelp, notesOf, onKeys, stationName, stationsInWords, userName, type View } from "./page_parts";
import { bars, panel, statTile, statTiles } from "./panel";
import { hasDeadlines, serverTable, userTable } from "./plan_tables";
import { SelectionPanel } from "./selection_panel";
import type { DataTable } from "./table";

const TERM_NAMES: Record<string, string> = {
  communication: "Communication",
  computing: "Computing",
  opening: "Opening servers",
  rent: "Rent of servers",
  energy: "Energy",
  moves: "Moves",
};

export class PlanView implements View {
  readonly map: MapView;
  /** Room under the head, and at the end, for panels of other views. */
  readonly top = h("div", { class: "slot" });
  readonly extra = h("div", { class: "slot" });
  private readonly cost: CostFormat;
  private readonly certificate: CertificatePicture;
  private readonly tiles = h("div", { class: "tiles-holder" });
  private readonly terms = h("div");
  private readonly report = h("div");
  private readonly subtitle = h("p", { class: "subtitle" });
  private readonly mapTitle = h("h2", {}, "Map");
  private readonly panel: SelectionPanel;
  private readonly servers: DataTable;
  private readonly users: DataTable;
  private readonly late = h("button", { type: "button", click: () => this.nextLate() });
  private readonly hosts: number[];
  private readonly cleaning: (() => void)[] = [];
  private readonly plan: Plan;
  private selection: Selection = null;

  constructor(
    private readonly parent: HTMLElement,
    private readonly page: Page,
  ) {
    const first = page.plans?.[0];
    if (!first) throw new Error("this page holds no plan");
    this.plan = first;
    this.cost = new CostFormat(page.cost_unit);
    const { stations } = page;
    this.hosts = [...Array(stations?.count ?? 0).keys()].filter((m) => (stations?.is_host?.[m] ?? 1) !== 0);
    parent.append(h("header", { class: "head" }, h("h1", {}, page.title), this.subtitle));
    const proof = panel("How good it is", { class: "proof" });
    this.certificate = new CertificatePicture(proof, this.cost);
    const mapPanel = h("section", { class: "panel map-panel", "aria-label": "Map" }, this.mapTitle);
    mapPanel.hidden = !stations?.x_m;
    const choose = (selection: Selection) => this.select(selection);
    const find = h("div", { class: "tools" }, finder(page, choose), this.late);
    const left = h("div", { class: "stack" }, mapPanel);
    const side = h("div", { class: "side" }, find);
    parent.append(
      h("div", { class: "row row-proof" }, proof, this.tiles),
      this.top,
      h("div", { class: "row row-main" }, left, side),
    );
    this.map = new MapView(mapPanel, page, {
      title: "Map of the plan",
      onSelect: choose,
      describe: (selection) => this.describe(selection),
    });
    this.panel = new SelectionPanel(side, page, this.map, choose);
    side.append(
      keyHelp([
        ["/", "find a twin or station"],
        ["l", "next late twin"],
        ["n p", "next and previous server, on the map"],
        ["+ \u2212 0", "zoom, on the map"],
        ["Esc", "choose nothing"],
      ]),
    );
    const servers = panel("Servers", { class: "servers" });
    const fromTable = (selection: Selection) => {
      this.select(selection);
      this.panel.bringIntoSight();
    };
    this.servers = serverTable(
      servers,
      page,
      this.map,
      this.hosts,
      () => this.plan,
      (station) => fromTable({ station }),
    );
    const pair = h(
      "div",
      { class: "row row-pair" },
      panel("What the cost is made of", { class: "terms" }, this.terms),
      panel("What it keeps", { class: "report" }, this.report),
    );
    const users = panel("Twins", { class: "users" });
    this.users = userTable(
      users,
      page,
      this.map,
      () => this.plan,
      (user) => fromTable({ user }),
    );
    parent.append(pair, servers, this.extra, users);
    notesOf(parent, page);
    parent.append(h("footer", { class: "foot" }, this.origin()));
    this.listen(find);
    this.show();
  }

  private show(): void {
    const { plan } = this;
    replace(this.subtitle, this.describePlan());
    this.certificate.show(plan);
    replace(this.tiles, this.summary());
    replace(this.terms, ...this.costTerms());
    replace(this.report, ...this.constraints());
    this.map.showPlan(plan);
    this.servers.refresh();
    this.users.refresh();
    const late = this.lateUsers();
    this.late.hidden = !hasDeadlines(this.page);
    this.late.disabled = late.length === 0;
    replace(this.late, late.length === 0 ? "No twin is late" : `Next late twin (${count(late.length)})`);
    this.panel.show(this.selection, plan);
  }

  /** Choose a station or user in the map, in the tables and in the panel at once. */
  select(selection: Selection): void {
    this.selection = selection;
    this.map.select(selection);
    const row = selection && "station" in selection ? this.hosts.indexOf(selection.station) : -1;
    this.servers.select(row < 0 ? null : row);
    this.users.select(selection && "user" in selection ? selection.user : null);
    announce(this.panel.show(selection, this.plan));
  }

  destroy(): void {
    this.map.destroy();
    this.certificate.destroy();
    for (const clean of this.cleaning) clean();
    this.parent.replaceChildren();
  }

  private listen(find: HTMLElement): void {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const themed = () => {
      this.servers.draw();
      this.users.draw();
      this.panel.show(this.selection, this.plan);
    };
    dark.addEventListener("change", themed);
    for (const event of ["beforeprint", "afterprint"]) window.addEventListener(event, themed);
    this.cleaning.push(
      () => dark.removeEventListener("change", themed),
      () => window.removeEventListener("beforeprint", themed),
      () => window.removeEventListener("afterprint", themed),
      onKeys({
        "/": () => find.querySelector("input")?.focus(),
        l: () => this.nextLate(),
        Escape: () => this.select(null),
      }),
    );
  }

  private lateUsers(): number[] {
    const late: number[] = [];
    for (let i = 0; i < (this.plan.late?.length ?? 0); i++) if (this.plan.late?.[i]) late.push(i);
    return late;
  }

  private nextLate(): void {
    const late = this.lateUsers();
    if (late.length === 0) {
      announce("No twin is late.");
      return;
    }
    const now = this.selection && "user" in this.selection ? this.selection.user : -1;
    this.select({ user: late.find((user) => user > now) ?? late[0] });
  }

  private describePlan(): string {
    const { page, plan } = this;
    const { users, stations } = page;
    const everyone = users?.of ?? users?.count ?? 0;
    return [
      `${counted(everyone, "twin")} on ${counted(this.openCount(), "server")} of ${count(this.hosts.length)}`,
      stationsInWords(stations),
      `planned by ${plan.policy ?? plan.name}`,
    ].join(" \u00b7 ");
  }

  private openCount(): number {
    return this.plan.servers ?? this.plan.open?.length ?? 0;
  }

  private summary(): HTMLElement {
    const { plan, cost, page } = this;
    const { bound, gap } = certificateOf(plan);
    const late = plan.station?.late ? sum(plan.station.late) : this.lateUsers().length;
    const kept = plan.feasible !== false && (plan.violations ?? []).length === 0;
    const tiles = [
      statTile("Cost", cost.text(plan.cost), page.sense),
      statTile(
        "Proved gap",
        bound === null ? "none" : percent(gap),
        bound === null ? "no bound" : "to the best possible",
      ),
      statTile("Servers open", count(this.openCount()), `of ${count(this.hosts.length)}`),
      statTile(
        "Late twins",
        number(late),
        hasDeadlines(page) ? "past their deadline" : "no deadlines",
        late > 0 ? "bad" : "plain",
      ),
    ];
    if (plan.latency_s !== null && plan.latency_s !== undefined) {
      tiles.push(statTile("Mean latency", duration(plan.latency_s, 4), "per twin"));
    }
    const broken = (plan.violations ?? []).length;
    tiles.push(
      statTile(
        "Constraints",
        kept ? "all kept" : "broken",
        kept ? "none broken" : `${counted(Math.max(broken, 1), "violation")}`,
        kept ? "good" : "bad",
      ),
    );
    return statTiles(...tiles);
  }

  private costTerms(): Child[] {
    const { plan, cost } = this;
    const terms = plan.terms ?? [];
    if (terms.length === 0) return [h("p", { class: "note" }, "The parts of the cost were not kept.")];
    const items = terms.map(({ name, cost: part }, at) => {
      const share = plan.cost > 0 ? percent(part / plan.cost) : "";
      return {
        name: TERM_NAMES[name] ?? name,
        value: part,
        text: cost.text(part, 4),
        tone: `term-${at % 6}`,
        note: share,
      };
    });
    const total = h("p", { class: "total" }, h("span", {}, "Together"), h("strong", {}, cost.text(plan.cost)));
    return [bars(items, "Parts of the cost"), total];
  }

  private constraints(): Child[] {
    const { plan } = this;
    const broken = plan.violations ?? [];
    const lines = plan.constraints ?? [];
    const item = (kept: boolean) => (text: string) =>
      h(
        "li",
        { class: kept ? "kept" : "broken-line" },
        h("span", { class: "mark", "aria-hidden": "true" }, kept ? "\u2713" : "\u00d7"),
        h("span", {}, kept ? text : [h("strong", {}, "Broken: "), text]),
      );
    const bad = broken.map(item(false));
    const good = lines.map(item(true));
    if (bad.length + good.length === 0) good.push(item(plan.feasible !== false)("Every constraint is kept."));
    return [
      h("ul", { class: "check-list" }, ...bad, ...good),
      plan.verdict ? h("p", { class: "note" }, plan.verdict) : null,
    ];
  }

  private describe(selection: NonNullable<Selection>): string[] {
    const { plan, page } = this;
    if ("station" in selection) {
      const { station } = selection;
      const of = plan.station;
      const share = of?.cpu_used?.[station];
      const lines = [stationName(page.stations, station)];
      const hosted = of?.users?.[station] ?? 0;
      if (page.stations?.is_host?.[station] === 0) return [...lines, "radio only"];
      lines.push(hosted > 0 ? counted(Math.round(hosted), "twin") : "closed");
      if (share !== undefined && !Number.isNaN(share)) lines.push(`CPU ${percent(share)}`);
      if ((of?.late?.[station] ?? 0) > 0) lines.push(`${count(of?.late?.[station])} late`);
      return lines;
    }
    const { user } = selection;
    const lines = [`Twin ${userName(page.users, user)}`, `on ${stationName(page.stations, plan.host[user])}`];
    if (plan.latency_s_by_user) lines.push(duration(plan.latency_s_by_user[user]));
    if (plan.late?.[user]) lines.push("late");
    return lines;
  }

  private origin(): string {
    const { source, seed, twinhop } = this.page;
    const parts = [source && `source ${source}`, seed !== undefined && `seed ${seed}`, `twinhop ${twinhop}`];
    return parts.filter(Boolean).join(" \u00b7 ");
  }
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((whole, value) => whole + value, 0);
}
