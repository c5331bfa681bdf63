/* Pages used by keys alone. */

/** Accessible name and role of what has the focus, as far as the page's own elements need. */
function focused() {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  return {
    name: label.replace(/\s+/g, " ").trim(),
    tag: element.tagName.toLowerCase(),
    type: element.getAttribute("type"),
    marked: (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none",
  };
}

/**
 * Press Tab until what has the focus is of a name.
 *
 * @throws where no such element is reached, or its focus cannot be seen.
 */
export async function tabTo(page, name, most = 400) {
  const passed = [];
  for (let at = 0; at < most; at++) {
    await page.keyboard.press("Tab");
    const at_now = await page.evaluate(focused);
    if (at_now === null) continue;
    if (name.test(at_now.name)) {
      if (!at_now.marked) throw new Error(`${at_now.name}: nothing shows that it has the focus`);
      return at_now;
    }
    passed.push(at_now.name.slice(0, 30));
  }
  throw new Error(`Tab does not reach ${name}, only: ${[...new Set(passed)].slice(0, 60).join(" | ")}`);
}
