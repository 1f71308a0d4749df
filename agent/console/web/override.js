// A person tells the battery what to do, until when. What has been sent closes the form: no timer does under their hands.
import { html, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { api, t } from "./kit.js";
import { useChanges } from "./pages.js";

const ACTIONS = ["hold", "charge", "discharge", "auto"];
const MINUTES = [30, 60, 120, 240, 480];

const hasPower = (action) => action === "charge" || action === "discharge";

function asked({ action, kilowatts, minutes }) {
  const body = { action };
  if (action !== "auto") body.minutes = Number(minutes);
  if (hasPower(action) && kilowatts !== "") body.power_w = Math.round(Number(kilowatts.replace(",", ".")) * 1000);
  return body;
}

export function OverrideForm({ now, done }) {
  const [first] = useState({ action: now.override ? "auto" : "hold", kilowatts: "", minutes: 60 });
  const { changes, last, change } = useChanges();
  const [told, tell] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const { action, kilowatts, minutes } = { ...first, ...changes };
  const choices = now.override ? ACTIONS : ACTIONS.slice(0, -1);

  const send = async (event) => {
    event.preventDefault();
    const body = asked({ ...first, ...last.current });
    if (body.power_w !== undefined && !(body.power_w > 0)) {
      tell({ isBad: true, text: t("override.bad_power") });
      return;
    }
    setBusy(true);
    try {
      await api("override", { method: "POST", body });
      done(t("taken_up"));
    } catch (refused) {
      tell({ isBad: true, text: kit.told(refused) });
      setBusy(false);
    }
  };

  return html`<form class="override" onSubmit=${send}>
    <fieldset><legend>${t("override.what")}</legend>
      <div class="choices">${choices.map(
        (one) => html`<label key=${one}><input type="radio" name="action" checked=${one === action} onChange=${() => change({ action: one })} />
          <span>${t(`override.${one}`)}</span></label>`,
      )}</div></fieldset>
    ${hasPower(action) &&
    html`<label>${t("override.power")}
      <input type="text" inputmode="decimal" value=${kilowatts} placeholder=${t("override.most")} onInput=${(event) => change({ kilowatts: event.target.value })} /></label>`}
    ${action !== "auto" &&
    html`<label>${t("override.for")}
      <select value=${minutes} onChange=${(event) => change({ minutes: event.target.value })}>
        ${MINUTES.map((one) => html`<option value=${one}>${one < 60 ? t("minutes", { n: one }) : t(one === 60 ? "hour" : "hours", { n: one / 60 })}</option>`)}
      </select></label>`}
    <p class="quiet">${t("override.limits")}</p>
    <p role="status" class=${told?.isBad ? "refused" : ""}>${told?.text}</p>
    <button class="main" disabled=${isBusy}>${t("override.send")}</button>
  </form>`;
}
