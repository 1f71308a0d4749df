// What the controller recommends, what was answered, and what came of it.
import { html, useEffect, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { api, money, number, percent, price, Said, t, when, word } from "./kit.js";
import { Field, useQuery } from "./pages.js";

const STATES = ["open", "acknowledged", "scheduled", "dismissed", "done", "expired"];
const TYPES = ["charge_battery", "hold_battery", "shift_load", "raise_reserve", "coming_peak", "data_fault", "sick_battery"];
const SORTS = ["-created", "-saving", "-confidence", "start"];
const SURE = ["", "0.5", "0.7", "0.9"];
const A_PAGE = 10;
const FILTERS = ["type", "status", "q", "from", "to", "minConfidence", "sort"];

function address(query) {
  const parts = new URLSearchParams({ limit: A_PAGE });
  for (const name of [...FILTERS, "cursor"]) if (query[name]) parts.set(name, query[name]);
  return `advisories?${parts}`;
}

// --- filters -----------------------------------------------------------------------------------------------------------

function Select({ name, label, value, options, say, change }) {
  return html`<label>${label}<select name=${name} value=${value ?? ""} onChange=${(event) => change({ [name]: event.target.value, cursor: undefined, back: undefined })}>
    ${options.map((one) => html`<option value=${one}>${say(one)}</option>`)}</select></label>`;
}

function Filters({ query, change, counts }) {
  const set = (name) => (value) => change({ [name]: value, cursor: undefined, back: undefined });
  const all = t("advice.all");
  const counted = (state) => (kit.isKnown(counts?.[state]) ? ` (${counts[state]})` : "");
  return html`<form class="filters noprint" role="search" onSubmit=${(event) => event.preventDefault()}>
    <${Select} name="status" label=${t("advice.status")} value=${query.status} options=${["", ...STATES]} say=${(one) => (one ? word("state", one) + counted(one) : all)} change=${change} />
    <${Select} name="type" label=${t("advice.type")} value=${query.type} options=${["", ...TYPES]} say=${(one) => (one ? word("advice", one) : all)} change=${change} />
    <${Select} name="minConfidence" label=${t("advice.sure")} value=${query.minConfidence} options=${SURE} say=${(one) => (one ? t("advice.at_least", { pct: percent(one * 100) }) : all)} change=${change} />
    <${Select} name="sort" label=${t("advice.sort")} value=${query.sort ?? "-created"} options=${SORTS} say=${(one) => t(`sort.${one}`)} change=${change} />
    <label>${t("advice.from")}<${Field} type="date" value=${query.from ?? ""} commit=${set("from")} /></label>
    <label>${t("advice.to")}<${Field} type="date" value=${query.to ?? ""} commit=${set("to")} /></label>
    <label class="wide">${t("advice.search")}<${Field} type="search" value=${query.q ?? ""} commit=${set("q")} /></label>
  </form>`;
}

// --- one recommendation ------------------------------------------------------------------------------------------------

function localTime(at) {
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: kit.zone.get() ?? "UTC", dateStyle: "short", timeStyle: "short" });
  return parts.format(new Date(at)).replace(" ", "T");
}

/** The instant of a wall time in the site's zone: the offset that holds then, found by looking twice. */
function instant(wall) {
  let at = Date.parse(`${wall}:00Z`);
  for (let turn = 0; turn < 2; turn += 1) at += Date.parse(`${wall}:00Z`) - Date.parse(`${localTime(at)}:00Z`);
  return new Date(at).toISOString();
}

function Answers({ one, done }) {
  const [told, tell] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [isScheduling, schedule] = useState(false);
  const [chosen, setAt] = useState(null);
  const at = chosen ?? localTime(one.start);
  const send = async (verb, body = {}) => {
    setBusy(true);
    try {
      await api(`advisories/${encodeURIComponent(one.key)}/${verb}`, { method: "POST", body });
      tell({ text: t("taken_up") });
      schedule(false);
      done();
    } catch (refused) {
      tell({ isBad: true, text: kit.told(refused) });
    }
    setBusy(false);
  };
  const about = { "aria-describedby": `a-${one.key}` };
  return html`<div class="answers noprint">
    ${one.state === "open" && html`<button class="main" disabled=${isBusy} onClick=${() => send("acknowledge")} ...${about}>${t("advice.acknowledge")}</button>`}
    <button disabled=${isBusy} aria-expanded=${isScheduling} onClick=${() => schedule(!isScheduling)} ...${about}>${t("advice.schedule")}</button>
    <button disabled=${isBusy} onClick=${() => send("dismiss")} ...${about}>${t("advice.dismiss")}</button>
    ${isScheduling && html`<form class="row" onSubmit=${(event) => { event.preventDefault(); send("schedule", { scheduledFor: instant(event.target.elements.at.value) }); }}>
      <label>${t("advice.when")}<input name="at" type="datetime-local" required value=${at} onInput=${(event) => setAt(event.target.value)} /></label>
      <button class="main" disabled=${isBusy}>${t("advice.schedule_it")}</button></form>`}
    <p role="status" class=${told?.isBad ? "refused" : "quiet"}>${told?.text}</p>
  </div>`;
}

