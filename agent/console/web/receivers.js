// Who is told outside these pages: receivers and a test of each, and the hours in which nobody is.
import { html, useRef, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { api, t } from "./kit.js";

const FORMS = ["ntfy", "home_assistant", "json", "mail"];
const SEVERITIES = ["alarm", "warning", "info"];
const PORTS = { starttls: 587, implicit: 465 };
const LANGUAGES = ["en", "de"];

const minute = (time) => (time ? time.slice(0, 5) : "");

// Secrets come as a mark that they are set. What is left out of what is sent stays as it is kept.
function withoutSecrets(target) {
  const { url, token, ...webhook } = target.webhook ?? {};
  const { password, ...mail } = target.mail ?? {};
  return { ...target, webhook: target.webhook && webhook, mail: target.mail && mail };
}

function receiver(form, fields) {
  const value = (name) => fields[name].value.trim();
  const common = { id: value("id"), severity: value("severity") };
  if (form !== "mail") return { ...common, webhook: { url: value("url"), template: form, token: value("token") || null } };
  const user = value("user") || null;
  const to = value("to").split(",").map((one) => one.trim()).filter(Boolean);
  return { ...common, mail: { host: value("host"), port: PORTS[value("tls")], tls: value("tls"), user, password: user && fields.password.value, sender: value("sender"), to } };
}

function Text({ name, type = "text", required = true, ...more }) {
  return html`<label>${t(`receivers.${name}`)}<input name=${name} type=${type} required=${required} autocomplete="off" ...${more} /></label>`;
}

function Choice({ name, options, prefix, change }) {
  return html`<label>${t(`receivers.${name}`)}<select name=${name} onChange=${(event) => change?.(event.target.value)}>
    ${options.map((one) => html`<option value=${one}>${t(`${prefix}.${one}`)}</option>`)}</select></label>`;
}

function Added({ add }) {
  const [form, choose] = useState(FORMS[0]);
  const [isBusy, setBusy] = useState(false);
  const send = async (event) => {
    event.preventDefault();
    const { target } = event;
    setBusy(true);
    if (await add(receiver(form, target.elements))) {
      target.reset();
      choose(FORMS[0]);
    }
    setBusy(false);
  };
  return html`<form onSubmit=${send}><h3>${t("receivers.new")}</h3><div class="fields">
      <${Choice} name="form" options=${FORMS} prefix="receiver" change=${choose} />
      <${Text} name="id" maxlength="30" pattern="[a-z0-9_\\-]+" title=${t("receivers.id_is")} />
      <${Choice} name="severity" options=${SEVERITIES} prefix="least" />
      ${form === "mail"
        ? html`<${Text} name="host" /><${Choice} name="tls" options=${Object.keys(PORTS)} prefix="tls" />
          <${Text} name="user" required=${false} /><${Text} name="password" type="password" required=${false} autocomplete="new-password" />
          <${Text} name="sender" type="email" /><${Text} name="to" />`
        : html`<${Text} name="url" type="url" /><${Text} name="token" type="password" required=${false} autocomplete="new-password" />`}</div>
    <button disabled=${isBusy}>${t("receivers.add")}</button></form>`;
}

function Quiet({ settings, keep }) {
  const { quiet } = settings;
  const save = (event) => {
    event.preventDefault();
    const { start, end, alarms_pass, language } = event.target.elements;
    const asked = start.value || end.value ? { start: start.value, end: end.value, alarms_pass: alarms_pass.checked } : null;
    const chosen = language.value; // before the form is drawn anew
    keep(() => ({ quiet: asked, language: chosen }));
  };
  return html`<form onSubmit=${save}><h3>${t("receivers.quiet")}</h3><p class="quiet">${t("receivers.quiet_why")}</p><div class="fields">
      <label>${t("receivers.start")}<input name="start" type="time" defaultValue=${minute(quiet?.start)} /></label>
      <label>${t("receivers.end")}<input name="end" type="time" defaultValue=${minute(quiet?.end)} /></label>
      <label>${t("receivers.language")}<select name="language">
        ${LANGUAGES.map((one) => html`<option value=${one} selected=${one === settings.language}>${t(`look.language.${one}`)}</option>`)}</select></label></div>
    <label class="check"><input name="alarms_pass" type="checkbox" defaultChecked=${quiet?.alarms_pass ?? true} /> ${t("receivers.alarms_pass")}</label>
    <button>${t("save")}</button></form>`;
}

function Row({ target, state, remove, again }) {
  const [isAsked, ask] = useState(false);
  const [came, show] = useState(null);
  const test = async () => {
    show({ said: t("receivers.testing") });
    try {
      show(await api("alerts/test", { method: "POST", body: { target: target.id } }));
    } catch (refused) {
      show({ isBad: true, said: refused.message });
    }
    again();
  };
  const { webhook, mail } = target;
  const last = came ?? state?.last;
  return html`<tr><th scope="row">${target.id}</th><td>${t(`receiver.${webhook ? webhook.template : "mail"}`)}<br /><span class="quiet">${webhook ? webhook.url.origin : mail.to.join(", ")}</span></td>
    <td>${t(`least.${target.severity}`)}</td>
    <td><span role="status" class=${last?.good === false || last?.isBad ? "refused" : ""}>${last?.good === undefined ? (last?.said ?? t("receivers.nothing")) : html`<${kit.Said} of=${last} name="said" />`}</span>${state?.waiting > 0 && html`<br />${t("receivers.waiting", { n: state.waiting })}`}</td>
    <td><div class="row"><button class="small" aria-label=${t("receivers.test_it", { name: target.id })} onClick=${test}>${t("receivers.test")}</button>${isAsked
      ? html`<button class="small danger" onClick=${remove}>${t("keys.really")}</button><button class="small" onClick=${() => ask(false)}>${t("cancel")}</button>`
      : html`<button class="small" aria-label=${t("receivers.remove_it", { name: target.id })} onClick=${() => ask(true)}>${t("keys.remove")}</button>`}</div></td></tr>`;
}

export function Receivers() {
  const { answer, failure, again, put } = kit.useAnswer("alerts");
  const [told, tell] = useState(null);
  const newest = useRef(null); // may be newer than what is drawn
  newest.current = answer;
  const before = useRef(Promise.resolve());
  if (!answer && failure) return html`<p class="notice warning" role="status">${kit.told(failure)}</p>`;
  if (!answer) return html`<p class="quiet" aria-busy="true">${t("loading")}</p>`;
  const { settings } = answer;
  const keepNow = async (change) => {
    const last = newest.current.settings;
    const targets = last.targets.map(withoutSecrets);
    try {
      const kept = await api("alerts", { method: "PUT", body: { ...last, targets, ...change(targets) } });
      newest.current = kept;
      put(kept);
      tell({ text: t("saved") });
      return true;
    } catch (refused) {
      tell({ isBad: true, text: kit.told(refused) });
      return false;
    }
  };
  /** One after the other, each of what the one before has left: all are sent as a whole. */
  const keep = (change) => {
    tell(null); // what was told of an earlier one
    return (before.current = before.current.then(() => keepNow(change)));
  };
  const heads = ["id", "form", "severity", "last"];
  return html`<section class="card" aria-labelledby="receivers-title"><h2 id="receivers-title">${t("receivers.title")}</h2><p class="quiet">${t("receivers.why")}</p>
    ${settings.targets.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-labelledby="receivers-title"><table>
      <thead><tr>${heads.map((one) => html`<th scope="col">${t(`receivers.${one}`)}</th>`)}<th scope="col"><span class="unseen">${t("receivers.test")}</span></th></tr></thead>
      <tbody>${settings.targets.map((target, at) => html`<${Row} key=${target.id} target=${target} state=${answer.targets[at]} again=${again}
        remove=${() => keep((targets) => ({ targets: targets.filter((one) => one.id !== target.id) }))} />`)}</tbody></table></div>`}
    <p role="status" class=${told?.isBad ? "refused" : ""}>${told?.text}</p>
    <${Added} add=${(target) => keep((targets) => ({ targets: [...targets, target] }))} /></section>
    <section class="card"><${Quiet} settings=${settings} keep=${keep} /></section>`;
}
