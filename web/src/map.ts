/**
 * The map: stations and backhaul, users by the host of their twin, pan and zoom, hover and choice.
 *
 * Three canvases lie on one another: the ground, the users, and the stations with their names. Whoever shows frames
 * redraws the upper two.
 */

import { select as pick, type Selection as Picked } from "d3-selection";
import { zoom as zoomOf, zoomIdentity, type D3ZoomEvent, type ZoomBehavior, type ZoomTransform } from "d3-zoom";

import type { Column, Page, Plan } from "./contract";
import { append, h } from "./dom";
import { areAtStations, aspectOf, crowdOf, extentOf, stepsAside } from "./extent";
import { count as countText, distance } from "./format";
import { placeNames, type Box, type Name } from "./labels";
import { mapLegend } from "./legend";
import { drawStation, drawUser, markWidth, type StationMark } from "./marks";
import { inkOn, inTheme, LIGHT, looksApart, theme, type Look, type Theme } from "./palette";
import { userName } from "./page_parts";
import { pixelOf, UserRaster } from "./raster";
import { SpatialIndex } from "./spatial_index";

export type Selection = { station: number } | { user: number } | null;

export interface MapOptions {
  /** What the canvas is called; the sentence that describes it is added. */
  title?: string;
  onSelect?: (selection: Selection) => void;
  onHover?: (selection: Selection) => void;
  /** Lines of the box beside the pointer, the first is its heading. */
  describe?: (selection: NonNullable<Selection>) => string[];
  legend?: boolean;
}

/** Where everybody is now; arrays of N users or M stations, kept until the next call. */
export interface FrameState {
  x: Column;
  y: Column;
  present?: Column | null;
  host: Column;
  access?: Column | null;
  late?: Column | null;
  /** (M,) 0 where a station is down. */
  up?: Column | null;
  /** (M,) share of the CPU in use. */
  load?: Column | null;
  /** Stations that are open; else those that host somebody. */
  open?: Column | null;
  /** Users to put a ring around: those that move now. */
  marked?: ArrayLike<number> | null;
  /** Twins that move now, drawn as arrows from host to host. */
  moves?: readonly MapMove[];
}

export interface MapMove {
  user: number;
  from: number;
  to: number;
}

/** Where a map is looked at: its zoom, and its shift in widths and heights of the map. */
export interface MapPlace {
  k: number;
  x: number;
  y: number;
}

/** Above so many users in sight they are drawn as squares, not as shapes. */
const MOST_SHAPES = 3000;
/** How strongly users of other hosts are drawn when one host is chosen. */
const DIMMED = 0.18;
/** Most lines from a chosen station to its users. */
const MOST_LINES = 1500;
/** With more stations in sight, those without users stay nameless. */
const MOST_NAMES = 40;
const MOST_ZOOM = 80;
const STATION_REACH_PX = 14;
const USER_REACH_PX = 9;
/** How far an arrow of a move is bent [share of its length], and its tip's distance from the host. */
const MOVE_BEND = 0.16;
const MOVE_TIP_PX = 13;
const KEY_PAN_PX = 60;
const KEY_ZOOM = 1.4;
const MARGIN_PX = 18;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const NAME_FONT = `600 12px ${FONT}`;
const QUIET_FONT = `400 12px ${FONT}`;
/** Room round a name for its rim [pixels]. */
const NAME_EDGE = 2;
const NOBODY = -1;

/** A station that is in sight, and how much its name matters: down, open, closed, radio only. */
interface ShownStation {
  station: number;
  x: number;
  y: number;
  half: number;
  tall: number;
  rank: number;
}

interface PlacedName {
  image: HTMLCanvasElement;
  x: number;
  y: number;
}

export class MapView {
  readonly element: HTMLElement;
  /** Told when who looks at the map moves or zooms it. */
  onMove: ((place: MapPlace) => void) | null = null;
  private readonly ground = layer();
  private readonly people = layer();
  private readonly top = layer();
  private readonly tip = h("div", { class: "map-tip", hidden: true });
  private readonly looks: Map<number, Look>;
  private readonly stationX: Float64Array;
  private readonly stationY: Float64Array;
  private readonly stationIndex: SpatialIndex;
  private readonly zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
  private readonly zoomed: Picked<HTMLCanvasElement, unknown, null, undefined>;
  private readonly observer: ResizeObserver;
  private readonly cleaning: (() => void)[] = [];
  private readonly stations: number;
  private readonly bounds: Box;
  /** Where the users are, if that is a small part of the map. */
  private readonly crowd: Box | null;
  private transform: ZoomTransform = zoomIdentity;
  /** Users who are where their station is, are drawn beside it [pixels]. */
  private readonly aside: { x: Float32Array; y: Float32Array } | null;
  private width = 0;
  private height = 0;
  private ratio = 1;
  private colours: Theme = theme();
  private given: FrameState | null = null;
  private state: FrameState | null = null;
  private userIndex: SpatialIndex | null = null;
  private hosted: Int32Array;
  private lateHosted: Int32Array;
  private order = new Int32Array(0);
  private chosen: Selection = null;
  private hovered: Selection = null;
  private sprites = new Map<string, HTMLCanvasElement>();
  private readonly raster = new UserRaster();
  private names: { key: string; placed: PlacedName[] } = { key: "", placed: [] };
  private drawing = 0;
  /** Browsers print what is drawn as it is recorded, and what one layer clears is gone from those below: all on one. */
  private printing = false;
  private groundStale = true;

