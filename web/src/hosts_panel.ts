/** Which hosts have most twins now. */

import type { Page } from "./contract";
import { number } from "./format";
import { stationName } from "./page_parts";
import { RowList } from "./row_list";

const LISTED = 8;

export class HostsPanel {
  readonly element: HTMLElement;
  readonly #list: RowList;
  readonly #hosted: Int32Array;
  readonly #late: Int32Array;
  #selected: number | null = null;
  #order: number[] = [];

  /**
   * @param isHosted whether twins are counted by host, else users by the station that serves them.
   * @param onPick what happens when a host is picked.
   */
  constructor(
    parent: HTMLElement,
    page: Page,
    isHosted: boolean,
    showsLate: boolean,
    onPick: (station: number) => void,
  ) {
    const stations = page.stations?.count ?? 0;
    this.#hosted = new Int32Array(stations);
    this.#late = new Int32Array(stations);
    const late = { head: "late", isNumber: true, text: (m: number) => number(this.#late[m]) };
    this.#list = new RowList(parent, {
      caption: isHosted ? "Busiest hosts now" : "Busiest stations now",
      empty: isHosted ? "Nobody hosts a twin." : "No station serves anybody.",
      pageRows: LISTED,
      columns: [
        { head: isHosted ? "host" : "station", text: (m) => stationName(page.stations, m) },
        { head: isHosted ? "twins" : "users", isNumber: true, text: (m) => number(this.#hosted[m]) },
        ...(showsLate ? [late] : []),
      ],
      onPick,
    });
    this.element = this.#list.element;
  }

  /** Shows the hosts of a moment; `present` and `late` are of each user. */
  show(host: ArrayLike<number>, present: ArrayLike<number> | null, late: ArrayLike<number> | null): void {
    this.#hosted.fill(0);
    this.#late.fill(0);
    for (let user = 0; user < host.length; user++) {
      if (host[user] < 0 || present?.[user] === 0) continue;
      this.#hosted[host[user]] += 1;
      if (late?.[user]) this.#late[host[user]] += 1;
    }
    this.#order = busiestFirst(this.#hosted).slice(0, LISTED);
    this.#write();
  }

  select(station: number | null): void {
    this.#selected = station;
    this.#write();
  }

  #write(): void {
    this.#list.show(this.#order, (m) => m === this.#selected);
  }
}

/** Hosts that have twins, those with most of them first. */
export function busiestFirst(hosted: ArrayLike<number>): number[] {
  const busy: number[] = [];
  for (let m = 0; m < hosted.length; m++) if (hosted[m] > 0) busy.push(m);
  return busy.sort((a, b) => hosted[b] - hosted[a] || a - b);
}
