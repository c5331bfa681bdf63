/** Colours, shapes and dashes: those of twinhop's figures (`output/kit/colours.py`), lighter in the dark. Shapes and markers are the page's own. */

/** Any two of the first eight differ in normal sight and without red, green or blue cones. */
export const HUES = [
  "#004773",
  "#e17a06",
  "#628568",
  "#2898fc",
  "#886f8d",
  "#6d2938",
  "#a20000",
  "#213bff",
  "#c9a500",
  "#2fa6a0",
  "#b5387a",
  "#7a7f35",
] as const;
const POLICY_HUES = HUES.slice(0, 8);

/** Shapes of users, taken in this order by the hosts that share a hue. */
const SHAPES = ["disc", "square", "triangle", "diamond", "bar", "ring"] as const;
export type Shape = (typeof SHAPES)[number];

/** Dashes of lines [pixels], taken in this order by policies that share a hue. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2], [9, 3, 2, 3]];

/** Marks of points, one a hue. */
const MARKERS = ["disc", "square", "triangle", "diamond", "down", "plus", "cross", "pentagon"] as const;
export type Marker = (typeof MARKERS)[number];

export interface Look {
  colour: string;
  shape: Shape;
}

export interface PolicyLook {
  colour: string;
  dash: number[];
  marker: Marker;
}

export interface Theme {
  dark: boolean;
  ink: string;
  muted: string;
  faint: string;
  paper: string;
  ground: string;
  area: string;
  link: string;
  accent: string;
  alarm: string;
  move: string;
}

export const LIGHT: Theme = {
  dark: false,
  ink: "#22262b",
  muted: "#59616a",
  faint: "#d9dde1",
  paper: "#ffffff",
  ground: "#f6f7f5",
  area: "#f3f5f4",
  link: "#c3cad0",
  accent: "#0b6e8f",
  alarm: "#c8102e",
  move: "#b5387a",
};

export const DARK: Theme = {
  dark: true,
  ink: "#e8ebee",
  muted: "#a3adb6",
  faint: "#343c44",
  paper: "#1b2127",
  ground: "#13181d",
  area: "#171d22",
  link: "#434d56",
  accent: "#62bfe0",
  alarm: "#ff7585",
  move: "#ff8ac4",
};

/** Least contrast of a mark against what it lies on. */
const MARK_CONTRAST = 3.2;

/** The colours that the reader's system asks for; paper is always light. */
export function theme(): Theme {
  if (typeof matchMedia === "undefined" || matchMedia("print").matches) return LIGHT;
  return matchMedia("(prefers-color-scheme: dark)").matches ? DARK : LIGHT;
}

/** A hue as it is drawn in a theme: in the dark, lighter until it stands out. */
export function inTheme(colour: string, { dark, area }: Theme): string {
  if (!dark) return colour;
  let shown = colour;
  for (let share = 0.1; contrast(shown, area) < MARK_CONTRAST && share < 1; share += 0.1) {
    shown = mixed(colour, "#ffffff", share);
  }
  return shown;
}

/** One look a place, so that near places differ in hue and places of one hue in shape.
 *
 * Each place takes the hue whose nearest earlier bearer is farthest.
 */
export function looksApart(x: ArrayLike<number>, y: ArrayLike<number>, places: readonly number[]): Map<number, Look> {
  const hues: number[] = [];
  const bearers = HUES.map(() => 0);
  const looks = new Map<number, Look>();
  for (const place of places) {
    const reach = HUES.map(() => Infinity);
    hues.forEach((hue, at) => {
      const other = places[at];
      reach[hue] = Math.min(reach[hue], Math.hypot(x[other] - x[place], y[other] - y[place]) || 0);
    });
    const most = Math.max(...reach);
    const hue = reach.reduce(
      (best, far, at) => (far === most && !(reach[best] === most && bearers[best] <= bearers[at]) ? at : best),
      0,
    );
    hues.push(hue);
    looks.set(place, { colour: HUES[hue], shape: SHAPES[bearers[hue] % SHAPES.length] });
    bearers[hue] += 1;
  }
  return looks;
}

