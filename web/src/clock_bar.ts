/** The controls of the clock: play, step, speed, and the slider with what happens when. */

import { SPEEDS, type Clock } from "./clock";
import { h, replace, s } from "./dom";
import { number } from "./format";
import { setText } from "./row_list";

/** The longest time that passes between two pictures [s]: a page that slept does not leap. */
const LONGEST_S = 0.25;
/** The slider's steps in a frame. */
const PARTS = 20;
const STRIP = { width: 1000, height: 20 };

/** What happens in each frame: bars above the line and below it. */
export interface Happenings {
  above: ArrayLike<number>;
  below: ArrayLike<number>;
  /** What both are, for who points at them. */
  text: string;
}

export class ClockBar {
  readonly element: HTMLElement;
  readonly #clock: Clock;
  readonly #timeText: (at: number) => string;
  readonly #slider: HTMLInputElement;
  readonly #play: HTMLButtonElement;
  readonly #time: HTMLElement;
  readonly #strip: HTMLElement;
  #last_ms: number | null = null;
  #handle = 0;

  /** @param timeText the time of a moment, in words. */
  constructor(parent: HTMLElement, clock: Clock, timeText: (at: number) => string) {
    this.#clock = clock;
    this.#timeText = timeText;
    this.#slider = h("input", {
      type: "range",
      min: 0,
      max: clock.frames - 1,
      step: 1 / PARTS,
      value: 0,
      "aria-label": "Time",
      input: () => clock.seek(Number(this.#slider.value)),
      keydown: (event) => this.#key(event as KeyboardEvent),
    });
    this.#play = h("button", { type: "button", class: "play", click: () => this.toggle() }, "Play");
    this.#time = h("span", { class: "time" });
    this.#strip = h("div", { class: "strip", "aria-hidden": "true" });
    const step = (path: string, name: string, go: () => void): HTMLElement =>
      h(
        "button",
        { type: "button", class: "step", "aria-label": name, title: name, click: go },
        s("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, s("path", { d: path })),
      );
    const speed = h(
      "select",
      { "aria-label": "Speed", change: () => (clock.speed = Number(speed.value)) },
      SPEEDS.map((value) => h("option", { value, selected: value === clock.speed }, `${number(value)}×`)),
    );
    this.element = h(
      "div",
      { class: "clock-bar", role: "group", "aria-label": "Clock" },
      h(
        "div",
        { class: "buttons" },
        step("M3 3h2v10H3zM13 3v10L6 8z", "To the beginning", () => clock.seek(0)),
        step("M11 3v10L4 8z", "Back one frame", () => clock.step(-1)),
        this.#play,
        step("M5 3v10l7-5z", "On one frame", () => clock.step(1)),
        speed,
        this.#time,
      ),
      h("div", { class: "slider" }, this.#slider, this.#strip),
    );
    parent.append(this.element);
    clock.onTick(() => this.#write());
    this.#write();
  }

  /** Plays, or pauses. */
  toggle(): void {
    if (this.#clock.playing) this.#clock.pause();
    else this.#clock.play();
    this.#write();
    this.#last_ms = null;
    cancelAnimationFrame(this.#handle);
    if (this.#clock.playing) this.#handle = requestAnimationFrame((now_ms) => this.#turn(now_ms));
  }

  /** Draws what happens when below the slider. */
  showHappenings({ above, below, text }: Happenings): void {
    const { width, height } = STRIP;
    const bars = (values: ArrayLike<number>, from: number, direction: number): string => {
      const most = Math.max(1, ...Array.from(values));
      const step = width / Math.max(1, this.#clock.frames - 1);
      const wide = Math.max(1, Math.min(0.7 * step, 8));
      return Array.from(values, (value, frame) => {
        if (!(value > 0)) return "";
        const tall = Math.max(1.5, (value / most) * (height / 2 - 1));
        return `M${(frame * step - wide / 2).toFixed(1)},${from}h${wide.toFixed(1)}v${(direction * tall).toFixed(1)}h${(-wide).toFixed(1)}Z`;
      }).join("");
    };
    const middle = height / 2;
    replace(
      this.#strip,
      s(
        "svg",
        { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" },
        s("path", { class: "above", d: bars(above, middle - 0.5, -1) }),
        s("path", { class: "below", d: bars(below, middle + 0.5, 1) }),
        s("line", { class: "middle", x1: 0, x2: width, y1: middle, y2: middle }),
      ),
    );
    this.#strip.title = text;
  }

  destroy(): void {
    cancelAnimationFrame(this.#handle);
    this.#clock.pause();
    this.element.remove();
  }

  #turn(now_ms: number): void {
    if (this.#last_ms !== null) this.#clock.advance(Math.min((now_ms - this.#last_ms) / 1000, LONGEST_S));
    this.#last_ms = now_ms;
    if (this.#clock.playing) this.#handle = requestAnimationFrame((next_ms) => this.#turn(next_ms));
    else this.#write();
  }

  #key(event: KeyboardEvent): void {
    const { key } = event;
    const clock = this.#clock;
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageUp: clock.page,
      PageDown: -clock.page,
      Home: -clock.frames,
      End: clock.frames,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === " ") this.toggle();
    else if (Object.hasOwn(steps, key)) clock.step(steps[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #write(): void {
    const { at, playing } = this.#clock;
    this.#slider.value = String(at);
    const text = this.#timeText(at);
    setText(this.#time, text);
    if (this.#slider.getAttribute("aria-valuetext") !== text) this.#slider.setAttribute("aria-valuetext", text);
    setText(this.#play, playing ? "Pause" : "Play");
  }
}
