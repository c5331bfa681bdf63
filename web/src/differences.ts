/** What differs between two plans, and which failure costs most. */

/** Users whose host is another one. Plans of different users have no such: null. */
export function movedUsers(before: ArrayLike<number>, after: ArrayLike<number>): number[] | null {
  if (before.length !== after.length) return null;
  const moved: number[] = [];
  for (let user = 0; user < before.length; user++) if (before[user] !== after[user]) moved.push(user);
  return moved;
}

/** Stations that hold users in the first plan only, and in the second only. */
export function openedAndClosed(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
): { opened: number[]; closed: number[] } {
  const [first, second] = [new Set(Array.from(before)), new Set(Array.from(after))];
  const apart = (from: Set<number>, other: Set<number>): number[] =>
    [...from].filter((station) => !other.has(station)).sort((a, b) => a - b);
  return { opened: apart(second, first), closed: apart(first, second) };
}

/** Hosts of the users of a plan where it does not say which are open. */
export function hostsOf(host: ArrayLike<number>): number[] {
  const hosts = new Set<number>();
  for (let user = 0; user < host.length; user++) if (host[user] >= 0) hosts.add(host[user]);
  return [...hosts].sort((a, b) => a - b);
}

export interface Failure {
  stations: number[];
  cost_change?: number | null;
}

/** Failures, those first that cannot be met at all (no change is known), then the dearest. */
export function dearestFirst<T extends Failure>(failures: readonly T[]): T[] {
  const rank = (failure: T): number => failure.cost_change ?? Infinity;
  return [...failures].sort((a, b) => {
    const [first, second] = [rank(a), rank(b)];
    return first === second ? (a.stations[0] ?? 0) - (b.stations[0] ?? 0) : second - first;
  });
}

/** The what-if in which this station fails: alone if there is such, or else with the fewest others. */
export function failureOf<T extends Failure>(failures: readonly T[], station: number): T | null {
  const fitting = failures.filter((failure) => failure.stations.includes(station));
  fitting.sort((a, b) => a.stations.length - b.stations.length);
  return fitting[0] ?? null;
}
