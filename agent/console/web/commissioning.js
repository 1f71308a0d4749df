// Why the battery may be steered: the test of the devices, its orders, what was measured, who answers for it.
import { html } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { amount, number, Said, t, word } from "./kit.js";
import { useWidth } from "./now.js";

const VERDICTS = { passed: "good", accepted: "care", failed: "bad", none: "care" };
const RESULTS = { followed: "good", limited: "care", not_measured: "care", failed: "bad" };
const LINES = ["grid", "battery", "asked"]; // the later ones above
const LEFT = 54;
const RIGHT = 20;
const HEIGHT = 230;
const TICKS = 7;

const seconds = (value) => (kit.isKnown(value) ? `${number(value, 1)}\u00a0s` : kit.UNKNOWN);
const ramp = (value) => (kit.isKnown(value) ? `${number(value, 0)}\u00a0W/s` : kit.UNKNOWN);
const moment = (at) => `${kit.date(at)}, ${kit.clock(at)}`;
const signed = (value) => (kit.isKnown(value) ? `${value > 0.5 ? "+" : ""}${amount(value)}` : kit.UNKNOWN);

// --- the traces ---------------------------------------------------------------------------------------------------------

/** The corners of what was asked: an order holds until the next one, a release draws nothing. */
function orders({ at_s: at, w }, last) {
  return at.flatMap((from, index) => (w[index] === null ? [] : [[[from, w[index]], [at[index + 1] ?? last, w[index]]]]));
}

