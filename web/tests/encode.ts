/** The encoder's side of the contract, for tests: `new Encoder().page({...})`. */

type Values = ArrayLike<number>;
type Type = "f64" | "f32" | "i32" | "i16" | "i8" | "u32" | "u16" | "u8";

export interface ColumnOptions {
  shape?: number[];
  delta?: boolean;
  scale?: number;
  base?: number;
}

const ARRAYS = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
};
const BLOCK = 8;

export class Encoder {
  private readonly headers: object[] = [];
  private readonly parts: Uint8Array[] = [];
  private offset = 0;

  /** Keep a column of raw values; what stands in its place in the JSON. */
  column(type: Type, values: Values, options: ColumnOptions = {}): { $column: number } {
    const array = ARRAYS[type].from(values as number[]);
    const bytes = new Uint8Array(Math.ceil(array.byteLength / BLOCK) * BLOCK);
    bytes.set(new Uint8Array(array.buffer, 0, array.byteLength));
    const { shape = [values.length], delta = false, scale = 1, base = 0 } = options;
    this.headers.push({ type, shape, offset: this.offset, delta, scale, base });
    this.parts.push(bytes);
    this.offset += bytes.length;
    return { $column: this.headers.length - 1 };
  }

  /** The bytes of a page of these columns. */
  page(fields: object): Uint8Array<ArrayBuffer> {
    const whole = { format: "twinhop-page", version: 1, ...fields, columns: this.headers };
    const text = new TextEncoder().encode(JSON.stringify(whole));
    const length = Math.ceil(text.length / BLOCK) * BLOCK;
    const bytes = new Uint8Array(16 + length + this.offset).fill(32, 16, 16 + length);
    bytes.set(new TextEncoder().encode("TWHPAGE1"));
    new DataView(bytes.buffer).setUint32(8, length, true);
    bytes.set(text, 16);
    let at = 16 + length;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}
