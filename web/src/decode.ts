/** From the bytes of `report-data.bin.gz` to a page, with every length and index looked at. */

import { FORMAT, KINDS, MAGIC, VERSION, type Column, type Page, type Plan } from "./contract";

/** What is wrong with the data, in words for who opens the page. */
export class PageError extends Error {}

const BLOCK = 8;
const PREFIX = 16;
const ARRAYS = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
} as const;

type Type = keyof typeof ARRAYS;
type Json = Record<string, unknown>;

interface ColumnHeader {
  type: Type;
  shape: number[];
  offset: number;
  delta?: boolean;
  scale?: number;
  base?: number;
}

/** The bytes of base64 text. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
  let plain: string;
  try {
    plain = atob(text.trim());
  } catch {
    throw new PageError("The data of this page are not base64: the file is cut or was changed.");
  }
  const bytes = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; i++) bytes[i] = plain.charCodeAt(i);
  return bytes;
}

/** What gzip packed. */
export async function unpack(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof DecompressionStream === "undefined") {
    throw new PageError("This browser cannot unpack the data (no DecompressionStream): use one of 2023 or later.");
  }
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new PageError("The data of this page cannot be unpacked: the file is cut or was changed.");
  }
}

/** The page of unpacked bytes.
 *
 * Throws PageError where the bytes are no page, of another version, cut, or point outside themselves.
 */
export function decode(bytes: Uint8Array): Page {
  const { header, start } = readHeader(bytes);
  const columns = readColumns(bytes, header, start);
  const page = withColumns(header, columns) as Json;
  delete page.columns;
  checkPage(page);
  return page as unknown as Page;
}

function readHeader(bytes: Uint8Array): { header: Json; start: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw new PageError(`These data are no page of twinhop: they begin with another word.`);
  if (bytes.length < PREFIX) throw new PageError("The data of this page are cut in their first bytes.");
  const length = new DataView(bytes.buffer, bytes.byteOffset, PREFIX).getUint32(8, true);
  const start = PREFIX + length;
  if (start > bytes.length) throw new PageError("The data of this page are cut inside their header.");
  if (start % BLOCK !== 0) throw new PageError(`The header of this page is ${length} bytes long, not a multiple of 8.`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX, start)));
  } catch {
    throw new PageError("The header of this page is no JSON.");
  }
  if (!isObject(header) || header.format !== FORMAT)
    throw new PageError(`The header of this page is not of ${FORMAT}.`);
  if (header.version !== VERSION) {
    const version = String(header.version);
    throw new PageError(
      `These data are of version ${version}, this page reads version ${VERSION}: make it again with the twinhop that wrote them.`,
    );
  }
  return { header, start };
}

function readColumns(bytes: Uint8Array, header: Json, start: number): Column[] {
  const headers = header.columns ?? [];
  if (!Array.isArray(headers)) throw new PageError("The columns of this page are no list.");
  return headers.map((one: unknown, index) => readColumn(bytes, one, start, `Column ${index}`));
}

function readColumn(bytes: Uint8Array, header: unknown, start: number, name: string): Column {
  if (!isColumnHeader(header)) throw new PageError(`${name} of this page is not described as a column is.`);
  const count = header.shape.reduce((product, size) => product * size, 1);
  const width = ARRAYS[header.type].BYTES_PER_ELEMENT;
  const from = start + header.offset;
  if (header.offset % BLOCK !== 0) throw new PageError(`${name} of this page does not begin at a multiple of 8.`);
  if (from + count * width > bytes.length) throw new PageError(`${name} ends after the data: the file is cut.`);
  const raw = new ARRAYS[header.type](bytes.slice(from, from + count * width).buffer);
  return scaled(header.delta ? summed(raw, header.shape) : raw, header);
}

/** Rows added up, row by row; sums of whole numbers wrap in 32 bits. */
function summed(raw: Column, shape: number[]): Column {
  const rows = shape[0] ?? 0;
  const width = rows === 0 ? 0 : raw.length / rows;
  const whole = !(raw instanceof Float32Array || raw instanceof Float64Array);
  const sums = whole ? Int32Array.from(raw) : Float64Array.from(raw);
  for (let at = width; at < sums.length; at++) sums[at] += sums[at - width];
  return sums;
}

function scaled(raw: Column, { scale = 1, base = 0, type }: ColumnHeader): Column {
  if (scale === 1 && base === 0) return raw;
  const values = type === "f64" ? new Float64Array(raw.length) : new Float32Array(raw.length);
  for (let at = 0; at < raw.length; at++) values[at] = base + scale * raw[at];
  return values;
}

