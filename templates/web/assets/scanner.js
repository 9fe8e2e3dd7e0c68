// A scanner is a keyboard that types fast: tells its bursts from a person's typing, takes the
// code out of them, and leaves typing alone. One reader for each page.

const GAP_MS = 60; // between two characters of a burst, on average
const SILENCE_MS = 100; // ends a code that has no suffix
const SHORTEST = 3; // characters of a burst
const LONGEST = 4096;
const COMMAND_AGAIN_MS = 1000; // a command within this is a double read
const GS = "\x1d";

const TEXT_FIELDS = new Set(["text", "search", "number", "password", "email", "tel", "url", ""]);

function textField(target) {
  if (!(target instanceof HTMLElement)) return null;
  if (target instanceof HTMLTextAreaElement || target.isContentEditable) return target;
  if (target instanceof HTMLInputElement && TEXT_FIELDS.has(target.getAttribute("type") ?? "")) return target;
  return target instanceof HTMLSelectElement ? target : null;
}

// Calls `onCode(code)` for each scan, in order, and `onTyped(text)` for what a person types
// while no field has the focus. A field with `data-scan` hands its scans over, and one with
// `data-number`; others keep them. `onKey({ key, code, gap })` sees every key, for the calibration page.
export function listen({ onCode, onTyped = () => {}, onKey = () => {} }) {
  let buffer = "";
  let field = null; // the field that the buffer's characters also went into
  let held = ""; // what it held before
  let last = 0;
  let begun = 0;
  let silence = 0;
  let altDigits = "";
  let lastCommand = { code: "", at: 0 };

  const isBurst = () => buffer.length >= SHORTEST && (last - begun) / (buffer.length - 1) <= GAP_MS;

  function reset() {
    clearTimeout(silence);
    buffer = "";
    field = null;
  }

  function end() {
    const burst = isBurst();
    const text = buffer;
    const from = field;
    const before = held;
    reset();
    if (!burst) {
      if (!from) onTyped(text);
      return;
    }
    if (from && typeof from.value === "string") from.value = before;
    deliver(text);
  }

  function deliver(text) {
    const code = text.trim();
    if (!code) return;
    const command = code.toUpperCase();
    const now = performance.now();
    if (/^OPS(DO|USER|TOTE)/.test(command)) {
      if (command === lastCommand.code && now - lastCommand.at < COMMAND_AGAIN_MS) return;
      lastCommand = { code: command, at: now };
    }
    onCode(code);
  }

  function add(character, now) {
    const gap = now - last;
    if (buffer && gap > SILENCE_MS) end();
    if (!buffer) begun = now;
    last = now;
    if (buffer.length < LONGEST) buffer += character;
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE_MS);
  }

  function separator(event) {
    if (event.key === GS || event.key === "F8") return true;
    return event.ctrlKey && !event.altKey && (event.key === "]" || event.code === "BracketRight");
  }

  function onKeydown(event) {
    if (event.repeat || event.isComposing || event.keyCode === 229) return;
    // When the key was pressed, not when a busy page came to look at it.
    const now = event.timeStamp;
    onKey({ key: event.key, code: event.code, gap: last ? Math.round(now - last) : 0 });
    const target = textField(event.target);
    if (target && !target.matches("[data-scan], [data-number]")) return;
    if (event.altKey && /^[0-9]$/.test(event.key)) {
      altDigits += event.key;
      event.preventDefault();
      return;
    }
    if (separator(event)) {
      if (buffer) {
        event.preventDefault();
        add(GS, now);
      }
      return;
    }
    const lineFeed = event.ctrlKey && event.key.toLowerCase() === "j";
    if (event.key === "Enter" || event.key === "Tab" || (lineFeed && buffer)) {
      if (isBurst() && now - last <= SILENCE_MS) {
        // Not for the focused button, and not to move the focus.
        event.preventDefault();
        event.stopImmediatePropagation();
        end();
      }
      return;
    }
    if (event.key.length !== 1 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (target) {
      if (field !== target) held = target.value;
      field = target;
    } else if (event.key !== " " || buffer) {
      event.preventDefault();
    }
    add(event.key, now);
  }

  function onKeyup(event) {
    if (event.key !== "Alt" || !altDigits) return;
    const number = Number(altDigits);
    altDigits = "";
    if (number === 29 || (number >= 32 && number < 127)) add(String.fromCharCode(number), event.timeStamp);
  }

  document.addEventListener("keydown", onKeydown, true);
  document.addEventListener("keyup", onKeyup, true);
}