/** Hue and dashes of the policies that come with twinhop, by number. */
const BUILT_IN: Record<string, readonly [number, number]> = {
  lagrangian: [0, 0],
  exact: [0, 1],
  maddpg: [1, 0],
  primal_dual: [1, 3],
  structured: [1, 0],
  learned: [1, 0],
  transfer: [1, 1],
  literal: [1, 2],
  "literal-penalty": [4, 1],
  flat: [3, 1],
  nearest: [2, 0],
  greedy: [3, 0],
  local_search: [4, 0],
  least_loaded: [5, 0],
  random: [6, 0],
  random_association: [6, 1],
  stay: [2, 0],
  follow_nearest: [3, 0],
  utility: [4, 0],
  utility_literal: [4, 1],
  myopic: [5, 0],
  hysteresis: [5, 1],
  lookahead: [6, 0],
  mdp_threshold: [6, 1],
  expected: [0, 0],
  replan: [0, 1],
  foresight: [1, 3],
};
/** The hue that no built-in policy has: policies of one's own take it first. */
const OWN_HUE = 7;
/** From here on dashes come again. */
const MOST_DASHES = 2 * DASHES.length;

/** The look of each policy: the same in every figure, no two alike in one, in whatever order they stand. */
export function policyLooks(names: readonly string[]): Map<string, PolicyLook> {
  const isOwn = (name: string) => 2 * Number(!isBuiltIn(name)) + Number(!isBuiltIn(basePolicy(name)));
  const order = [...new Set(names)].sort((a, b) => isOwn(a) - isOwn(b) || (a < b ? -1 : 1));
  const taken: (readonly [number, number])[] = [];
  for (const name of order) taken.push(freeLook(name, taken));
  return new Map(order.map((name, at) => [name, lookOf(...taken[at])]));
}

/** The policy of a name with settings: what stands before the colon, but for a file or module of one's own. */
function basePolicy(name: string): string {
  const base = name.split(":")[0];
  return isBuiltIn(base) ? base : name;
}

/** The first look that is free, of those that a name would have: its hue and dashes, by number. */
function freeLook(name: string, taken: readonly (readonly [number, number])[]): readonly [number, number] {
  const dashes = [...Array(MOST_DASHES).keys()];
  const policy = basePolicy(name);
  const base = isBuiltIn(policy) ? BUILT_IN[policy] : null;
  const order = base
    ? [base, ...dashes.map((dash) => [base[0], dash] as const)]
    : dashes.flatMap((dash) => ownHues(name, taken).map((hue) => [hue, dash] as const));
  return order.find(([hue, dash]) => !taken.some((look) => look[0] === hue && look[1] === dash)) ?? order[0];
}

/** The hues of a policy of one's own: the one kept for such, then those that the figure does not show yet. */
function ownHues(name: string, taken: readonly (readonly [number, number])[]): number[] {
  const shown = new Set(taken.map(([hue]) => hue));
  const start = checksum(name);
  const others = [...Array(OWN_HUE).keys()].map((step) => (start + step) % OWN_HUE);
  return [OWN_HUE, ...others.filter((hue) => !shown.has(hue)), ...others.filter((hue) => shown.has(hue))];
}

function lookOf(hue: number, dash: number): PolicyLook {
  const marker = MARKERS[(hue + dash * Number(dash > 1)) % MARKERS.length];
  return { colour: POLICY_HUES[hue], dash: [...DASHES[dash % DASHES.length]], marker };
}

const isBuiltIn = (name: string) => Object.hasOwn(BUILT_IN, name);

/** CRC-32 of a text in UTF-8. */
function checksum(text: string): number {
  let sum = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** Two colours mixed; `share` of the second. */
export function mixed(first: string, second: string, share: number): string {
  const [a, b] = [channels(first), channels(second)];
  return `#${a.map((value, at) => hex(Math.round(value + (b[at] - value) * share))).join("")}`;
}

/** Contrast of two colours as WCAG counts it, 1 to 21. */
export function contrast(first: string, second: string): number {
  const [a, b] = [luminance(first), luminance(second)].sort((one, other) => other - one);
  return (a + 0.05) / (b + 0.05);
}

/** Ink or paper, whichever is read better on a colour. */
export function inkOn(colour: string): string {
  return contrast(colour, "#ffffff") >= contrast(colour, "#14181c") ? "#ffffff" : "#14181c";
}

function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const channels = (colour: string) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const hex = (value: number) => value.toString(16).padStart(2, "0");
