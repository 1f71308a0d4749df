// Values beyond the thresholds that a person has set, and news that is told at once.
import { html, useEffect, useRef } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { amount, age, percent, price, t, useBox } from "./kit.js";

const SHOWN_MS = 8000;

/** Each threshold: the value now, whether it is beyond, and how both are written. */
const RULES = {
  soc_below_pct: { value: ({ live }) => live?.state?.soc_pct?.value, isBeyond: (value, limit) => value < limit, say: (value) => percent(value) },
  import_above_w: { value: ({ live }) => live?.state?.grid_w?.value, isBeyond: (value, limit) => value > limit, say: (value) => amount(value) },
  price_above_per_kwh: { value: ({ prices }) => prices?.import_price, isBeyond: (value, limit) => value > limit, say: price },
  data_older_than_s: { value: ({ storeAge }) => storeAge, isBeyond: (value, limit) => value > limit, say: age },
};

function useBeyond() {
  const thresholds = useBox(kit.preferences)?.thresholds ?? {};
  const live = useBox(kit.live);
  const site = useBox(kit.site);
  const prices = useBox(kit.prices);
  const known = { live: live?.running ? live : null, prices, storeAge: site?.store_age_s };
  return Object.entries(RULES).flatMap(([name, rule]) => {
    const [value, limit] = [rule.value(known), thresholds[name]];
    if (!kit.isKnown(limit) || !kit.isKnown(value) || !rule.isBeyond(value, limit)) return [];
    return [t(`alert.${name}`, { value: rule.say(value), limit: rule.say(limit) })];
  });
}

/** An alarm in the words of its sentence, which the next state brings and the last one had; until then by its key. */
function SaidAlarm({ one }) {
  const { key, raised } = one.alarm;
  const live = useBox(kit.live);
  const found = useRef(null);
  found.current ??= live?.alarms?.find((other) => other.key === key);
  if (!found.current) return one.text;
  return html`${t(raised ? "notify.said.alarm" : "notify.said.cleared", { what: "" })}<${kit.Said} of=${found.current} />`;
}

function Toast({ one }) {
  const close = () => kit.toasts.set(kit.toasts.get().filter((other) => other !== one));
  useEffect(() => {
    const timer = setTimeout(close, SHOWN_MS);
    return () => clearTimeout(timer);
  }, []);
  return html`<li>${one.event ? html`<${kit.Said} of=${one.event} />` : one.alarm ? html`<${SaidAlarm} one=${one} />` : one.text} <button class="small" aria-label=${t("notify.close")} onClick=${close}>×</button></li>`;
}

export function Alerts() {
  const beyond = useBeyond();
  const toasts = useBox(kit.toasts);
  return html`<div aria-live="polite">${beyond.map((text) => html`<p key=${text} class="notice warning"><b>${t("alert.title")}</b> ${text}</p>`)}</div>
    <ul class="toasts" aria-live="polite">${toasts.map((one) => html`<${Toast} key=${one.key} one=${one} />`)}</ul>`;
}
