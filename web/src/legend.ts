/** What the signs of the map mean. */

import type { Column, Page } from "./contract";
import { h, s } from "./dom";
import { areAtStations, extentOf } from "./extent";

/** The list of signs that this page's map uses; `failures`: whether it may show the plan after a failure. */
export function mapLegend(page: Page, failures = false): HTMLElement {
  const { stations, plans, policies, map, frames, what_ifs } = page;
  const some = (column: Column | undefined, value = 1) => column?.includes(value) ?? false;
  const late = [...(plans ?? []), ...(policies ?? [])].some((one) => some(one.late));
  const anyRadio = stations?.is_host ? some(stations.is_host, 0) : false;
  const isDown = some(frames?.station_up, 0) || (failures && (what_ifs?.length ?? 0) > 0);
  const servers = Array.from(stations?.is_host ?? []).filter((is) => is !== 0).length || (stations?.count ?? 0);
  const anyClosed = !plans?.length || plans.some(({ open }) => (open?.length ?? 0) < servers);
  const hasLoad = plans?.some(({ station }) => station?.cpu_used) ?? false;
  const entries: [string, SVGElement, boolean][] = [
    [`Open server, with its users${hasLoad ? " and the share of its CPU" : ""}`, icon(openSign(hasLoad)), true],
    ["Closed server", icon(s("rect", { x: 4, y: 4, width: 10, height: 10, rx: 2, class: "sign-line" })), anyClosed],
    ["Radio only", icon(s("path", { d: "M9 4l6 10H3z", class: "sign-line" })), anyRadio],
    ["Cloud", icon(s("path", { d: "M9 1l8 8-8 8-8-8z", class: "sign-fill" })), some(stations?.is_cloud)],
    [
      areAtStations(page, extentOf(page))
        ? "User, in the colour and shape of its host, drawn beside the station where it is"
        : "User, in the colour and shape of its host",
      icon(s("circle", { cx: 9, cy: 9, r: 3.5, class: "sign-fill" })),
      true,
    ],
    ["User past its deadline", icon(s("path", { d: "M5 5l8 8M13 5l-8 8", class: "sign-alarm" })), late],
    ["Station that is down", icon(failedSign()), isDown],
    ["Backhaul", icon(s("path", { d: "M1 9h16", class: "sign-link" })), (map?.links?.length ?? 0) > 0],
  ];
  return h(
    "ul",
    { class: "legend", "aria-label": "Signs of the map" },
    ...entries.filter(([, , used]) => used).map(([text, sign]) => h("li", {}, sign, text)),
  );
}

function icon(...parts: SVGElement[]): SVGElement {
  return s("svg", { width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" }, ...parts);
}

function openSign(hasLoad: boolean): SVGElement {
  return s(
    "g",
    {},
    s("rect", { x: 2, y: 1, width: 14, height: 12, rx: 2, class: "sign-fill" }),
    hasLoad && s("rect", { x: 2, y: 15, width: 14, height: 2.5, class: "sign-rest" }),
    hasLoad && s("rect", { x: 2, y: 15, width: 9, height: 2.5, class: "sign-ink" }),
  );
}

function failedSign(): SVGElement {
  return s(
    "g",
    {},
    s("rect", { x: 4, y: 4, width: 10, height: 10, rx: 2, class: "sign-line" }),
    s("path", { d: "M2 2l14 14M16 2L2 16", class: "sign-alarm" }),
  );
}
