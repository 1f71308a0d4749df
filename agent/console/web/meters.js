// What every device said in the newest minute, and how good the grid's voltage and frequency are.
import { html } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { age, number, t, word } from "./kit.js";

const PLACES = { V: 1, A: 2, Hz: 2, "%": 1, "°C": 1 };
const QUALITY = /^(voltage|frequency|current|power_factor)/;

function valueOf(one) {
  if (!kit.isKnown(one.value)) return kit.UNKNOWN;
  if (one.unit === "W" || one.unit === "Wh") return kit.amount(one.value, one.unit);
  return `${number(one.value, PLACES[one.unit] ?? 2)}\u00a0${one.unit ?? ""}`.trim();
}

const edge = (value) => number(value, Number.isInteger(value) ? 0 : 1);

/** Where a value lies between what the grid may have. */
function Range({ one }) {
  const wide = one.high - one.low;
  const from = one.low - wide * 0.25;
  const share = Math.min(100, Math.max(0, ((one.value - from) / (wide * 1.5)) * 100));
  const isIn = one.value >= one.low && one.value <= one.high;
  const said = t(isIn ? "range.inside" : "range.outside", { low: edge(one.low), high: edge(one.high), unit: one.unit });
  return html`<div class="range" role="img" aria-label=${said}><i class=${isIn ? "" : "outside"} style=${{ left: `${share}%` }} /></div>
    <small class=${isIn ? "quiet" : "refused"}>${said}</small>`;
}

function Power({ items }) {
  const ranged = items.filter((one) => kit.isKnown(one.low) && kit.isKnown(one.high) && kit.isKnown(one.value));
  if (!ranged.length) return null;
  const isOne = new Set(ranged.map((one) => one.device)).size === 1;
  return html`<section class="card" aria-labelledby="power-title">
    <h2 id="power-title">${t("power.title")}</h2>
    <div class="tiles">${ranged.map(
      (one) => html`<div class="tile"><span class="dt">${word("quantity", one.quantity)}${!isOne && ` · ${one.device}`}</span>
        <span class="dd">${valueOf(one)}</span>${one.state === "old" ? html`<small class="quiet">${t("battery.last")}</small>` : html`<${Range} one=${one} />`}</div>`,
    )}</div>
  </section>`;
}

function Device({ name, items }) {
  const roles = (items[0].roles ?? []).map((role) => word("role", role)).join(", ");
  const bad = items.filter((one) => one.state !== "good").length;
  return html`<details>
    <summary><b>${name}</b> <span class="quiet">${roles}</span>
      ${bad > 0 && html`<span class="tag care">${t(bad === 1 ? "meters.one_bad" : "meters.bad", { n: bad })}</span>`}</summary>
    <table>
      <thead><tr><th scope="col">${t("meters.quantity")}</th><th scope="col" class="num">${t("meters.value")}</th><th scope="col">${t("meters.state")}</th></tr></thead>
      <tbody>${items.map(
        (one) => html`<tr key=${one.quantity}><th scope="row">${word("quantity", one.quantity)}</th>
          <td class="num">${valueOf(one)}</td><td class=${one.state === "good" ? "quiet" : "refused"}>${word("quality", one.state)}</td></tr>`,
      )}</tbody>
    </table>
  </details>`;
}

const STATES = { true: "machines.on", false: "machines.off", null: "machines.unknown" };

function Machines({ of, isLast }) {
  if (!of?.length) return null;
  return html`<section class="card" aria-labelledby="machines-title">
    <h2 id="machines-title">${t("machines.title")}</h2>
    <dl class="totals">
      ${of.map(
        (one) => html`<div key=${one.name}><dt>${one.name}</dt>
          <dd>${t(STATES[one.on])} <small class="quiet">${isLast ? t("battery.last") : html`<${kit.Said} of=${one} name="reason" />`}</small></dd></div>`,
      )}
    </dl>
  </section>`;
}

/** What stands below the flows: the machines that are switched, as last seen where `isLast`, and every meter. */
export function Below({ switched, isLast }) {
  return html`<div class="stack"><${Machines} of=${switched} isLast=${isLast} /><${Meters} /></div>`;
}

function Meters() {
  const { answer, failure } = kit.useAnswer("meters", { everyS: 60 });
  if (failure && !answer) return failure.code === "no_session" ? null : html`<p class=${kit.noticeOf(failure)}>${kit.told(failure)}</p>`;
  if (!answer) return null;
  const devices = [...new Set(answer.items.map((one) => one.device))];
  const of = (name) => answer.items.filter((one) => one.device === name);
  return html`<${Power} items=${answer.items.filter((one) => QUALITY.test(one.quantity))} />
    <section class="card meters" aria-labelledby="meters-title">
      <h2 id="meters-title">${t("meters.title")}</h2>
      ${answer.items.length ? html`<p class="quiet">${t("meters.age", { age: age(answer.age_s) })}</p>` : html`<p class="quiet">${t("meters.none")}</p>`}
      ${devices.map((name) => html`<${Device} key=${name} name=${name} items=${of(name)} />`)}
    </section>`;
}