  constructor(
    parent: HTMLElement,
    private readonly page: Page,
    private readonly options: MapOptions = {},
  ) {
    const { stations } = page;
    this.stations = stations?.count ?? 0;
    this.bounds = extentOf(page);
    this.crowd = crowdOf(page, this.bounds);
    this.aside = areAtStations(page, this.bounds) ? stepsAside(page.users?.count ?? 0) : null;
    [this.stationX, this.stationY] = stationPlaces(page, this.bounds);
    this.stationIndex = new SpatialIndex(this.stationX, this.stationY);
    this.looks = hostLooks(page, this.stationX, this.stationY);
    this.hosted = new Int32Array(this.stations);
    this.lateHosted = new Int32Array(this.stations);
    const canvas = this.top;
    canvas.setAttribute("role", "img");
    canvas.tabIndex = 0;
    const stage = h("div", { class: "map-stage" }, this.ground, this.people, canvas, this.tip, this.buttons());
    stage.style.setProperty("--aspect", aspectOf(this.bounds).toFixed(3));
    this.element = h("figure", { class: "map" }, stage);
    if (options.legend !== false) append(this.element, mapLegend(page));
    parent.append(this.element);
    this.zoomed = pick(canvas);
    this.zoom = zoomOf<HTMLCanvasElement, unknown>()
      .scaleExtent([1, MOST_ZOOM])
      .filter((event: Event) => this.isForMap(event))
      .on("zoom", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => this.moved(event.transform));
    this.zoomed.call(this.zoom).on("dblclick.zoom", null);
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(stage);
    this.resize();
    this.describeMap();
  }

  /** Show a plan. */
  showPlan(plan: Plan): void {
    const { users } = this.page;
    const none = new Float32Array(users?.count ?? 0).fill(NaN);
    this.show({
      x: users?.x_m ?? none,
      y: users?.y_m ?? none,
      host: plan.host,
      access: plan.access,
      late: plan.late,
      load: plan.station?.cpu_used,
      open: plan.open ? openOf(plan.open, this.stations) : null,
    });
    this.describeMap();
  }

  /** Show where everybody is at one time. */
  showFrame(state: FrameState): void {
    const isFirst = this.state === null;
    this.show(state);
    if (isFirst) this.describeMap();
  }

  /** Choose a station or a user, as a click does, but without telling `onSelect`. */
  select(selection: Selection): void {
    this.chosen = selection;
    const place = selection && this.place(selection);
    if (place) this.bringIntoSight(place);
    this.redraw();
  }

  get selection(): Selection {
    return this.chosen;
  }

  /** How a host is drawn, for tables and legends beside the map. */
  look(station: number): Look | undefined {
    const look = this.looks.get(station);
    return look && { ...look, colour: inTheme(look.colour, this.colours) };
  }

  /** Where the map is looked at. */
  get seen(): MapPlace {
    const { k, x, y } = this.transform;
    return { k, x: x / Math.max(this.width, 1), y: y / Math.max(this.height, 1) };
  }

  /** Look at the same place as another map, without telling. */
  follow({ k, x, y }: MapPlace): void {
    const to = zoomIdentity.translate(x * this.width, y * this.height).scale(k);
    this.quietly(() => this.zoomed.call((picked) => this.zoom.transform(picked, to)));
  }

  /** The whole area again. */
  reset(): void {
    this.zoomed.call((picked) => this.zoom.transform(picked, zoomIdentity));
  }

  /** Where the users are. */
  showCrowd(): void {
    this.zoomed.call((picked) => this.zoom.transform(picked, this.home()));
  }

  private home(): ZoomTransform {
    const { crowd } = this;
    if (crowd === null || this.width === 0) return zoomIdentity;
    const { fit, middleX, middleY } = this.fit();
    const [width, height] = [this.width - 2 * MARGIN_PX, this.height - 2 * MARGIN_PX];
    const k = Math.min(width / (crowd.right - crowd.left), height / (crowd.bottom - crowd.top)) / fit;
    if (!(k > 1)) return zoomIdentity;
    const to = Math.min(k, MOST_ZOOM);
    const x = to * fit * ((crowd.left + crowd.right) / 2 - middleX);
    const y = to * fit * ((crowd.top + crowd.bottom) / 2 - middleY);
    return zoomIdentity.translate((this.width * (1 - to)) / 2 - x, (this.height * (1 - to)) / 2 + y).scale(to);
  }

  destroy(): void {
    cancelAnimationFrame(this.drawing);
    this.observer.disconnect();
    for (const clean of this.cleaning) clean();
    this.element.remove();
  }

  /** Draw at once what waits to be drawn. */
  draw(): void {
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    if (this.width === 0) return;
    if (this.groundStale) this.drawGround();
    this.groundStale = false;
    this.drawPeople();
    this.drawTop();
  }

  private show(state: FrameState): void {
    this.given = state;
    this.state = state;
    this.stepAside();
    this.countUsers(state);
    this.redraw();
  }

