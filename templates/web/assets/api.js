// Asks the server. Every answer is one of: { done: body }, { refused: words, hint, status },
// { away: true } (try again later), { signIn: true }.

const PATIENCE_MS = 10_000;

export async function ask(method, path, body, patience = PATIENCE_MS, more = {}) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: body === undefined ? more : { "content-type": "application/json", ...more },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(patience),
    });
  } catch {
    return { away: true };
  }
  if (response.status === 401) return { signIn: true };
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    return { away: true };
  }
  if (response.ok) return { done: answer };
  if (response.status >= 500 || response.status === 429) {
    return { away: true, words: answer?.error ?? "", hint: answer?.hint ?? "" };
  }
  return { refused: answer?.error ?? "the server refused this", hint: answer?.hint ?? "", status: response.status };
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
// Asked by the page itself, with nobody at it: keeps no station open.
export const look = (path) => ask("GET", path, undefined, PATIENCE_MS, { "x-unattended": "yes" });

// Where somebody says who they are, and comes back from: the lock screen, which leads on to
// the way in where nobody ever was at this device.
export const signInAt = () => `/station/switch?next=${encodeURIComponent(location.pathname)}`;

// An id that no other browser makes. `randomUUID` is there only over https.
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// Runs `work` once at a time: a second click while it runs does nothing.
export function once(work) {
  let running = false;
  return async (...args) => {
    if (running) return undefined;
    running = true;
    try {
      return await work(...args);
    } finally {
      running = false;
    }
  };
}
