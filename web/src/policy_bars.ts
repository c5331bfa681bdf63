/** Costs of policies as bars, with the certified bound as a line and what is above it hatched. */

import { h, s, uniqueId } from "./dom";

/** Colours of the parts of a cost, the same in all of twinhop's figures. */
const TERM_COLOURS: Record<string, string> = {
  communication: "#0b6e8f",
  computing: "#7fb3c8",
  moves: "#b5387a",
  opening: "#e0a030",
  energy: "#8aa39b",
};
const OTHER_COLOURS = ["#886f8d", "#628568", "#7a7f35"];
/** Room at the right of the longest bar [share]. */
const ROOM = 0.02;

export interface Bar {
  name: string;
  cost: number;
  /** Parts that add up to the cost; none: the bar has one colour. */
  terms: { name: string; cost: number }[];
  /** It breaks limits: the bound says nothing of it. */
  broken?: boolean;
  /** What is written behind the bar. */
  text: string;
  note: string;
}

/** The figure; a click on a bar picks it. */
export function policyBars(
  parent: HTMLElement,
  bars: readonly Bar[],
  bound: { value: number; text: string } | null,
  onPick: (index: number) => void,
): void {
  const most = Math.max(...bars.map(({ cost }) => cost), bound?.value ?? 0) * (1 + ROOM);
  if (!(most > 0)) return;
  const share = (value: number): string => `${((100 * Math.max(0, value)) / most).toFixed(3)}%`;
  const names = [...new Set(bars.flatMap(({ terms }) => terms.map(({ name }) => name)))];
  const colours = new Map(
    names.map((name, at) => [name, TERM_COLOURS[name] ?? OTHER_COLOURS[at % OTHER_COLOURS.length]]),
  );
  const rows = bars.map((bar, index) => {
    const draw = (): SVGSVGElement => barPicture(bar, bound?.value ?? null, share, colours);
    const button = h("button", { type: "button", class: "row-name", click: () => onPick(index) }, bar.name);
    return h(
      "li",
      {},
      button,
      h("div", { class: "policy-bar", "aria-hidden": "true" }, draw()),
      h("span", { class: "policy-cost" }, bar.text, h("small", { class: bar.broken ? "bad" : null }, bar.note)),
    );
  });
  const legend = names.map((name) =>
    h("li", {}, s("svg", { width: 14, height: 12, "aria-hidden": "true" }, block(colours.get(name) ?? "")), name),
  );
  if (bound !== null) {
    legend.push(
      h("li", {}, s("svg", { width: 14, height: 12, "aria-hidden": "true" }, boundLine("7", 12)), bound.text),
    );
  }
  parent.append(
    h(
      "figure",
      { class: "policy-bars" },
      h("ol", { class: "policy-rows" }, rows),
      h("ul", { class: "chart-legend", "aria-label": "Colours of the bars" }, legend),
    ),
  );
}

function barPicture(
  bar: Bar,
  bound: number | null,
  share: (value: number) => string,
  colours: Map<string, string>,
): SVGSVGElement {
  const hatch = uniqueId("hatch");
  let from = 0;
  const parts = (bar.terms.length > 0 ? bar.terms : [{ name: "", cost: bar.cost }]).map(({ name, cost }) => {
    const part = s("rect", {
      x: share(from),
      y: 3,
      width: share(cost),
      height: 16,
      fill: colours.get(name) ?? "#0b6e8f",
    });
    from += cost;
    return part;
  });
  const isAbove = bound !== null && bar.broken !== true && bar.cost > bound;
  return s(
    "svg",
    { width: "100%", height: 22 },
    s(
      "defs",
      {},
      s(
        "pattern",
        { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        s("rect", { width: 2.5, height: 6, class: "bar-hatch" }),
      ),
    ),
    parts,
    isAbove && s("rect", { x: share(bound), y: 3, width: share(bar.cost - bound), height: 16, fill: `url(#${hatch})` }),
    bound !== null && boundLine(share(bound), 22),
  );
}

function boundLine(x: string, height: number): SVGLineElement {
  return s("line", { x1: x, x2: x, y1: 0, y2: height, class: "bound-line" });
}

function block(colour: string): SVGRectElement {
  return s("rect", { x: 1, y: 1, width: 12, height: 10, rx: 2, fill: colour });
}
