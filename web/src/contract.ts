/**
 * What the page reads, version 1: JSON with binary columns, made by `twinhop.output.page`.
 *
 * Names are those of the file. Positions are in metres, times in seconds; columns of more than one dimension are flat,
 * row by row. An absent field hides its panel.
 */

export const MAGIC = "TWHPAGE1";
export const FORMAT = "twinhop-page";
export const VERSION = 1;
export const KINDS = ["plan", "comparison", "tradeoff", "run", "world"] as const;

export type Kind = (typeof KINDS)[number];

/** A decoded column: floats where it was scaled or is float, else whole numbers. */
export type Column =
  Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint32Array | Uint16Array | Uint8Array;

/** Text columns that a source brought with it, one value a station or user. */
export interface Label {
  name: string;
  values: string[];
}

export interface Warning {
  code?: string;
  text: string;
}

export interface CostUnit {
  name: string;
  /** What a cost in the unit of the objective is multiplied by for showing. */
  factor: number;
}

export interface PageMap {
  min_x_m: number;
  min_y_m: number;
  max_x_m: number;
  max_y_m: number;
  origin?: { latitude_deg: number; longitude_deg: number } | null;
  /** (L, 2) stations that the backhaul joins; from `stations.count` on, nodes. */
  links?: Column;
  /** Points of the backhaul that are no stations. */
  nodes?: { x_m: Column; y_m: Column; id?: string[] };
}

/** M stations; cloud hosts are among them. */
export interface Stations {
  count: number;
  id: string[];
  label?: Label[];
  /** Absent where a problem has no positions: there is no map then. */
  x_m?: Column;
  y_m?: Column;
  is_host?: Column;
  is_cloud?: Column;
  /** Seats; -1 where there is no limit. */
  capacity?: Column;
  cpu_cycles_per_s?: Column;
  opening_s?: Column;
  cost_per_month?: Column;
}

/** N users; without `id` they are u0, u1, ... */
export interface Users {
  count: number;
  /** Where users are a sample: how many there are in all, and which of them each is. */
  of?: number;
  index?: Column;
  id?: string[];
  label?: Label[];
  x_m?: Column;
  y_m?: Column;
  weight?: Column;
  /** NaN: none. */
  deadline_s?: Column;
  history_bit?: Column;
  update_bit?: Column;
}

export interface Term {
  name: string;
  cost: number;
}

/** What a plan asks of each station, (M,) each. */
export interface PlanStations {
  users?: Column;
  /** Share of the seats, 0 to 1. */
  seats_used?: Column;
  /** Share of the CPU, 0 to 1. */
  cpu_used?: Column;
  cpu_used_kind?: string;
  late?: Column;
  /** What the plan without it costs more; NaN: not computed, Infinity: no plan can do without it. */
  worth?: Column;
  worth_kind?: string;
}

export interface Plan {
  name: string;
  policy?: string;
  cost: number;
  lower_bound?: number | null;
  gap?: number | null;
  feasible?: boolean;
  status?: string;
  seconds?: number;
  seed?: number;
  terms?: Term[];
  latency_s?: number | null;
  violations?: string[];
  /** What is kept and what is not, in words. */
  constraints?: string[];
  /** What the certificate says, in words. */
  verdict?: string;
  servers?: number;
  open?: Column;
  /** (N,) station that hosts each user's twin; -1: nobody. */
  host: Column;
  latency_s_by_user?: Column;
  /** How long a synchronisation takes; deadlines are about this. */
  update_s_by_user?: Column;
  late?: Column;
  /** Users whose deadline no station could keep. */
  unmeetable?: Column;
  cpu_share_cycles_per_s?: Column;
  /** (N,) station that serves each user. */
  access?: Column;
  station?: PlanStations;
}

export interface Comparison {
  lower_bound?: number | null;
  bound_by?: string;
  best?: number;
}

/** A comparison in several worlds, (W, P) row by row. */
export interface Worlds {
  seed: ArrayLike<number>;
  policies: string[];
  cost: Column;
  gap?: Column;
  lower_bound?: Column;
}

export interface Tradeoff {
  fewest?: number;
  most?: number;
  best?: number;
  may_be_best?: number[];
  knee?: { servers: number; may_be?: number[]; proved?: boolean } | null;
}

export interface WhatIf {
  stations: number[];
  title: string;
  status?: string;
  /** Plans after the failure, and before it (0 where it is not said). */
  plan?: number | null;
  /** Plan before it, the first where absent. */
  before?: number;
  cost?: number | null;
  cost_change?: number | null;
  change_interval?: [number, number] | null;
  displaced?: number;
  moved_users?: number;
  late?: number;
  text?: string;
}

/** What another host would cost a user, (N, K). */
export interface Why {
  hosts: Column;
  cost_change: Column;
  feasible?: Column;
  /** (N, K) index into `obstacles`; 0: it may take the twin. */
  obstacle?: Column;
  obstacles?: string[];
  reason?: string[];
  complete?: boolean;
  of_plan?: number;
}

export interface Time {
  slots: number;
  slot_s: number;
  frames: number;
  frame_slot: Column;
  /** Slots of a point of a series; 1 but in very long runs. */
  point_slots?: number;
  users_by_slot?: Column;
}

/** Where everybody is in each frame: (F, N), and (F, M) of stations. */
export interface Frames {
  x_m: Column;
  y_m: Column;
  present?: Column;
  access?: Column;
  station_up?: Column;
}

export interface Moves {
  slot: Column;
  user: Column;
  from: Column;
  to: Column;
  reason?: Column;
  pause_s?: Column;
  cost?: Column;
}

/** What a migration policy did in a run. */
export interface RunPolicy {
  name: string;
  cost: number;
  gap?: number | null;
  late_share?: number;
  moves_per_user_hour?: number;
  terms?: Term[];
  /** Policy that the regret is measured against. */
  against?: string;
  host?: Column;
  latency_s?: Column;
  late?: Column;
  cost_by_slot?: Column;
  late_by_slot?: Column;
  moves_by_slot?: Column;
  latency_by_slot?: Column;
  open_by_slot?: Column;
  regret_by_slot?: Column;
  moves?: Moves;
  reasons?: string[];
}

export interface Bound {
  total?: number | null;
  plan?: string | number | null;
  gap?: number | null;
  /** Lower bounds of the cost of each slot alone. */
  by_slot?: Column;
  /** Lower bounds of what all slots up to this one cost together. */
  so_far?: Column;
  plan_by_slot?: Column;
  exact?: boolean;
  text?: string;
}

export interface Table {
  title: string;
  columns: string[];
  rows: (string | number | null)[][];
}

export interface Page {
  kind: Kind;
  title: string;
  twinhop: string;
  source?: string;
  seed?: number;
  attribution?: string[];
  notes?: string[];
  warnings?: Warning[];
  cost_unit?: CostUnit;
  sense?: string;
  map?: PageMap;
  stations?: Stations;
  users?: Users;
  plans?: Plan[];
  comparison?: Comparison;
  worlds?: Worlds;
  tradeoff?: Tradeoff;
  what_ifs?: WhatIf[];
  why?: Why;
  time?: Time;
  frames?: Frames;
  policies?: RunPolicy[];
  bound?: Bound;
  series?: { name: string; by_slot: Column }[];
  statistics?: { name: string; value: string }[];
  table?: Table[];
}