/** The same tree with columns in the place of `{"$column": index}`. */
function withColumns(node: unknown, columns: Column[]): unknown {
  if (Array.isArray(node)) return node.map((one) => withColumns(one, columns));
  if (!isObject(node)) return node;
  if ("$column" in node) {
    const column = columns[node.$column as number];
    if (column === undefined) throw new PageError(`This page has no column ${String(node.$column)}.`);
    return column;
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withColumns(value, columns)]));
}

function checkPage(page: Json): void {
  if (!KINDS.includes(page.kind as Page["kind"])) {
    throw new PageError(`This page is a ${JSON.stringify(page.kind)}, and can be one of ${KINDS.join(", ")}.`);
  }
  if (typeof page.title !== "string") throw new PageError("This page has no title.");
  const typed = page as unknown as Page;
  const stations = checkStations(typed);
  const users = checkUsers(typed);
  typed.plans?.forEach((plan, index) => checkPlan(plan, `plans[${index}]`, stations, users));
  checkWhy(typed, stations, users);
  checkWhatIfs(typed, stations);
  checkWorlds(typed);
  checkTime(typed, stations, users);
}

function checkStations({ stations, map }: Page): number {
  if (!stations) return 0;
  const count = checkCount(stations.count, "stations");
  checkTexts(stations.id, count, "stations.id", true);
  for (const label of stations.label ?? []) checkTexts(label.values, count, `stations.label ${label.name}`, true);
  for (const name of [
    "x_m",
    "y_m",
    "is_host",
    "is_cloud",
    "capacity",
    "cpu_cycles_per_s",
    "opening_s",
    "cost_per_month",
  ] as const) {
    checkNumbers(stations[name], count, `stations.${name}`);
  }
  const nodes = map?.nodes?.x_m.length ?? 0;
  checkNumbers(map?.nodes?.y_m, nodes, "map.nodes.y_m");
  if (map?.links) checkIndices(map.links, map.links.length, count + nodes, 0, "map.links");
  return count;
}

function checkUsers({ users }: Page): number {
  if (!users) return 0;
  const count = checkCount(users.count, "users");
  checkTexts(users.id, count, "users.id");
  if (users.index) checkIndices(users.index, count, users.of ?? Infinity, 0, "users.index");
  for (const label of users.label ?? []) checkTexts(label.values, count, `users.label ${label.name}`, true);
  for (const name of ["x_m", "y_m", "weight", "deadline_s", "history_bit", "update_bit"] as const) {
    checkNumbers(users[name], count, `users.${name}`);
  }
  return count;
}

function checkPlan(plan: Plan, name: string, stations: number, users: number): void {
  if (typeof plan.cost !== "number") throw new PageError(`${name}.cost is no number.`);
  checkIndices(plan.host, users, stations, -1, `${name}.host`);
  if (plan.open) checkIndices(plan.open, plan.open.length, stations, 0, `${name}.open`);
  if (plan.access) checkIndices(plan.access, users, stations, -1, `${name}.access`);
  for (const key of [
    "latency_s_by_user",
    "update_s_by_user",
    "late",
    "unmeetable",
    "cpu_share_cycles_per_s",
  ] as const) {
    checkNumbers(plan[key], users, `${name}.${key}`);
  }
  for (const key of ["users", "seats_used", "cpu_used", "late", "worth"] as const) {
    checkNumbers(plan.station?.[key], stations, `${name}.station.${key}`);
  }
}

function checkWhy({ why }: Page, stations: number, users: number): void {
  if (!why) return;
  const size = why.hosts.length;
  if (users === 0 ? size !== 0 : size % users !== 0) throw new PageError("why.hosts does not fit the users.");
  checkIndices(why.hosts, size, stations, -1, "why.hosts");
  checkNumbers(why.cost_change, size, "why.cost_change", true);
  checkNumbers(why.feasible, size, "why.feasible");
  if (why.obstacle) checkIndices(why.obstacle, size, why.obstacles?.length ?? 0, 0, "why.obstacle");
  checkTexts(why.reason, users, "why.reason");
}

function checkWhatIfs({ what_ifs, plans }: Page, stations: number): void {
  for (const [index, { stations: failed, plan, before }] of (what_ifs ?? []).entries()) {
    const name = `what_ifs[${index}]`;
    if (failed.some((m) => !(m >= 0 && m < stations))) throw new PageError(`${name}.stations are no stations.`);
    if (typeof plan === "number" && plans?.[plan] === undefined) throw new PageError(`${name}.plan is no plan.`);
    if (typeof before === "number" && plans?.[before] === undefined) throw new PageError(`${name}.before is no plan.`);
  }
}

