/** The clock of a run: which moment is shown, and how it goes on. */

/** Frames a second at speed 1. */
export const FRAMES_PER_SECOND = 2;

export const SPEEDS = [0.5, 1, 2, 4, 8, 16] as const;

/** How much of the run a page key skips. */
const PAGES = 10;

/** What a clock tells its listeners: the moment, and whether the frame is another one than at the last call. */
export type Tick = (at: number, isNewFrame: boolean) => void;

/**
 * A moment between the first and the last frame. Its whole part is the frame whose hosts hold; the rest says how far
 * users are on their way to the next. Nothing here knows of timers: who owns the clock calls `advance`.
 */
export class Clock {
  readonly frames: number;
  speed = 1;
  playing = false;
  #at = 0;
  #listeners: Tick[] = [];

  constructor(frames: number) {
    this.frames = Math.max(1, Math.floor(frames));
  }

  /** The moment, in frames. */
  get at(): number {
    return this.#at;
  }

  /** The frame whose hosts hold. */
  get frame(): number {
    return Math.floor(this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.frames - 1;
  }

  onTick(listener: Tick): void {
    this.#listeners.push(listener);
  }

  /** Goes to a moment, held within the run. */
  seek(at: number): void {
    const to = Math.min(Math.max(Number.isFinite(at) ? at : 0, 0), this.frames - 1);
    const before = this.frame;
    if (to === this.#at) return;
    this.#at = to;
    for (const listener of this.#listeners) listener(to, this.frame !== before);
  }

  /** Goes whole frames on or back: from between two frames, back is to the beginning of this one. */
  step(frames: number): void {
    const from = frames < 0 ? Math.ceil(this.#at) : this.frame;
    this.seek(from + frames);
  }

  /** What a page key skips: a tenth of the run, at least a frame. */
  get page(): number {
    return Math.max(1, Math.round((this.frames - 1) / PAGES));
  }

  /** Starts, from the beginning where the run is over; a run of one frame has nothing to play. */
  play(): void {
    if (this.frames < 2) return;
    if (this.isAtEnd) this.seek(0);
    this.playing = true;
  }

  pause(): void {
    this.playing = false;
  }

  /** Lets time pass, and stops at the end. */
  advance(seconds: number): void {
    if (!this.playing) return;
    this.seek(this.#at + seconds * this.speed * FRAMES_PER_SECOND);
    if (this.isAtEnd) this.playing = false;
  }
}

/**
 * The first frame that shows a slot or what came of it: of that slot, or of the next one that is shown; or else the last.
 *
 * @param frameSlot slot of each frame, which does not fall.
 */
export function frameOfSlot(frameSlot: ArrayLike<number>, slot: number): number {
  let low = 0;
  let high = frameSlot.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frameSlot[middle] < slot) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, Math.min(low, frameSlot.length - 1));
}

/** The slot of a moment between two frames, with its part. */
export function slotAt(frameSlot: ArrayLike<number>, at: number): number {
  if (frameSlot.length === 0) return 0;
  const frame = Math.min(Math.floor(at), frameSlot.length - 1);
  const next = frameSlot[Math.min(frame + 1, frameSlot.length - 1)];
  return frameSlot[frame] + (at - frame) * (next - frameSlot[frame]);
}

/** Seconds as `h:mm:ss`, or `m:ss` below an hour, with tenths where slots are shorter than a second. */
export function clockText(seconds: number, withTenths = false): string {
  const whole = Math.floor(seconds + 1e-9);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  const tenths = withTenths ? `.${Math.floor((seconds - whole + 1e-9) * 10)}` : "";
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}${tenths}` : `${minutes}:${two(whole % 60)}${tenths}`;
}
