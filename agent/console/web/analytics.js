// What was used, paid, emitted and saved, over a day, week, month or year, and against another time.
import { html, useMemo } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { amount, clock, day, kilograms, money, month, number, percent, price, t, useBox, word } from "./kit.js";
import { Chart } from "./charts.js";
import { GRANULARITY, SPANS, bounds, isDate, spanName, stepped, today } from "./periods.js";
import { Demand, Savings } from "./savings.js";
import { Notes, useQuery } from "./pages.js";

const REDRAWN_WITHIN_MS = 400;
const ASKED_EVERY_S = 300; // what goes on
const OF_SOLAR = new Set(["pv_wh", "self_sufficiency_pct", "self_consumption_pct"]);

const energy = (value) => amount(value, "Wh");

// What each view asks for and shows: bars upwards (1) or downwards (-1), tiles, and how it may be split.
const VIEWS = {
  consumption: {
    bars: [["pv_wh", "solar", 1], ["discharge_wh", "discharge", 1], ["import_wh", "import", 1], ["charge_wh", "charge", -1], ["export_wh", "export", -1]],
    line: ["load_wh", "ink"],
    tiles: ["load_wh", "pv_wh", "import_wh", "export_wh", "self_sufficiency_pct", "self_consumption_pct", "full_cycles"],
    breakdowns: ["source", "hour", "weekday", "tariff"],
    main: "load_wh",
    form: energy,
  },
  cost: {
    bars: [["cost", "import", 1]],
    tiles: ["cost", "import_wh", "export_wh"],
    breakdowns: ["tariff", "direction", "demand"],
    main: "cost",
    form: money,
  },
  carbon: {
    bars: [["co2_kg", "home", 1]],
    tiles: ["co2_kg", "import_wh"],
    breakdowns: ["hour", "source"],
    main: "co2_kg",
    form: kilograms,
  },
  savings: {
    bars: [["saved", "discharge", 1]],
    line: ["achievable", "ink"],
    tiles: ["saved", "saved_by_rule", "achievable", "capture_pct"],
    breakdowns: ["loss", "advice"],
    main: "saved",
    form: money,
  },
};
const MONEYS = new Set(["cost", "saved", "saved_by_rule", "achievable", "paid", "rule", "no_battery", "hindsight", "predicted"]);

const isEnergy = (name) => name === "wh" || name.endsWith("_wh");

function shownAs(name, value, say = energy) {
  if (name.endsWith("_w")) return amount(value);
  if (isEnergy(name)) return say(value);
  if (name.endsWith("_pct")) return percent(value, 1);
  if (name.endsWith("_kg")) return kilograms(value);
  if (name.endsWith("price")) return price(value);
  return MONEYS.has(name) ? money(value) : number(value, 2);
}

// --- what is asked --------------------------------------------------------------------------------------------------

function asked(query) {
  const view = query.view in VIEWS ? query.view : "consumption";
  const span = SPANS.includes(query.span) ? query.span : "week";
  const on = isDate(query.on) ? query.on : today();
  const breakdown = VIEWS[view].breakdowns.includes(query.by) ? query.by : VIEWS[view].breakdowns[0];
  const compare = ["previous", "year", "baseline"].includes(query.compare) ? query.compare : "";
  return { view, span, on, breakdown, compare };
}

function address({ view, span, on, breakdown, compare }, form) {
  const [startDate, endDate] = bounds(span, on);
  const parts = { startDate, endDate, granularity: GRANULARITY[span], breakdown };
  if (compare) parts.compareWith = compare === "baseline" ? "baseline" : "previous";
  if (compare && compare !== "baseline") parts.shift = compare === "year" ? "year" : "period";
  if (form) parts.format = form;
  if (form && kit.language.get() === "de") parts.decimal = "comma"; // as a spreadsheet that speaks German reads it
  return `analytics/${view}?${new URLSearchParams(parts)}`;
}

/** Charts are drawn anew in the light colours before the page goes to paper. */
function onPaper() {
  const root = document.documentElement;
  const { theme } = root.dataset;
  root.dataset.theme = "light";
  setTimeout(() => {
    print();
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  }, REDRAWN_WITHIN_MS);
}

function Controls({ at, change }) {
  const language = useBox(kit.language);
  const isLast = bounds(at.span, at.on)[1] >= today();
  const step = (by) => change((last) => {
    const { span, on } = asked(last);
    return { on: stepped(span, on, by) };
  });
  return html`<div class="controls noprint">
    <div class="tabs" role="group" aria-label=${t("analytics.views")}>${Object.keys(VIEWS).map(
      (view) => html`<button aria-pressed=${view === at.view} onClick=${() => change({ view, by: undefined })}>${t(`analytics.${view}`)}</button>`,
    )}</div>
    <div class="row">
      <label><span class="unseen">${t("analytics.span")}</span><select value=${at.span} onChange=${(event) => change({ span: event.target.value })}>
        ${SPANS.map((span) => html`<option value=${span}>${t(`span.${span}`)}</option>`)}</select></label>
      <div class="pager"><button aria-label=${t("analytics.back")} onClick=${() => step(-1)}>‹</button>
        <b aria-live="polite">${spanName(at.span, at.on, language)}</b>
        <button aria-label=${t("analytics.forward")} disabled=${isLast} onClick=${() => step(1)}>›</button></div>
      <label><span class="unseen">${t("analytics.compare")}</span><select value=${at.compare} onChange=${(event) => change({ compare: event.target.value })}>
        ${["", "previous", "year", "baseline"].map((one) => html`<option value=${one}>${t(`compare.${one || "none"}`)}</option>`)}</select></label>
      <span class="push" /><a class="button" href=${`/api/v1/${address(at, "csv")}`} download=${`${at.view}-${at.on}.csv`}>${t("analytics.csv")}</a>
      <button onClick=${onPaper}>${t("analytics.print")}</button>
    </div></div>`;
}

