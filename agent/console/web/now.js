// What flows now, what the battery does and why, what today came to, and what every meter says.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { amount, clock, Link, money, percent, price, Said, t, useBox, when, word } from "./kit.js";

const HOMES = ["solar", "battery", "grid"];
const TARGETS = ["home", "battery", "grid"];
const COLOURS = { solar: "solar", battery: "discharge", grid: "import" };
const TARGET_COLOURS = { home: "home", battery: "charge", grid: "export" };
const MISFIT = 0.1; // of what flows; less is two meters that are read one after the other
const STILL_W = 25;
const DRAWN = "flows drawn"; // what the first view is measured by
const BELOW = 8; // room under the last name, px

// --- the flow -----------------------------------------------------------------------------------------------------

/** [ref, width]: how wide the element of `ref` is, px, as it changes. */
export function useWidth() {
  const ref = useRef(null);
  const [width, show] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => show(Math.round(entry.contentRect.width)));
    observer.observe(ref.current);
    show(Math.round(ref.current.getBoundingClientRect().width));
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** {left, right, ribbons}: what gives, what takes, and what goes from one to the other, W. */
function parts(flows, hasSolar) {
  const ribbons = [];
  for (const from of HOMES)
    for (const to of TARGETS) {
      const value = flows[`${from}_to_${to}_w`] ?? 0;
      if (value > 0.5) ribbons.push({ from, to, value });
    }
  const sum = (key, name) => ribbons.filter((one) => one[key] === name).reduce((total, one) => total + one.value, 0);
  const left = HOMES.filter((name) => name !== "solar" || hasSolar).map((name) => ({ name, value: sum("from", name) }));
  const right = TARGETS.map((name) => ({ name, value: sum("to", name) }));
  const through = ribbons.reduce((total, one) => total + one.value, 0);
  const odd = flows.unexplained_w ?? 0;
  if (Math.abs(odd) > MISFIT * through && Math.abs(odd) > STILL_W)
    (odd > 0 ? left : right).push({ name: "unexplained", value: Math.abs(odd) });
  return { left, right, ribbons };
}

/** Each node gets y and height; none is thinner than a hair. */
function placed(nodes, height, per) {
  const bars = nodes.map((node) => Math.max(3, node.value * per));
  const free = (height - BELOW - bars.reduce((total, bar) => total + bar, 0)) / nodes.length;
  let y = free / 2;
  return nodes.map((node, index) => {
    const at = { ...node, y, height: bars[index], used: 0 };
    y += bars[index] + free;
    return at;
  });
}

