/** The certificate as a picture: what no plan can cost less than, what this one costs, and what lies between. */

import type { Plan } from "./contract";
import { h, replace, s, uniqueId } from "./dom";
import { percent, type CostFormat } from "./format";

/** A gap below this share is none: what rounding leaves. */
const NO_GAP = 1e-9;
/** Above this share the gap is seen without a lens. */
const SEEN = 0.08;
/** Room of the lens on both sides of the gap, in gaps. */
const ROOM = 0.8;

export interface CertificateNumbers {
  cost: number;
  bound: number | null;
  /** (cost - bound) / bound, as the plan states it. */
  gap: number | null;
}

/** Cost, bound and gap of a plan; null where there is none. */
export function certificateOf({ cost, lower_bound, gap }: Plan): CertificateNumbers {
  const bound = lower_bound ?? null;
  if (bound === null) return { cost, bound, gap: null };
  return { cost, bound, gap: gap ?? (bound > 0 ? (cost - bound) / bound : null) };
}

/** What the certificate says, in words. */
export function certificateText({ cost, bound, gap }: CertificateNumbers, format: CostFormat): string {
  if (bound === null || gap === null) {
    return `This plan costs ${format.text(cost)}. No bound comes with it, so how far it is from the best is not known.`;
  }
  if (gap <= NO_GAP) return `This plan costs ${format.text(cost)}, and it is proved that no plan costs less.`;
  return (
    `This plan costs ${format.text(cost)}. It is proved that no plan costs less than ${format.text(bound)}: ` +
    `the best there is can be at most ${percent(gap)} better.`
  );
}

/** How the number line is laid out [same unit as the cost]: its ends, and whether it is magnified. */
export function lens({ cost, bound, gap }: CertificateNumbers): { low: number; high: number; magnified: boolean } {
  if (bound === null || gap === null || gap <= NO_GAP || gap > SEEN || cost <= 0) {
    return { low: 0, high: Math.max(cost, 0) * 1.25 || 1, magnified: false };
  }
  const width = cost - bound;
  return { low: bound - ROOM * width, high: cost + ROOM * width, magnified: true };
}

/** The picture with its sentence; drawn anew when its width changes. */
export class CertificatePicture {
  readonly element = h("figure", { class: "certificate" });
  private readonly holder = h("div", { class: "certificate-picture" });
  private readonly caption = h("figcaption");
  private readonly observer = new ResizeObserver(() => this.draw());
  private numbers: CertificateNumbers = { cost: 0, bound: null, gap: null };
  private drawnWidth = 0;

  constructor(
    parent: HTMLElement,
    private readonly format: CostFormat,
  ) {
    this.element.append(this.caption, this.holder);
    parent.append(this.element);
    this.observer.observe(this.holder);
  }

  show(plan: Plan): void {
    this.numbers = certificateOf(plan);
    this.drawnWidth = 0;
    replace(this.caption, certificateText(this.numbers, this.format));
    this.draw();
  }

  destroy(): void {
    this.observer.disconnect();
    this.element.remove();
  }

  private draw(): void {
    const width = Math.round(this.holder.clientWidth);
    if (width === 0 || width === this.drawnWidth) return;
    this.drawnWidth = width;
    const { bound, gap } = this.numbers;
    this.holder.hidden = bound === null || gap === null;
    if (bound === null || gap === null) return;
    replace(this.holder, picture(this.numbers, bound, gap, width, this.format));
  }
}

