/** A small square in the colour of a host, beside its name. */

import { h } from "./dom";
import type { MapView } from "./map";

export function colourChip(map: MapView, station: number): HTMLElement | null {
  const look = map.look(station);
  if (!look) return null;
  const chip = h("span", { class: "chip", "aria-hidden": "true" });
  chip.style.backgroundColor = look.colour;
  return chip;
}
