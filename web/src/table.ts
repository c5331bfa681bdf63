/** Tables that sort and filter: the truth whose picture the map is. */

import { append, h, replace, uniqueId, type Child } from "./dom";
import { count, counted } from "./format";

/** What a row has in a column; null sorts last. */
export type Value = string | number | null;

export interface TableColumn {
  title: string;
  /** What the column is sorted and searched by. */
  value: (row: number) => Value;
  /** What is shown; else the value itself. */
  show?: (row: number) => Child;
  /** Numbers stand on the right. */
  numeric?: boolean;
  /** Order of the first click on the heading. */
  first?: "ascending" | "descending";
  help?: string;
  /** Rows that stand behind all others when this column sorts, whichever way. */
  last?: (row: number) => boolean;
  /** A picture of other columns: it is not sorted by, and its heading is read, not seen. */
  isPicture?: boolean;
}

export interface TableOptions {
  caption: string;
  columns: TableColumn[];
  /** Rows are numbered from zero. */
  rows: number;
  /** Column and order at the start; null: as the rows are given. */
  sort?: { column: number; order: "ascending" | "descending" } | null;
  pageSize?: number;
  /** Label of the box that filters by text; none: no box. */
  filter?: string;
  /** A switch that leaves rows out. */
  only?: { label: string; keep: (row: number) => boolean; on?: boolean };
  /** The first column is a button that chooses its row. */
  onSelect?: (row: number) => void;
  /** What a row is called: "server", and what many are where an s is not enough. */
  noun: string;
  nouns?: string;
}

const PAGE_SIZE = 25;
const FILTER_DELAY_MS = 120;

export class DataTable {
  readonly element: HTMLElement;
  private readonly body = h("tbody");
  private readonly headings: HTMLTableCellElement[];
  private readonly status = h("p", { class: "table-status", role: "status" });
  private readonly pager = h("div", { class: "pager" });
  private readonly search: HTMLInputElement | null = null;
  private readonly switch: HTMLInputElement | null = null;
  private readonly collator = new Intl.Collator(typeof navigator === "undefined" ? "en" : navigator.language, {
    numeric: true,
  });
  private shown: number[] = [];
  private page = 0;
  private sort: { column: number; order: "ascending" | "descending" } | null;
  private chosen: number | null = null;
  private waiting = 0;