function picture(
  numbers: CertificateNumbers,
  bound: number,
  gap: number,
  width: number,
  format: CostFormat,
): SVGElement {
  const { low, high, magnified } = lens(numbers);
  const { cost } = numbers;
  const left = 1;
  const right = width - 1;
  const at = (value: number) => left + ((right - left) * (value - low)) / (high - low);
  const top = magnified ? 60 : 12;
  const tall = 40;
  const below = top + tall;
  const hatch = uniqueId("hatch");
  const [boundX, costX] = [at(bound), at(cost)];
  const proved = gap <= NO_GAP;
  const parts: SVGElement[] = [
    s(
      "defs",
      {},
      s(
        "pattern",
        { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        s("path", { d: "M0 0V6", class: "cert-hatch" }),
      ),
    ),
    s("rect", { x: left, y: top, width: right - left, height: tall, class: "cert-ground" }),
    s("rect", { x: left, y: top, width: boundX - left, height: tall, fill: `url(#${hatch})` }),
    s("rect", { x: boundX, y: top, width: Math.max(costX - boundX, 0), height: tall, class: "cert-gap" }),
  ];
  if (magnified) parts.push(...overview(numbers, low, left, right, top, format));
  parts.push(
    s("path", { d: `M${boundX} ${top - 4}V${below + 6}`, class: "cert-bound" }),
    s("path", { d: `M${costX} ${top - 4}V${below + 6}`, class: "cert-cost" }),
    label((left + boundX) / 2, top + tall / 2, "no plan here", "cert-quiet", boundX - left),
  );
  if (proved) {
    parts.push(twoLines(costX, below + 20, "this plan = the best", format.text(cost), "cert-cost-text", width));
  } else {
    const inside = gap > SEEN || costX - boundX > 60 ? percent(gap) : "";
    parts.push(
      label((boundX + costX) / 2, top + tall / 2, inside, "cert-strong", costX - boundX),
      twoLines(boundX, below + 20, "proved bound", format.text(numbers.bound), "cert-bound-text", width, costX),
      twoLines(costX, below + 20, "this plan", format.text(cost), "cert-cost-text", width, boundX),
    );
  }
  const height = below + 42;
  const name = certificateText(numbers, format);
  return s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name }, ...parts);
}

/** The whole cost from zero, and the lens that its last piece is seen through. */
function overview(
  { cost }: CertificateNumbers,
  low: number,
  left: number,
  right: number,
  top: number,
  format: CostFormat,
): SVGElement[] {
  const end = left + (right - left) * 0.92;
  const from = left + (end - left) * (low / cost);
  return [
    s("rect", { x: left, y: 18, width: end - left, height: 10, rx: 2, class: "cert-whole" }),
    s("path", { d: `M${from} 28L${left} ${top}H${right}L${end + 1} 28Z`, class: "cert-lens" }),
    s("rect", { x: from, y: 16, width: Math.max(end - from, 2), height: 14, class: "cert-window" }),
    s("text", { x: left, y: 11, class: "cert-quiet" }, "0"),
    s("text", { x: end, y: 11, class: "cert-quiet", "text-anchor": "end" }, format.text(cost, 3)),
  ];
}

/** A text in the middle of a room; none where the room is too small. */
function label(x: number, y: number, text: string, name: string, room: number): SVGElement {
  const fits = room > text.length * 6.6 + 8;
  return s("text", { x, y: y + 4, class: name, "text-anchor": "middle" }, fits ? text : "");
}

/** A name over its figure under a mark, inside the picture and away from the other mark. */
function twoLines(
  x: number,
  y: number,
  name: string,
  figure: string,
  look: string,
  width: number,
  other?: number,
): SVGElement {
  const half = Math.max(name.length, figure.length) * 3.7;
  const near = other !== undefined && Math.abs(other - x) < 2 * half + 8;
  const toLeft = near && other > x;
  const anchor = near ? (toLeft ? "end" : "start") : "middle";
  const [least, most] = { start: [0, width - 2 * half], middle: [half, width - half], end: [2 * half, width] }[anchor];
  const place = Math.min(Math.max(x, least), Math.max(least, most));
  return s(
    "text",
    { class: look, "text-anchor": anchor },
    s("tspan", { x: place, y, class: "cert-name" }, name),
    s("tspan", { x: place, y: y + 16 }, figure),
  );
}