// --- what is shown --------------------------------------------------------------------------------------------------

function Tiles({ names, totals, change }) {
  const hasSolar = useBox(kit.site)?.has_solar !== false;
  const shown = names.filter((name) => name in totals && !(OF_SOLAR.has(name) && !hasSolar));
  const say = kit.alike(shown.filter(isEnergy).map((name) => totals[name]), "Wh");
  return html`<dl class="tiles wide">${shown.map((name) => {
    const differs = change?.[name];
    return html`<div class="tile" key=${name}><dt>${t(`quantity.${name}`)}</dt><dd>${shownAs(name, totals[name], say)}</dd>
      ${differs && html`<dd class="note">${t("compare.differs", { by: `${differs.difference > 0 ? "+" : ""}${shownAs(name, differs.difference)}`, pct: kit.isKnown(differs.change_pct) ? ` (${differs.change_pct > 0 ? "+" : ""}${percent(differs.change_pct, 0)})` : "" })}</dd>`}
    </div>`;
  })}</dl>`;
}

function bucketNames(granularity) {
  if (granularity === "month") return [(at) => month(at), (at) => month(at)];
  if (granularity === "day") return [(at) => day(at), (at) => kit.date(at)];
  return [(at) => clock(at), (at) => `${day(at)} ${clock(at)}`];
}

function drawn(view, answer, hasSolar) {
  const { bars, line, main, form } = VIEWS[view];
  const { series, compare } = answer;
  const named = (name) => t(`quantity.${name}`);
  const found = bars.filter(([name]) => name in series && !(name === "pv_wh" && !hasSolar)).map(([name, colour, sign]) => ({
    name: named(name), colour, kind: "bar", values: series[name].map((value) => (value === null ? null : sign * value)),
  }));
  if (line && line[0] in series) found.push({ name: named(line[0]), colour: line[1], kind: "mark", values: series[line[0]] });
  for (const [name, values] of Object.entries(compare?.series ?? {})) {
    if (name !== main && !(view === "cost" && ["no_battery", "rule"].includes(name))) continue;
    const label = t(compare.with === "baseline" ? "compare.line_baseline" : "compare.line", { name: named(name) });
    const over = series.at.map((_, index) => values[index] ?? null);
    found.push({ name: label, colour: name === "rule" ? "charge" : "ink", kind: "mark", isDashed: true, values: over });
  }
  if (form !== energy) return { series: found, say: form };
  const scale = kit.scaleOf(found.flatMap((one) => one.values), "Wh");
  const scaled = found.map((one) => ({ ...one, values: one.values.map((value) => (value === null ? null : value / scale.per)) }));
  const inUnit = kit.alike(found.flatMap((one) => one.values), "Wh");
  const say = (value) => inUnit(kit.isKnown(value) ? Math.abs(value) * scale.per : null);
  return { series: scaled, say, unit: scale.unit, sign: "never" };
}

function Bars({ at, answer }) {
  const hasSolar = useBox(kit.site)?.has_solar !== false;
  const shown = useMemo(() => drawn(at.view, answer, hasSolar), [at.view, answer, hasSolar, kit.language.get(), kit.digits.get()]);
  const [label, moment] = bucketNames(answer.granularity);
  const main = VIEWS[at.view].main;
  const known = (answer.series[main] ?? []).filter(kit.isKnown);
  const total = answer.totals[main];
  const sentence = known.length
    ? t("analytics.says", { what: t(`quantity.${main}`), total: shownAs(main, total), most: shownAs(main, Math.max(...known)) })
    : t("analytics.nothing");
  const unit = shown.unit ?? (at.view === "carbon" ? "kg" : kit.currency.get());
  return html`<section class="card"><${Chart} title=${t(`analytics.${at.view}`)} unit=${unit} at=${answer.series.at} ...${shown}
    sentence=${sentence} label=${label} moment=${moment} isDaily=${answer.granularity !== "hour" && answer.granularity !== "quarter"} height=${260} /></section>`;
}

const NOT_COLUMNS = new Set(["key", "share_pct", "hour", "price"]);

