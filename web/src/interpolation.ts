/** Where users are between two frames. */

/**
 * Positions at a moment. A user that is in this frame and in the next is on the straight way between them; one that
 * leaves stays where it was last, and one that has not come yet is not drawn.
 *
 * @param values (F, N) coordinates [m], row-major.
 * @param present (F, N), 0 where a user is away; null where all are always there.
 * @param at moment in frames, between 0 and F - 1.
 * @param out N coordinates [m], written.
 */
export function coordinatesAt(
  values: ArrayLike<number>,
  present: ArrayLike<number> | null,
  users: number,
  at: number,
  out: Float32Array,
): void {
  const frame = Math.floor(at);
  const part = at - frame;
  const here = frame * users;
  const there = here + users;
  if (part === 0 || there + users > values.length) {
    for (let user = 0; user < users; user++) out[user] = values[here + user];
    return;
  }
  for (let user = 0; user < users; user++) {
    const from = values[here + user];
    const goesOn = present?.[there + user] !== 0;
    out[user] = goesOn ? from + part * (values[there + user] - from) : from;
  }
}

/** A row of a row-major matrix, without a copy where it is a typed array. */
export function rowOf<T extends { subarray(from: number, to: number): T }>(matrix: T, columns: number, row: number): T {
  return matrix.subarray(row * columns, (row + 1) * columns);
}