function checkWorlds({ worlds }: Page): void {
  if (!worlds) return;
  const { seed, policies } = worlds;
  const isList = Array.isArray(seed) || ArrayBuffer.isView(seed);
  if (!isList || Array.from(seed).some((one) => typeof one !== "number")) {
    throw new PageError("worlds.seed is no list of numbers.");
  }
  checkTexts(policies, Array.isArray(policies) ? policies.length : 0, "worlds.policies", true);
  const [width, size] = [seed.length, seed.length * policies.length];
  checkNumbers(worlds.cost, size, "worlds.cost", true);
  checkNumbers(worlds.gap, size, "worlds.gap");
  checkNumbers(worlds.lower_bound, width, "worlds.lower_bound");
}

const POLICY_SERIES = [
  "cost_by_slot",
  "late_by_slot",
  "moves_by_slot",
  "latency_by_slot",
  "open_by_slot",
  "regret_by_slot",
] as const;

function checkTime({ time, frames, policies, bound, series }: Page, stations: number, users: number): void {
  if (!time) return;
  const { slots, frames: count } = time;
  const points = Math.ceil(slots / (time.point_slots ?? 1));
  checkIndices(time.frame_slot, count, slots, 0, "time.frame_slot");
  if (frames) {
    checkNumbers(frames.x_m, count * users, "frames.x_m", true);
    checkNumbers(frames.y_m, count * users, "frames.y_m", true);
    checkNumbers(frames.present, count * users, "frames.present");
    checkNumbers(frames.station_up, count * stations, "frames.station_up");
    if (frames.access) checkIndices(frames.access, count * users, stations, -1, "frames.access");
  }
  for (const key of ["by_slot", "so_far", "plan_by_slot"] as const) checkNumbers(bound?.[key], points, `bound.${key}`);
  for (const [index, { by_slot }] of (series ?? []).entries())
    checkNumbers(by_slot, points, `series[${index}].by_slot`);
  for (const [index, policy] of (policies ?? []).entries()) {
    const name = `policies[${index}]`;
    if (policy.host) checkIndices(policy.host, count * users, stations, -1, `${name}.host`);
    checkNumbers(policy.latency_s, count * users, `${name}.latency_s`);
    checkNumbers(policy.late, count * users, `${name}.late`);
    for (const key of POLICY_SERIES) checkNumbers(policy[key], points, `${name}.${key}`);
    const { moves } = policy;
    if (!moves) continue;
    const number = moves.slot.length;
    checkIndices(moves.slot, number, slots, 0, `${name}.moves.slot`);
    checkIndices(moves.user, number, users, 0, `${name}.moves.user`);
    checkIndices(moves.from, number, stations, -1, `${name}.moves.from`);
    checkIndices(moves.to, number, stations, -1, `${name}.moves.to`);
    if (moves.reason) checkIndices(moves.reason, number, policy.reasons?.length ?? 0, 0, `${name}.moves.reason`);
    checkNumbers(moves.pause_s, number, `${name}.moves.pause_s`);
    checkNumbers(moves.cost, number, `${name}.moves.cost`);
  }
}

function checkCount(count: unknown, name: string): number {
  if (!Number.isInteger(count) || (count as number) < 0) throw new PageError(`${name}.count is no number of ${name}.`);
  return count as number;
}

function checkNumbers(column: unknown, length: number, name: string, needed = false): void {
  if (column === undefined || column === null) {
    if (needed) throw new PageError(`This page has no ${name}.`);
    return;
  }
  if (!ArrayBuffer.isView(column)) throw new PageError(`${name} is no column.`);
  const values = column as Column;
  if (values.length !== length) throw new PageError(`${name} has ${values.length} values, not ${length}.`);
}

function checkIndices(column: Column, length: number, count: number, least: number, name: string): void {
  checkNumbers(column, length, name, true);
  for (let at = 0; at < column.length; at++) {
    if (!(column[at] >= least && column[at] < count)) {
      throw new PageError(`${name}[${at}] is ${column[at]}, and ${least} to ${count - 1} would be in range.`);
    }
  }
}

function checkTexts(texts: unknown, length: number, name: string, needed = false): void {
  if (texts === undefined || texts === null) {
    if (needed) throw new PageError(`This page has no ${name}.`);
    return;
  }
  if (!Array.isArray(texts) || texts.length !== length || texts.some((one) => typeof one !== "string")) {
    throw new PageError(`${name} is not ${length} texts.`);
  }
}

function isObject(node: unknown): node is Json {
  return typeof node === "object" && node !== null && !Array.isArray(node) && !ArrayBuffer.isView(node);
}

function isColumnHeader(header: unknown): header is ColumnHeader {
  if (!isObject(header)) return false;
  const { type, shape, offset, scale = 1, base = 0 } = header;
  const whole = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
  return (
    typeof type === "string" &&
    Object.hasOwn(ARRAYS, type) &&
    Array.isArray(shape) &&
    shape.every(whole) &&
    whole(offset) &&
    Number.isFinite(scale) &&
    Number.isFinite(base)
  );
}
