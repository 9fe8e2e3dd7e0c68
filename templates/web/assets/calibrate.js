// Shows what the scanner sends, key by key: the layout, the suffix, the pace, and how the
// separator of GS1 codes comes through.

import { $, h } from "./dom.js";
import { lockWhenIdle } from "./idle.js";
import { listen } from "./scanner.js";

const KEPT = 80;
const fastest = Number($("#keys").dataset.gap);
const shown = (text) => text.replaceAll("\x1d", "⟨GS⟩").replaceAll(/[\x00-\x1f\x7f]/g, "⟨?⟩");

listen({
  onKey: ({ key, code, gap }) => {
    const slow = gap > fastest;
    const row = h("tr", {},
      h("td", {}, h("code", {}, key === " " ? "space" : key)), h("td", {}, h("code", {}, code || "none")),
      h("td", { class: "number" }, gap ? `${gap} ms` : ""), h("td", {}, gap && slow ? "pause" : ""));
    $("#keys").prepend(row);
    while ($("#keys").children.length > KEPT) $("#keys").lastElementChild.remove();
  },
  onCode: (code) => {
    const expected = $("#known").dataset.code;
    const same = code === expected;
    $("#verdict").className = `message ${same ? "good" : "warn"}`;
    $("#verdict").replaceChildren(
      h("strong", {}, same ? "✓ This scanner is set up right. " : code.toUpperCase() === expected ? "Capitals are changed: Caps Lock, or the scanner's case setting. It still works. " : "Read as a scan. "),
      h("code", {}, shown(code)),
      code.length === expected.length && !same && code.toUpperCase() !== expected
        ? " Set the scanner's country to this computer's keyboard layout." : "");
  },
  onTyped: () => {
    $("#verdict").className = "message warn";
    $("#verdict").replaceChildren("That came as slowly as typing, or was shorter than three characters: no scan.");
  },
});
lockWhenIdle();
document.body.dataset.ready = "yes";
