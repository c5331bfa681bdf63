/** Moves of twins: found by slot, and filtered. */

/** Columns of the moves of a policy, a row a move. */
export interface MoveColumns {
  slot: ArrayLike<number>;
  user: ArrayLike<number>;
  from: ArrayLike<number>;
  to: ArrayLike<number>;
  reason?: ArrayLike<number>;
  pause_s?: ArrayLike<number>;
  cost?: ArrayLike<number>;
}

export class MoveIndex {
  readonly count: number;
  /** Rows in the order of slots, and of users within a slot. */
  readonly order: Int32Array;
  /** Where the moves of a slot begin in `order`; T + 1 of them. */
  readonly begins: Int32Array;

  constructor(moves: MoveColumns, slots: number) {
    this.count = moves.slot.length;
    this.order = Int32Array.from({ length: this.count }, (_, row) => row);
    this.order.sort((a, b) => moves.slot[a] - moves.slot[b] || moves.user[a] - moves.user[b] || a - b);
    this.begins = new Int32Array(slots + 1);
    for (let row = 0; row < this.count; row++) {
      const slot = moves.slot[row];
      if (slot >= 0 && slot < slots) this.begins[slot + 1]++;
    }
    for (let slot = 0; slot < slots; slot++) this.begins[slot + 1] += this.begins[slot];
  }

  /** The rows of a slot, or of all slots from one to another. */
  ofSlots(first: number, last = first): Int32Array {
    const slots = this.begins.length - 1;
    const from = Math.min(Math.max(first, 0), slots);
    const to = Math.min(Math.max(last + 1, from), slots);
    return this.order.subarray(this.begins[from], this.begins[to]);
  }

  /** How many moves each slot has. */
  bySlot(): Int32Array {
    return Int32Array.from({ length: this.begins.length - 1 }, (_, slot) => this.begins[slot + 1] - this.begins[slot]);
  }
}

/** What moves are asked for; what is absent is not asked. Text is found in any of the names, whatever its case. */
export interface MoveFilter {
  text?: string;
  reason?: number;
  user?: number;
}

/**
 * Rows that pass a filter, in the order given.
 *
 * @param names of a row: user, from, to, reason, as they are shown.
 */
export function filterMoves(
  moves: MoveColumns,
  order: Int32Array,
  filter: MoveFilter,
  names: (row: number) => string[],
): Int32Array {
  const text = (filter.text ?? "").trim().toLowerCase();
  return order.filter((row) => {
    if (filter.user !== undefined && moves.user[row] !== filter.user) return false;
    if (filter.reason !== undefined && moves.reason?.[row] !== filter.reason) return false;
    return text === "" || names(row).some((name) => name.toLowerCase().includes(text));
  });
}

/** One page of rows, and how many pages there are; the page asked for is held within them. */
export function pageOf(
  rows: Int32Array,
  page: number,
  size: number,
): { rows: Int32Array; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const shown = Math.min(Math.max(0, page), pages - 1);
  return { rows: rows.subarray(shown * size, (shown + 1) * size), page: shown, pages };
}
