/** Very many users on a canvas: their pixels are written one by one, and the picture is put in one piece. */

/** A colour as a pixel of ImageData holds it, in the order of this machine's bytes. */
export function pixelOf(colour: string, alpha = 1): number {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const bytes = Uint8Array.of(red, green, blue, Math.round(255 * alpha));
  return new Uint32Array(bytes.buffer)[0];
}

export class UserRaster {
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  private width = 0;
  private height = 0;

  /** An empty picture of so many pixels. */
  begin(width: number, height: number): void {
    if (width !== this.width || height !== this.height || !this.image) {
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      [this.width, this.height] = [width, height];
    } else {
      this.pixels.fill(0);
    }
  }

  /** A square with its middle at a place [pixels]. */
  square(x: number, y: number, side: number, pixel: number): void {
    this.rectangle(Math.round(x - side / 2), Math.round(y - side / 2), side, side, pixel);
  }

  /** A diagonal cross over a ground of its own, that stands out whatever is below. */
  cross(x: number, y: number, half: number, pixel: number, ground: number): void {
    const [left, top] = [Math.round(x), Math.round(y)];
    for (let step = -half; step <= half; step++) {
      this.rectangle(left + step - 1, top + step - 1, 4, 3, ground);
      this.rectangle(left - step - 1, top + step - 1, 4, 3, ground);
    }
    for (let step = -half; step <= half; step++) {
      this.rectangle(left + step, top + step, 2, 1, pixel);
      this.rectangle(left - step, top + step, 2, 1, pixel);
    }
  }

  put(g: CanvasRenderingContext2D): void {
    if (this.image) g.putImageData(this.image, 0, 0);
  }

  private rectangle(left: number, top: number, width: number, height: number, pixel: number): void {
    const from = Math.max(left, 0);
    const to = Math.min(left + width, this.width);
    const last = Math.min(top + height, this.height);
    for (let row = Math.max(top, 0); row < last; row++) {
      const start = row * this.width;
      for (let at = start + from; at < start + to; at++) this.pixels[at] = pixel;
    }
  }
}
