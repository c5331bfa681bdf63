/** The script of the page: unpack its data, and show them in the place of the summary that is there without it. */

import "./language";
import { comparisonView } from "./comparison_view";
import type { Page } from "./contract";
import { bytesOfBase64, decode, PageError, unpack } from "./decode";
import { h } from "./dom";
import { section, type View } from "./page_parts";
import { PlanView } from "./plan_view";
import { runView } from "./run_view";
import { tradeoffView } from "./tradeoff_view";
import { whatIfPanel } from "./what_if";

/** How long a page that is not painted waits for it [ms]. */
const UNSEEN_MS = 500;

async function start(): Promise<void> {
  const main = document.getElementById("page");
  const data = document.getElementById("data");
  if (!main || !data) return;
  const fallback = [...main.childNodes];
  try {
    const page = decode(await unpack(bytesOfBase64(data.textContent ?? "")));
    data.remove();
    main.replaceChildren();
    const view = show(main, page);
    await painted();
    performance.mark("first-picture");
    view.finish?.();
    await painted();
    main.dataset.ready = page.kind;
  } catch (error) {
    const text = error instanceof PageError ? error.message : `This page cannot be drawn: ${String(error)}.`;
    main.replaceChildren(h("p", { class: "broken", role: "alert" }, text), ...fallback);
    await painted();
    performance.mark("first-picture");
    main.dataset.ready = "broken";
  }
}

/** Until what was made is painted, or soon where nothing is painted, as in a page that is not in sight. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    const late = window.setTimeout(resolve, UNSEEN_MS);
    requestAnimationFrame(() => {
      window.clearTimeout(late);
      window.setTimeout(resolve);
    });
  });
}

function show(main: HTMLElement, page: Page): View {
  if (page.kind === "plan") return planPage(main, page);
  const body = h("div", { class: `view view-${page.kind}` });
  main.replaceChildren(h("header", { class: "head" }, h("h1", {}, page.title)), body);
  const views = { run: runView, world: runView, comparison: comparisonView, tradeoff: tradeoffView };
  return views[page.kind](body, page);
}

function planPage(main: HTMLElement, page: Page): View {
  const view = new PlanView(main, page);
  if ((page.what_ifs ?? []).length === 0) return view;
  const part = section(main, "What if servers fail", "what-ifs");
  view.extra.append(part);
  whatIfPanel(part, page, {
    selected: () => {
      const { selection } = view.map;
      return selection !== null && "station" in selection ? selection.station : null;
    },
  });
  return view;
}

void start();
