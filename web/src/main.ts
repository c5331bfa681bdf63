/** The script of the page: unpack its data, and show them in the place of the summary that is there without it. */

import "./language";
import { comparisonView } from "./comparison_view";
import type { Page } from "./contract";
import { bytesOfBase64, decode, PageError, unpack } from "./decode";
import { h } from "./dom";
import { section } from "./page_parts";
import { PlanView } from "./plan_view";
import { runView, worldView } from "./run_view";
import { tradeoffView } from "./tradeoff_view";
import { whatIfPanel } from "./what_if";

async function start(): Promise<void> {
  const main = document.getElementById("page");
  const data = document.getElementById("data");
  if (!main || !data) return;
  const fallback = [...main.childNodes];
  try {
    const page = decode(await unpack(bytesOfBase64(data.textContent ?? "")));
    data.remove();
    main.replaceChildren();
    show(main, page);
    ready(main, page.kind);
  } catch (error) {
    const text = error instanceof PageError ? error.message : `This page cannot be drawn: ${String(error)}.`;
    main.replaceChildren(h("p", { class: "broken", role: "alert" }, text), ...fallback);
    ready(main, "broken");
  }
}

/** Say that the first picture is there, after it was painted. */
function ready(main: HTMLElement, state: string): void {
  requestAnimationFrame(() => {
    main.dataset.ready = state;
    performance.mark("first-picture");
  });
}

function show(main: HTMLElement, page: Page): void {
  if (page.kind === "plan") {
    showPlan(main, page);
    return;
  }
  const body = h("div", { class: `view view-${page.kind}` });
  main.replaceChildren(h("header", { class: "head" }, h("h1", {}, page.title)), body);
  const views = { run: runView, world: worldView, comparison: comparisonView, tradeoff: tradeoffView };
  views[page.kind](body, page);
}

function showPlan(main: HTMLElement, page: Page): void {
  const view = new PlanView(main, page);
  if ((page.what_ifs ?? []).length === 0) return;
  const part = section(main, "What if servers fail", "what-ifs");
  main.insertBefore(part, main.querySelector(":scope > .notes, :scope > .foot"));
  whatIfPanel(part, page, {
    selected: () => {
      const { selection } = view.map;
      return selection !== null && "station" in selection ? selection.station : null;
    },
  });
}

void start();