function breakdownName(by, row) {
  if (by === "hour") return t("breakdown.at", { hour: row.key });
  if (by === "tariff" && kit.isKnown(row.price)) return row.key.split(" to ").map((one) => price(Number(one))).join(" – ");
  if (by === "demand") return month(`${row.key}-15T12:00:00Z`);
  if (by === "advice") return html`<${kit.Said} of=${row} name="headline" /> <small class="quiet">${kit.day(row.start)}</small>`;
  return word(`breakdown.${by}`, row.key);
}

function Breakdown({ at, answer, change }) {
  const { breakdowns } = VIEWS[at.view];
  const rows = answer.breakdown ?? [];
  const columns = Object.keys(rows[0] ?? {}).filter((name) => !NOT_COLUMNS.has(name) && rows.some((row) => kit.isKnown(row[name])));
  const say = kit.alike(columns.filter(isEnergy).flatMap((name) => rows.map((row) => row[name])), "Wh");
  const hasShares = rows.some((row) => kit.isKnown(row.share_pct));
  const share = t(at.view === "cost" ? "breakdown.share_import" : "breakdown.share"); // a cost below 0 has none
  return html`<section class="card" aria-labelledby="split-title"><div class="head"><h2 id="split-title">${t("breakdown.title")}</h2>
      <label class="noprint"><span class="unseen">${t("breakdown.by")}</span><select value=${at.breakdown} onChange=${(event) => change({ by: event.target.value })}>
        ${breakdowns.map((one) => html`<option value=${one}>${t(`breakdown.${one}`)}</option>`)}</select></label></div>
    ${rows.length
      ? html`<table class="split"><thead><tr><th scope="col">${t(`breakdown.${at.breakdown}`)}</th>${columns.map((name) => html`<th scope="col" class="num">${t(`quantity.${name}`)}</th>`)}${hasShares && html`<th scope="col" class="share">${share}</th>`}</tr></thead>
        <tbody>${rows.map((row) => html`<tr key=${row.key}><th scope="row">${breakdownName(at.breakdown, row)}</th>${columns.map((name, index) => html`<td class=${`num ${index && !row[name] ? "none" : ""}`}>${index > 0 && html`<span class="of">${t(`quantity.${name}`)}</span> `}${shownAs(name, row[name], say)}</td>`)}
          ${hasShares && html`<td class="share"><span class="of">${share}</span> <span>${percent(row.share_pct, 0)}</span>${kit.isKnown(row.share_pct) && html`<i style=${{ width: `${Math.min(100, Math.max(0, row.share_pct))}%` }} />`}</td>`}</tr>`)}</tbody></table>`
      : html`<p class="quiet">${t("breakdown.none")}</p>`}
  </section>`;
}

function Compared({ compare }) {
  if (!compare) return null;
  const until = new Date(Date.parse(compare.end) - 1000).toISOString();
  return html`<p class="quiet">${t(compare.with === "baseline" ? "compare.baseline_is" : "compare.with", { from: kit.date(compare.start), to: kit.date(until) })}</p>`;
}

/** Why there is nothing to draw. */
function nothing(view, { totals }) {
  if (view === "savings") return "savings.nothing";
  return view === "cost" && kit.isKnown(totals.import_wh) ? "cost.nothing" : "analytics.nothing";
}

function Shown({ at, answer, change }) {
  const site = useBox(kit.site);
  const { tiles, main } = VIEWS[at.view];
  const isEmpty = !(answer.series[main] ?? []).some(kit.isKnown);
  return html`${!isEmpty && html`<${Tiles} names=${tiles} totals=${answer.totals} change=${answer.compare?.change} />
    <${Compared} compare=${answer.compare} />`}
    ${kit.isKnown(answer.coverage) && answer.coverage < 0.98 && !isEmpty && html`<p class="quiet">${t("analytics.coverage", { share: percent(answer.coverage * 100) })}</p>`}
    ${isEmpty ? html`<section class="card empty"><p>${t(nothing(at.view, answer))}</p></section>` : html`<${Bars} at=${at} answer=${answer} />`}
    ${at.view === "savings" && html`<${Savings} answer=${answer} />`}
    ${at.view === "cost" && site?.has_demand_charge && html`<${Demand} />`}
    ${!isEmpty && html`<${Breakdown} at=${at} answer=${answer} change=${change} />`}
    <${Notes} of=${answer} />`;
}

export function Page() {
  const [query, change] = useQuery();
  const site = useBox(kit.site);
  const at = asked(query);
  const goesOn = bounds(at.span, at.on)[1] >= today();
  const { answer, failure, again } = kit.useAnswer(address(at), { everyS: goesOn ? ASKED_EVERY_S : 0 });
  return html`<h1>${t("nav.analytics")}</h1>
    <p class="onlyprint">${site?.name} · ${t(`analytics.${at.view}`)} · ${spanName(at.span, at.on, kit.language.get())}</p>
    <${Controls} at=${at} change=${change} />
    ${failure && failure.code !== "no_session" && html`<p class=${kit.noticeOf(failure)} role="status">${kit.told(failure)} <button class="small" onClick=${again}>${t("again")}</button></p>`}
    ${answer ? html`<${Shown} at=${at} answer=${answer} change=${change} />` : !failure && html`<p class="quiet" aria-busy="true">${t("loading")}</p>`}`;
}
