import js from "@eslint/js";
import tseslint from "typescript-eslint";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const UNSAFE = "Texts come from files of others: use textContent and createElement.";

export default tseslint.config(
  { ignores: ["node_modules/", ".build/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: ROOT } },
    rules: {
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
      "@typescript-eslint/prefer-for-of": "off",
      "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: ["test", "describe"] }],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: UNSAFE },
        { property: "outerHTML", message: UNSAFE },
        { property: "insertAdjacentHTML", message: UNSAFE },
        { object: "document", property: "write", message: UNSAFE },
      ],
    },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly", Buffer: "readonly" } },
  },
  {
    files: ["page-tests/**/*.mjs"],
    languageOptions: {
      globals: {
        document: "readonly",
        fetch: "readonly",
        performance: "readonly",
        getComputedStyle: "readonly",
        navigator: "readonly",
        requestAnimationFrame: "readonly",
        setTimeout: "readonly",
        window: "readonly",
      },
    },
  },
);
