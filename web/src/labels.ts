/** Which names fit on a map, the more important first, so that none lies on another. */

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Name {
  /** Middle of the mark that is named, and half its width [pixels]. */
  x: number;
  y: number;
  half: number;
  width: number;
  height: number;
}

/** Boxes that are taken, in buckets, so that a new one is held against its neighbours alone. */
class Taken {
  private readonly buckets = new Map<number, Box[]>();

  constructor(private readonly bucket: number) {}

  add(box: Box): void {
    for (const key of this.keys(box)) {
      const held = this.buckets.get(key);
      if (held) held.push(box);
      else this.buckets.set(key, [box]);
    }
  }

  meets(box: Box): boolean {
    for (const key of this.keys(box)) {
      for (const other of this.buckets.get(key) ?? []) {
        if (box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom) {
          return true;
        }
      }
    }
    return false;
  }

  private *keys(box: Box): Generator<number> {
    const at = (value: number) => Math.floor(value / this.bucket);
    for (let row = at(box.top); row <= at(box.bottom); row++) {
      for (let column = at(box.left); column <= at(box.right); column++) yield row * 65536 + column;
    }
  }
}

/** Where each name is written (left and middle line), or null where there is no room.
 *
 * Args:
 *   names: the most important first.
 *   marks: boxes that no name may cover.
 *   frame: names stay inside.
 */
export function placeNames(
  names: readonly Name[],
  marks: readonly Box[],
  frame: Box,
): ({ x: number; y: number } | null)[] {
  const taken = new Taken(64);
  for (const mark of marks) taken.add(mark);
  return names.map((name) => {
    for (const [x, y] of places(name)) {
      const [left, top] = [x - 1, y - name.height / 2];
      const box = { left, top, right: left + name.width + 2, bottom: top + name.height };
      if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom)
        continue;
      if (taken.meets(box)) continue;
      taken.add(box);
      return { x, y };
    }
    return null;
  });
}

/** Right, left, above and below the mark, in this order. */
function places({ x, y, half, width, height }: Name): [number, number][] {
  const away = half + 4;
  const rise = half + height / 2 + 1;
  return [
    [x + away, y],
    [x - away - width, y],
    [x - width / 2, y - rise],
    [x - width / 2, y + rise],
  ];
}
