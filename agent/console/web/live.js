// The stream of the controller's states: connects, hears, and connects again after whatever has ended it.
import { api, line, live, news, preferences, session, t, toasts, word } from "./kit.js";

const PINGED_EVERY_MS = 15000;
const SILENT_MS = PINGED_EVERY_MS + 5000; // an open socket falls silent without `close` when the network goes
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15000];
const ASKED_EVERY_MS = 5000; // by plain requests, while there is no socket
const NO_SESSION = 4401;
const MOST_TOASTS = 3;

let socket = null;
let spoke = 0; // when it was opened, or has last said something: what plain requests bring says nothing of it
let failures = 0;
let timer = null;

function heard() {
  line.set({ state: "open", heard: Date.now() });
}

function lost() {
  if (line.get().state !== "lost") line.set({ state: "lost", heard: line.get().heard });
}

function take(message) {
  const { type, ...body } = message;
  if (type === "ping") socket.send(JSON.stringify({ type: "pong" }));
  else if (type === "state") show(body);
  else if (type in news) news[type].set(news[type].get() + 1);
  const wanted = preferences.get()?.notify ?? ["alarm"]; // until it is known what a person wants
  if (wanted.includes(type) && type in SAID) toast(SAID[type](body), { [type]: body });
}

const SAID = {
  alarm: ({ key, raised }) => t(raised ? "notify.said.alarm" : "notify.said.cleared", { what: key.replaceAll("_", " ") }),
  advisory: ({ state }) => t("notify.said.advisory", { what: word("state", state) }),
  plan: () => t("notify.said.plan"),
  event: ({ text }) => text,
};

/** `of` has what it is about by its kind: an event, or an alarm by its key. */
function toast(text, of) {
  if (toasts.get().some((one) => one.text === text)) return;
  toasts.set([...toasts.get(), { key: Date.now() + text, text, ...of }].slice(-MOST_TOASTS));
}

function show(state) {
  const before = live.get();
  if (!before || state.seq === null || before.seq === null || state.seq >= before.seq) live.set(state);
}

function open() {
  clearTimeout(timer);
  if (session.get().state === "out") return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/api/v1/realtime/stream`);
  socket = mine;
  spoke = Date.now();
  mine.onmessage = (event) => {
    if (mine !== socket) return;
    spoke = Date.now();
    failures = 0;
    heard();
    take(JSON.parse(event.data));
  };
  mine.onclose = (event) => {
    if (mine === socket) closed(event.code);
  };
}

function closed(code) {
  socket = null;
  lost();
  if (code === NO_SESSION) {
    session.set({ state: "out" });
    return;
  }
  timer = setTimeout(open, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
  failures += 1;
}

function again() {
  const before = socket;
  socket = null;
  before?.close();
  failures = 0;
  open();
}

function isSilent() {
  return Date.now() - spoke > SILENT_MS;
}

function watch() {
  if (document.hidden || session.get().state === "out") return;
  if (socket && isSilent()) {
    lost();
    again();
  }
}

async function ask() {
  if (document.hidden || session.get().state === "out" || line.get().state === "open") return;
  try {
    show(await api("realtime/energy-flow"));
    line.set({ state: "lost", heard: Date.now() });
  } catch {
    // the banner tells it; the next turn asks again
  }
}

/** Once, when the page has been drawn. */
export function connect() {
  open();
  setInterval(watch, 2000);
  setInterval(ask, ASKED_EVERY_MS);
  addEventListener("pageshow", (event) => event.persisted && again()); // the first one may come while this one connects
  addEventListener("online", again);
  addEventListener("offline", lost);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (!socket || socket.readyState !== WebSocket.OPEN || isSilent())) again();
  });
  let was = session.get().state;
  session.watch((now) => {
    if (was === "out" && now.state === "in") again();
    was = now.state;
  });
}
