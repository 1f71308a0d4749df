// What every page needs: boxes that pages watch, words, numbers and times as people read them, and the API.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/htm-preact.js";

// --- boxes: one value that several parts of the page show ---------------------------------------------------------

export function box(value) {
  const watchers = new Set();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const watcher of [...watchers]) watcher(value);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

export function useBox(one) {
  const [value, show] = useState(one.get());
  useLayoutEffect(() => {
    show(one.get());
    return one.watch(show); // before anything can happen: an effect would come a frame later
  }, [one]);
  return value;
}

export function remembered(name, otherwise) {
  try {
    return localStorage.getItem(name) ?? otherwise;
  } catch {
    return otherwise; // storage is switched off: only the first paint is less exact
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {} // as above
}

export const language = box("en");
export const zone = box(remembered("zone", null)); // the site's, never the browser's; null until it is known
export const currency = box(remembered("currency", "EUR"));
export const digits = box(null); // decimals that a person asked for; null: as many as the value needs
export const toasts = box([]); // what is told at once, and goes again: {key, text}, and an event or an alarm
export const session = box({ state: "unknown" }); // unknown, in, out
export const clockAhead = box(0); // how far the site's clock is before the browser's, ms
export const live = box(null); // the newest state that the controller has shown
export const line = box({ state: "connecting", heard: Date.now() }); // the socket: connecting, open, lost
export const news = { plan: box(0), advisory: box(0), event: box(0) }; // counted up when there is something new
export const ready = box(false); // the first picture is there: what can wait may be asked for
export const site = box(null); // the last answer of status
export const preferences = box(null);
export const prices = box(null); // those of now, as last asked for
export const path = box(location.pathname);
export const query = box(location.search);

// --- words --------------------------------------------------------------------------------------------------------

let words = {};
let asked = null; // the language that was asked for last

export function wantedLanguage(preferred) {
  const asked = preferred && preferred !== "auto" ? preferred : (navigator.language || "en").slice(0, 2);
  return asked === "de" ? "de" : "en";
}

export async function loadWords(preferred) {
  const wanted = wantedLanguage(preferred);
  asked = wanted;
  const found = await (await fetch(new URL(`./words/${wanted}.json`, import.meta.url))).json();
  if (wanted !== asked) return; // another one was chosen meanwhile
  words = found;
  document.documentElement.lang = wanted;
  language.set(wanted);
}

/** The sentence `key` with {name} replaced; a key without a sentence shows itself. */
export function t(key, parts = {}) {
  const sentence = words[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in parts ? String(parts[name]) : whole));
}

/** The word for `code` of the controller below `prefix`; the code itself where there is none. */
export function word(prefix, code) {
  if (code === null || code === undefined) return t("unknown");
  return words[`${prefix}.${code}`] ?? String(code).replaceAll("_", " ");
}

/** What `load` brings: a part that comes after the page. Null until it is there; asked for again when the line changes. */
export function useLater(load, isWanted = true) {
  const [part, show] = useState(null);
  const { state } = useBox(line);
  useEffect(() => {
    if (isWanted && !part) load().then((found) => show(() => found), () => null); // offline: the banner tells it
  }, [isWanted, state]);
  return part;
}

const teller = box(null); // the module that words what the controller says; it comes after the first picture

const plain = { Said: ({ of, name = "text" }) => html`<span lang="en">${of[name]}</span>` }; // where it cannot be loaded

/** The text `name` of `of` in the reader's language: see sentences.js. */
export function Said(props) {
  const module = useBox(teller);
  useEffect(() => void (teller.get() ?? import("./sentences.js").then(teller.set, () => teller.set(plain))), []);
  return module && html`<${module.Said} ...${props} />`;
}

// --- numbers --------------------------------------------------------------------------------------------------------

export const UNKNOWN = "–";
export const isKnown = (value) => typeof value === "number" && Number.isFinite(value);

export function number(value, decimals) {
  if (!isKnown(value)) return UNKNOWN;
  const places = digits.get() ?? decimals;
  const rounded = Number(value.toFixed(places)) || 0; // no -0.00
  const form = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(language.get(), form).format(rounded);
}