function Flow({ flows, hasSolar }) {
  const [ref, width] = useWidth();
  const isDrawn = width > 0;
  useEffect(() => void (isDrawn && performance.mark(DRAWN)), [isDrawn]);
  const { left, right, ribbons } = parts(flows, hasSolar);
  const height = width < 420 ? 210 : 250;
  const side = width < 420 ? 84 : 108;
  const most = Math.max(...[left, right].map((nodes) => nodes.reduce((total, node) => total + node.value, 0)), 1);
  const per = (height - BELOW - 44 * Math.max(left.length, right.length)) / most;
  const from = placed(left, height, per);
  const to = placed(right, height, per);
  const scale = kit.scaleOf([...left, ...right].map((node) => node.value));
  const say = (value) => `${scale.show(value)} ${scale.unit}`;
  const curve = ({ from: source, to: target, value }) => {
    const a = from.find((node) => node.name === source);
    const b = to.find((node) => node.name === target);
    const thick = Math.max(1.5, value * per);
    const [y1, y2] = [a.y + a.used, b.y + b.used];
    a.used += value * per;
    b.used += value * per;
    const [x1, x2] = [side + 10, width - side - 10];
    const middle = (x1 + x2) / 2;
    const d = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}v${thick}C${middle} ${y2 + thick} ${middle} ${
      y1 + thick
    } ${x1} ${y1 + thick}z`;
    return html`<path d=${d} class=${`ribbon ${COLOURS[source]}`} />`;
  };
  const label = (node, x, anchor) => {
    const y = node.y + node.height / 2;
    return html`<text x=${x} y=${y - 3} text-anchor=${anchor} class="name">${t(`flow.${node.name}`)}</text>
      <text x=${x} y=${y + 15} text-anchor=${anchor} class=${node.value ? "value" : "value none"}>${say(node.value)}</text>`;
  };
  const told = ribbons.map((one) =>
    t("flow.part", { from: t(`flow.${one.from}`), to: t(`flow.${one.to}`), value: say(one.value) }),
  );
  return html`<figure class="flow" ref=${ref}>
    <div class="ends"><span>${t("flow.gives")}</span><span>${t("flow.takes")}</span></div>
    ${width > 0 &&
    html`<svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${told.join(", ") || t("flow.nothing")}>
      ${ribbons.map(curve)}
      ${from.map((node) => html`<rect x=${side} y=${node.y} width="10" height=${node.height} rx="2" class=${`node ${COLOURS[node.name] ?? "odd"}`} />${label(node, side - 8, "end")}`)}
      ${to.map((node) => html`<rect x=${width - side - 10} y=${node.y} width="10" height=${node.height} rx="2" class=${`node ${TARGET_COLOURS[node.name] ?? "odd"}`} />${label(node, width - side + 8, "start")}`)}
    </svg>`}
    <figcaption class="quiet">${t("flow.convention")}</figcaption>
  </figure>`;
}

const TOTALS = ["pv_w", "grid_w", "battery_w", "load_w", "soc_pct"];

/** Where one of the four is missing the split would be invented: what is known is listed instead. */
function Totals({ state }) {
  if (!state) return html`<p class="quiet">${t("flow.none")}</p>`;
  const say = kit.alike(TOTALS.filter((name) => name.endsWith("_w")).map((name) => state[name]?.value));
  return html`<p>${t("flow.missing")}</p>
    <dl class="totals">
      ${TOTALS.map((name) => {
        const one = state?.[name];
        const shown = name === "soc_pct" ? percent(one?.value) : say(one?.value);
        return html`<div><dt>${t(`quantity.${name}`)}</dt><dd>${shown} <small class="quiet">${word("quality", one?.quality ?? "missing")}</small></dd></div>`;
      })}
    </dl>`;
}

// --- the battery -----------------------------------------------------------------------------------------------------

function doing(state) {
  const power = state?.battery_w?.value;
  if (!kit.isKnown(power)) return t("battery.unknown");
  if (Math.abs(power) < STILL_W) return t("battery.still");
  return t(power > 0 ? "battery.discharging" : "battery.charging", { power: amount(Math.abs(power)) });
}

function Level({ battery }) {
  const soc = battery?.soc_pct;
  const known = kit.isKnown(soc);
  return html`<div class="level">
    <p class="figure">${percent(soc)} <small>${known && kit.isKnown(battery.stored_wh) ? t("battery.stored", { stored: amount(battery.stored_wh, "Wh"), of: amount(battery.usable_wh, "Wh") }) : ""}</small></p>
    <div class="bar" role="img" aria-label=${t("battery.level", { soc: percent(soc), floor: percent(battery?.floor_pct) })}>
      ${known && html`<i style=${{ width: `${Math.min(100, Math.max(0, soc))}%` }} />`}
      ${kit.isKnown(battery?.floor_pct) && html`<b style=${{ left: `${battery.floor_pct}%` }} />`}
    </div>
    <dl class="turns">
      ${kit.isKnown(battery?.floor_pct) && html`<div><dt>${t("battery.reserve")}</dt><dd>${percent(battery.floor_pct)}</dd></div>`}
      ${battery?.full_at && html`<div><dt>${t("battery.full_at")}</dt><dd>${when(battery.full_at)}</dd></div>`}
      ${battery?.empty_at && html`<div><dt>${t("battery.empty_at")}</dt><dd>${when(battery.empty_at)}</dd></div>`}
      ${battery?.lowest_at && html`<div><dt>${t("battery.lowest")}</dt><dd>${percent(battery.lowest_pct)} · ${when(battery.lowest_at)}</dd></div>`}
    </dl>
  </div>`;
}

function Why({ setpoint }) {
  if (!setpoint) return html`<p class="quiet">${t("why.none")}</p>`;
  const asked = setpoint.battery_w;
  const wanted =
    asked === null || asked === undefined
      ? null
      : Math.abs(asked) < STILL_W
        ? t("why.still")
        : t(asked > 0 ? "why.discharge" : "why.charge", { power: amount(Math.abs(asked)) });
  return html`<div class="why">
    <p><b>${word("rung", setpoint.rung)}</b>${wanted && html` · ${wanted}`}</p>
    <p><${Said} of=${setpoint} name="reason" /></p>
    ${setpoint.outcome && html`<p class="quiet">${word("outcome", setpoint.outcome)} · ${clock(setpoint.at)}</p>`}
  </div>`;
}

function Battery({ now }) {
  const site = useBox(kit.site);
  const [isOpen, open] = useState(false);
  const [told, tell] = useState(null);
  const opener = useRef(null);
  const Form = kit.useLater(() => import("./override.js").then((module) => module.OverrideForm), isOpen);
  const over = now.override;
  useEffect(() => tell(null), [over?.asked_at]); // what was sent is in force, or at its end
  const done = (text) => {
    open(false);
    tell(text);
    opener.current.focus();
  };
  const turn = () => {
    open(!isOpen);
    tell(null);
  };
  const onlyObserves = now.running && (now.setpoint?.rung ?? site?.rung) === "observe";
  return html`<section class="card battery" aria-labelledby="battery-title">
    <h2 id="battery-title">${t("flow.battery")}</h2>
    <p class="lead">${doing(now.state)} ${!now.running && now.state && html`<small class="quiet">${t("battery.last")}</small>`}</p>
    <${Level} battery=${now.battery ?? { soc_pct: now.state?.soc_pct?.value }} />
    <${Why} setpoint=${now.running ? now.setpoint : null} />
    ${over && html`<p class="notice info">${t(over.by === "platform" ? "override.now_platform" : "override.now", { what: overrideText(over), at: when(over.until) })}</p>`}
    <button ref=${opener} aria-expanded=${isOpen} aria-describedby="override-why" onClick=${turn} disabled=${!now.running || onlyObserves}>${over ? t("override.change") : t("override.open")}</button>
    <p id="override-why" class="beside quiet">${!now.running ? t("override.stopped") : onlyObserves && html`${t("override.observing")} <${Link} to="/settings?tab=commissioning">${t("override.observing_more")}<//>`}</p>
    ${isOpen && !onlyObserves && Form && html`<${Form} now=${now} done=${done} />`}
    <div role="status">${told && html`<p class="beside">${told}</p>`}</div>
  </section>`;
}

function overrideText(over) {
  const action = t(`override.${over.action}`);
  return over.power_w ? t("override.with", { action, power: amount(over.power_w) }) : action;
}

// --- today -------------------------------------------------------------------------------------------------------------

function Tile({ name, value }) {
  return html`<div class="tile"><dt>${name}</dt><dd>${value}</dd></div>`;
}

const PRICES = ["import_price", "export_price", "energy_value_per_kwh"];

function Today({ today, prices, hasSolar }) {
  const energy = (hasSolar ? ["pv_wh"] : []).concat(["load_wh", "import_wh", "export_wh", "charge_wh", "discharge_wh"]);
  const say = kit.alike(energy.map((name) => today?.[name]), "Wh");
  return html`<section class="card" aria-labelledby="today-title">
    <h2 id="today-title">${t("today.title")}</h2>
    <dl class="tiles">
      <${Tile} name=${t("today.cost")} value=${money(today?.cost)} />
      ${kit.isKnown(today?.saved) && html`<${Tile} name=${t("today.saved")} value=${money(today.saved)} />`}
      <${Tile} name=${t("today.co2")} value=${kit.kilograms(today?.co2_kg)} />
      ${energy.map((name) => html`<${Tile} name=${t(`quantity.${name}`)} value=${say(today?.[name])} />`)}
    </dl>
    <h3>${t("price.now")}</h3>
    ${PRICES.some((name) => kit.isKnown(prices?.[name]))
      ? html`<dl class="tiles prices">${PRICES.map((name) => html`<${Tile} name=${t(`quantity.${name}`)} value=${price(prices?.[name])} />`)}</dl>`
      : html`<p class="quiet">${t("price.none")}</p>`}
  </section>`;
}

// --- the page ----------------------------------------------------------------------------------------------------------

function Below(props) {
  const Part = kit.useLater(() => import("./meters.js").then((module) => module.Below));
  return Part && html`<${Part} ...${props} />`;
}

function Empty({ failure, again }) {
  return html`<section class="card empty"><h2>${t(failure.code === "no_store" ? "now.first" : "now.failed")}</h2>
    <p>${kit.told(failure)}</p>
    <button onClick=${again}>${t("again")}</button></section>`;
}

export function Page() {
  const { answer, failure, again } = kit.useAnswer("realtime/energy-flow", { everyS: 30, on: kit.news.plan });
  const live = useBox(kit.live);
  const site = useBox(kit.site);
  useLayoutEffect(() => {
    if (answer) kit.applyHead(answer); // so that the first picture has the site's times
  }, [answer]);
  useEffect(() => {
    if (!answer && (!failure || failure.code === "no_session")) return;
    if (answer?.prices) kit.prices.set(answer.prices);
    if (answer && (!live || !live.running || !answer.running)) kit.live.set({ ...answer, state: answer.running ? answer.state : null });
    kit.ready.set(true);
  }, [answer, failure]);
  useEffect(() => {
    if (live && answer && live.running !== answer.running) again();
  }, [live?.running]);
  if (!answer && failure && failure.code !== "no_session") return html`<h1>${t("nav.now")}</h1><${Empty} failure=${failure} again=${again} />`;
  if (!answer) return html`<h1>${t("nav.now")}</h1><p class="quiet" aria-busy="true">${t("loading")}</p>`;
  const now = live?.running ? { ...answer, ...live, battery: answer.battery, today: answer.today, prices: answer.prices } : { ...answer, running: false };
  if (now.battery && kit.isKnown(now.state?.soc_pct?.value)) now.battery = { ...now.battery, soc_pct: now.state.soc_pct.value };
  const hasSolar = site?.has_solar ?? (now.state?.pv_w?.value ?? 0) !== 0;
  return html`<h1>${t("nav.now")}</h1>
    ${failure && failure.code !== "no_session" && html`<p class="notice warning" role="status">${kit.told(failure)}</p>`}
    <div class=${`now ${now.running ? "" : "stopped"}`}>
      <section class="card flows" aria-labelledby="flow-title">
        <h2 id="flow-title">${now.running ? t("flow.title") : t("flow.last")}</h2>
        ${now.flows ? html`<${Flow} flows=${now.flows} hasSolar=${hasSolar} />` : html`<${Totals} state=${now.state} />`}
      </section>
      <${Battery} now=${now} />
      ${now.today && html`<${Today} today=${now.today} prices=${now.prices} hasSolar=${hasSolar} />`}
      <${Below} switched=${now.switched} isLast=${!now.running} />
      ${site?.advisories_open > 0 && html`<p class="more"><${Link} to="/advice?status=open">${t(site.advisories_open === 1 ? "now.one_advice" : "now.advice", { n: site.advisories_open })}<//></p>`}
    </div>`;
}
