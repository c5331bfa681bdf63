/** How a station and a user are drawn on a canvas. */

import type { Shape, Theme } from "./palette";

export interface StationMark {
  kind: "open" | "closed" | "radio" | "cloud";
  /** Width of the mark [pixels]. */
  size: number;
  colour: string;
  /** What is read on the colour. */
  ink: string;
  users: number;
  late: number;
  failed: boolean;
  /** Share of the CPU in use, 0 to 1. */
  load?: number;
}

/** Marks narrower than this say no number [pixels]. */
const LEAST_WITH_NUMBER = 15;
const LOAD_BAR_PX = 3;

/** How wide a mark is [pixels]: wide enough for its number. */
export function markWidth({ kind, size, users }: StationMark): number {
  if (kind !== "open" || size < LEAST_WITH_NUMBER) return size;
  return Math.max(size, String(users).length * Math.min(size * 0.56, 13) * 0.64 + 6);
}

/** A station at a place of the canvas. */
export function drawStation(
  g: CanvasRenderingContext2D,
  x: number,
  y: number,
  mark: StationMark,
  colours: Theme,
  { chosen = false, hovered = false } = {},
): void {
  const { kind, size } = mark;
  const half = size / 2;
  if (chosen || hovered) {
    g.strokeStyle = chosen ? colours.ink : colours.muted;
    g.lineWidth = chosen ? 2.5 : 2;
    g.beginPath();
    g.arc(x, y, half * 1.42 + 3, 0, 2 * Math.PI);
    g.stroke();
  }
  g.lineWidth = 1.5;
  g.beginPath();
  if (kind === "radio") {
    g.moveTo(x, y - half);
    g.lineTo(x + half, y + half * 0.8);
    g.lineTo(x - half, y + half * 0.8);
    g.closePath();
    g.fillStyle = colours.area;
    g.strokeStyle = colours.muted;
  } else if (kind === "cloud") {
    g.moveTo(x, y - half * 1.2);
    g.lineTo(x + half * 1.2, y);
    g.lineTo(x, y + half * 1.2);
    g.lineTo(x - half * 1.2, y);
    g.closePath();
    g.fillStyle = mark.users > 0 ? mark.colour : colours.paper;
    g.strokeStyle = mark.users > 0 ? colours.paper : mark.colour;
  } else {
    const wide = markWidth(mark) / 2;
    g.roundRect(x - wide, y - half, 2 * wide, size, Math.min(3, size / 5));
    g.fillStyle = kind === "open" ? mark.colour : colours.paper;
    g.strokeStyle = kind === "open" ? colours.paper : colours.muted;
  }
  g.fill();
  g.stroke();
  if (kind === "open" || (kind === "cloud" && mark.users > 0)) drawLoad(g, x, y, mark, colours);
  if (mark.failed) drawCross(g, x, y, half + 4, colours.alarm, colours.paper, 3);
}

function drawLoad(g: CanvasRenderingContext2D, x: number, y: number, mark: StationMark, colours: Theme): void {
  const { size } = mark;
  if (size >= LEAST_WITH_NUMBER) {
    const text = String(mark.users);
    g.font = `700 ${Math.min(size * 0.56, 13)}px system-ui, sans-serif`;
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.fillStyle = mark.ink;
    g.fillText(text, x, y + 0.5);
    g.textAlign = "left";
  }
  if (mark.load === undefined || !(mark.load >= 0) || mark.kind !== "open") return;
  const top = y + size / 2 + 2;
  g.fillStyle = colours.paper;
  const width = markWidth(mark);
  g.fillRect(x - width / 2 - 1, top - 1, width + 2, LOAD_BAR_PX + 2);
  g.fillStyle = colours.faint;
  g.fillRect(x - width / 2, top, width, LOAD_BAR_PX);
  g.fillStyle = colours.ink;
  g.fillRect(x - width / 2, top, width * Math.min(mark.load, 1), LOAD_BAR_PX);
}

/** A user at a place of the canvas: the shape of the host, or a cross for who is late. */
export function drawUser(
  g: CanvasRenderingContext2D,
  x: number,
  y: number,
  shape: Shape | "late",
  size: number,
  colour: string,
  behind: string,
): void {
  const half = size / 2;
  g.fillStyle = colour;
  g.strokeStyle = colour;
  g.beginPath();
  switch (shape) {
    case "late":
      drawCross(g, x, y, half, colour, behind, Math.max(1.5, size / 4));
      return;
    case "square":
      g.rect(x - half * 0.88, y - half * 0.88, size * 0.88, size * 0.88);
      break;
    case "triangle":
      g.moveTo(x, y - half * 1.1);
      g.lineTo(x + half * 1.1, y + half * 0.85);
      g.lineTo(x - half * 1.1, y + half * 0.85);
      break;
    case "diamond":
      g.moveTo(x, y - half * 1.2);
      g.lineTo(x + half * 1.2, y);
      g.lineTo(x, y + half * 1.2);
      g.lineTo(x - half * 1.2, y);
      break;
    case "bar":
      g.rect(x - half * 1.15, y - half * 0.5, size * 1.15, size * 0.5);
      break;
    case "ring":
      g.lineWidth = Math.max(1.2, size / 4);
      g.arc(x, y, half * 0.8, 0, 2 * Math.PI);
      g.stroke();
      return;
    case "disc":
      g.arc(x, y, half, 0, 2 * Math.PI);
  }
  g.fill();
}

function drawCross(
  g: CanvasRenderingContext2D,
  x: number,
  y: number,
  half: number,
  colour: string,
  behind: string,
  width: number,
): void {
  g.lineCap = "round";
  for (const [line, ink] of [
    [width + 2, behind],
    [width, colour],
  ] as const) {
    g.lineWidth = line;
    g.strokeStyle = ink;
    g.beginPath();
    g.moveTo(x - half, y - half);
    g.lineTo(x + half, y + half);
    g.moveTo(x + half, y - half);
    g.lineTo(x - half, y + half);
    g.stroke();
  }
  g.lineCap = "butt";
}