/** One unit for values that stand together: {unit, show}. `base` is W or Wh. */
export function scaleOf(values, base = "W") {
  const largest = Math.max(0, ...values.filter(isKnown).map(Math.abs));
  if (largest < 1000) return { unit: base, per: 1, show: (value) => number(value, 0) };
  const [per, unit] = largest < 1e6 ? [1000, `k${base}`] : [1e6, `M${base}`];
  const show = (value) => number(isKnown(value) ? value / per : value, places(isKnown(value) ? value / per : 0));
  return { unit, per, show };
}

const places = (value) => (Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);

/** How `values` that stand together are said, each with the unit of all. */
export function alike(values, base = "W") {
  const { show, unit } = scaleOf(values, base);
  return (value) => (isKnown(value) ? `${show(value)}\u00a0${unit}` : UNKNOWN);
}

export const amount = (value, base = "W") => alike([value], base)(value);
export const kilograms = (value) => (isKnown(value) ? `${number(value, places(value))}\u00a0kg` : UNKNOWN);

export const percent = (value, decimals = 0) => (isKnown(value) ? `${number(value, decimals)}\u00a0%` : UNKNOWN);

export function money(value, { signed = false } = {}) {
  if (!isKnown(value)) return UNKNOWN;
  const form = { style: "currency", currency: currency.get(), signDisplay: signed ? "exceptZero" : "negative" };
  return new Intl.NumberFormat(language.get(), form).format(Math.abs(value) < 0.005 ? 0 : value);
}

const HUNDREDTHS = { EUR: "ct", GBP: "p", USD: "¢", CHF: "Rp.", AUD: "c", CAD: "¢", NZD: "c" };

/** Prices are read in hundredths of the currency a kWh. */
export function priceUnit() {
  const small = HUNDREDTHS[currency.get()];
  return small ? `${small}/kWh` : `${currency.get()}/kWh`;
}

export const pricePer = () => (HUNDREDTHS[currency.get()] ? 100 : 1);

export const price = (value) => (isKnown(value) ? `${number(value * pricePer(), 1)}\u00a0${priceUnit()}` : UNKNOWN);

// --- times, in the site's zone --------------------------------------------------------------------------------------

const forms = new Map();
function form(options) {
  const key = JSON.stringify([language.get(), zone.get(), options]);
  if (!forms.has(key)) {
    const locale = language.get() === "en" ? "en-GB" : language.get();
    forms.set(key, new Intl.DateTimeFormat(locale, { timeZone: zone.get(), ...options }));
  }
  return forms.get(key);
}

function shown(at, options) {
  if (!at) return UNKNOWN;
  return zone.get() === null ? "…" : form(options).format(new Date(at));
}