  /** Users at their stations are drawn beside them, whatever the zoom. */
  private stepAside(): void {
    const { given, aside } = this;
    this.userIndex = null;
    if (given === null || aside === null || this.width === 0) return;
    const { scale } = this.scale();
    const users = given.x.length;
    const [x, y] = [new Float32Array(users), new Float32Array(users)];
    for (let i = 0; i < users; i++) {
      x[i] = given.x[i] + aside.x[i] / scale;
      y[i] = given.y[i] + aside.y[i] / scale;
    }
    this.state = { ...given, x, y };
  }

  private countUsers({ host, late, present }: FrameState): void {
    this.hosted.fill(0);
    this.lateHosted.fill(0);
    const users = host.length;
    if (this.order.length !== users) this.order = new Int32Array(users);
    for (let i = 0; i < users; i++) {
      const at = host[i];
      if (at < 0 || present?.[i] === 0) continue;
      this.hosted[at] += 1;
      if (late && late[i] !== 0) this.lateHosted[at] += 1;
    }
  }

  private redraw(): void {
    if (this.drawing === 0) this.drawing = requestAnimationFrame(() => this.draw());
  }

  private resize(): void {
    const box = this.element.querySelector(".map-stage")?.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(box?.width ?? 0), Math.round(box?.height ?? 0)];
    if (width === this.width && height === this.height && ratio === this.ratio) return;
    const isFirst = this.width === 0;
    const { seen } = this;
    [this.width, this.height, this.ratio] = [width, height, ratio];
    for (const canvas of [this.ground, this.people, this.top]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.zoom.extent([
      [0, 0],
      [width, height],
    ]);
    this.zoom.translateExtent([
      [0, 0],
      [width, height],
    ]);
    this.groundStale = true;
    this.sprites.clear();
    if (isFirst) {
      this.quietly(() => this.showCrowd());
      this.redraw();
    } else {
      this.follow(seen);
      this.draw();
    }
  }

  /** Do something without telling who listens to moves of the map. */
  private quietly(act: () => void): void {
    const { onMove } = this;
    this.onMove = null;
    act();
    this.onMove = onMove;
  }

  private recolour(colours: Theme): void {
    this.colours = colours;
    this.sprites.clear();
    this.groundStale = true;
    this.draw();
  }

  private moved(transform: ZoomTransform): void {
    this.transform = transform;
    this.stepAside();
    this.groundStale = true;
    this.tip.hidden = true;
    this.onMove?.(this.seen);
    this.redraw();
  }

  /** Offset and scale of metres to pixels: x = left + scale x_m, y = low - scale y_m. */
  private scale(): { left: number; low: number; scale: number } {
    const { k, x, y } = this.transform;
    const { fit, middleX, middleY } = this.fit();
    const scale = fit * k;
    return {
      scale,
      left: x + (k * this.width) / 2 - scale * middleX,
      low: y + (k * this.height) / 2 + scale * middleY,
    };
  }

  /** The scale at which the whole extent fits, and its middle. */
  private fit(): { fit: number; middleX: number; middleY: number } {
    const { left, right, top, bottom } = this.bounds;
    const [width, height] = [this.width - 2 * MARGIN_PX, this.height - 2 * MARGIN_PX];
    const fit = Math.min(width / (right - left), height / (bottom - top));
    return { fit, middleX: (left + right) / 2, middleY: (top + bottom) / 2 };
  }

  private drawGround(): void {
    const g = this.begin(this.ground);
    const { left, low, scale } = this.scale();
    const { bounds, colours } = this;
    g.fillStyle = colours.ground;
    g.fillRect(0, 0, this.width, this.height);
    const area = [
      left + scale * bounds.left,
      low - scale * bounds.bottom,
      scale * (bounds.right - bounds.left),
      scale * (bounds.bottom - bounds.top),
    ] as const;
    g.fillStyle = colours.area;
    g.fillRect(...area);
    g.strokeStyle = colours.faint;
    g.lineWidth = 1;
    g.strokeRect(...area);
    const { links } = this.page.map ?? {};
    g.strokeStyle = colours.link;
    g.lineWidth = 1.25;
    const nodes = this.page.map?.nodes;
    const x = (m: number) =>
      left + scale * (m < this.stations ? this.stationX[m] : (nodes?.x_m[m - this.stations] ?? 0));
    const y = (m: number) =>
      low - scale * (m < this.stations ? this.stationY[m] : (nodes?.y_m[m - this.stations] ?? 0));
    g.beginPath();
    for (let at = 0; links && at + 1 < links.length; at += 2) {
      g.moveTo(x(links[at]), y(links[at]));
      g.lineTo(x(links[at + 1]), y(links[at + 1]));
    }
    g.stroke();
    g.fillStyle = colours.link;
    for (let node = this.stations; node < this.stations + (nodes?.x_m.length ?? 0); node++) {
      g.fillRect(x(node) - 1.5, y(node) - 1.5, 3, 3);
    }
  }

