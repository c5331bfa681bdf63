/** A table whose rows change with the clock: shown page by page, its cells written anew and not made anew. */

import { h, replace, uniqueId, type Child } from "./dom";
import { count } from "./format";

export interface ListColumn {
  head: string;
  /** Set right, as numbers are. */
  isNumber?: boolean;
  text: (row: number) => string;
}

export interface ListOptions {
  caption: string;
  /** What is said where there is no row. */
  empty: string;
  columns: ListColumn[];
  pageRows?: number;
  /** What happens when a row is picked. */
  onPick: (row: number) => void;
}

const PAGE_ROWS = 10;

/** Rows are numbers; what they stand for is known to who wrote the columns. */
export class RowList {
  readonly element: HTMLElement;
  readonly #options: ListOptions;
  readonly #caption: HTMLElement;
  readonly #body: HTMLTableSectionElement;
  readonly #pager: HTMLElement;
  readonly #where: HTMLElement;
  readonly #back: HTMLButtonElement;
  readonly #on: HTMLButtonElement;
  readonly #lines: { row: HTMLTableRowElement; button: HTMLButtonElement; cells: HTMLElement[] }[] = [];
  #rows: ArrayLike<number> = [];
  #page = 0;
  #isPicked: (row: number) => boolean = () => false;

  constructor(parent: HTMLElement, options: ListOptions) {
    this.#options = options;
    const name = uniqueId("rows");
    this.#caption = h("caption", { id: name }, options.caption);
    this.#body = h("tbody");
    this.#where = h("span", { class: "where" });
    this.#back = h("button", { type: "button", click: () => this.#turn(-1) }, "Previous");
    this.#on = h("button", { type: "button", click: () => this.#turn(1) }, "Next");
    this.#pager = h("div", { class: "pager" }, this.#back, this.#where, this.#on);
    const heads = options.columns.map(({ head, isNumber }) =>
      h("th", { scope: "col", class: isNumber === true && "numeric" }, head),
    );
    const table = h("table", {}, this.#caption, h("thead", {}, h("tr", {}, heads)), this.#body);
    const scroll = h("div", { class: "table-scroll", role: "region", tabindex: 0, "aria-labelledby": name }, table);
    this.element = h("div", { class: "data-table row-list" }, scroll, this.#pager);
    parent.append(this.element);
  }

  /** Writes another caption. */
  setCaption(...caption: Child[]): void {
    replace(this.#caption, ...caption);
  }

  /** Shows rows; where others are asked for than before, from the first page on. */
  show(rows: ArrayLike<number>, isPicked: (row: number) => boolean, fromStart = false): void {
    this.#rows = rows;
    this.#isPicked = isPicked;
    if (fromStart) this.#page = 0;
    this.#write();
  }

  get #pageRows(): number {
    return this.#options.pageRows ?? PAGE_ROWS;
  }

  #turn(pages: number): void {
    this.#page += pages;
    this.#write();
  }

  #write(): void {
    const size = this.#pageRows;
    const pages = Math.max(1, Math.ceil(this.#rows.length / size));
    this.#page = Math.min(Math.max(0, this.#page), pages - 1);
    const from = this.#page * size;
    const shown = Math.min(size, this.#rows.length - from);
    while (this.#lines.length < shown) this.#addLine();
    this.#lines.forEach((line, at) => {
      line.row.hidden = at >= shown;
      if (at < shown) this.#writeLine(at, this.#rows[from + at]);
    });
    this.#writeEmpty(this.#rows.length === 0);
    this.#pager.hidden = pages === 1;
    this.#back.disabled = this.#page === 0;
    this.#on.disabled = this.#page === pages - 1;
    setText(this.#where, `${count(from + 1)} to ${count(from + shown)} of ${count(this.#rows.length)}`);
  }

  #writeLine(at: number, row: number): void {
    const { row: line, button, cells } = this.#lines[at];
    this.#options.columns.forEach((column, index) => setText(index === 0 ? button : cells[index], column.text(row)));
    const picked = this.#isPicked(row);
    if (picked) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }

  #addLine(): void {
    const at = this.#lines.length;
    const pick = (): void => this.#options.onPick(this.#rows[this.#page * this.#pageRows + at]);
    const button = h("button", { type: "button", class: "row-name" });
    const cells = this.#options.columns.map(({ isNumber }, index) =>
      index === 0 ? h("th", { scope: "row" }, button) : h("td", { class: isNumber === true && "numeric" }),
    );
    const row = h("tr", { class: "choosable", click: pick }, cells);
    this.#lines.push({ row, button, cells });
    this.#body.append(row);
  }

  #writeEmpty(isEmpty: boolean): void {
    const line = this.#body.querySelector(".none");
    if (isEmpty && line === null) {
      const cell = h("td", { colspan: this.#options.columns.length, class: "none" }, this.#options.empty);
      this.#body.append(h("tr", {}, cell));
    } else if (!isEmpty) {
      line?.parentElement?.remove();
    }
  }
}

/** Writes a text where it is another one. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
