/** Who is late, and by how much. */

export interface LateUser {
  user: number;
  /** Latency of its update [s]. */
  latency_s: number;
  /** Latency less deadline [s]; NaN where either is not known. */
  over_s: number;
}

/**
 * Users that are late in a frame, the latest first; those of whom it is not known by how much come last.
 *
 * @param late (N,) not 0 where an update misses its deadline.
 * @param latency_s (N,) latency [s], or null where it was not kept.
 * @param deadline_s (N,) deadline [s], NaN where there is none, or null.
 */
export function lateUsers(
  late: ArrayLike<number>,
  latency_s: ArrayLike<number> | null,
  deadline_s: ArrayLike<number> | null,
): LateUser[] {
  const users: LateUser[] = [];
  for (let user = 0; user < late.length; user++) {
    if (late[user] === 0) continue;
    const latency = latency_s?.[user] ?? NaN;
    users.push({ user, latency_s: latency, over_s: latency - (deadline_s?.[user] ?? NaN) });
  }
  const rank = (value: number): number => (Number.isNaN(value) ? -Infinity : value);
  return users.sort((a, b) => {
    const [first, second] = [rank(a.over_s), rank(b.over_s)];
    return first === second ? a.user - b.user : second - first;
  });
}

/** The user after the selected one in a list that goes round; the first where none of them is selected. */
export function nextUser(users: readonly LateUser[], selected: number | null): number | null {
  if (users.length === 0) return null;
  const at = users.findIndex((each) => each.user === selected);
  return users[(at + 1) % users.length].user;
}