  private drawPeople(): void {
    const g = this.begin(this.people);
    const { state } = this;
    if (!state) return;
    const sorted = this.byHost(state);
    const inSight = sorted.count;
    const plain = inSight > MOST_SHAPES;
    const size = userSize(inSight, this.transform.k);
    const { left, low, scale } = this.scale();
    const { x, y, late } = state;
    const chosen = this.chosen && "station" in this.chosen ? this.chosen.station : null;
    const dim = (host: number) => chosen !== null && chosen !== host;
    if (plain) {
      this.rasterPeople(g, state, sorted.groups, size, dim);
      return;
    }
    for (const [host, from, to] of sorted.groups) {
      const look = this.looks.get(host);
      const colour = look ? inTheme(look.colour, this.colours) : this.colours.muted;
      const sprite = this.sprite(look?.shape ?? "ring", colour, size);
      const half = sprite.width / this.ratio / 2;
      g.globalAlpha = dim(host) ? DIMMED : 1;
      for (let at = from; at < to; at++) {
        const i = this.order[at];
        g.drawImage(sprite, left + scale * x[i] - half, low - scale * y[i] - half, 2 * half, 2 * half);
      }
    }
    if (late) {
      const sprite = this.sprite("late", this.colours.alarm, size + 2.5);
      const half = sprite.width / this.ratio / 2;
      for (const [host, from, to] of sorted.groups) {
        g.globalAlpha = dim(host) ? DIMMED : 1;
        for (let at = from; at < to; at++) {
          const i = this.order[at];
          if (late[i] === 0) continue;
          g.drawImage(sprite, left + scale * x[i] - half, low - scale * y[i] - half, 2 * half, 2 * half);
        }
      }
    }
    g.globalAlpha = 1;
  }

  /** Users as squares and crosses of pixels: what many users leave time for. */
  private rasterPeople(
    g: CanvasRenderingContext2D,
    { x, y, late }: FrameState,
    groups: readonly [number, number, number][],
    size: number,
    dim: (host: number) => boolean,
  ): void {
    const { ratio, raster, order } = this;
    const { left, low, scale } = this.scale();
    const side = Math.max(Math.round(size * ratio), 2);
    const half = Math.round(2 * ratio);
    raster.begin(this.people.width, this.people.height);
    for (const [host, from, to] of groups) {
      const look = this.looks.get(host);
      const colour = look ? inTheme(look.colour, this.colours) : this.colours.muted;
      const pixel = pixelOf(colour, dim(host) ? DIMMED : 1);
      for (let at = from; at < to; at++) {
        const i = order[at];
        raster.square((left + scale * x[i]) * ratio, (low - scale * y[i]) * ratio, side, pixel);
      }
    }
    for (const [host, from, to] of late ? groups : []) {
      const alpha = dim(host) ? DIMMED : 1;
      const [pixel, ground] = [pixelOf(this.colours.alarm, alpha), pixelOf(this.colours.area, alpha)];
      for (let at = from; at < to; at++) {
        const i = order[at];
        if (late?.[i]) raster.cross((left + scale * x[i]) * ratio, (low - scale * y[i]) * ratio, half, pixel, ground);
      }
    }
    raster.put(g);
  }

  /** Users in sight in the order of their hosts: groups of [host, first, end) of `order`. */
  private byHost({ x, y, host, present }: FrameState): { groups: [number, number, number][]; count: number } {
    const { left, low, scale } = this.scale();
    const start = new Int32Array(this.stations + 2);
    const [most, tallest] = [this.width + 8, this.height + 8];
    const inSight = (i: number) => {
      if (present?.[i] === 0) return false;
      const px = left + scale * x[i];
      const py = low - scale * y[i];
      return px > -8 && px < most && py > -8 && py < tallest;
    };
    for (let i = 0; i < host.length; i++) if (inSight(i)) start[host[i] + 2] += 1;
    for (let m = 1; m < start.length; m++) start[m] += start[m - 1];
    const next = start.slice();
    for (let i = 0; i < host.length; i++) if (inSight(i)) this.order[next[host[i] + 1]++] = i;
    const groups: [number, number, number][] = [];
    for (let m = NOBODY; m < this.stations; m++) {
      const [from, to] = [start[m + 1], next[m + 1]];
      if (to > from) groups.push([m, from, to]);
    }
    return { groups, count: next[this.stations] };
  }

  private drawTop(): void {
    const g = this.begin(this.top);
    if (this.printing)
      for (const below of [this.ground, this.people]) g.drawImage(below, 0, 0, this.width, this.height);
    this.drawLines(g);
    this.drawStations(g);
    this.drawScaleBar(g);
  }

  private drawLines(g: CanvasRenderingContext2D): void {
    const { state } = this;
    if (!state) return;
    const { left, low, scale } = this.scale();
    const at = (x: number, y: number) => [left + scale * x, low - scale * y] as const;
    const ring = (i: number, colour: string, radius: number) => {
      g.strokeStyle = colour;
      g.lineWidth = 2;
      g.beginPath();
      g.arc(...at(state.x[i], state.y[i]), radius, 0, 2 * Math.PI);
      g.stroke();
    };
    const marked = state.marked ?? [];
    for (let at = 0; at < marked.length; at++) ring(marked[at], this.colours.ink, 6);
    for (const move of state.moves ?? []) this.drawMove(g, move, at);
    if (this.hovered && "user" in this.hovered) ring(this.hovered.user, this.colours.muted, 7);
    const { chosen } = this;
    if (!chosen) return;
    if ("user" in chosen) {
      const i = chosen.user;
      const line = (station: number, dash: number[], colour: string) => {
        if (station < 0) return;
        g.strokeStyle = colour;
        g.lineWidth = 2;
        g.setLineDash(dash);
        g.beginPath();
        g.moveTo(...at(state.x[i], state.y[i]));
        g.lineTo(...at(this.stationX[station], this.stationY[station]));
        g.stroke();
        g.setLineDash([]);
      };
      if (state.access && state.access[i] !== state.host[i]) line(state.access[i], [3, 3], this.colours.muted);
      line(state.host[i], [], this.colours.ink);
      ring(i, this.colours.ink, 8);
      return;
    }
    const look = this.looks.get(chosen.station);
    g.strokeStyle = look ? inTheme(look.colour, this.colours) : this.colours.muted;
    g.globalAlpha = 0.45;
    g.lineWidth = 1;
    g.beginPath();
    let lines = 0;
    for (let i = 0; i < state.host.length && lines < MOST_LINES; i++) {
      if (state.host[i] !== chosen.station || state.present?.[i] === 0) continue;
      g.moveTo(...at(state.x[i], state.y[i]));
      g.lineTo(...at(this.stationX[chosen.station], this.stationY[chosen.station]));
      lines += 1;
    }
    g.stroke();
    g.globalAlpha = 1;
  }

