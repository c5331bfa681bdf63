/** A system without a language (LANG=C) gives one that no browser function takes: English then. Comes before what formats. */

try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en" });
}

export {};
