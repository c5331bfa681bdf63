/** Curves over the slots of a run. */

/**
 * How many slots have passed at the end of each point of a series.
 *
 * @param pointSlots slots of a point; the last one may have fewer.
 */
export function slotsSoFar(slots: number, pointSlots = 1): Float64Array {
  const points = Math.ceil(slots / pointSlots);
  return Float64Array.from({ length: points }, (_, point) => Math.min((point + 1) * pointSlots, slots));
}

/**
 * The mean of all slots so far: (v_0 n_0 + ... + v_p n_p) / (n_0 + ... + n_p).
 *
 * @param values means of the slots of each point.
 * @param ends of `slotsSoFar`.
 */
export function meanSoFar(values: ArrayLike<number>, ends: ArrayLike<number>): Float64Array {
  const out = new Float64Array(values.length);
  let sum = 0;
  for (let point = 0; point < values.length; point++) {
    sum += values[point] * (ends[point] - (point === 0 ? 0 : ends[point - 1]));
    out[point] = sum / ends[point];
  }
  return out;
}

/** What was paid so far over what another paid so far, less 1; NaN where the other paid nothing yet. */
export function regretSoFar(costs: ArrayLike<number>, against: ArrayLike<number>): Float64Array {
  const out = new Float64Array(Math.min(costs.length, against.length));
  let [sum, other] = [0, 0];
  for (let slot = 0; slot < out.length; slot++) {
    sum += costs[slot];
    other += against[slot];
    out[slot] = other > 0 ? sum / other - 1 : NaN;
  }
  return out;
}

/** A flat line: a value that holds for the mean of all slots. */
export function flat(value: number, slots: number): Float64Array {
  return new Float64Array(slots).fill(value);
}

/** Spells in which a station is down: the frames from the first to the last of each. */
export interface Outage {
  station: number;
  from: number;
  to: number;
}

/**
 * Outages, in the order in which they begin.
 *
 * @param up (F, M) row-major, 0 where a station is down.
 */
export function outages(up: ArrayLike<number>, stations: number): Outage[] {
  const frames = stations > 0 ? Math.floor(up.length / stations) : 0;
  const found: Outage[] = [];
  for (let station = 0; station < stations; station++) {
    let from = -1;
    for (let frame = 0; frame <= frames; frame++) {
      const isDown = frame < frames && up[frame * stations + station] === 0;
      if (isDown && from < 0) from = frame;
      if (!isDown && from >= 0) {
        found.push({ station, from, to: frame - 1 });
        from = -1;
      }
    }
  }
  return found.sort((a, b) => a.from - b.from || a.station - b.station);
}
