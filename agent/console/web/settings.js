// The console's own settings, what is known of the site, and its log.
import { html, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { age, api, Link, t, useBox, when, word } from "./kit.js";
import { Log } from "./log.js";
import { Keys, Password } from "./access.js";
import { SiteFile } from "./draft.js";
import { Receivers } from "./receivers.js";
import { Report } from "./commissioning.js";
import { Notes, useChanges, useQuery } from "./pages.js";

const TABS = ["look", "alerts", "access", "site", "commissioning", "log"];
/** How much of what is kept one of each field is. Prices are typed as the pages show them. */
const perOf = () => ({ soc_below_pct: 1, import_above_w: 1000, price_above_per_kwh: 1 / kit.pricePer(), data_older_than_s: 60 });
const THRESHOLDS = Object.keys(perOf());
const KINDS = ["alarm", "advisory", "plan", "event"];

// --- preferences ---------------------------------------------------------------------------------------------------------

function Choice({ name, value, options, change }) {
  return html`<label>${t(`look.${name}`)}<select value=${value ?? ""} onChange=${(event) => change(event.target.value)}>
    ${options.map((one) => html`<option value=${one}>${t(`look.${name}.${one || "usual"}`)}</option>`)}</select></label>`;
}

function Threshold({ name, value, change }) {
  return html`<label>${t(`threshold.${name}`, { unit: kit.priceUnit() })}<input type="text" inputmode="decimal" value=${value} placeholder=${t("threshold.never")}
    onInput=${(event) => change(event.target.value)} /></label>`;
}

/** What each field holds of the preferences that are kept. */
function fieldsOf({ theme, language, digits, thresholds, notify }) {
  const shown = (value, per) => (kit.isKnown(value) ? String(Math.round((value / per) * 10000) / 10000) : "");
  const limits = Object.entries(perOf()).map(([name, per]) => [name, shown(thresholds[name], per)]);
  const kinds = KINDS.map((kind) => [kind, notify.includes(kind)]);
  return { theme, language, digits: digits === null ? "" : String(digits), ...Object.fromEntries([...limits, ...kinds]) };
}

/** The preferences that are kept with what a person has changed of them; NaN is a limit that is no number. */
function changed(kept, changes) {
  const now = { ...fieldsOf(kept), ...changes };
  const read = (text, per) => (text.trim() === "" ? null : Number(text.replace(",", ".")) * per);
  const limits = Object.entries(perOf()).filter(([name]) => name in changes).map(([name, per]) => [name, read(now[name], per)]);
  return {
    ...kept,
    theme: now.theme,
    language: now.language,
    digits: now.digits === "" ? null : Number(now.digits),
    thresholds: { ...kept.thresholds, ...Object.fromEntries(limits) },
    notify: [...kept.notify.filter((one) => !KINDS.includes(one)), ...KINDS.filter((kind) => now[kind])],
  };
}

function Look() {
  const { answer, failure } = kit.useAnswer("preferences");
  const kept = useBox(kit.preferences) ?? answer;
  const { changes, last, change: note, settle } = useChanges();
  const [told, tell] = useState(null);
  if (!kept && failure) return html`<p class="notice warning" role="status">${kit.told(failure)}</p>`;
  if (!kept) return html`<p class="quiet" aria-busy="true">${t("loading")}</p>`;
  const now = { ...fieldsOf(kept), ...changes };
  const change = (some) => {
    note(some);
    tell(null);
  };
  const save = async (event) => {
    event.preventDefault();
    const sent = last.current;
    const body = changed(kit.preferences.get() ?? kept, sent);
    if (Object.values(body.thresholds).some((value) => Number.isNaN(value))) {
      tell({ isBad: true, text: t("threshold.no_number") });
      return;
    }
    try {
      await kit.applyPreferences(await api("preferences", { method: "PUT", body }));
      settle(sent);
      tell({ text: t("saved") });
    } catch (refused) {
      tell({ isBad: true, text: kit.told(refused) });
    }
  };
  return html`<form class="card" onSubmit=${save}>
    <h2>${t("look.title")}</h2>
    <div class="fields">
      <${Choice} name="theme" value=${now.theme} options=${["auto", "light", "dark"]} change=${(theme) => change({ theme })} />
      <${Choice} name="language" value=${now.language} options=${["auto", "en", "de"]} change=${(language) => change({ language })} />
      <${Choice} name="digits" value=${now.digits} options=${["", "0", "1", "2", "3"]} change=${(digits) => change({ digits })} />
    </div>
    <h3>${t("threshold.title")}</h3><p class="quiet">${t("threshold.why")}</p>
    <div class="fields">${THRESHOLDS.map((name) => html`<${Threshold} name=${name} value=${now[name]} change=${(text) => change({ [name]: text })} />`)}</div>
    <fieldset><legend>${t("notify.title")}</legend><p class="quiet">${t("notify.why")}</p>
      ${KINDS.map((kind) => html`<label class="check"><input type="checkbox" checked=${now[kind]} onChange=${(event) => change({ [kind]: event.target.checked })} /> ${t(`notify.${kind}`)}</label>`)}</fieldset>
    <p role="status" class=${told?.isBad ? "refused" : ""}>${told?.text}</p>
    <button class="main" disabled=${Object.keys(changes).length === 0}>${t("save")}</button>
  </form>`;
}

// --- the site ------------------------------------------------------------------------------------------------------------

function Site() {
  const { answer: site, failure } = kit.useAnswer("status", { everyS: 60 });
  const { answer: models } = kit.useAnswer("models");
  const { answer: commissioned } = kit.useAnswer("commissioning");
  if (!site && failure) return html`<p class=${kit.noticeOf(failure)} role="status">${kit.told(failure)}</p>`;
  if (!site) return html`<p class="quiet" aria-busy="true">${t("loading")}</p>`;
  const yes = (value) => (value === null || value === undefined ? kit.UNKNOWN : t(value ? "yes" : "no"));
  const link = site.link ?? {};
  const facts = [
    [t("site.name"), `${site.name} (${site.site})`],
    [t("site.zone"), site.timezone],
    [t("site.doing"), !site.running ? t("top.stopped") : site.rung ? word("rung", site.rung) : kit.UNKNOWN],
    [t("site.steers"), yes(site.running && site.steers)],
    [t("site.permit"), commissioned && html`<${Link} to="/settings?tab=commissioning">${word("commission.state", commissioned.state)}<//>`],
    [t("site.observation"), site.observation ? t("site.observed", { since: kit.date(site.observation.since), days: site.observation.days, saved: kit.money(site.observation.saved) }) : null],
    [t("site.store"), t("site.store_is", { age: age(site.store_age_s), days: site.keep_days })],
    [t("site.first"), site.first_at ? kit.date(site.first_at) : null],
    [t("site.link"), link.configured === false ? t("site.no_link") : html`${yes(site.running ? link.connected : null)}${link.trouble && html` · <${kit.Said} of=${link} name="trouble" />`}`],
    [t("site.waiting"), link.configured !== false && (Object.entries(site.outbox ?? {}).filter(([, n]) => n > 0).map(([name, n]) => `${word("outbox", name)}: ${kit.number(n, 0)}`).join(", ") || t("site.nothing_waits"))],
  ].filter(([, value]) => value);
  return html`<section class="card"><h2>${t("site.title")}</h2><dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      <${Notes} of=${site} name="attention" /></section>
    <section class="card"><h2>${t("models.title")}</h2>${models?.items?.length
      ? html`<table class="labelled"><thead><tr><th scope="col">${t("models.of")}</th><th scope="col">${t("models.name")}</th><th scope="col">${t("models.role")}</th><th scope="col">${t("models.since")}</th></tr></thead>
        <tbody>${models.items.map((one) => html`<tr><th scope="row">${word("quantity", one.quantity)}</th><td><span class="of">${t("models.name")}</span>${one.name === "none" ? kit.UNKNOWN : one.name} ${one.version}</td><td><span class="of">${t("models.role")}</span>${word("role", one.role)}</td><td><span class="of">${t("models.since")}</span>${one.since && html`${when(one.since)}: `}<${kit.Said} of=${one} name="reason" /></td></tr>`)}</tbody></table>`
      : html`<p class="quiet">${t("models.none")}</p>`}
      <${Notes} of=${models ?? {}} /></section>
    <${SiteFile} />`;
}

// --- the page --------------------------------------------------------------------------------------------------------------

export function Page() {
  const [query, change] = useQuery();
  const tab = TABS.includes(query.tab) ? query.tab : "look";
  const leave = async () => {
    await api("session", { method: "DELETE" });
    kit.session.set({ state: "out" });
  };
  return html`<h1>${t("nav.settings")}</h1>
    <div class="tabs" role="group" aria-label=${t("settings.parts")}>${TABS.map((one) => html`<button aria-pressed=${one === tab} onClick=${() => change({ tab: one, cursor: "" })}>${t(`settings.${one}`)}</button>`)}</div>
    ${tab === "look" && html`<${Look} />`}
    ${tab === "alerts" && html`<${Receivers} />`}
    ${tab === "access" && html`<${Password} /><${Keys} /><button onClick=${leave}>${t("settings.leave")}</button>`}
    ${tab === "site" && html`<${Site} />`}
    ${tab === "commissioning" && html`<${Report} />`}
    ${tab === "log" && html`<${Log} />`}`;
}