  /** An arrow from the old host of a twin to its new one, bent to the left of its way, and a dashed ring at its user. */
  private drawMove(
    g: CanvasRenderingContext2D,
    { user, from, to }: MapMove,
    at: (x: number, y: number) => readonly [number, number],
  ): void {
    const { state } = this;
    if (!state || from < 0 || to < 0) return;
    const [x0, y0] = at(this.stationX[from], this.stationY[from]);
    const [x1, y1] = at(this.stationX[to], this.stationY[to]);
    const [midX, midY] = [(x0 + x1) / 2 + MOVE_BEND * (y1 - y0), (y0 + y1) / 2 - MOVE_BEND * (x1 - x0)];
    const bent = (colour: string, width: number) => {
      g.strokeStyle = colour;
      g.lineWidth = width;
      g.beginPath();
      g.moveTo(x0, y0);
      g.quadraticCurveTo(midX, midY, x1, y1);
      g.stroke();
    };
    bent(this.colours.area, 4.5);
    bent(this.colours.accent, 2);
    const angle = Math.atan2(y1 - midY, x1 - midX);
    const [tipX, tipY] = [x1 - MOVE_TIP_PX * Math.cos(angle), y1 - MOVE_TIP_PX * Math.sin(angle)];
    g.fillStyle = this.colours.accent;
    g.beginPath();
    g.moveTo(tipX, tipY);
    for (const side of [-0.45, 0.45]) g.lineTo(tipX - 10 * Math.cos(angle + side), tipY - 10 * Math.sin(angle + side));
    g.fill();
    g.strokeStyle = this.colours.accent;
    g.lineWidth = 2;
    g.setLineDash([3, 2]);
    g.beginPath();
    g.arc(...at(state.x[user], state.y[user]), 7, 0, 2 * Math.PI);
    g.stroke();
    g.setLineDash([]);
  }

  private drawStations(g: CanvasRenderingContext2D): void {
    const { stations } = this.page;
    if (!stations) return;
    const { left, low, scale } = this.scale();
    const size = stationSize(this.stations, this.width * this.height, this.transform.k);
    const chosen = this.chosen && "station" in this.chosen ? this.chosen.station : NOBODY;
    const hovered = this.hovered && "station" in this.hovered ? this.hovered.station : NOBODY;
    const shown: ShownStation[] = [];
    for (const station of this.drawOrder(chosen, hovered)) {
      const [x, y] = [left + scale * this.stationX[station], low - scale * this.stationY[station]];
      if (!(x >= -30 && y >= -30 && x <= this.width + 30 && y <= this.height + 30)) continue;
      const mark = this.stationMark(station, size);
      drawStation(g, x, y, mark, this.colours, { chosen: station === chosen, hovered: station === hovered });
      shown.push({ station, x, y, half: markWidth(mark) / 2 + 1, tall: mark.size / 2 + 1, rank: rankOf(mark) });
    }
    for (const { image, x, y } of this.placedNames(g, shown, chosen, hovered)) {
      g.drawImage(image, x, y, image.width / this.ratio, image.height / this.ratio);
    }
  }

  /** Names and their places: laid out anew where the view or what is open changes, not where counts do. */
  private placedNames(
    g: CanvasRenderingContext2D,
    shown: readonly ShownStation[],
    chosen: number,
    hovered: number,
  ): PlacedName[] {
    const { k, x, y } = this.transform;
    const what = shown.map(({ station, rank, half }) => `${station} ${rank} ${half}`).join();
    const key = `${k} ${x} ${y} ${this.width} ${this.height} ${this.ratio} ${chosen} ${hovered} ${this.colours.ink} ${what}`;
    if (key === this.names.key) return this.names.placed;
    const first = ({ station, rank }: ShownStation) => {
      if (station === chosen) return 1e9;
      if (station === hovered) return 1e8;
      return rank > 1 ? rank * 1e6 + this.hosted[station] : rank;
    };
    const named = shown.filter(({ station, rank }) => {
      return shown.length <= MOST_NAMES || rank > 1 || station === chosen || station === hovered;
    });
    named.sort((a, b) => first(b) - first(a));
    const marks: Box[] = shown.map(({ x, y, half, tall }) => {
      return { left: x - half, top: y - tall, right: x + half, bottom: y + tall };
    });
    marks.push({ left: this.width - 48, top: 0, right: this.width, bottom: 124 });
    const text = ({ station }: ShownStation) => shortName(this.page.stations?.id[station] ?? "");
    g.font = NAME_FONT;
    const names: Name[] = named.map((one) => {
      return { x: one.x, y: one.y, half: one.half, width: g.measureText(text(one)).width, height: 14 };
    });
    const frame = { left: 2, top: 2, right: this.width - 2, bottom: this.height - 2 };
    const placed: PlacedName[] = [];
    placeNames(names, marks, frame).forEach((place, at) => {
      if (!place) return;
      const image = this.nameSprite(text(named[at]), named[at].rank > 1, names[at].width);
      placed.push({ image, x: place.x - NAME_EDGE, y: place.y - image.height / this.ratio / 2 });
    });
    this.names = { key, placed };
    return placed;
  }

