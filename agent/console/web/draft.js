// What of the site file is in force, and a draft of another one: opened, changed, checked and saved by a person.
import { html, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { api, t } from "./kit.js";

const NAME = "site.toml";

const shown = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));

function save(text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: NAME });
  link.click();
  URL.revokeObjectURL(address);
}

function Problems({ found }) {
  if (found.good) return html`<p class="notice info" role="status">${t("draft.good")}</p>`;
  const { problems } = found;
  return html`<div class="notice warning" role="status"><p>${t(problems.length === 1 ? "draft.one_bad" : "draft.bad", { n: problems.length })}</p>
    <ul class="notes">${problems.map((one) => html`<li>${one.line !== null && html`<b>${t("draft.line", { line: one.line })}</b> `}<span lang="en">${one.text}</span></li>`)}</ul></div>`;
}

function Draft() {
  const [text, setText] = useState("");
  const [checked, show] = useState(null);
  const [told, tell] = useState(null);
  const found = checked?.text === text ? checked.found : null; // what was found of another text says nothing of this one
  const open = async (event) => {
    const [file] = event.target.files;
    if (file) setText(await file.text());
  };
  const check = async () => {
    try {
      show({ text, found: await api("site-file/check", { method: "POST", body: { text } }) });
      tell(null);
    } catch (refused) {
      tell(kit.told(refused));
    }
  };
  return html`<p class="quiet">${t("draft.how")}</p>
    <label>${t("draft.open")}<input type="file" accept=".toml,text/plain" onChange=${open} /></label>
    <label>${t("draft.text")}<textarea rows="14" spellcheck="false" value=${text} onInput=${(event) => setText(event.target.value)} /></label>
    <p role="alert" class="refused">${told}</p>${found && html`<${Problems} found=${found} />`}
    <div class="row"><button class="main" disabled=${!text} onClick=${check}>${t("draft.check")}</button>
      <button disabled=${!found?.good} onClick=${() => save(text)}>${t("draft.save")}</button></div>`;
}

export function SiteFile() {
  const { answer, failure } = kit.useAnswer("site-file");
  return html`<section class="card" aria-labelledby="file-title"><h2 id="file-title">${t("draft.title")}</h2><p class="quiet">${t("draft.why")}</p>
    ${failure && failure.code !== "no_session" && html`<p class="refused">${kit.told(failure)}</p>`}
    ${answer && html`<div class="scroll" tabindex="0" role="region" aria-labelledby="file-title"><table class="values"><thead><tr><th scope="col">${t("draft.key")}</th><th scope="col">${t("draft.value")}</th></tr></thead>
      <tbody>${answer.values.map((one) => html`<tr key=${one.key}><th scope="row"><code>${one.key}</code></th><td>${shown(one.value)}</td></tr>`)}</tbody></table></div>`}
    <details><summary>${t("draft.edit")}</summary><${Draft} /></details></section>`;
}
