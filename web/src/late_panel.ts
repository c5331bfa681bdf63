/** Who is late now, and by how much. */

import type { Page, RunPolicy } from "./contract";
import { h } from "./dom";
import { counted, duration } from "./format";
import { rowOf } from "./interpolation";
import { lateUsers, nextUser, type LateUser } from "./lateness";
import { stationName, userName } from "./page_parts";
import { RowList } from "./row_list";

export class LatePanel {
  readonly element: HTMLElement;
  readonly #page: Page;
  readonly #list: RowList;
  #late: LateUser[] = [];
  #hosts: ArrayLike<number> = [];
  #selected: number | null = null;

  /**
   * @param onPick what happens when a user is picked.
   * @param onNext what happens when the next late user is asked for.
   */
  constructor(parent: HTMLElement, page: Page, onPick: (user: number) => void, onNext: () => void) {
    this.#page = page;
    this.element = h("div", { class: "late-panel" });
    parent.append(this.element);
    this.#list = new RowList(this.element, {
      caption: "Late now",
      empty: "Nobody is late.",
      columns: [
        { head: "user", text: (row) => userName(page.users, this.#late[row].user) },
        { head: "late by", isNumber: true, text: (row) => duration(this.#late[row].over_s) },
        { head: "latency", isNumber: true, text: (row) => duration(this.#late[row].latency_s) },
        { head: "host", text: (row) => stationName(page.stations, this.#hosts[this.#late[row].user] ?? -1) },
      ],
      onPick: (row) => onPick(this.#late[row].user),
    });
    const isEver = (page.policies ?? []).some(({ late }) => late?.includes(1));
    const next = h(
      "button",
      { type: "button", class: "next", disabled: !isEver, click: onNext },
      "Next late user",
      h("kbd", {}, "l"),
    );
    this.element.append(next);
  }

  /** Shows a frame of a policy. */
  show(policy: RunPolicy, frame: number): void {
    const users = this.#page.users?.count ?? 0;
    const { late, latency_s, host } = policy;
    this.#hosts = host ? rowOf(host, users, frame) : [];
    const latency = latency_s ? rowOf(latency_s, users, frame) : null;
    this.#late = late ? lateUsers(rowOf(late, users, frame), latency, this.#page.users?.deadline_s ?? null) : [];
    this.#write();
  }

  select(user: number | null): void {
    this.#selected = user;
    this.#write();
  }

  /** The late user after the selected one. */
  next(): number | null {
    return nextUser(this.#late, this.#selected);
  }

  /** How late a user is, in words; null where it is not. */
  inWords(user: number): string | null {
    const late = this.#late.find((each) => each.user === user);
    return late === undefined ? null : `late by ${duration(late.over_s)}`;
  }

  #write(): void {
    this.#list.setCaption(`Late now: ${counted(this.#late.length, "user")}`);
    this.#list.show(
      Int32Array.from(this.#late, (_, at) => at),
      (row) => this.#late[row].user === this.#selected,
    );
  }
}
