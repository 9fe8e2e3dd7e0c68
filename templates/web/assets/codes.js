// What a code says by itself, for the minutes in which the server cannot be asked. Where it
// could mean two things it says nothing: the packer is asked.

const GS = "\x1d";

function checkDigitHolds(digits) {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const weight = (digits.length - at) % 2 === 0 ? 3 : 1;
    sum += Number(digits[at]) * weight;
  }
  return sum % 10 === 0;
}

function upcE(digits) {
  const [system, a, b, c, d, e, rule, check] = digits;
  if (system !== "0" && system !== "1") return null;
  const body = {
    0: `${a}${b}${rule}0000${c}${d}${e}`,
    1: `${a}${b}${rule}0000${c}${d}${e}`,
    2: `${a}${b}${rule}0000${c}${d}${e}`,
    3: `${a}${b}${c}00000${d}${e}`,
    4: `${a}${b}${c}${d}00000${e}`,
  }[rule] ?? `${a}${b}${c}${d}${e}0000${rule}`;
  return system + body + check;
}

// Every number of 14 digits that a printed code may stand for.
export function gtins(code) {
  const digits = code.replaceAll(/[\s-]/g, "");
  if (!/^\d+$/.test(digits) || ![8, 12, 13, 14].includes(digits.length)) return [];
  const readings = [digits];
  if (digits.length === 8) readings.push(upcE(digits));
  return readings.filter((text) => text && checkDigitHolds(text)).map((text) => text.padStart(14, "0"));
}

function withoutSymbology(code) {
  return /^\][A-Za-z][0-9A-Za-z]/.test(code) ? code.slice(3) : code;
}

// { gtins, lot, serial }: of a plain number, an element string, or a Digital Link. A lot that
// may have run into what follows it is left out.
export function read(scanned) {
  const code = withoutSymbology(scanned.trim());
  const link = /^https?:\/\/[^/]+(\/.*)$/i.exec(code);
  if (link) return fromLink(link[1]);
  if (code.startsWith("(0")) return fromBrackets(code);
  const body = code.replaceAll("|", GS).replace(/^\x1d+|\x1d+$/g, "");
  if (/^01\d{14}/.test(body)) return fromElements(body);
  return { gtins: gtins(code), lot: null, serial: null };
}

function fromLink(rest) {
  const path = rest.split(/[?#]/)[0];
  const found = /\/01\/(\d{8,14})((?:\/[^/]+\/[^/]+)*)\/?$/.exec(path);
  if (!found) return { gtins: [], lot: null, serial: null };
  const parts = found[2].split("/").slice(1);
  const value = (ai) => {
    for (let at = 0; at + 1 < parts.length; at += 2) {
      if (parts[at] === ai) return decode(parts[at + 1]);
    }
    return null;
  };
  return { gtins: gtins(found[1]), lot: value("10"), serial: value("21") };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function fromBrackets(code) {
  const value = (ai) => new RegExp(`\\(${ai}\\)(.*?)(?=\\(\\d{2,4}\\)|$)`).exec(code)?.[1] ?? null;
  return { gtins: gtins(value("01") ?? ""), lot: value("10"), serial: value("21") };
}

const FIXED = { 11: 6, 12: 6, 13: 6, 15: 6, 16: 6, 17: 6, 20: 2 };

function fromElements(body) {
  const found = { gtins: gtins(body.slice(2, 16)), lot: null, serial: null };
  const separated = body.includes(GS);
  let rest = body.slice(16);
  while (rest) {
    const ai = rest.slice(0, 2);
    const length = FIXED[ai];
    if (length) {
      rest = rest.slice(2 + length);
      continue;
    }
    if (ai !== "10" && ai !== "21") break;
    const [value] = rest.slice(2).split(GS, 1);
    if (separated && value.length <= 20) found[ai === "10" ? "lot" : "serial"] = value;
    rest = rest.slice(2 + value.length).replace(/^\x1d/, "");
  }
  return found;
}

// A label of the house: { kind: "tote" | "bin" | "badge" | "command", value }, or null.
export function label(scanned) {
  const code = scanned.trim().toUpperCase();
  const found = /^OPS(BIN|TOTE|USER|DO)([A-Z0-9]+)$/.exec(code);
  if (!found) return null;
  const kind = { BIN: "bin", TOTE: "tote", USER: "badge", DO: "command" }[found[1]];
  return { kind, value: kind === "tote" ? Number(found[2]) : found[2] };
}

// A bin's code as its label has it.
export const plain = (code) => code.replaceAll(/[^0-9A-Za-z]/g, "").toUpperCase();
