/** One map or two side by side, which are moved and zoomed together and select the same. */

import type { Page } from "./contract";
import { h, type Child } from "./dom";
import { mapLegend } from "./legend";
import { MapView, type MapPlace, type Selection } from "./map";

export interface MapSide {
  view: MapView;
  /** The heading above the map, to be written by who uses it. */
  heading: HTMLElement;
  element: HTMLElement;
}

export class MapPair {
  readonly element: HTMLElement;
  readonly sides: MapSide[] = [];
  readonly #page: Page;
  readonly #maps: HTMLElement;
  readonly #onSelect: (selection: Selection) => void;
  #selection: Selection = null;
  #transform: MapPlace | null = null;

  constructor(parent: HTMLElement, page: Page, onSelect: (selection: Selection) => void) {
    this.#page = page;
    this.#onSelect = onSelect;
    this.#maps = h("div", { class: "map-pair" });
    this.element = h("div", { class: "maps" }, this.#maps, mapLegend(page, true));
    parent.append(this.element);
  }

  /** Shows so many maps, one or two. */
  setCount(count: number): void {
    while (this.sides.length > count) {
      const side = this.sides.pop();
      side?.view.destroy();
      side?.element.remove();
    }
    while (this.sides.length < count) this.#add();
    this.#maps.classList.toggle("two", count > 1);
    requestAnimationFrame(() => requestAnimationFrame(() => this.#follow()));
  }

  /** All maps look where the last was moved to: their sizes may have changed. */
  #follow(): void {
    if (this.#transform === null) return;
    for (const { view } of this.sides) view.follow(this.#transform);
  }

  /** Selects on all maps, without telling. */
  select(selection: Selection): void {
    this.#selection = selection;
    for (const { view } of this.sides) view.select(selection);
  }

  destroy(): void {
    this.setCount(0);
    this.element.remove();
  }

  #add(): void {
    const heading = h("div", { class: "map-heading" });
    const holder = h("div", { class: "map-holder" });
    const element = h("div", { class: "map-side" }, heading, holder);
    this.#maps.append(element);
    const view = new MapView(holder, this.#page, {
      legend: false,
      onSelect: (selection: Selection) => this.#onSelect(selection),
    });
    view.onMove = (transform) => {
      this.#transform = transform;
      for (const side of this.sides) if (side.view !== view) side.view.follow(transform);
    };
    view.select(this.#selection);
    this.sides.push({ view, heading, element });
  }
}

/** A heading of a map: a name, and what it says now. */
export function mapHeading(name: Child, ...facts: Child[]): Child[] {
  return [h("strong", {}, name), h("span", { class: "map-facts" }, facts)];
}