  constructor(
    parent: HTMLElement,
    private readonly options: TableOptions,
  ) {
    const { caption, columns, filter, only } = options;
    this.sort = options.sort === undefined ? { column: 0, order: "ascending" } : options.sort;
    this.headings = columns.map((column, index) => this.heading(column, index));
    const tools = h("div", { class: "table-tools" });
    if (filter) {
      this.search = h("input", { type: "search", autocomplete: "off", spellcheck: "false", id: uniqueId("filter") });
      this.search.addEventListener("input", () => this.filterSoon());
      append(tools, h("div", { class: "field" }, h("label", { for: this.search.id }, filter), this.search));
    }
    if (only) {
      this.switch = h("input", { type: "checkbox", id: uniqueId("only") });
      this.switch.checked = only.on ?? false;
      this.switch.addEventListener("change", () => this.refresh());
      append(tools, h("div", { class: "check" }, this.switch, h("label", { for: this.switch.id }, only.label)));
    }
    append(tools, this.status);
    const table = h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, ...this.headings)),
      this.body,
    );
    const scroller = h(
      "div",
      { class: "table-scroll", tabindex: 0, role: "region", "aria-label": `Table of ${caption.toLowerCase()}` },
      table,
    );
    this.element = h("div", { class: "data-table" }, tools, scroller, this.pager);
    parent.append(this.element);
    this.refresh();
  }

  /** Mark a row as chosen and turn to its page; null: none. */
  select(row: number | null): void {
    this.chosen = row;
    if (row !== null) {
      const at = this.shown.indexOf(row);
      if (at >= 0) this.page = Math.floor(at / this.pageSize);
    }
    this.draw();
  }

  /** Show what the columns say now. */
  refresh(): void {
    const { rows, columns, only } = this.options;
    const text = (this.search?.value ?? "").trim().toLocaleLowerCase();
    const keep = (row: number) => {
      if (this.switch?.checked && only && !only.keep(row)) return false;
      if (!text) return true;
      return columns.some(({ value }) => {
        const cell = value(row);
        return typeof cell === "string" && cell.toLocaleLowerCase().includes(text);
      });
    };
    const kept = [];
    for (let row = 0; row < rows; row++) if (keep(row)) kept.push(row);
    this.shown = this.sorted(kept);
    this.page = 0;
    this.draw();
  }

  /** Show rows that hold a text alone. */
  filter(text: string): void {
    if (this.search) this.search.value = text;
    this.refresh();
  }

  private get pageSize(): number {
    return this.options.pageSize ?? PAGE_SIZE;
  }

  private sorted(rows: number[]): number[] {
    if (this.sort === null) return rows;
    const column = this.options.columns[this.sort.column];
    const sign = this.sort.order === "ascending" ? 1 : -1;
    const keys = new Map(rows.map((row) => [row, column.value(row)]));
    const missing = (key: Value | undefined) => key === null || key === undefined || Number.isNaN(key);
    return rows.sort((a, b) => {
      const behind = Number(column.last?.(a) ?? false) - Number(column.last?.(b) ?? false);
      if (behind !== 0) return behind;
      const [first, second] = [keys.get(a), keys.get(b)];
      if (missing(first) || missing(second)) return Number(missing(first)) - Number(missing(second)) || a - b;
      if (typeof first === "number" && typeof second === "number") return sign * (first - second) || a - b;
      return sign * this.collator.compare(String(first), String(second)) || a - b;
    });
  }

  private heading(column: TableColumn, index: number): HTMLTableCellElement {
    if (column.isPicture) return h("th", { scope: "col" }, h("span", { class: "unseen" }, column.title));
    const button = h(
      "button",
      { type: "button", class: "sort", title: column.help, click: () => this.sortBy(index) },
      column.title,
      h("span", { class: "arrow", "aria-hidden": "true" }),
    );
    return h("th", { scope: "col", class: column.numeric ? "numeric" : null }, button);
  }

  private sortBy(column: number): void {
    const { first = "ascending" } = this.options.columns[column];
    const other = first === "ascending" ? "descending" : "ascending";
    const order = this.sort?.column === column && this.sort.order === first ? other : first;
    this.sort = { column, order };
    this.refresh();
  }

  private filterSoon(): void {
    window.clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => this.refresh(), FILTER_DELAY_MS);
  }

  /** Draw the rows of this page anew. */
  draw(): void {
    const focused = this.body.contains(document.activeElement);
    const seen = this.shown.slice(this.page * this.pageSize, (this.page + 1) * this.pageSize);
    replace(
      this.body,
      ...seen.map((row) => this.row(row)),
      seen.length === 0 ? h("tr", {}, h("td", { colspan: this.headings.length, class: "none" }, "None.")) : null,
    );
    if (focused) this.body.querySelector<HTMLElement>("[aria-current] button")?.focus({ preventScroll: true });
    this.headings.forEach((heading, index) => {
      if (index === this.sort?.column) heading.setAttribute("aria-sort", this.sort.order);
      else heading.removeAttribute("aria-sort");
    });
    const { rows, noun, nouns } = this.options;
    const all = counted(rows, noun, nouns);
    this.status.textContent = this.shown.length === rows ? all : `${count(this.shown.length)} of ${all}`;
    this.drawPager();
  }

  private row(row: number): HTMLTableRowElement {
    const { columns, onSelect } = this.options;
    const chosen = row === this.chosen;
    const cells = columns.map(({ value, show, numeric }, index) => {
      const content = show ? show(row) : (value(row) ?? "\u2013");
      if (index > 0) return h("td", { class: numeric ? "numeric" : null }, content);
      const name = onSelect ? h("button", { type: "button", class: "row-name" }, content) : content;
      return h("th", { scope: "row" }, name);
    });
    const made = h("tr", { "aria-current": chosen ? "true" : null, class: onSelect ? "choosable" : null }, ...cells);
    if (onSelect) made.addEventListener("click", () => onSelect(row));
    return made;
  }

  private drawPager(): void {
    const pages = Math.ceil(this.shown.length / this.pageSize);
    this.pager.hidden = pages < 2;
    if (pages < 2) return;
    const held = this.pager.contains(document.activeElement) ? document.activeElement?.textContent : null;
    const turn = (label: string, to: number) => {
      const button = h(
        "button",
        { type: "button", disabled: to < 0 || to >= pages, click: () => this.turn(to) },
        label,
      );
      return button;
    };
    const last = Math.min((this.page + 1) * this.pageSize, this.shown.length);
    replace(
      this.pager,
      turn("Previous", this.page - 1),
      h("span", {}, `${count(this.page * this.pageSize + 1)} to ${count(last)} of ${count(this.shown.length)}`),
      turn("Next", this.page + 1),
    );
    if (held) {
      const buttons = [...this.pager.querySelectorAll("button")];
      const same = buttons.find((button) => button.textContent === held && !button.disabled);
      (same ?? buttons.find((button) => !button.disabled))?.focus();
    }
  }

  private turn(page: number): void {
    this.page = page;
    this.draw();
  }
}
