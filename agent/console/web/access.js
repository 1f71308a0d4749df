// The password, and the keys by which programmes come in.
import { html, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { api, t } from "./kit.js";

const SCOPES = ["read", "act", "admin"];
const SHORTEST = 12;

export function Password() {
  const [told, tell] = useState(null);
  const send = async (event) => {
    event.preventDefault();
    const form = event.target;
    const [old, fresh, again] = ["old", "new", "again"].map((name) => form.elements[name].value);
    if (fresh !== again) {
      tell({ isBad: true, text: t("password.differs") });
      return;
    }
    try {
      kit.session.set({ ...(await api("password", { method: "POST", body: { old, new: fresh } })), state: "in" });
      form.reset();
      tell({ text: t("password.changed") });
    } catch (refused) {
      tell({ isBad: true, text: kit.told(refused) });
    }
  };
  const field = (name, kind) => html`<label>${t(`password.${name}`)}<input name=${name} type="password" required autocomplete=${kind} minlength=${name === "old" ? null : SHORTEST} /></label>`;
  return html`<form class="card" onSubmit=${send}><h2>${t("password.title")}</h2>
    <div class="fields">${field("old", "current-password")}${field("new", "new-password")}${field("again", "new-password")}</div>
    <p class="quiet">${t("password.rule", { n: SHORTEST })}</p>
    <p role="status" class=${told?.isBad ? "refused" : ""}>${told?.text}</p>
    <button class="main">${t("password.change")}</button></form>`;
}

export function Keys() {
  const { answer, failure, again } = kit.useAnswer("keys");
  const [made, show] = useState(null);
  const [told, tell] = useState(null);
  const [toRemove, ask] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const add = async (event) => {
    event.preventDefault();
    const form = event.target;
    const scopes = SCOPES.filter((scope) => form.elements[scope].checked);
    const days = Number(form.elements.days.value);
    setBusy(true); // a second one would hide the first one's key
    const expires_at = days ? new Date(Date.now() + days * 86400000).toISOString() : null;
    try {
      show(await api("keys", { method: "POST", body: { name: form.elements.name.value, scopes, expires_at } }));
      form.reset();
      tell(null);
      again();
    } catch (refused) {
      tell(kit.told(refused));
    }
    setBusy(false);
  };
  const remove = async (id) => {
    try {
      await api(`keys/${encodeURIComponent(id)}`, { method: "DELETE" });
      ask(null);
      again();
    } catch (refused) {
      tell(kit.told(refused));
    }
  };
  const Row = (one) => html`<tr key=${one.id}><th scope="row">${one.name}</th><td>${one.scopes.map((scope) => t(`scope.${scope}`)).join(", ")}</td>
    <td>${one.expires_at ? kit.date(one.expires_at) : t("keys.no_end")}</td><td>${one.used_at ? kit.when(one.used_at) : t("keys.never")}</td>
    <td>${toRemove === one.id
      ? html`<button class="small danger" onClick=${() => remove(one.id)}>${t("keys.really")}</button> <button class="small" onClick=${() => ask(null)}>${t("cancel")}</button>`
      : html`<button class="small" aria-label=${t("keys.remove_it", { name: one.name })} onClick=${() => ask(one.id)}>${t("keys.remove")}</button>`}</td></tr>`;
  return html`<section class="card" aria-labelledby="keys-title"><h2 id="keys-title">${t("keys.title")}</h2><p class="quiet">${t("keys.why")}</p>
    ${failure && html`<p class="refused">${kit.told(failure)}</p>`}
    ${answer?.items.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-labelledby="keys-title"><table><thead><tr>${["name", "scopes", "expires", "used"].map((one) => html`<th scope="col">${t(`keys.${one}`)}</th>`)}<th scope="col"><span class="unseen">${t("keys.remove")}</span></th></tr></thead>
      <tbody>${answer.items.map(Row)}</tbody></table></div>`}
    ${made && html`<div class="notice info" role="status"><p>${t("keys.once")}</p><code>${made.key}</code></div>`}
    <form onSubmit=${add}><h3>${t("keys.new")}</h3><div class="fields"><label>${t("keys.name")}<input name="name" required maxlength="60" /></label>
      <label>${t("keys.days")}<input name="days" type="number" min="1" max="3650" placeholder=${t("keys.no_end")} /></label></div>
      <fieldset><legend>${t("keys.scopes")}</legend>${SCOPES.map((scope) => html`<label class="check"><input type="checkbox" name=${scope} defaultChecked=${scope === "read"} /> ${t(`scope.${scope}_is`)}</label>`)}</fieldset>
      <p role="alert" class="refused">${told}</p><button disabled=${isBusy}>${t("keys.add")}</button></form></section>`;
}
