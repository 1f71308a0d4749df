// What the controller says, in the reader's language and units: by its code and values, else in its own English.
import { html, useEffect } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { box, number, t, useBox } from "./kit.js";

const known = box({ language: null, words: {}, isAsked: false }); // the sentences of the language

function tell(asked, found) {
  if (known.get().language === asked) known.set(found); // else another language is wanted by now
}

let loading = null;

/** Ends when the sentences of `language` are there, or cannot be had. */
export function load(language) {
  if (known.get().language !== language) loading = fetched(language); // asked for once
  return loading;
}

async function fetched(language) {
  known.set({ language, words: {}, isAsked: true });
  try {
    const answer = await fetch(new URL(`./words/sentences.${language}.json`, import.meta.url));
    tell(language, { language, words: await answer.json() });
  } catch {
    tell(language, { language: null, words: {} }); // the next who wants it asks again; till then it is English
  }
}

function span(seconds) {
  const [size, words] = [Math.abs(seconds), known.get().words];
  if (size === 86400) return words["span.one_day"];
  const steps = [[2, 1, "s", 1], [90, 1, "s", 0], [7200, 60, "min", 0], [172800, 3600, "h", 1], [Infinity, 86400, "d", 1]];
  const [, per, key, decimals] = steps.find(([below]) => size < below);
  const n = seconds / per;
  return words[`span.${key}`].replace("{n}", number(n, Number.isInteger(n) ? 0 : decimals));
}

// By the unit in which a name ends, or as its place in the sentence asks: {until_at:clock}.
const UNITS = [
  ["_per_kwh", kit.price],
  ["_wh", (value) => kit.amount(value, "Wh")],
  ["_w", (value) => kit.amount(value)],
  ["_v", (value) => `${number(value, 0)}\u00a0V`],
  ["_a", (value) => `${number(value, 1)}\u00a0A`],
  ["_pct", (value) => kit.percent(value)],
  ["_money", (value) => kit.money(value)],
  ["_times", (value) => number(value, 1)],
  ["_days", (value) => span(86400 * value)],
  ["_h", (value) => span(3600 * value)],
  ["_s", span],
  ["_at", kit.when],
];
const FORMS = { clock: kit.clock, date: kit.date, dateClock: kit.dateClock, plain: String, hundredths: (value) => number(value, 2) };

function value(name, found, form) {
  if (found !== null && typeof found === "object") return said(found.code, found.values);
  if (form) return FORMS[form](found);
  const shows = UNITS.find(([unit]) => name.endsWith(unit))?.[1];
  if (shows && (kit.isKnown(found) || name.endsWith("_at"))) return shows(found);
  if (kit.isKnown(found)) return number(found, 0);
  const key = `${name}.${found}`;
  const word = known.get().words[key] ?? t(key);
  return word === key ? found : word;
}

/** The sentence of `code`; null where it, a value of it or a sentence within it is not known here. */
export function said(code, values) {
  let isWhole = true;
  const text = known.get().words[code]?.replace(/\{(\w+)(?::(\w+))?\}/g, (_, name, form) => {
    const found = values?.[name] === undefined ? null : value(name, values[name], form);
    isWhole &&= found !== null;
    return found;
  });
  return isWhole ? (text ?? null) : null;
}

/** Why `problem` of the API was refused, in the reader's language; else in its own English. */
export async function worded({ detail, detail_code: code, detail_values: values }) {
  await load(kit.language.get());
  return said(code, values) ?? detail;
}

/** The text `name` of `of`, with what stands beside it as `name_code` and `name_values`. */
export function Said({ of, name = "text" }) {
  const language = useBox(kit.language);
  const { language: ready, isAsked } = useBox(known);
  useEffect(() => void load(language), [language]);
  if (isAsked) return null; // for a moment
  const text = ready === language && of[`${name}_code`] ? said(of[`${name}_code`], of[`${name}_values`]) : null;
  return html`<span lang=${text === null ? "en" : null}>${text ?? of[name]}</span>`;
}
