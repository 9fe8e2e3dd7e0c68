// One question at a time, in a dialog that a scanner or a keyboard can answer: OPSDOOK takes
// it, OPSDOUNDO leaves it, OPSDONEXT goes to the next choice, any other scan fills the field
// that wants one.

import { $, h } from "./dom.js";
import { label } from "./codes.js";

let open = null;

function control(field) {
  const { name, options, type = "text", value = "", scan } = field;
  if (options) {
    return h("select", { name }, options.map(({ value: own, label: text }) => (
      h("option", { value: own, selected: own === field.value }, text))));
  }
  const number = type === "number";
  return h("input", {
    name, type: field.secret ? "password" : "text", value: String(value), inputmode: number ? "numeric" : "text",
    pattern: number ? "[0-9]*" : null, autocomplete: "off", spellcheck: "false", maxlength: field.longest ?? 80,
    "data-scan": Boolean(scan), "data-number": number,
  });
}

// Gives the answers by name, or null where the question was left.
export function prompt({ title, words = "", fields = [], ok = "OK" }) {
  open?.leave();
  return new Promise((resolve) => {
    const rows = fields.map((field) => {
      const input = control(field);
      input.id = `prompt-${field.name}`;
      return [h("label", { for: input.id }, field.label), input];
    });
    const take = h("button", { class: "primary", value: "ok" }, ok);
    const leave = h("button", { type: "button" }, "Cancel");
    const form = h("form", { method: "dialog" },
      h("h2", {}, title), words && h("p", {}, words), rows, h("div", { class: "buttons" }, take, leave));
    const dialog = h("dialog", { class: "prompt" }, form);
    document.body.append(dialog);

    const end = (answer) => {
      if (open?.dialog !== dialog) return;
      open = null;
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    open = { dialog, form, leave: () => end(null) };
    leave.addEventListener("click", () => end(null));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(null);
    });
    // Where no field has the focus the arrow keys are the choice's.
    form.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && event.target.matches("button") && nextChoice(form, step)) event.preventDefault();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      end(Object.fromEntries(new FormData(form)));
    });
    dialog.showModal();
    const first = $("[data-scan]", form);
    (first ?? take).focus();
    first?.select();
  });
}

export const prompting = () => open !== null;

// Whether the open question is for a scan into the field of this name.
export const promptWants = (name) => $(`[data-scan][name="${name}"]`, open?.form ?? document.createElement("form")) !== null;

// A scan while a question is open. Says whether it was an answer.
export function promptScan(code) {
  const { form, leave } = open;
  const command = label(code);
  if (command?.kind === "command") {
    if (command.value === "OK" || command.value === "DONE") form.requestSubmit();
    else if (command.value === "UNDO") leave();
    else if (command.value === "NEXT") return nextChoice(form);
    else return false;
    return true;
  }
  const field = $("[data-scan]", form);
  if (field) {
    field.value = code;
    form.requestSubmit();
    return true;
  }
  return promptTyped(code);
}

// What was typed while no field has the focus goes to the first number that is not known yet.
export function promptTyped(text) {
  const numbers = [...open.form.querySelectorAll("[data-number]")];
  const number = numbers.find((field) => field === document.activeElement) ?? numbers.find((field) => !field.value) ?? numbers[0];
  if (!number || !/^\d{1,6}$/.test(text)) return false;
  number.focus();
  number.value = text;
  return true;
}

function nextChoice(form, step = 1) {
  const select = $("select", form);
  if (!select) return false;
  const { length } = select.options;
  select.selectedIndex = (select.selectedIndex + step + length) % length;
  return true;
}
