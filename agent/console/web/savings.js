// What the battery saved: from no battery to hindsight, what was missed and why, the trial, and the month's peak.
import { html } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { money, number, percent, t } from "./kit.js";

const STEPS = { no_battery: "home", rule: "charge", paid: "discharge", hindsight: "import" };

/** One bar a step, all from zero or from the least cost where one earns. */
function Waterfall({ steps }) {
  const costs = steps.map((one) => one.cost);
  const [low, high] = [Math.min(0, ...costs), Math.max(0, ...costs)];
  const share = (value) => ((value - low) / (high - low || 1)) * 100;
  return html`<figure class="waterfall">
    <h3>${t("savings.waterfall")}</h3>
    <ol>${steps.map((one, index) => {
      const before = index ? steps[index - 1].cost : null;
      const [from, to] = [share(Math.min(0, one.cost)), share(Math.max(0, one.cost))];
      return html`<li key=${one.key}><span class="what">${t(`savings.${one.key}`)}</span>
        <span class="track"><i class=${`c-${STEPS[one.key] ?? "home"}`} style=${{ left: `${from}%`, width: `${Math.max(0.5, to - from)}%` }} /></span>
        <b class="num">${money(one.cost)}</b>
        <span class="num quiet">${before === null ? "" : money(one.cost - before, { signed: true })}</span></li>`;
    })}</ol>
    <figcaption>${t("savings.waterfall_says")}</figcaption>
  </figure>`;
}

function Trial({ trial }) {
  if (!kit.isKnown(trial.mean_a_day)) return html`<section class="card"><h2>${t("savings.trial")}</h2><p><${kit.Said} of=${trial} /></p></section>`;
  const [low, mean, high] = [trial.low_a_day, trial.mean_a_day, trial.high_a_day].map((value) => money(value, { signed: true }));
  return html`<section class="card" aria-labelledby="trial-title"><h2 id="trial-title">${t("savings.trial")}</h2>
    <p><b>${t("savings.trial_mean", { mean })}</b> ${t("savings.trial_range", { low, high })}</p>
    <p class="quiet">${t("savings.trial_when", { from: kit.date(trial.start), to: kit.date(trial.end), blocks: trial.blocks })}${" "}
      ${!trial.is_certain && t("savings.trial_unsure")}</p></section>`;
}

export function Savings({ answer }) {
  const steps = (answer.waterfall ?? []).filter((one) => kit.isKnown(one.cost));
  const { totals } = answer;
  return html`
    ${steps.length > 1 && html`<section class="card"><${Waterfall} steps=${steps} />
      ${kit.isKnown(totals.capture_pct) && html`<p>${t("savings.capture", { pct: percent(totals.capture_pct, 0), saved: money(totals.saved), achievable: money(totals.achievable) })}</p>`}
      ${kit.isKnown(totals.predicted) && html`<p>${t("savings.predicted", { predicted: money(totals.predicted), saved: money(totals.saved) })}</p>`}
      <p class="quiet">${kit.isKnown(totals.hours) && t("savings.hours", { hours: number(totals.hours, 0) })}${" "}
        ${answer.settled_until && t("savings.settled", { until: kit.dateClock(answer.settled_until) })}</p>
    </section>`}
    ${answer.trial && html`<${Trial} trial=${answer.trial} />`}
    ${answer.observed && html`<p class="notice info">${t("savings.observed", { saved: money(answer.observed.saved), since: kit.date(answer.observed.since) })}</p>`}`;
}

export function Demand() {
  const { answer } = kit.useAnswer("demand");
  if (!answer?.charge) return null;
  const { month, charge } = answer;
  const peaks = [month, ...(answer.others ?? []), ...(answer.history ?? [])].map((one) => one?.peak_w);
  const power = kit.alike([...peaks, month?.paid_w, answer.threshold_w]);
  const isHeld = kit.isKnown(month?.paid_w) && month.paid_w > (month.peak_w ?? 0); // by a ratchet
  const because = t(isHeld ? "demand.held" : "demand.per_kw", { power: power(month?.paid_w), price: money(charge.per_kw) });
  return html`<section class="card" aria-labelledby="demand-title"><h2 id="demand-title">${t("demand.title")}</h2>
    <dl class="tiles">
      <div class="tile"><dt>${t("demand.peak")}</dt><dd>${power(month?.peak_w)}</dd><dd class="note">${month?.peak_at ? kit.dateClock(month.peak_at) : ""}</dd></div>
      <div class="tile"><dt>${t("demand.threshold")}</dt><dd>${power(answer.threshold_w)}</dd><dd class="note">${t("demand.threshold_is")}</dd></div>
      <div class="tile"><dt>${t("demand.cost")}</dt><dd>${money(month?.cost)}</dd><dd class="note">${because}</dd></div>
      ${answer.others?.map((one) => html`<div class="tile" key=${one.name}><dt>${one.name}</dt><dd>${power(one.peak_w)}</dd><dd class="note">${money(one.cost)}</dd></div>`)}
    </dl>
    ${answer.history?.length > 0 && html`<table><thead><tr><th scope="col">${t("demand.month")}</th><th scope="col" class="num">${t("quantity.peak_w")}</th><th scope="col" class="num">${t("demand.cost")}</th></tr></thead>
      <tbody>${answer.history.map((one) => html`<tr key=${one.month}><th scope="row">${kit.month(`${one.month}-15T12:00:00Z`)}</th><td class="num">${power(one.peak_w)}</td><td class="num">${one.is_charged ? money(one.cost) : t("demand.free")}</td></tr>`)}</tbody></table>`}
  </section>`;
}
