/** Moves of twins: of this slot or of the run, with reason and pause. */

import { clockText } from "./clock";
import type { Moves, Page, RunPolicy } from "./contract";
import { h } from "./dom";
import { CostFormat, count, counted, duration } from "./format";
import { filterMoves, type MoveIndex } from "./moves";
import { choice, stationName, userName } from "./page_parts";
import { RowList } from "./row_list";

const ALL = "all";

export class MovesPanel {
  readonly element: HTMLElement;
  readonly #page: Page;
  readonly #list: RowList;
  readonly #search: HTMLInputElement;
  readonly #scope: HTMLSelectElement;
  readonly #reasons: HTMLSelectElement;
  #policy: RunPolicy | null = null;
  #index: MoveIndex | null = null;
  #moves: Moves | null = null;
  #slots: [number, number] = [0, 0];
  #selected: number | null = null;

  /** @param onPick what happens when a move is picked: of a user, in a slot. */
  constructor(parent: HTMLElement, page: Page, onPick: (user: number, slot: number) => void) {
    this.#page = page;
    const cost = new CostFormat(page.cost_unit);
    const name = (column: "from" | "to", row: number): string =>
      stationName(page.stations, this.#moves?.[column][row] ?? -1);
    const scope = choice(
      "Show",
      [
        { value: ALL, text: "the whole run" },
        { value: "now", text: "this slot" },
        { value: "user", text: "the selected user" },
      ],
      ALL,
      () => this.#write(true),
    );
    const reasons = choice("Reason", [], ALL, () => this.#write(true));
    this.#scope = scope.select;
    this.#reasons = reasons.select;
    this.#search = h("input", {
      type: "search",
      "aria-label": "Filter moves",
      placeholder: "user, host or reason",
      input: () => this.#write(true),
    });
    const filters = h("div", { class: "filters" }, scope.element, reasons.element, this.#search);
    this.element = h("div", { class: "moves-panel" }, filters);
    parent.append(this.element);
    const costs = (page.policies ?? []).some(({ moves }) => moves?.cost);
    this.#list = new RowList(this.element, {
      caption: "Moves",
      empty: "No moves.",
      columns: [
        { head: "time", text: (row) => clockText((this.#moves?.slot[row] ?? 0) * (page.time?.slot_s ?? 1)) },
        { head: "user", text: (row) => userName(page.users, this.#moves?.user[row] ?? -1) },
        { head: "from", text: (row) => name("from", row) },
        { head: "to", text: (row) => name("to", row) },
        { head: "reason", text: (row) => this.#reason(row) },
        { head: "pause", isNumber: true, text: (row) => duration(this.#moves?.pause_s?.[row]) },
        ...(costs
          ? [
              {
                head: cost.unit ? `cost ${cost.unit}` : "cost",
                isNumber: true,
                text: (row: number) => cost.bare(this.#moves?.cost?.[row], 3),
              },
            ]
          : []),
      ],
      onPick: (row) => {
        if (this.#moves !== null) onPick(this.#moves.user[row], this.#moves.slot[row]);
      },
    });
  }

  /** Shows the moves of another policy. */
  show(policy: RunPolicy, index: MoveIndex | null): void {
    this.#policy = policy;
    this.#moves = policy.moves ?? null;
    this.#index = index;
    const reasons = (policy.reasons ?? []).map((text, at) => h("option", { value: at }, text));
    this.#reasons.replaceChildren(h("option", { value: ALL }, "any"), ...reasons);
    this.#reasons.disabled = reasons.length === 0;
    this.#write(true);
  }

  /** Says which slots are shown now. */
  setSlots(first: number, last: number): void {
    this.#slots = [first, last];
    if (this.#scope.value === "now") this.#write(true);
    else this.#write(false);
  }

  select(user: number | null): void {
    this.#selected = user;
    this.#write(this.#scope.value === "user");
  }

  #reason(row: number): string {
    const at = this.#moves?.reason?.[row];
    return at === undefined ? "–" : (this.#policy?.reasons?.[at] ?? "–");
  }

  #write(isOther: boolean): void {
    const moves = this.#moves;
    const index = this.#index;
    if (moves === null || index === null) {
      this.#list.show([], () => false);
      return;
    }
    if (isOther || this.#rows === null) this.#rows = this.#filtered(moves, index);
    const asked = this.#rows.length === index.count ? "" : `${count(this.#rows.length)} of `;
    this.#list.setCaption(`Moves: ${asked}${counted(index.count, "move")}`);
    const [first, last] = this.#slots;
    this.#list.show(this.#rows, (row) => moves.slot[row] >= first && moves.slot[row] <= last, isOther);
  }

  #rows: Int32Array | null = null;

  #filtered(moves: Moves, index: MoveIndex): Int32Array {
    const { stations, users } = this.#page;
    const scope = this.#scope.value;
    const order = scope === "now" ? index.ofSlots(...this.#slots) : index.order;
    const reason = this.#reasons.value === ALL ? undefined : Number(this.#reasons.value);
    const user = scope === "user" ? (this.#selected ?? -1) : undefined;
    return filterMoves(moves, order, { text: this.#search.value, reason, user }, (row) => [
      userName(users, moves.user[row]),
      stationName(stations, moves.from[row]),
      stationName(stations, moves.to[row]),
      this.#reason(row),
    ]);
  }
}
