// Parse the Mermaid diagrams that arrive as a JSON list; print what is wrong with each, or null.
import { readFileSync } from "node:fs";
import DOMPurify from "dompurify";
import mermaid from "mermaid";

// What a browser would have made clean before it draws; nothing is drawn here, and there is no DOM.
DOMPurify.addHook = () => {};
DOMPurify.sanitize = (text) => text;

const found = [];
for (const diagram of JSON.parse(readFileSync(0, "utf-8"))) {
  try {
    await mermaid.parse(diagram);
    found.push(null);
  } catch (error) {
    found.push(error.message);
  }
}
console.log(JSON.stringify(found));
