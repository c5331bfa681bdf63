/** Elements by hand. Texts go in as text nodes alone, so whatever a file says is shown as it is written. */

export type Child = Node | string | number | null | undefined | false | Child[];
export type Attributes = Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>;

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; attributes that are null, undefined or false are left out, functions listen to their event. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled<Made extends Element>(element: Made, attributes: Attributes, children: Child[]): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  append(element, ...children);
  return element;
}

/** Put children at the end of an element. */
export function append(element: Element, ...children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(element, ...child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
}

/** Put children in the place of what an element holds. */
export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, ...children);
}

let serial = 0;

/** An id that no other element has. */
export function uniqueId(name: string): string {
  serial += 1;
  return `${name}-${serial}`;
}

/** Say something to who listens to the page, without moving the focus. */
export function announce(text: string): void {
  let region = document.getElementById("announced");
  if (!region) {
    region = h("div", { id: "announced", class: "unseen", "aria-live": "polite", role: "status" });
    document.body.append(region);
  }
  region.textContent = text;
}
