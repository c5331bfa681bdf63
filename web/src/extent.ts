/** What part of the plane a map shows, and what part of it is looked at first. */

import type { Column, Page } from "./contract";
import type { Box } from "./labels";

/** Share of the users at each side that the first look may leave out. */
const OUTLIERS = 0.05;
/** Room round what is looked at first [share of its longer side]. */
const ROOM = 0.12;
/** Above this share of the area, the whole of it is looked at first. */
const NEARLY_ALL = 0.6;
/** Most users that are looked at to find where they are. */
const MOST_SAMPLES = 20_000;
/** Users nearer to a station than this are at it [share of the map's diagonal], and how many of them must be. */
const AT_STATION = 2e-4;
const MOST_AT_STATIONS = 0.95;
const FEW_SAMPLES = 300;
/** Least and greatest distance from their station at which such users are drawn [pixels]. */
const NEAR_PX = 15;
const FAR_PX = 28;
/** Turn from one user to the next: the golden angle, which leaves no spokes. */
const TURN = Math.PI * (3 - Math.sqrt(5));
/** Least and greatest width of a map over its height. */
const SLIM = 0.9;
const WIDE = 2.2;

/** What the map shows of the plane [m], with top below bottom as y grows to the north. */
export function extentOf({ map, stations, users, frames }: Page): Box {
  if (map && map.max_x_m > map.min_x_m && map.max_y_m > map.min_y_m) {
    return { left: map.min_x_m, top: map.min_y_m, right: map.max_x_m, bottom: map.max_y_m };
  }
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const [x, y] of [
    [stations?.x_m, stations?.y_m],
    [users?.x_m, users?.y_m],
    [frames?.x_m, frames?.y_m],
  ]) {
    for (let at = 0; x && y && at < x.length; at++) {
      if (!Number.isFinite(x[at]) || !Number.isFinite(y[at])) continue;
      box.left = Math.min(box.left, x[at]);
      box.right = Math.max(box.right, x[at]);
      box.top = Math.min(box.top, y[at]);
      box.bottom = Math.max(box.bottom, y[at]);
    }
  }
  if (!(box.right >= box.left)) return { left: 0, top: 0, right: 1, bottom: 1 };
  const room = Math.max(box.right - box.left, box.bottom - box.top, 1) * 0.02;
  return { left: box.left - room, top: box.top - room, right: box.right + room, bottom: box.bottom + room };
}

/** Width over height of the stage that fits an extent, within bounds. */
export function aspectOf({ left, right, top, bottom }: Box): number {
  return Math.min(Math.max((right - left) / (bottom - top), SLIM), WIDE);
}

/** Where nearly all users are at all times; null where that is nearly the whole extent. */
export function crowdOf({ users, frames }: Page, extent: Box): Box | null {
  const [x, y] = frames ? [frames.x_m, frames.y_m] : [users?.x_m, users?.y_m];
  if (!x || !y || x.length === 0) return null;
  const [left, right] = middleOf(x, frames?.present);
  const [top, bottom] = middleOf(y, frames?.present);
  if (!(right >= left && bottom >= top)) return null;
  const [width, height] = [extent.right - extent.left, extent.bottom - extent.top];
  const room = Math.max(ROOM * Math.max(right - left, bottom - top), 0.02 * Math.max(width, height));
  const crowd = {
    left: Math.max(left - room, extent.left),
    top: Math.max(top - room, extent.top),
    right: Math.min(right + room, extent.right),
    bottom: Math.min(bottom + room, extent.bottom),
  };
  const share = Math.max((crowd.right - crowd.left) / width, (crowd.bottom - crowd.top) / height);
  return share > NEARLY_ALL ? null : crowd;
}

/** Whether places of users are those of stations, as where a trace knows no more than the serving cell. */
export function areAtStations({ stations, users, frames }: Page, extent: Box): boolean {
  const [x, y] = frames ? [frames.x_m, frames.y_m] : [users?.x_m, users?.y_m];
  if (!x || !y || !stations?.x_m || !stations.y_m) return false;
  const reach = AT_STATION * Math.hypot(extent.right - extent.left, extent.bottom - extent.top);
  const step = Math.max(1, Math.floor(x.length / FEW_SAMPLES));
  let [seen, near] = [0, 0];
  for (let at = 0; at < x.length; at += step) {
    if (frames?.present?.[at] === 0 || !Number.isFinite(x[at])) continue;
    seen += 1;
    for (let m = 0; m < stations.count; m++) {
      if (Math.hypot(x[at] - stations.x_m[m], y[at] - stations.y_m[m]) > reach) continue;
      near += 1;
      break;
    }
  }
  return seen > 0 && near >= MOST_AT_STATIONS * seen;
}

/** Steps from their station at which users are drawn who are at it [pixels], the same for a user at all times. */
export function stepsAside(users: number): { x: Float32Array; y: Float32Array } {
  const [x, y] = [new Float32Array(users), new Float32Array(users)];
  for (let i = 0; i < users; i++) {
    const share = (i * 0.754877666) % 1;
    const far = Math.sqrt(NEAR_PX ** 2 + share * (FAR_PX ** 2 - NEAR_PX ** 2));
    [x[i], y[i]] = [far * Math.cos(i * TURN), far * Math.sin(i * TURN)];
  }
  return { x, y };
}

/** Between which values all but the outliers of a column are. */
function middleOf(values: Column, present: Column | undefined): [number, number] {
  const step = Math.max(1, Math.floor(values.length / MOST_SAMPLES));
  const kept: number[] = [];
  for (let at = 0; at < values.length; at += step) {
    if (present?.[at] !== 0 && Number.isFinite(values[at])) kept.push(values[at]);
  }
  if (kept.length === 0) return [NaN, NaN];
  const sorted = Float64Array.from(kept).sort();
  const cut = Math.floor(OUTLIERS * sorted.length);
  return [sorted[cut], sorted[sorted.length - 1 - cut]];
}
