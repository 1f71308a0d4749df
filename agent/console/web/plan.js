// What is planned, against what came: prices and the worth of stored energy, charge, load and solar, the battery.
import { html, useMemo } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { amount, clock, day, number, percent, price, t, when } from "./kit.js";
import { Chart } from "./charts.js";
import { Notes } from "./pages.js";

const STILL_W = 25;

/** The plan's steps with what came before them: one list of times, and each column over it. */
function joined(plan) {
  const { series, actual } = plan;
  const at = [...new Set([...(actual?.at ?? []), ...series.at])].sort((a, b) => Date.parse(a) - Date.parse(b));
  const place = (times) => new Map(times.map((one, index) => [Date.parse(one), index]));
  const [planned, came] = [place(series.at), place(actual?.at ?? [])];
  const over = (index, values) => at.map((one) => values?.[index.get(Date.parse(one))] ?? null);
  const columns = { planned: (name) => over(planned, series[name]), came: (name) => over(came, actual?.[name]) };
  const either = (name) => {
    const before = columns.came(name);
    return columns.planned(name).map((value, index) => value ?? before[index]);
  };
  return { at, ...columns, either };
}

const moment = (at) => `${day(at)} ${clock(at)}`;

function timed(at) {
  return at?.slice(11, 16) === "00:00" ? day(at) : clock(at);
}

function PriceChart({ at, planned, either }) {
  const cents = (name) => either(name).map((value) => (value === null ? null : value * kit.pricePer()));
  const series = [
    { name: t("quantity.import_price"), colour: "import", kind: "step", values: cents("import_price") },
    { name: t("quantity.export_price"), colour: "export", kind: "step", values: cents("export_price") },
    { name: t("quantity.energy_value_per_kwh"), colour: "discharge", kind: "step", isDashed: true, values: cents("energy_value_per_kwh") },
  ];
  const bought = planned("import_price").filter(kit.isKnown);
  const sentence = bought.length
    ? t("plan.price_says", { low: price(Math.min(...bought)), high: price(Math.max(...bought)) })
    : t("plan.no_price");
  const say = (value) => (kit.isKnown(value) ? `${number(value, 1)} ${kit.priceUnit()}` : kit.UNKNOWN);
  return { title: t("plan.prices"), unit: kit.priceUnit(), series, sentence, say, at };
}

function SocChart({ at, planned, came, plan }) {
  const series = [
    { name: t("plan.soc"), colour: "discharge", kind: "line", values: planned("soc_pct") },
    { name: t("plan.soc_came"), colour: "home", kind: "line", isDashed: true, values: came("soc_pct") },
    { name: t("plan.reserve"), colour: "charge", kind: "step", values: planned("reserve_pct") },
  ];
  const turns = [
    plan.full_at && t("plan.full", { at: when(plan.full_at) }),
    plan.empty_at && t("plan.empty", { at: when(plan.empty_at) }),
    plan.lowest_at && t("plan.lowest", { soc: percent(plan.lowest_pct), at: when(plan.lowest_at) }),
  ].filter(Boolean);
  const say = (value) => percent(value);
  return { title: t("plan.charge"), unit: "%", series, sentence: turns.join(" "), say, at, range: [0, 100] };
}

/** One unit for all lines of a chart, and their values in it. */
function inUnit(series) {
  const all = series.flatMap((one) => [...one.values, ...(one.high ?? [])]);
  const [scale, inOne] = [kit.scaleOf(all), kit.alike(all)];
  const scaled = (values) => values?.map((value) => (value === null ? null : value / scale.per));
  const changed = series.map((one) => ({ ...one, values: scaled(one.values), low: scaled(one.low), high: scaled(one.high) }));
  const say = (value) => inOne(kit.isKnown(value) ? value * scale.per : null);
  return { unit: scale.unit, series: changed, say };
}