  /** A name with a rim in the colour of the ground, drawn once and copied. */
  private nameSprite(text: string, strong: boolean, width: number): HTMLCanvasElement {
    const key = `name ${String(strong)} ${text}`;
    let sprite = this.sprites.get(key);
    if (!sprite) {
      const size = [width + 2 * NAME_EDGE, 18].map((side) => Math.ceil(side * this.ratio));
      sprite = h("canvas", { width: size[0], height: size[1] });
      const g = sprite.getContext("2d");
      if (g) {
        g.scale(this.ratio, this.ratio);
        g.font = strong ? NAME_FONT : QUIET_FONT;
        g.textBaseline = "middle";
        g.lineJoin = "round";
        g.lineWidth = 3;
        g.strokeStyle = this.colours.area;
        g.strokeText(text, NAME_EDGE, 9);
        g.fillStyle = strong ? this.colours.ink : this.colours.muted;
        g.fillText(text, NAME_EDGE, 9);
      }
      this.sprites.set(key, sprite);
    }
    return sprite;
  }

  /** Stations from the back to the front: radio, closed, open, hovered, chosen. */
  private drawOrder(chosen: number, hovered: number): number[] {
    const rank = (m: number) => {
      if (m === chosen) return 4;
      if (m === hovered) return 3;
      return Number(this.isHost(m)) + Number(this.isOpen(m));
    };
    return [...Array(this.stations).keys()].sort((a, b) => rank(a) - rank(b));
  }

  private stationMark(station: number, size: number): StationMark {
    const { state } = this;
    const failed = state?.up?.[station] === 0;
    const look = this.looks.get(station);
    const colour = look ? inTheme(look.colour, this.colours) : this.colours.muted;
    const common = { failed, colour, ink: inkOn(colour), users: this.hosted[station], late: this.lateHosted[station] };
    const load = state?.load?.[station];
    if (this.page.stations?.is_cloud?.[station]) return { ...common, kind: "cloud", size: size + 4, load };
    if (!this.isHost(station)) return { ...common, kind: "radio", size: Math.min(size * 0.6, 11) };
    if (!this.isOpen(station)) return { ...common, kind: "closed", size: size * 0.72 };
    return { ...common, kind: "open", size, load };
  }

  private isHost(station: number): boolean {
    const host = this.page.stations?.is_host;
    return host ? host[station] !== 0 : true;
  }

  private isOpen(station: number): boolean {
    if (this.state?.open) return this.state.open[station] !== 0;
    return this.hosted[station] > 0;
  }

  private drawScaleBar(g: CanvasRenderingContext2D): void {
    const { scale } = this.scale();
    const metres = roundLength(Math.min(140, this.width / 3) / scale);
    const length = metres * scale;
    const [x, y] = [12, this.height - 12];
    g.strokeStyle = this.colours.area;
    g.lineWidth = 5;
    const bar = () => {
      g.beginPath();
      g.moveTo(x, y - 5);
      g.lineTo(x, y);
      g.lineTo(x + length, y);
      g.lineTo(x + length, y - 5);
      g.stroke();
    };
    bar();
    g.strokeStyle = this.colours.muted;
    g.lineWidth = 1.5;
    bar();
    g.font = `12px ${FONT}`;
    g.textAlign = "left";
    g.textBaseline = "alphabetic";
    g.lineWidth = 3;
    g.strokeStyle = this.colours.area;
    g.strokeText(distance(metres), x + 5, y - 5);
    g.fillStyle = this.colours.muted;
    g.fillText(distance(metres), x + 5, y - 5);
  }

