// What happened, and what was decided: newest first, in pages.
import { html, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { amount, Said, t, word } from "./kit.js";

const SEVERITIES = ["", "info", "warning", "alarm"];

function Pager({ cursor, next, to }) {
  const [trail, setTrail] = useState([]);
  if (!next && !cursor) return null;
  const on = () => {
    setTrail([...trail, cursor]);
    to(next);
  };
  const back = () => {
    to(trail.at(-1) ?? "");
    setTrail(trail.slice(0, -1));
  };
  return html`<nav class="pages" aria-label=${t("advice.pages")}><button disabled=${!cursor} onClick=${back}>${t("advice.newer")}</button>
    <button disabled=${!next} onClick=${on}>${t("advice.older")}</button></nav>`;
}

function Rows({ title, what, columns, empty, on, children }) {
  const [cursor, to] = useState("");
  const { answer, failure } = kit.useAnswer(`${what}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, { on });
  const id = `log-${what.split("?")[0]}`;
  return html`<section class="card" aria-labelledby=${id}><h2 id=${id}>${title}</h2>${children}
    ${failure && failure.code !== "no_session" && html`<p class="notice warning">${kit.told(failure)}</p>`}
    ${answer && (answer.items.length ? html`<div class="scroll" tabindex="0" role="region" aria-labelledby=${id}><table class="stacked"><thead><tr>${columns.map(([name]) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${answer.items.map((one) => html`<tr key=${one.seq}>${columns.map(([, say]) => html`<td>${say(one)}</td>`)}</tr>`)}</tbody></table></div>` : html`<p class="quiet">${empty}</p>`)}
    <${Pager} cursor=${cursor} next=${answer?.next} to=${to} /></section>`;
}

const does = (one) => {
  if (!kit.isKnown(one.battery_w)) return kit.UNKNOWN;
  if (Math.abs(one.battery_w) < 25) return t("battery.still");
  return t(one.battery_w > 0 ? "battery.discharging" : "battery.charging", { power: amount(Math.abs(one.battery_w)) });
};

export function Log() {
  const [severity, choose] = useState("");
  const [text, find] = useState("");
  const parts = new URLSearchParams({ limit: 25 });
  if (severity) parts.set("severity", severity);
  if (text) parts.set("q", text);
  const at = (one) => html`<span class="nowrap">${kit.dateClock(one.at)}</span>`;
  const events = [
    [t("log.at"), at],
    [t("log.severity"), (one) => html`<span class=${`tag ${one.severity === "info" ? "" : "care"}`}>${word("severity", one.severity)}</span>`],
    [t("log.what"), (one) => html`<${Said} of=${one} />`],
  ];
  const decisions = [
    [t("log.at"), at],
    [t("log.did"), does],
    [t("log.rung"), (one) => word("rung", one.rung)],
    [t("log.why"), (one) => html`<${Said} of=${one} name="reason" />`],
    [t("log.outcome"), (one) => word("outcome", one.outcome)],
  ];
  return html`<${Rows} key=${`${severity} ${text}`} title=${t("log.events")} what=${`events?${parts}`} columns=${events} empty=${t("log.no_events")} on=${kit.news.event}>
      <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
        <label>${t("log.severity")}<select value=${severity} onChange=${(event) => choose(event.target.value)}>${SEVERITIES.map((one) => html`<option value=${one}>${one ? word("severity", one) : t("advice.all")}</option>`)}</select></label>
        <label class="wide">${t("advice.search")}<input type="search" value=${text} onChange=${(event) => find(event.target.value)} /></label></form><//>
    <${Rows} title=${t("log.decisions")} what="decisions?limit=25" columns=${decisions} empty=${t("log.no_decisions")} />`;
}
