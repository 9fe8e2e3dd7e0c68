// Makes elements. Text is only ever set as text, so that nothing scanned becomes markup.

export const $ = (selector, root = document) => root.querySelector(selector);

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") made.addEventListener("click", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

// A sentence begins with a capital; what is a name, such as `woo:1042`, stays as it is.
export function capital(text) {
  const [first] = text.split(/\s/, 1);
  return /^[a-z]+['’]?[a-z]*[,.:;]?$/.test(first) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

// What was told, as sentences; what is missing is left out.
export const sentences = (...told) => told.filter(Boolean).map((text) => (
  /[.!?…]$/.test(text) ? capital(text) : `${capital(text)}.`)).join(" ");

export const are = (n) => (n === 1 ? "is" : "are");
export const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