/** Round values that divide what lies between into a few parts. */
function levels(low, high) {
  const rough = (high - low) / TICKS || 1;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * size).find((one) => one >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

function Traces({ test }) {
  const [ref, width] = useWidth();
  const { traces } = test;
  const last = Math.max(...LINES.flatMap((name) => traces[name].at_s));
  const known = LINES.flatMap((name) => traces[name].w).filter(kit.isKnown);
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  const room = (high - low || 1) * 0.05;
  const scale = kit.scaleOf(known);
  const x = (at) => LEFT + ((width - LEFT - RIGHT) * at) / last;
  const y = (watts) => 8 + ((HEIGHT - 34) * (high + room - watts)) / (high - low + 2 * room);
  const line = (points) => points.map(([at, watts]) => `${x(at).toFixed(1)},${y(watts).toFixed(1)}`).join(" ");
  const drawn = (name) => (name === "asked" ? orders(traces.asked, last) : [traces[name].at_s.map((at, index) => [at, traces[name].w[index]])]);
  const ticks = levels(low - room, high + room);
  const say = (watts) => number(watts / scale.per, scale.per === 1 || watts === 0 ? 0 : 1);
  return html`<figure class="traces" ref=${ref}>
    ${width > 0 && html`<svg width=${width} height=${HEIGHT} role="img" aria-label=${t("commission.traces_say", { device: test.device, s: number(last, 0) })}>
      ${ticks.map((watts) => html`<line x1=${LEFT} x2=${width - RIGHT} y1=${y(watts)} y2=${y(watts)} class=${watts === 0 ? "zero" : "grid"} /><text x=${LEFT - 8} y=${y(watts) + 4} text-anchor="end">${say(watts)}</text>`)}
      ${levels(0, last).map((at) => html`<text x=${x(at)} y=${HEIGHT - 6} text-anchor="middle">${number(at, 0)} s</text>`)}
      ${LINES.flatMap((name) => drawn(name).map((points) => html`<polyline points=${line(points)} class=${`line ${name}`} />`))}
    </svg>`}
    <ul class="legend">${[["battery", "discharge", ""], ["grid", "import", ""], ["asked", "ink", "dashed"]].map(
      ([name, colour, dashed]) => html`<li><i class=${`swatch k-line ${dashed} c-${colour}`} /> ${t(`commission.line.${name}`)}</li>`,
    )}<li class="quiet">${scale.unit}</li></ul>
  </figure>`;
}

// --- one battery --------------------------------------------------------------------------------------------------------

const COLUMNS = ["order", "result", "taken_w", "settled_w", "off_w", "dead_time_s", "ramp_w_per_s"];

function cell(name, step) {
  if (name === "order") return word("commission.order", step.order);
  if (name === "result") return html`<span class=${`tag ${RESULTS[step.result] ?? ""}`}>${word("commission.result", step.result)}</span>`;
  if (name === "dead_time_s") return seconds(step.dead_time_s);
  if (name === "ramp_w_per_s") return ramp(step.ramp_w_per_s);
  return name === "off_w" ? amount(step.off_w) : signed(step[name]);
}

function Steps({ test }) {
  const label = (name) => t(`commission.${name}`);
  return html`<table class="labelled orders">
    <thead><tr>${COLUMNS.map((name, index) => html`<th scope="col" class=${index > 1 ? "num" : ""}>${label(name)}</th>`)}</tr></thead>
    <tbody>${test.steps.map((step) => html`<tr>${COLUMNS.map((name, index) =>
      index === 0
        ? html`<th scope="row">${cell(name, step)}</th>`
        : html`<td class=${index > 1 ? "num" : ""}><span class="of">${label(name)}</span>${cell(name, step)}</td>`)}</tr>`)}</tbody></table>`;
}

function Test({ test }) {
  const lag = test.meter_lag_s;
  const facts = [
    [t("commission.meter_answer"), kit.isKnown(test.meter_answer) ? t("commission.answer_is", { power: `${number(test.meter_answer, 2)}\u00a0W` }) : null],
    [t("commission.meter_values"), kit.isKnown(lag) ? t(lag < 0 ? "commission.newer" : "commission.older", { s: seconds(Math.abs(lag)) }) : t("commission.lag_unknown")],
    [t("commission.reversion"), test.reversion ? reverted(test.reversion) : null],
  ].filter(([, value]) => value);
  return html`<section class="card" aria-labelledby=${`test-${test.device}`}>
    <h2 id=${`test-${test.device}`}>${t("commission.tested", { device: test.device, power: amount(test.test_w) })}</h2>
    ${test.traces.battery.at_s.length > 1 && html`<${Traces} test=${test} />`}
    ${test.steps.length > 0 ? html`<${Steps} test=${test} />` : html`<p class="quiet">${t("commission.no_steps")}</p>`}
    <dl class="facts spaced">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    ${test.released && html`<p class="quiet"><${Said} of=${test} name="released" /></p>`}
  </section>`;
}

function reverted(reversion) {
  const { promised_s: promised, seen_s: seen } = reversion;
  if (!kit.isKnown(seen)) return html`<${Said} of=${reversion} />`;
  return t(kit.isKnown(promised) ? "commission.reverted_of" : "commission.reverted", { seen: seconds(seen), promised: seconds(promised) });
}

// --- the report ---------------------------------------------------------------------------------------------------------

function Verdict({ answer }) {
  const { permit, report, state } = answer;
  const by = permit ?? report;
  const said = by && t(`commission.${state}_by`, { by: by.by, at: moment(by.at) });
  return html`<section class="card" aria-labelledby="commission-title">
    <div class="head wraps"><h2 id="commission-title">${t("commission.title")}</h2><span class=${`tag ${VERDICTS[state] ?? ""}`}>${word("commission.state", state)}</span></div>
    ${said && html`<p>${said}</p>`}
    ${state === "accepted" && html`<p>${t("commission.reason")}: ${permit.reason}</p>`}
    ${state === "failed" && html`<p><${Said} of=${report} name="ended" /></p>`}
    ${answer.locked_by && answer.locked_by !== "not_commissioned" && html`<p class="notice warning">${t(`commission.locked.${answer.locked_by}`)} <${Said} of=${answer} name="locked" /></p>`}
    ${report && html`<dl class="tiles">
      ${[["dead_time_s", seconds], ["ramp_w_per_s", ramp], ["off_w", amount], ["meter_lag_s", seconds]].map(
        ([name, form]) => html`<div class="tile"><dt>${t(`commission.${name}`)}</dt><dd>${form(report[name])}</dd><dd class="note">${t(`commission.${name}_is`)}</dd></div>`)}</dl>`}
    ${permit && report && !report.passed && permit.passed && html`<p class="notice warning">${t("commission.later_failed", { at: moment(report.at) })}</p>`}
    ${(state === "none" || state === "failed" || state === "accepted") && html`<${ToRun} answer=${answer} />`}
  </section>`;
}

function ToRun({ answer }) {
  return html`<p>${t(answer.state === "none" ? "commission.none_why" : "commission.again_why")}</p>
    <p class="notice"><code>${answer.command}</code></p><p class="quiet">${t("commission.how")}</p>`;
}

function Findings({ report }) {
  return html`<section class="card" aria-labelledby="found-title"><h2 id="found-title">${t("commission.findings")}</h2>
    ${report.findings.length === 0 ? html`<p class="quiet">${t("commission.no_findings")}</p>` : html`<ul class="plain">${report.findings.map(
      (one) => html`<li><span class=${`tag ${one.stops ? "bad" : ""}`}>${t(one.stops ? "commission.stops" : "commission.note")}</span> <b>${word("finding", one.code)}</b><br /><${Said} of=${one} /></li>`)}</ul>`}
  </section>`;
}

function Devices({ report }) {
  const columns = ["name", "brand", "place", "model", "serial", "firmware"];
  return html`<section class="card" aria-labelledby="tested-title"><h2 id="tested-title">${t("commission.devices")}</h2>
    <table class="labelled"><thead><tr>${columns.map((name) => html`<th scope="col">${t(`commission.device.${name}`)}</th>`)}</tr></thead>
      <tbody>${report.devices.map((one) => html`<tr key=${one.name}><th scope="row">${one.name}</th>${columns.slice(1).map(
        (name) => html`<td><span class="of">${t(`commission.device.${name}`)}</span>${one[name] || kit.UNKNOWN}</td>`)}</tr>`)}</tbody></table></section>`;
}

export function Report() {
  const { answer, failure } = kit.useAnswer("commissioning");
  if (!answer && failure) return html`<p class=${kit.noticeOf(failure)} role="status">${kit.told(failure)}</p>`;
  if (!answer) return html`<p class="quiet" aria-busy="true">${t("loading")}</p>`;
  const { report } = answer;
  return html`<${Verdict} answer=${answer} />
    ${report && html`${report.tests.map((test) => html`<${Test} key=${test.device} test=${test} />`)}
      <${Findings} report=${report} /><${Devices} report=${report} />`}`;
}
