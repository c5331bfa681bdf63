/** Parts that all kinds of pages have: names, the head, and what was noted. */

import type { Page, Stations, Users } from "./contract";
import { announce, append, h, uniqueId, type Child } from "./dom";
import { counted } from "./format";
import type { Selection } from "./map";
import { panel } from "./panel";

/** What a view leaves behind when another takes its place. */
export interface View {
  destroy(): void;
  /** Adds what is not needed for the first picture. */
  finish?(): void;
}

/** The name of a user; where users are a sample, that of all users. */
export function userName(users: Users | undefined, user: number): string {
  return users?.id?.[user] ?? `u${users?.index?.[user] ?? user}`;
}

/** The name of a station; nobody hosts where there is none. */
export function stationName(stations: Stations | undefined, station: number): string {
  return station < 0 ? "–" : (stations?.id[station] ?? `station ${station}`);
}

/** Names of stations, in a row. */
export function stationNames(stations: Stations | undefined, which: readonly number[]): string {
  return which.length === 0 ? "none" : which.map((station) => stationName(stations, station)).join(", ");
}

/** How many stations there are, the cloud told apart: "20 stations and a cloud". */
export function stationsInWords(stations: Stations | undefined): string {
  const clouds = stations?.is_cloud ? Array.from(stations.is_cloud).filter((is) => is === 1).length : 0;
  const text = counted((stations?.count ?? 0) - clouds, "station");
  return clouds === 0 ? text : `${text} and ${clouds === 1 ? "a cloud" : counted(clouds, "cloud")}`;
}

/** A panel at the end of a parent; its name is its class. */
export function section(parent: HTMLElement, title: string, name: string, ...children: Child[]): HTMLElement {
  const made = panel(title, { class: name }, ...children);
  parent.append(made);
  return made;
}

/** A choice by name. */
export function choice(
  label: string,
  options: readonly { value: string; text: string }[],
  chosen: string,
  onChange: (value: string) => void,
): { element: HTMLElement; select: HTMLSelectElement } {
  const select = h(
    "select",
    {},
    options.map(({ value, text }) => h("option", { value, selected: value === chosen }, text)),
  );
  select.addEventListener("change", () => onChange(select.value));
  return { element: h("label", { class: "choice" }, h("span", {}, label), select), select };
}

/** Whether letters and signs act as keys of the page: who speaks to their computer may not want it. */
let lettersAct = true;

/** Whether a key is a letter, figure or sign, which a person can switch off. */
export function isLetter(key: string): boolean {
  return key.length === 1 && key !== " ";
}

/** Keys of the page that act wherever the focus is, but not while somebody writes or chooses. */
export function onKeys(keys: Record<string, () => void>): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    const writes = target.matches("input:not([type=range]), select, textarea");
    const presses = event.key === " " && target.matches("button, summary, a, [type=range]");
    const act = keys[event.key];
    if (writes || presses || !Object.hasOwn(keys, event.key)) return;
    if (isLetter(event.key) && !lettersAct) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}

/** What the keys do, to be read, and the switch that leaves letters and signs without effect. */
export function keyHelp(keys: readonly (readonly [string, string])[]): HTMLElement {
  const letters = h("input", { type: "checkbox", id: uniqueId("letters") });
  letters.checked = lettersAct;
  letters.addEventListener("change", () => {
    lettersAct = letters.checked;
    announce(lettersAct ? "Letter keys are on." : "Letter keys are off.");
  });
  return h(
    "details",
    { class: "keys" },
    h("summary", {}, "Keys"),
    h(
      "div",
      { class: "key-list" },
      h(
        "dl",
        {},
        keys.map(([key, does]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, does))),
      ),
      h("div", { class: "check" }, letters, h("label", { for: letters.id }, "Letters and signs act as keys")),
    ),
  );
}

/** Warnings, notes and sources. */
export function notesOf(parent: HTMLElement, { warnings, notes, attribution }: Page): void {
  const lines = [...(warnings ?? []).map(({ text }) => text), ...(notes ?? [])];
  if (lines.length > 0) {
    section(
      parent,
      "Notes",
      "notes",
      h(
        "ul",
        {},
        lines.map((text) => h("li", {}, text)),
      ),
    );
  }
  if ((attribution ?? []).length > 0) append(parent, h("p", { class: "attribution" }, (attribution ?? []).join(" · ")));
}

/** Where a page comes from. */
export function originOf(parent: HTMLElement, { source, seed, twinhop }: Page): void {
  const parts = [source && `source ${source}`, seed !== undefined && `seed ${seed}`, twinhop && `twinhop ${twinhop}`];
  append(parent, h("footer", { class: "foot" }, parts.filter((part) => part).join(" · ")));
}

/** A field that finds a twin or a station by its name. */
export function finder(page: Page, onFound: (selection: Selection) => void): HTMLElement {
  const list = uniqueId("names");
  const input = h("input", {
    type: "search",
    list,
    "aria-label": "Find a twin or station",
    placeholder: "twin or station",
  });
  const names = (page.stations?.id ?? []).map((id) => h("option", { value: id }));
  const find = (): void => {
    const found = findByName(page, input.value);
    if (found !== null) onFound(found);
    if (input.value.trim() !== "") {
      announce(found === null ? `No twin and no station is called ${input.value}.` : `${input.value.trim()} selected`);
    }
  };
  input.addEventListener("change", find);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") find();
  });
  return h("label", { class: "choice" }, h("span", {}, "Find"), input, h("datalist", { id: list }, names));
}

/** The station or user of this name, whatever its case; stations come first. */
export function findByName({ stations, users }: Page, name: string): Selection {
  const wanted = name.trim().toLowerCase();
  if (wanted === "") return null;
  const station = stations?.id.findIndex((id) => id.toLowerCase() === wanted) ?? -1;
  if (station >= 0) return { station };
  for (let user = 0; user < (users?.count ?? 0); user++) {
    if (userName(users, user).toLowerCase() === wanted) return { user };
  }
  return null;
}
