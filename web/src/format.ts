/** Numbers as the reader's language writes them: decimal commas where the browser is German. */

import type { CostUnit } from "./contract";

/** A space that does not break, between number and unit. */
const THIN = "\u202f";
const MISSING = "\u2013";
/** Digits that a computed figure shows. */
const DIGITS = 4;
/** Digits that a cost shows at most: those that `twinhop` prints. */
const COST_DIGITS = 6;

const formats = new Map<string, Intl.NumberFormat>();
let locale: string | undefined = typeof navigator === "undefined" ? "en" : navigator.language;

/** Write numbers as another language does. */
export function setLocale(name: string): void {
  locale = name;
  formats.clear();
}

function format(value: number, options: Intl.NumberFormatOptions): string {
  const key = JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    try {
      made = new Intl.NumberFormat(locale, options);
    } catch {
      made = new Intl.NumberFormat("en", options);
    }
    formats.set(key, made);
  }
  return made.format(value).replace("-", "\u2212");
}

const isNumber = (value: number | null | undefined): value is number => value !== null && Number.isFinite(value);

/** A number with at most so many significant digits; whole parts are never rounded. */
export function number(value: number | null | undefined, digits = DIGITS): string {
  if (!isNumber(value)) return MISSING;
  const before = value === 0 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1;
  const decimals = Math.min(Math.max(digits - before, 0), 12);
  return format(value, { maximumFractionDigits: decimals });
}

/** A number with so many decimals, zeros too. */
export function fixed(value: number | null | undefined, decimals: number): string {
  if (!isNumber(value)) return MISSING;
  return format(value, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Decimals that give the greatest of the values so many digits; none where all are whole. */
export function decimalsOf(values: readonly number[], digits = DIGITS): number {
  const most = Math.max(0, ...values.map(Math.abs));
  if (most === 0 || values.every((value) => Number.isInteger(value))) return 0;
  return Math.min(Math.max(digits - 1 - Math.floor(Math.log10(most)), 0), 12);
}

/** A whole number. */
export function count(value: number | null | undefined): string {
  return isNumber(value) ? format(value, { maximumFractionDigits: 0 }) : MISSING;
}

/** A count and its noun: 1 user, 2 users. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share as percent, so that a small one is not shown as none. */
export function percent(share: number | null | undefined, digits = 2): string {
  if (!isNumber(share)) return MISSING;
  const value = 100 * share;
  if (value !== 0 && Math.abs(value) < 0.001) return `<${THIN}${format(0.001, { maximumFractionDigits: 3 })}${THIN}%`;
  return `${number(value, digits)}${THIN}%`;
}

/** A share as whole percent. */
export function wholePercent(share: number | null | undefined): string {
  return isNumber(share) ? `${count(100 * share)}${THIN}%` : MISSING;
}

/** Seconds in the unit that fits: us, ms, s, min or h. */
export function duration(seconds: number | null | undefined, digits = 3): string {
  if (!isNumber(seconds)) return MISSING;
  const size = Math.abs(seconds);
  if (size === 0) return `0${THIN}s`;
  if (size < 1e-3) return `${number(seconds * 1e6, digits)}${THIN}\u00b5s`;
  if (size < 1) return `${number(seconds * 1e3, digits)}${THIN}ms`;
  if (size < 120) return `${number(seconds, digits)}${THIN}s`;
  if (size < 7200) return `${number(seconds / 60, digits)}${THIN}min`;
  return `${number(seconds / 3600, digits)}${THIN}h`;
}

/** A time of the run: hours and minutes since its start, seconds where slots are short. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** Metres as m or km. */
export function distance(metres: number): string {
  return metres < 1000 ? `${number(metres, 3)}${THIN}m` : `${number(metres / 1000, 3)}${THIN}km`;
}

/** Bits as kB, MB or GB. */
export function size(bits: number | null | undefined): string {
  if (!isNumber(bits)) return MISSING;
  const bytes = bits / 8;
  if (bytes < 1e3) return `${number(bytes, 3)}${THIN}B`;
  if (bytes < 1e6) return `${number(bytes / 1e3, 3)}${THIN}kB`;
  if (bytes < 1e9) return `${number(bytes / 1e6, 3)}${THIN}MB`;
  return `${number(bytes / 1e9, 3)}${THIN}GB`;
}

/** Cycles a second as Gcycle/s. */
export function frequency(cycles_per_s: number | null | undefined): string {
  return isNumber(cycles_per_s) ? `${number(cycles_per_s / 1e9, DIGITS)}${THIN}Gcycle/s` : MISSING;
}

/** Costs of one page, in its unit. */
export class CostFormat {
  readonly unit: string;
  private readonly factor: number;

  constructor(unit: CostUnit | undefined) {
    this.unit = unit?.name ?? "";
    this.factor = unit?.factor ?? 1;
  }

  /** What is shown of a cost, as a plain number. */
  value(cost: number): number {
    return cost * this.factor;
  }

  /** Digits only, for tables whose heading names the unit. */
  bare(cost: number | null | undefined, digits = COST_DIGITS): string {
    return isNumber(cost) ? number(this.value(cost), digits) : MISSING;
  }

  /** Digits only, with the decimals that stand under one another in a column of these costs. */
  column(costs: Iterable<number | null | undefined>, digits = DIGITS): (cost: number | null | undefined) => string {
    const decimals = decimalsOf(
      [...costs].filter(isNumber).map((cost) => this.value(cost)),
      digits,
    );
    return (cost) => (isNumber(cost) ? fixed(this.value(cost), decimals) : MISSING);
  }

  text(cost: number | null | undefined, digits = COST_DIGITS): string {
    return isNumber(cost) ? this.withUnit(this.bare(cost, digits)) : MISSING;
  }

  /** A difference, with its sign. */
  change(cost: number | null | undefined, digits = DIGITS): string {
    if (!isNumber(cost)) return MISSING;
    const sign = cost > 0 ? "+" : "";
    return this.withUnit(`${sign}${number(this.value(cost), digits)}`);
  }

  private withUnit(text: string): string {
    return this.unit ? `${text}${THIN}${this.unit}` : text;
  }
}
