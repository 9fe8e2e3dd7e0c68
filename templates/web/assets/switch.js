// The pad for the PIN, for hands without a keyboard. Without this the field alone does it.
"use strict";

const pin = document.querySelector("[data-pin]");
const pad = document.querySelector("[data-pad]");
const badge = document.querySelector("[data-scan]");

if (pad && pin) {
  pad.hidden = false;
  document.querySelector("[data-unlock]").hidden = true;
  pin.setAttribute("inputmode", "none");
  pad.addEventListener("click", (event) => {
    const button = event.target.closest("[data-digit]");
    if (!button) return;
    const digit = button.dataset.digit;
    pin.value = digit ? (pin.value + digit).slice(0, 8) : pin.value.slice(0, -1);
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "user") pin.focus();
  });
}

// A scan that comes while nothing is being typed into goes to the badge's field.
document.addEventListener("keydown", (event) => {
  const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (typed && badge && !event.target.matches("input[type=password]")) {
    if (event.target.matches("button, input[type=radio]") && event.key === " ") return;
    badge.focus();
  }
});