  private begin(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
    const g = canvas.getContext("2d");
    if (!g) throw new Error("this browser draws on no canvas");
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, this.width, this.height);
    return g;
  }

  /** A user's mark, drawn once and copied. */
  private sprite(shape: Look["shape"] | "late", colour: string, size: number): HTMLCanvasElement {
    const key = `${shape} ${colour} ${size}`;
    let sprite = this.sprites.get(key);
    if (!sprite) {
      const side = Math.ceil((size + 3) * this.ratio);
      sprite = h("canvas", { width: side, height: side });
      const g = sprite.getContext("2d");
      if (g) {
        g.scale(this.ratio, this.ratio);
        drawUser(g, side / this.ratio / 2, side / this.ratio / 2, shape, size, colour, this.colours.area);
      }
      this.sprites.set(key, sprite);
    }
    return sprite;
  }

  private isForMap(event: Event): boolean {
    if (event instanceof WheelEvent) return event.ctrlKey || event.deltaY < 0 || this.transform.k > 1;
    if (typeof TouchEvent !== "undefined" && event instanceof TouchEvent) {
      return event.touches.length > 1 || this.transform.k > 1;
    }
    return !(event instanceof MouseEvent && event.button !== 0);
  }

  private listen(): void {
    const { top } = this;
    top.addEventListener("pointermove", (event) => this.hover(event));
    top.addEventListener("pointerleave", () => this.leave());
    top.addEventListener("click", (event) => this.click(event));
    top.addEventListener("keydown", (event) => this.key(event));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const themed = () => this.recolour(theme());
    const printed = () => {
      this.printing = true;
      this.recolour(LIGHT);
      this.printing = false;
    };
    dark.addEventListener("change", themed);
    window.addEventListener("beforeprint", printed);
    window.addEventListener("afterprint", themed);
    this.cleaning.push(
      () => dark.removeEventListener("change", themed),
      () => window.removeEventListener("beforeprint", printed),
      () => window.removeEventListener("afterprint", themed),
    );
  }

  private hover(event: PointerEvent): void {
    if (event.buttons !== 0 || event.pointerType === "touch") return;
    const [x, y] = [event.offsetX, event.offsetY];
    const under = this.under(x, y);
    this.top.style.cursor = under ? "pointer" : "grab";
    if (!same(under, this.hovered)) {
      this.hovered = under;
      this.options.onHover?.(under);
      this.redraw();
    }
    this.showTip(under, x, y);
  }

  private leave(): void {
    this.tip.hidden = true;
    if (!this.hovered) return;
    this.hovered = null;
    this.options.onHover?.(null);
    this.redraw();
  }

  private showTip(under: Selection, x: number, y: number): void {
    const lines = under ? (this.options.describe?.(under) ?? [this.nameOf(under)]) : [];
    this.tip.hidden = lines.length === 0;
    if (lines.length === 0) return;
    this.tip.replaceChildren(...lines.map((line, at) => h(at === 0 ? "strong" : "span", {}, line)));
    const { width, height } = this.tip.getBoundingClientRect();
    const left = x + 16 + width > this.width ? x - 12 - width : x + 16;
    const above = y + 16 + height > this.height ? y - 12 - height : y + 16;
    this.tip.style.transform = `translate(${Math.max(left, 2)}px, ${Math.max(above, 2)}px)`;
  }

  private nameOf(selection: NonNullable<Selection>): string {
    if ("station" in selection) return this.page.stations?.id[selection.station] ?? "";
    return userName(this.page.users, selection.user);
  }

  private click(event: MouseEvent): void {
    this.choose(this.under(event.offsetX, event.offsetY));
  }

  private choose(selection: Selection): void {
    this.chosen = selection;
    this.redraw();
    this.options.onSelect?.(selection);
  }

  /** The station or user at a place of the canvas [pixels]. */
  private under(px: number, py: number): Selection {
    const { left, low, scale } = this.scale();
    const [x, y] = [(px - left) / scale, (low - py) / scale];
    const station = this.stationIndex.nearest(x, y, STATION_REACH_PX / scale);
    if (station >= 0) return { station };
    const { state } = this;
    if (!state) return null;
    this.userIndex ??= new SpatialIndex(state.x, state.y, state.present);
    const user = this.userIndex.nearest(x, y, USER_REACH_PX / scale);
    return user >= 0 ? { user } : null;
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pan = (x: number, y: number) => {
      const { k } = this.transform;
      this.zoomed.call((picked) => this.zoom.translateBy(picked, x / k, y / k));
    };
    const keys: Record<string, () => void> = {
      ArrowLeft: () => pan(KEY_PAN_PX, 0),
      ArrowRight: () => pan(-KEY_PAN_PX, 0),
      ArrowUp: () => pan(0, KEY_PAN_PX),
      ArrowDown: () => pan(0, -KEY_PAN_PX),
      "+": () => this.zoomBy(KEY_ZOOM),
      "=": () => this.zoomBy(KEY_ZOOM),
      "-": () => this.zoomBy(1 / KEY_ZOOM),
      "0": () => this.reset(),
      n: () => this.step(1),
      p: () => this.step(-1),
      Escape: () => this.choose(null),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  private zoomBy(factor: number): void {
    this.zoomed.call((picked) => this.zoom.scaleBy(picked, factor));
  }

  /** The next or previous open host, from west to east. */
  private step(by: number): void {
    const hosts = [...Array(this.stations).keys()]
      .filter((m) => this.isOpen(m) && this.isHost(m))
      .sort((a, b) => this.stationX[a] - this.stationX[b]);
    if (hosts.length === 0) return;
    const now = this.chosen && "station" in this.chosen ? hosts.indexOf(this.chosen.station) : -1;
    const next = now < 0 && by < 0 ? hosts.length - 1 : (now + by + hosts.length) % hosts.length;
    this.select({ station: hosts[next] });
    this.options.onSelect?.({ station: hosts[next] });
  }

  private place(selection: NonNullable<Selection>): [number, number] | null {
    if ("station" in selection) return [this.stationX[selection.station], this.stationY[selection.station]];
    if (!this.state || !Number.isFinite(this.state.x[selection.user])) return null;
    return [this.state.x[selection.user], this.state.y[selection.user]];
  }

  private bringIntoSight([x, y]: [number, number]): void {
    if (this.width === 0) return;
    const { left, low, scale } = this.scale();
    const [px, py] = [left + scale * x, low - scale * y];
    if (px > 0 && py > 0 && px < this.width && py < this.height) return;
    const { k } = this.transform;
    this.zoomed.call((picked) => this.zoom.translateBy(picked, (this.width / 2 - px) / k, (this.height / 2 - py) / k));
  }

  private buttons(): HTMLElement {
    const button = (label: string, text: string, act: () => void) =>
      h("button", { type: "button", class: "map-button", "aria-label": label, title: label, click: act }, text);
    return h(
      "div",
      { class: "map-buttons" },
      button("Zoom in", "+", () => this.zoomBy(KEY_ZOOM)),
      button("Zoom out", "\u2212", () => this.zoomBy(1 / KEY_ZOOM)),
      button("Whole area", "\u2922", () => this.reset()),
      this.crowd && button("Where the users are", "\u2299", () => this.showCrowd()),
    );
  }

  private describeMap(): void {
    const open = [...Array(this.stations).keys()].filter((m) => this.isHost(m) && this.isOpen(m)).length;
    const users = this.page.users?.of ?? this.page.users?.count ?? 0;
    this.top.setAttribute(
      "aria-label",
      `${this.options.title ?? "Map"}: ${countText(this.stations)} stations, ` +
        `${this.page.time ? "" : `${countText(open)} open servers, `}${countText(users)} users. The tables say the same in words. Keys: arrows pan, plus and minus zoom, ` +
        `0 shows the whole area, n and p go from server to server.`,
    );
  }
}

function layer(): HTMLCanvasElement {
  return h("canvas", { class: "map-layer" });
}

/** Where stations are drawn: a cloud, which is nowhere, in the corner of the map. */
function stationPlaces({ stations }: Page, bounds: Box): [Float64Array, Float64Array] {
  const nowhere = new Float64Array(stations?.count ?? 0).fill(NaN);
  const x = Float64Array.from(stations?.x_m ?? nowhere);
  const y = Float64Array.from(stations?.y_m ?? nowhere);
  let clouds = 0;
  const inset = 0.03 * Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top);
  for (let m = 0; m < x.length; m++) {
    const inside = x[m] >= bounds.left && x[m] <= bounds.right && y[m] >= bounds.top && y[m] <= bounds.bottom;
    if (inside || !stations?.is_cloud?.[m]) continue;
    clouds += 1;
    [x[m], y[m]] = [bounds.left + inset, bounds.bottom - inset * (2 * clouds - 1)];
  }
  return [x, y];
}