function ForecastChart({ at, planned, came, name, colour, plan }) {
  const share = Math.round(plan.band_pct);
  const [low, high] = [planned(`${name}_low_w`), planned(`${name}_high_w`)];
  const band = { name: t("plan.band", { share }), colour, kind: "band", values: [], low, high };
  const series = [
    ...(low.some(kit.isKnown) ? [band] : []),
    { name: t(`plan.${name}`), colour, kind: "line", values: planned(`${name}_w`) },
    { name: t("plan.came"), colour: colour === "home" ? "import" : "home", kind: "line", isDashed: true, values: came(`${name}_w`) },
  ];
  const most = Math.max(0, ...planned(`${name}_w`).filter(kit.isKnown));
  const sentence = low.some(kit.isKnown) ? t("plan.band_says", { most: amount(most), share }) : t("plan.most", { most: amount(most) });
  return { title: t(`plan.${name}_title`), at, sentence, ...inUnit(series) };
}

function BatteryChart({ at, planned, came, plan }) {
  const power = planned("battery_w");
  const side = (wanted) => power.map((value) => (value === null || Math.sign(value) === wanted ? value : 0));
  const shown = inUnit([
    { name: t("plan.discharge"), colour: "discharge", kind: "bar", values: side(1) },
    { name: t("plan.charge_bar"), colour: "charge", kind: "bar", values: side(-1) },
    { name: t("plan.came"), colour: "home", kind: "line", isDashed: true, values: came("battery_w") },
  ]);
  const hold = { name: t("plan.hold"), colour: "quiet", kind: "hatch", values: planned("hold") };
  const hours = plan.step_s / 3600;
  const sum = (wanted) => amount(Math.abs(side(wanted).reduce((total, value) => total + value, 0)) * hours, "Wh");
  const sentence = t("plan.battery_says", { charged: sum(-1), discharged: sum(1) });
  return { title: t("plan.battery"), at, sentence, ...shown, series: [...shown.series, hold] };
}

// --- the table ----------------------------------------------------------------------------------------------------------

/** Steps that follow each other with the same reason as one row. */
function rows(plan) {
  const { series, step_s } = plan;
  const found = [];
  series.at.forEach((at, index) => {
    if (index < (plan.now_step ?? 0)) return;
    const power = series.battery_w[index];
    const code = series.reason?.[index] ?? null;
    const last = found.at(-1);
    const end = Date.parse(at) + step_s * 1000;
    if (last && last.code === code && Math.sign(Math.round(last.power / STILL_W)) === Math.sign(Math.round((power ?? 0) / STILL_W))) {
      last.end = end;
      last.soc = series.soc_pct[index];
      last.wh += ((power ?? 0) * step_s) / 3600;
      last.most = Math.max(last.most, Math.abs(power ?? 0));
      last.prices.push(series.import_price[index]);
      return;
    }
    found.push({
      at,
      end,
      code,
      power: power ?? 0,
      wh: ((power ?? 0) * step_s) / 3600,
      most: Math.abs(power ?? 0),
      soc: series.soc_pct[index],
      text: series.reason_text?.[index],
      prices: [series.import_price[index]],
    });
  });
  return found;
}

function action(row, energy, power) {
  if (row.most < STILL_W) return t("plan.does_hold");
  return t(row.power > 0 ? "plan.does_discharge" : "plan.does_charge", { wh: energy(Math.abs(row.wh)), most: power(row.most) });
}

/** One price, or the lowest and the highest of several. */
function priceOf({ prices }) {
  const known = prices.filter(kit.isKnown);
  if (!known.length) return kit.UNKNOWN;
  const [low, high] = [Math.min(...known), Math.max(...known)].map((one) => number(one * kit.pricePer(), 1));
  return `${low === high ? low : `${low} – ${high}`}\u00a0${kit.priceUnit()}`;
}

