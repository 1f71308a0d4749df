// What happened, and what was decided: newest first, in pages.
import { html, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { amount, Said, t, word } from "./kit.js";
import { Field } from "./pages.js";

const SEVERITIES = ["", "info", "warning", "alarm"];
const TAGS = { warning: "care", alarm: "bad" };

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

function Rows({ title, what, children, ...more }) {
  const id = `log-${what.split("?")[0]}`;
  return html`<section class="card" aria-labelledby=${id}><h2 id=${id}>${title}</h2>${children}<${Pages} key=${what} what=${what} ...${more} /></section>`;
}

function Pages({ what, columns, empty, on }) {
  const [cursor, to] = useState("");
  const { answer, failure } = kit.useAnswer(`${what}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, { on });
  return html`${!answer && !failure && html`<p class="quiet" aria-busy="true">${t("loading")}</p>`}
    ${failure && failure.code !== "no_session" && html`<p class=${kit.noticeOf(failure)}>${kit.told(failure)}</p>`}
    ${answer && (answer.items.length ? html`<table class="stacked"><thead><tr>${columns.map(([name]) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${answer.items.map((one) => html`<tr key=${one.seq}>${columns.map(([, say]) => html`<td>${say(one)}</td>`)}</tr>`)}</tbody></table>` : html`<p class="quiet">${empty}</p>`)}
    <${Pager} cursor=${cursor} next=${answer?.next} to=${to} />`;
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
    [t("log.severity"), (one) => html`<span class=${`tag ${TAGS[one.severity] ?? ""}`}>${word("severity", one.severity)}</span>`],
    [t("log.what"), (one) => html`<${Said} of=${one} />`],
  ];
  const decisions = [
    [t("log.at"), at],
    [t("log.did"), does],
    [t("log.rung"), (one) => word("rung", one.rung)],
    [t("log.why"), (one) => html`<${Said} of=${one} name="reason" />`],
    [t("log.outcome"), (one) => word("outcome", one.outcome)],
  ];
  return html`<${Rows} title=${t("log.events")} what=${`events?${parts}`} columns=${events} empty=${t("log.no_events")} on=${kit.news.event}>
      <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
        <label>${t("log.severity")}<select value=${severity} onChange=${(event) => choose(event.target.value)}>${SEVERITIES.map((one) => html`<option value=${one}>${one ? word("severity", one) : t("advice.all")}</option>`)}</select></label>
        <label class="wide">${t("advice.search")}<${Field} type="search" value=${text} commit=${find} /></label></form><//>
    <${Rows} title=${t("log.decisions")} what="decisions?limit=25" columns=${decisions} empty=${t("log.no_decisions")} />`;
}