function supportValue(value, unit) {
  if (unit === kit.currency.get()) return money(value);
  if (unit === "W" || unit === "Wh") return kit.amount(value, unit);
  return kit.isKnown(value) ? `${number(value, 2)} ${unit ?? ""}`.trim() : kit.UNKNOWN;
}

function Detail({ one }) {
  const { support, outcome } = one;
  const facts = [
    [t("advice.made"), when(one.created)],
    [t("advice.chance"), percent((one.chance ?? NaN) * 100)],
    [t("advice.co2"), kit.isKnown(one.co2_saving_kg) ? `${number(one.co2_saving_kg, 1)} kg` : null],
    [t("quantity.energy_value_per_kwh"), kit.isKnown(one.energy_value_per_kwh) ? price(one.energy_value_per_kwh) : null],
    support && [t("advice.forecast"), supportValue(support.forecast, support.unit)],
    support && [t("advice.optimum"), supportValue(support.optimum, support.unit)],
    support && kit.isKnown(support.accuracy) && [t("advice.accuracy"), `± ${supportValue(support.accuracy, support.unit)}`],
    one.scheduled_for && [t("advice.scheduled_for"), when(one.scheduled_for)],
  ].filter((fact) => fact && fact[1] && fact[1] !== kit.UNKNOWN);
  return html`<details><summary>${t("advice.why")}</summary>
    <dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${outcome && html`<p class=${`notice ${outcome.came_true ? "info" : "warning"}`}><b>${t(outcome.came_true ? "advice.came_true" : "advice.did_not")}</b>
      ${kit.isKnown(outcome.saved) && ` ${t("advice.expected", { expected: money(one.cost_saving), came: money(outcome.saved) })}`} <${Said} of=${outcome} /></p>`}
  </details>`;
}

function Item({ one, done }) {
  const isOver = !one.is_open;
  return html`<article class=${`card advice ${isOver ? "over" : ""}`}>
    <header><h2 id=${`a-${one.key}`}><${Said} of=${one} name="headline" /></h2>
      <span class=${`tag ${one.state === "open" ? "good" : ""}`}>${word("state", one.state)}</span></header>
    <p><${Said} of=${one} name="description" /></p>
    <dl class="facts strong">
      <div><dt>${t("advice.type")}</dt><dd>${word("advice", one.type)}</dd></div>
      ${kit.isKnown(one.cost_saving) && html`<div><dt>${t("advice.saves")}</dt><dd>${money(one.cost_saving)}</dd></div>`}
      <div><dt>${t("advice.sure")}</dt><dd>${percent(one.confidence * 100)}</dd></div>
      <div><dt>${t("advice.window")}</dt><dd>${kit.dateClock(one.start)} – ${kit.siteDate(one.start) === kit.siteDate(one.end) ? kit.clock(one.end) : kit.dateClock(one.end)}</dd></div>
    </dl>
    <${Detail} one=${one} />
    ${!isOver && html`<${Answers} one=${one} done=${done} />`}
  </article>`;
}

// --- the page ------------------------------------------------------------------------------------------------------------

export function Page() {
  const [query, change] = useQuery();
  const [trail, setTrail] = useState([]); // the cursors of the pages before this one
  const { answer, failure, again } = kit.useAnswer(address(query), { on: kit.news.advisory });
  useEffect(() => {
    if (!query.cursor) setTrail([]);
  }, [query.cursor]);
  const on = () => {
    setTrail([...trail, query.cursor ?? ""]);
    change({ cursor: answer.next });
    scrollTo(0, 0);
  };
  const back = () => {
    change({ cursor: trail.at(-1) ?? "" });
    setTrail(trail.slice(0, -1));
    scrollTo(0, 0);
  };
  const isFiltered = FILTERS.some((name) => name !== "sort" && query[name]);
  const isNone = answer && answer.items.length === 0;
  return html`<h1>${t("nav.advice")}</h1>
    <${Filters} query=${query} change=${change} counts=${answer?.counts} />
    ${failure && failure.code !== "no_session" && html`<p class=${kit.noticeOf(failure)} role="status">${failure.code === "no_store" ? t("advice.none_yet") : kit.told(failure)} <button class="small" onClick=${() => { change({ cursor: "" }); again(); }}>${t("again")}</button></p>`}
    ${!answer && !failure && html`<p class="quiet" aria-busy="true">${t("loading")}</p>`}
    ${answer && html`<p class="quiet" role="status">${t(answer.total === 1 ? "advice.one" : "advice.many", { n: answer.total ?? answer.items.length })}</p>`}
    ${isNone && html`<section class="card empty"><p>${t(isFiltered ? "advice.none_fits" : "advice.none_yet")}</p>
      ${isFiltered && html`<button onClick=${() => kit.go("/advice")}>${t("advice.show_all")}</button>`}</section>`}
    ${answer?.items.map((one) => html`<${Item} key=${one.key} one=${one} done=${() => setTimeout(again, 2500)} />`)}
    ${(answer?.next || query.cursor) && html`<nav class="pages noprint" aria-label=${t("advice.pages")}>
      <button disabled=${!query.cursor} onClick=${back}>${t("advice.newer")}</button>
      <button disabled=${!answer?.next} onClick=${on}>${t("advice.older")}</button></nav>`}`;
}