export const clock = (at) => shown(at, { hour: "2-digit", minute: "2-digit" });
export const day = (at) => shown(at, { weekday: "short", day: "numeric", month: "short" });
export const date = (at) => shown(at, { day: "numeric", month: "short", year: "numeric" });
export const month = (at) => shown(at, { month: "short", year: "numeric" });
export const dateClock = (at) => shown(at, { ...(isFar(at) ? { year: "numeric" } : { weekday: "short" }), day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** The site's time now, ms: its clock counts, whatever the browser's says. */
const siteNow = () => Date.now() + clockAhead.get();
/** Whether a day and a month without their year would soon be those of another. */
const isFar = (at) => Math.abs(Date.parse(at) - siteNow()) > 300 * 86400000;

/** The site's date of `at` as YYYY-MM-DD. */
export function siteDate(at = siteNow()) {
  const options = { timeZone: zone.get() ?? "UTC", year: "numeric", month: "2-digit", day: "2-digit" };
  const parts = new Intl.DateTimeFormat("en-GB", options).formatToParts(new Date(at));
  const found = Object.fromEntries(parts.map((part) => [part.type, part.value]));
  return `${found.year}-${found.month}-${found.day}`;
}

/** "at 15:15", with the day where that is not today's. */
export const when = (at) => (at && siteDate(at) === siteDate() ? clock(at) : dateClock(at));

export function age(seconds) {
  if (!isKnown(seconds)) return UNKNOWN;
  const steps = [[90, 1, "age.s"], [5400, 60, "age.min"], [129600, 3600, "age.h"], [Infinity, 86400, "age.d"]];
  const [, per, key] = steps.find(([below]) => seconds < below);
  return t(key, { n: Math.round(seconds / per) });
}

/** Of an answer's head: where and in which money the site is. */
export function applyHead({ timezone, currency: money }) {
  zone.set(timezone);
  currency.set(money);
  remember("zone", timezone);
  remember("currency", money);
}

// --- preferences --------------------------------------------------------------------------------------------------

export function applyTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** The look and the language that a person has chosen, also before the next answer of the API. */
export async function applyPreferences(chosen) {
  applyTheme(chosen.theme);
  digits.set(chosen.digits);
  remember("theme", chosen.theme);
  remember("language", chosen.language);
  preferences.set(chosen);
  if (wantedLanguage(chosen.language) !== asked) await loadWords(chosen.language);
}

// --- the API ----------------------------------------------------------------------------------------------------------

/** What the API refused: one sentence, its code, and the field that it is about. Status 0: nobody answered. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "");
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.field = problem.field ?? null;
  }
}

/** What a person is told of it. */
export const told = (refused) => words[`problem.${refused.code}`] ?? refused.message;
/** How what was refused is shown: that nothing is there yet is no fault. */
export const noticeOf = (refused) => `notice ${refused.code === "no_store" ? "info" : "warning"}`;

const PATIENCE_MS = 12000;
export async function api(what, { method = "GET", body } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined || method !== "GET") {
    headers["Content-Type"] = "application/json";
    if (what !== "session" || method !== "POST") headers["X-CSRF-Token"] = await csrf();
  }
  const asker = session.get();
  let answer;
  try {
    answer = await fetch(`/api/v1/${what}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Refused(0, { code: "no_answer", detail: t("problem.no_answer") });
  }
  if (answer.status === 204) return null;
  const found = await answer.json().catch(() => null);
  if (answer.ok) return found;
  const isOurs = session.get() === asker; // what was asked before a login says nothing about it
  if (answer.status === 401 && found?.code === "no_session" && isOurs) session.set({ state: "out" });
  if (found?.detail_code) found.detail = await import("./sentences.js").then((module) => module.worded(found), () => found.detail);
  throw new Refused(answer.status, found ?? { detail: t("problem.no_json", { status: answer.status }) });
}

async function csrf() {
  if (!session.get().csrf) session.set({ ...(await api("session")), state: "in" });
  return session.get().csrf ?? "";
}

const NONE = { answer: null, failure: null, isLoading: true };

/** {answer, failure, isLoading, again, put}: the last answer stays till the next, or the one `put`. Null asks nothing. */
export function useAnswer(what, { everyS = 0, on = null } = {}) {
  const [found, show] = useState(NONE);
  const newest = useRef(0); // of the questions: what an earlier one is answered with comes too late
  const [turn, again] = useState(0);
  const news = useBox(on ?? NOTHING);
  const who = useBox(session).state;
  useLayoutEffect(() => {
    if (what === null || who === "out") return undefined;
    show((before) => ({ ...(before.what === what ? before : NONE), isLoading: true, what }));
    const ask = () => {
      const mine = (newest.current += 1);
      (begun.get(what) ?? api(what)).then(
        (answer) => mine === newest.current && show({ answer, failure: null, isLoading: false, what }),
        (failure) => mine === newest.current && show((before) => ({ ...before, failure, isLoading: false })),
      );
    };
    ask();
    begun.delete(what);
    const timer = everyS ? setInterval(() => document.hidden || ask(), everyS * 1000) : null;
    return () => {
      newest.current += 1;
      clearInterval(timer);
    };
  }, [what, turn, news, who, everyS]);
  const put = (answer) => {
    newest.current += 1;
    show({ answer, failure: null, isLoading: false, what });
  };
  return { ...(found.what === what ? found : NONE), again: () => again((n) => n + 1), put };
}

const NOTHING = box(0);
const begun = new Map();

/** Ask before the page that wants it is there. */
export const begin = (what) => begun.set(what, api(what)).get(what).catch(() => begun.delete(what));

// --- places -------------------------------------------------------------------------------------------------------------

function arrive() {
  path.set(location.pathname);
  query.set(location.search);
}

export function go(where, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"]({}, "", where);
  arrive();
}

addEventListener("popstate", arrive);

export function Link({ to, children, ...rest }) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(to);
  };
  return html`<a href=${to} onClick=${follow} ...${rest}>${children}</a>`;
}
