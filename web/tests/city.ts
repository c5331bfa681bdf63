/** A city of any size, made up from a seed, as a page of the contract. */

import { Encoder } from "./encode";

export interface CitySize {
  users?: number;
  stations?: number;
  hosts?: number;
  /** Slots of a run; none for a plan. */
  frames?: number;
  seed?: number;
  /** How far the cost stands above its bound, as a fraction. */
  gap?: number;
  title?: string;
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const times = <Value>(count: number, make: (at: number) => Value) => Array.from({ length: count }, (_, at) => make(at));

/** The bytes of a page of a plan, or of a run where frames are asked for. */
export function city({
  users = 200,
  stations = 24,
  hosts = 8,
  frames = 0,
  seed = 1,
  gap = 0.0002,
  title = "A made-up city",
}: CitySize = {}): Uint8Array<ArrayBuffer> {
  const random = uniform(seed);
  const to = new Encoder();
  const width = 5200;
  const height = 3600;
  const x = times(stations, () => 200 + random() * (width - 400));
  const y = times(stations, () => 200 + random() * (height - 400));
  const ux = times(users, () => random() * width);
  const uy = times(users, () => random() * height);
  const nearest = (px: number, py: number, among: number) => {
    let best = 0;
    for (let m = 1; m < among; m++) {
      if (Math.hypot(x[m] - px, y[m] - py) < Math.hypot(x[best] - px, y[best] - py)) best = m;
    }
    return best;
  };
  const access = times(users, (i) => nearest(ux[i], uy[i], stations));
  const host = times(users, (i) => nearest(ux[i], uy[i], hosts));
  const latency = times(users, (i) => 0.0015 + (1e-6 * Math.hypot(x[host[i]] - ux[i], y[host[i]] - uy[i])) / 1.5);
  const deadline = 0.003;
  const late = latency.map((value) => Number(value > deadline));
  const load = times(stations, (m) => host.filter((one) => one === m).length);
  const mean = latency.reduce((sum, value) => sum + value, 0) / Math.max(users, 1);
  const cost = mean + hosts * 0.0002;
  const links = times(stations - 1, (m) => [m + 1, nearest(x[m + 1], y[m + 1], m + 1)]).flat();
  const fields: Record<string, unknown> = {
    kind: frames ? "run" : "plan",
    title,
    twinhop: "1.0.0",
    source: "made-up",
    seed,
    attribution: ["Positions drawn at random"],
    cost_unit: { name: "ms", factor: 1000 },
    sense: "mean per user",
    map: { min_x_m: 0, min_y_m: 0, max_x_m: width, max_y_m: height, links: to.column("i32", links) },
    stations: {
      count: stations,
      id: times(stations, (m) => `b${m}`),
      x_m: to.column("f64", x),
      y_m: to.column("f64", y),
      is_host: to.column(
        "u8",
        times(stations, (m) => Number(m < hosts + 4)),
      ),
      is_cloud: to.column(
        "u8",
        times(stations, () => 0),
      ),
      capacity: to.column(
        "i32",
        times(stations, (m) => (m < hosts + 4 ? Math.ceil((1.6 * users) / hosts) : 0)),
      ),
      cpu_cycles_per_s: to.column(
        "f64",
        times(stations, () => 1.2e10),
      ),
    },
    users: {
      count: users,
      x_m: to.column("f32", ux),
      y_m: to.column("f32", uy),
      deadline_s: to.column(
        "f32",
        times(users, () => deadline),
      ),
    },
    plans: [
      {
        name: "lagrangian",
        policy: "lagrangian",
        cost,
        lower_bound: cost / (1 + gap),
        gap,
        feasible: true,
        status: "certified",
        seconds: 1.25,
        seed,
        terms: [
          { name: "communication", cost: 0.6 * mean },
          { name: "computing", cost: 0.4 * mean },
          { name: "opening", cost: hosts * 0.0002 },
        ],
        latency_s: mean,
        violations: [],
        servers: hosts,
        open: to.column(
          "i32",
          times(hosts, (m) => m),
        ),
        host: to.column("i16", host),
        access: to.column("i16", access),
        latency_s_by_user: to.column("f32", latency),
        late: to.column("u8", late),
        cpu_share_cycles_per_s: to.column(
          "f32",
          host.map((m) => 1.2e10 / load[m]),
        ),
        station: {
          users: to.column("i32", load),
          seats_used: to.column("f64", load),
          cpu_used: to.column(
            "f64",
            load.map((number) => Number(number > 0) * (0.4 + 0.6 * random())),
          ),
          late: to.column(
            "i32",
            times(stations, (m) => host.filter((one, i) => one === m && late[i]).length),
          ),
          worth: to.column(
            "f64",
            times(stations, (m) => (m < hosts ? 0.0001 * (1 + m) : NaN)),
          ),
          worth_kind: "certified: the best plan without it costs at least so much more",
        },
      },
    ],
    why: {
      hosts: to.column("i16", times(users, () => times(hosts, (m) => m)).flat()),
      cost_change: to.column(
        "f32",
        times(users, (i) =>
          times(hosts, (m) => (m === host[i] ? 0 : (1e-6 * (1 + Math.hypot(x[m] - ux[i], y[m] - uy[i]) / 100)) / 10)),
        ).flat(),
      ),
      feasible: to.column("u8", times(users, (i) => times(hosts, (m) => Number((i + m) % 7 !== 0))).flat()),
      reason: times(users, (i) => `b${host[i]} is the nearest open server with a seat.`),
      complete: true,
      of_plan: 0,
    },
  };
  if (frames) Object.assign(fields, run(to, { users, stations, frames, ux, uy, host, late, latency, nearest, hosts }));
  return to.page(fields);
}

interface RunParts {
  users: number;
  stations: number;
  hosts: number;
  frames: number;
  ux: number[];
  uy: number[];
  host: number[];
  late: number[];
  latency: number[];
  nearest: (x: number, y: number, among: number) => number;
}

function run(to: Encoder, { users, stations, hosts, frames, ux, uy, host, latency, nearest }: RunParts): object {
  const paths = {
    x: [] as number[],
    y: [] as number[],
    host: [] as number[],
    latency: [] as number[],
    late: [] as number[],
  };
  for (let frame = 0; frame < frames; frame++) {
    for (let i = 0; i < users; i++) {
      const x = ux[i] + 300 * Math.sin(frame / 15 + i);
      const y = uy[i] + 300 * Math.cos(frame / 15 + i);
      paths.x.push(x);
      paths.y.push(y);
      paths.host.push(frame % 10 === 0 ? nearest(x, y, hosts) : (paths.host[(frame - 1) * users + i] ?? host[i]));
      const waits = latency[i] * (1 + 0.2 * Math.sin(frame / 10 + i));
      paths.latency.push(waits);
      paths.late.push(Number(waits > 0.003));
    }
  }
  const shape = [frames, users];
  const bySlot = (values: (slot: number) => number) => to.column("f32", times(frames, values));
  return {
    time: {
      slots: frames,
      slot_s: 60,
      frames,
      frame_slot: to.column(
        "i32",
        times(frames, (at) => at),
      ),
    },
    frames: {
      x_m: to.column("f32", paths.x, { shape }),
      y_m: to.column("f32", paths.y, { shape }),
      station_up: to.column(
        "u8",
        times(frames * stations, (at) => Number(at % stations !== 3 || at < stations * 5)),
        { shape: [frames, stations] },
      ),
    },
    policies: ["expected", "stay"].map((name, k) => ({
      name,
      cost: 0.003 + 0.0005 * k,
      gap: 0.1 + 0.1 * k,
      late_share: 0.02,
      moves_per_user_hour: 1.5 * (1 - k),
      host: to.column("i16", paths.host, { shape }),
      latency_s: to.column("f32", paths.latency, { shape }),
      late: to.column("u8", paths.late, { shape }),
      cost_by_slot: bySlot((slot) => 0.003 + 0.0005 * k + 0.0003 * Math.sin(slot / 9)),
      regret_by_slot: bySlot((slot) => 0.0001 * k * slot),
      moves: {
        slot: to.column(
          "i32",
          times(frames, (at) => at),
        ),
        user: to.column(
          "i32",
          times(frames, (at) => (7 * at) % Math.max(users, 1)),
        ),
        from: to.column(
          "i32",
          times(frames, () => 0),
        ),
        to: to.column(
          "i32",
          times(frames, () => 1),
        ),
        reason: to.column(
          "u8",
          times(frames, () => 0),
        ),
        pause_s: bySlot(() => 0.4),
        cost: bySlot(() => 0.0001),
      },
      reasons: ["nearer to the user"],
    })),
  };
}