/** The look of every host: those that some plan opens choose first. */
function hostLooks({ stations, plans, policies }: Page, x: Float64Array, y: Float64Array): Map<number, Look> {
  const places = new Set<number>();
  for (const plan of plans ?? []) for (const m of [...(plan.open ?? [])].sort((a, b) => a - b)) places.add(m);
  for (const { host } of [...(plans ?? []), ...(policies ?? [])]) {
    for (const [m, is] of metIn(host ?? [], stations?.count ?? 0).entries()) if (is) places.add(m);
  }
  for (let m = 0; m < (stations?.count ?? 0); m++) if (stations?.is_host?.[m]) places.add(m);
  return looksApart(x, y, [...places]);
}

/** Which stations a column names. */
function metIn(host: ArrayLike<number>, stations: number): Uint8Array {
  const met = new Uint8Array(stations);
  for (let at = 0; at < host.length; at++) if (host[at] >= 0) met[host[at]] = 1;
  return met;
}

function openOf(open: Column, stations: number): Uint8Array {
  const is = new Uint8Array(stations);
  for (const m of open) is[m] = 1;
  return is;
}

/** Side of an open host's square [pixels]. */
function stationSize(stations: number, area: number, zoom: number): number {
  const room = Math.sqrt(area / Math.max(stations, 1)) / 5;
  return Math.min(Math.max(room, 12), 22) * Math.min(zoom ** 0.25, 1.6);
}

/** Width of a user's mark [pixels], in halves, so that few sprites are made. */
function userSize(users: number, zoom: number): number {
  const size = users > MOST_SHAPES ? 2.5 : Math.min(Math.max(7 - Math.log10(Math.max(users, 10)), 4), 6);
  return Math.round(2 * Math.min(size * zoom ** 0.2, 10)) / 2;
}

function rankOf({ failed, kind }: StationMark): number {
  if (failed) return 3;
  return { open: 2, cloud: 2, closed: 1, radio: 0 }[kind];
}

function shortName(name: string): string {
  return name.length > 20 ? `${name.slice(0, 19)}\u2026` : name;
}

/** The greatest of 1, 2, 5 times a power of ten that is no longer. */
function roundLength(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres));
  return power * ([5, 2, 1].find((step) => step * power <= metres) ?? 1);
}

function same(a: Selection, b: Selection): boolean {
  if (!a || !b) return a === b;
  if ("station" in a) return "station" in b && a.station === b.station;
  return "user" in b && a.user === b.user;
}
