/** Pieces that all views are made of: panels, tiles, lists of facts. */

import { append, h, uniqueId, type Child } from "./dom";

export interface PanelOptions {
  /** Class beside "panel". */
  class?: string;
  /** What the panel says, in a sentence under its heading. */
  note?: Child;
  level?: 2 | 3;
}

/** A section with its heading. */
export function panel(
  title: string,
  { class: name = "", note, level = 2 }: PanelOptions,
  ...children: Child[]
): HTMLElement {
  const id = uniqueId("panel");
  return h(
    "section",
    { class: `panel ${name}`.trim(), "aria-labelledby": id },
    h(level === 2 ? "h2" : "h3", { id }, title),
    note ? h("p", { class: "note" }, note) : null,
    ...children,
  );
}

export type Tone = "good" | "bad" | "plain";

/** One figure with its name. */
export function statTile(name: string, value: string, note?: string, tone: Tone = "plain"): HTMLElement {
  return h(
    "div",
    { class: `tile tile-${tone}` },
    h("dt", {}, name),
    h("dd", {}, h("span", { class: "tile-value" }, value), note ? h("span", { class: "tile-note" }, note) : null),
  );
}

/** Tiles in a row. */
export function statTiles(...tiles: HTMLElement[]): HTMLElement {
  return h("dl", { class: "tiles" }, ...tiles);
}

/** Names and values in two columns; entries without a value are left out. */
export function facts(entries: readonly (readonly [string, Child])[]): HTMLElement {
  const kept = entries.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return h(
    "dl",
    { class: "facts" },
    ...kept.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

export interface Bar {
  name: string;
  value: number;
  text: string;
  /** Class of the bar's fill. */
  tone?: string;
  note?: string;
}

/** Horizontal bars from zero, each with its name and figure: a list for who cannot see them. */
export function bars(items: readonly Bar[], label: string): HTMLElement {
  const most = Math.max(...items.map(({ value }) => Math.abs(value)), 1e-300);
  return h(
    "ul",
    { class: "bars", "aria-label": label },
    ...items.map(({ name, value, text, tone = "", note }) => {
      const fill = h("span", { class: `bar-fill ${tone}`.trim() });
      fill.style.width = `${(100 * Math.abs(value)) / most}%`;
      return h(
        "li",
        {},
        h("span", { class: "bar-name" }, name),
        h("span", { class: "bar-track", "aria-hidden": "true" }, fill),
        h("span", { class: "bar-text" }, text),
        note ? h("span", { class: "bar-note" }, note) : null,
      );
    }),
  );
}

/** A field with its label. */
export function field(label: string, input: HTMLElement, ...more: Child[]): HTMLElement {
  input.id ||= uniqueId("field");
  const made = h("div", { class: "field" }, h("label", { for: input.id }, label), input);
  append(made, ...more);
  return made;
}
