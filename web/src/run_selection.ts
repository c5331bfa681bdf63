/** What is known of the selected user or station at the present moment. */

import { clockText } from "./clock";
import type { Page, RunPolicy } from "./contract";
import { h, replace, type Child } from "./dom";
import { counted, distance, duration, percent } from "./format";
import type { MoveIndex } from "./moves";
import { stationName, userName } from "./page_parts";
import { facts } from "./panel";

/** Stays of a twin that are listed at most. */
const MOST_STAYS = 8;

export interface Moment {
  frame: number;
  slot: number;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

/** A card of facts about a user under each policy shown. */
export function userFacts(
  page: Page,
  user: number,
  policies: readonly RunPolicy[],
  moves: readonly (MoveIndex | null)[],
  moment: Moment,
): Child[] {
  const users = page.users?.count ?? 0;
  const at = moment.frame * users + user;
  const isThere = page.frames?.present?.[at] !== 0;
  const access = page.frames?.access?.[at];
  const deadline = page.users?.deadline_s?.[user];
  const head: [string, string][] = [
    ["at", isThere ? `${distance(moment.x[user])} east, ${distance(moment.y[user])} north` : "away"],
    ["station", access === undefined ? "–" : stationName(page.stations, access)],
    ["deadline", deadline === undefined || Number.isNaN(deadline) ? "none" : duration(deadline)],
  ];
  return [
    h("h3", {}, `User ${userName(page.users, user)}`),
    facts(head),
    policies.map((policy, index) => [
      h("h4", {}, policy.name),
      facts(underPolicy(page, policy, at, deadline, isThere)),
      stays(page, policy, moves[index] ?? null, user, moment.slot),
    ]),
  ];
}

function underPolicy(
  page: Page,
  policy: RunPolicy,
  at: number,
  deadline: number | undefined,
  isThere: boolean,
): [string, string][] {
  const latency = isThere ? policy.latency_s?.[at] : undefined;
  const over = latency === undefined || deadline === undefined ? NaN : latency - deadline;
  const isLate = isThere && policy.late?.[at] === 1;
  const state = isLate
    ? `late by ${duration(over)}`
    : Number.isFinite(over)
      ? `in time, ${duration(-over)} to spare`
      : "–";
  return [
    ["host", stationName(page.stations, policy.host?.[at] ?? -1)],
    ["latency", duration(latency)],
    ["deadline", isThere ? state : "–"],
  ];
}

/** Where the twin lived up to now, and lives later. */
function stays(page: Page, policy: RunPolicy, index: MoveIndex | null, user: number, slot: number): Child {
  const { moves } = policy;
  if (!moves || index === null) return null;
  const rows = Array.from(index.order).filter((row) => moves.user[row] === user);
  if (rows.length === 0) return h("p", { class: "quiet" }, "Its twin never moves.");
  const slot_s = page.time?.slot_s ?? 1;
  const past = rows.filter((row) => moves.slot[row] <= slot).length;
  const from = Math.max(0, Math.min(past - MOST_STAYS / 2, rows.length - MOST_STAYS));
  const shown = rows.slice(from, from + MOST_STAYS);
  const lines = shown.map((row) =>
    h(
      "li",
      { class: moves.slot[row] > slot && "later" },
      `${clockText(moves.slot[row] * slot_s)}: ${stationName(page.stations, moves.from[row])} → `,
      stationName(page.stations, moves.to[row]),
    ),
  );
  const rest = rows.length - shown.length;
  return [
    h("p", { class: "quiet" }, `Its twin moves ${rows.length === 1 ? "once" : `${rows.length} times`}:`),
    h("ol", { class: "stays" }, lines),
    rest > 0 && h("p", { class: "quiet" }, `and ${counted(rest, "more move")}, in the list of moves`),
  ];
}

/** A card of facts about a station under each policy shown. */
export function stationFacts(page: Page, station: number, policies: readonly RunPolicy[], moment: Moment): Child[] {
  const { stations, frames } = page;
  const count = stations?.count ?? 0;
  const users = page.users?.count ?? 0;
  const isUp = frames?.station_up?.[moment.frame * count + station] !== 0;
  const isHost = stations?.is_host?.[station] !== 0;
  const capacity = stations?.capacity?.[station] ?? -1;
  const served = countOf(frames?.access, users, moment.frame, station, page);
  const labels = (stations?.label ?? []).map(({ name, values }): [string, string] => [name, values[station]]);
  return [
    h("h3", {}, `Station ${stationName(stations, station)}`),
    facts([
      ...labels,
      ["state", isUp ? (isHost ? "up" : "up, radio only") : "down"],
      ["serves", served === null ? "–" : counted(served, "user")],
    ]),
    isHost &&
      policies.map((policy) => {
        const hosted = countOf(policy.host, users, moment.frame, station, page);
        const share =
          capacity > 0 && hosted !== null ? `${hosted} of ${capacity} (${percent(hosted / capacity)})` : null;
        return [
          h("h4", {}, policy.name),
          facts([
            ["hosts", share ?? (hosted === null ? "–" : counted(hosted, "user"))],
            ["late", policy.late ? String(countOf(policy.host, users, moment.frame, station, page, policy.late)) : "–"],
          ]),
        ];
      }),
  ];
}

function countOf(
  column: ArrayLike<number> | undefined,
  users: number,
  frame: number,
  station: number,
  page: Page,
  only?: ArrayLike<number>,
): number | null {
  if (column === undefined) return null;
  let sum = 0;
  for (let at = frame * users; at < (frame + 1) * users; at++) {
    const isThere = page.frames?.present?.[at] !== 0;
    if (isThere && column[at] === station && only?.[at] !== 0) sum++;
  }
  return sum;
}

/** Writes a card, or what may be selected where nothing is. */
export function writeSelection(element: HTMLElement, content: Child[] | null): void {
  replace(
    element,
    content ?? h("p", { class: "quiet" }, "Select a user or a station: on the map, in a table, or by its name."),
  );
}