function Table({ plan }) {
  let last = null;
  const found = rows(plan);
  const energy = kit.alike(found.map((row) => row.wh), "Wh");
  const power = kit.alike(found.map((row) => row.most));
  return html`<section class="card" aria-labelledby="steps-title"><h2 id="steps-title">${t("plan.steps")}</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="steps-title"><table class="steps">
      <thead><tr><th scope="col">${t("plan.from_to")}</th><th scope="col">${t("plan.does")}</th><th scope="col" class="num">${t("plan.then")}</th><th scope="col" class="num">${t("quantity.import_price")}</th><th scope="col">${t("plan.why")}</th></tr></thead>
      <tbody>${found.map((row) => {
        const isNew = day(row.at) !== last;
        last = day(row.at);
        return html`${isNew && html`<tr class="day"><th scope="rowgroup" colspan="5">${last}</th></tr>`}
          <tr><th scope="row" class="nowrap">${clock(row.at)}–${clock(row.end)}</th><td>${action(row, energy, power)}</td><td class="num">${percent(row.soc)}</td>
          <td class="num nowrap">${priceOf(row)}</td><td lang=${known(row.code) ? null : "en"}>${known(row.code) ? t(`reason.${row.code}`) : row.text}</td></tr>`;
      })}</tbody></table></div></section>`;
}

const known = (code) => code !== null && t(`reason.${code}`) !== `reason.${code}`;

// --- the page -----------------------------------------------------------------------------------------------------------

const IDLE = ["observe", "release"]; // rungs on which neither a plan nor the rule is followed

function Charts({ plan }) {
  const site = kit.useBox(kit.site);
  const drawn = useMemo(() => {
    const over = { ...joined(plan), plan };
    const forecasts = [ForecastChart({ ...over, name: "load", colour: "home" })];
    if (site?.has_solar !== false) forecasts.push(ForecastChart({ ...over, name: "pv", colour: "solar" }));
    return [PriceChart(over), BatteryChart(over), SocChart(over), ...forecasts];
  }, [plan, site?.has_solar, kit.language.get(), kit.digits.get(), kit.zone.get()]);
  const at = drawn[0].at;
  const first = Date.parse(plan.series.at[plan.now_step ?? 0]);
  const now = at.findIndex((one) => Date.parse(one) === first);
  return html`<div class="charts">${drawn.map(
    (one) => html`<section class="card" key=${one.title}><${Chart} ...${one} label=${timed} moment=${moment} now=${now < 0 ? null : now} /></section>`,
  )}</div>`;
}

function Refusal({ failure, again }) {
  const isNone = failure.code === "no_store" || failure.status === 404 || failure.code === "no_plan";
  return html`<section class="card empty"><h2>${t(isNone ? "plan.none" : "page.failed")}</h2>
    <p>${isNone ? t("plan.none_why") : kit.told(failure)}</p> <button onClick=${again}>${t("again")}</button></section>`;
}

export function Page() {
  const { answer, failure, again, isLoading } = kit.useAnswer("plan", { everyS: 300, on: kit.news.plan });
  const title = html`<h1>${t("nav.plan")}</h1>`;
  const [live, site] = [kit.useBox(kit.live), kit.useBox(kit.site)];
  const isSteered = (live ?? site)?.running && !IDLE.includes(live?.setpoint?.rung ?? site?.rung);
  if (!answer && failure && failure.code !== "no_session") return html`${title}<${Refusal} failure=${failure} again=${again} />`;
  if (!answer) return html`${title}<p class="quiet" aria-busy=${isLoading}>${t("loading")}</p>`;
  if (!answer.series) return html`${title}<${Refusal} failure=${{ code: "no_plan" }} again=${again} />`;
  if (answer.expired)
    return html`${title}<p class="notice warning" role="status">${t("plan.expired", { at: kit.dateClock(answer.expires_at) })} ${answer.failure ?? ""}</p>
      <section class="card empty"><p>${t(isSteered ? "plan.expired_why" : "plan.expired_idle")}</p></section>`;
  return html`${title}
    <p class="quiet">${t("plan.issued", { at: when(answer.issued_at), until: when(answer.expires_at) })} ${kit.isKnown(answer.cost) && t("plan.cost", { cost: kit.money(answer.cost) })}</p>
    ${answer.failure && html`<p class="notice warning" role="status"><b>${t("plan.failed")}</b> <span lang="en">${answer.failure}</span></p>`}
    <${Notes} of=${answer} />
    <${Charts} plan=${answer} />
    <${Table} plan=${answer} />`;
}
