// The frame around every page: where one is, what the controller does, what is wrong, and the login.
import { html, render, useEffect, useErrorBoundary, useLayoutEffect, useRef, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { age, clock, Link, Said, t, useBox, word } from "./kit.js";

const PAGES = {
  "/now": { load: () => import("./now.js"), icon: "M3 12h4l3-8 4 16 3-8h4" },
  "/plan": { load: () => import("./plan.js"), icon: "M4 5h16v15H4zM4 10h16M9 3v4M15 3v4" },
  "/analytics": { load: () => import("./analytics.js"), icon: "M4 20V11M10 20V4M16 20v-7M21 20H3" },
  "/advice": { load: () => import("./advice.js"), icon: "M9 18h6M10 21h4M12 3a6 6 0 0 0-4 10c1 1 1.500 2 1.500 3h5c0-1 .500-2 1.500-3a6 6 0 0 0-4-10z" },
  "/settings": { load: () => import("./settings.js"), icon: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4" },
};
const LOST_AFTER_S = 5;
const DIM_AFTER_S = 15;
const CLOCKS_DIFFER_MS = 60000;

function Icon({ of }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${of} /></svg>`;
}

function here(pathname) {
  const page = pathname.replace(/\/+$/, "");
  return page in PAGES ? page : "/now";
}

function Navigation({ at }) {
  const open = useBox(kit.site)?.advisories_open ?? 0;
  return html`<nav class="rail" aria-label=${t("nav.label")}>
    <${Link} to="/now" class="brand">Enalysis <b>Edge</b><//>
    <ul>
      ${Object.entries(PAGES).map(
        ([to, page]) => html`<li key=${to}>
          <${Link} to=${to} aria-current=${to === at ? "page" : null}>
            <${Icon} of=${page.icon} /><span class=${to === "/settings" ? "long" : ""}>${t(`nav${to.replace("/", ".")}`)}</span>
            ${to === "/settings" && html`<span class="short">${t("nav.more")}</span>`}
            ${to === "/advice" && open > 0 && html`<span class="count" aria-label=${t("nav.open", { n: open })}>${open}</span>`}
          <//>
        </li>`,
      )}
    </ul>
  </nav>`;
}

/** The time, ms, once every `everyMs`. */
function useNow(everyMs = 1000) {
  const [now, show] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => show(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

function Doing() {
  const live = useBox(kit.live);
  const site = useBox(kit.site);
  const isRunning = live ? live.running : site?.running;
  if (isRunning === undefined) return html`<span class="pill">…</span>`;
  if (!isRunning) return html`<span class="pill stopped">${t("top.stopped")}</span>`;
  const rung = live?.setpoint?.rung ?? site?.rung;
  const kind = rung === "plan" || rung === "override" ? "good" : "care";
  return html`<span class=${`pill ${kind}`}>${rung ? word("rung", rung) : t("rung.none")}</span>`;
}

function Age() {
  const now = useNow();
  const line = useBox(kit.line);
  const live = useBox(kit.live);
  if (!live) return null;
  const stale = line.state !== "open" && now - line.heard > LOST_AFTER_S * 1000;
  const seconds = live.at ? (live.age_s ?? 0) + (now - line.heard) / 1000 : null;
  if (!live.running) return html`<span class="age">${live.at ? t("top.since", { at: kit.when(live.at) }) : ""}</span>`;
  return html`<span class=${`age ${stale ? "stale" : ""}`}><i class="dot" />${line.state === "open" ? t("top.live") : age(seconds)}</span>`;
}

function Top() {
  const site = useBox(kit.site);
  return html`<header class="top">
    <p class="site">${site?.name ?? "Enalysis Edge"}</p>
    <${Doing} />
    <${Age} />
  </header>`;
}

function Alarms() {
  const live = useBox(kit.live);
  const found = (live?.alarms ?? []).filter((one) => typeof one === "object");
  return html`<div aria-live="polite" class="alarms">
    ${found.map(
      (one) => html`<details key=${one.key ?? one.text} class=${`notice ${one.severity ?? "alarm"}`}>
        <summary><b>${word("severity", one.severity ?? "alarm")}</b> ${one.text ? html`<${Said} of=${one} />` : (one.told ?? one.key)}</summary>
        ${one.since && html`<p>${t("alarm.since", { at: kit.when(one.since) })}</p>`}
        ${one.check && html`<p><${Said} of=${{ check: one.check, check_code: `check.${one.kind}` }} name="check" /></p>`}
      </details>`,
    )}
  </div>`;
}

/** What is told above every page while it holds, the gravest only; `trouble` is why there is no status. */
function Banner({ trouble }) {
  const now = useNow();
  const line = useBox(kit.line);
  const live = useBox(kit.live);
  const site = useBox(kit.site);
  const silent = (now - line.heard) / 1000;
  const isLost = line.state === "lost" && silent > LOST_AFTER_S;
  useEffect(() => {
    document.documentElement.classList.toggle("dimmed", isLost && silent > DIM_AFTER_S);
  });
  let told = null;
  if (isLost) told = t("banner.lost", { age: age(silent) });
  else if (live && !live.running) {
    const since = live.at ?? site?.store_at;
    told = since ? t("banner.stopped", { at: kit.when(since) }) : t(trouble === "store_older" ? "banner.older" : "banner.never");
  }
  else if (site?.locked) told = html`${t("banner.observing", { reason: "" })}<${Said} of=${site} name="locked" />`;
  return html`<div role="status">${told && html`<p class="notice warning">${told}</p>`}</div>`;
}

/** Thresholds that a person has set, and what is told at once: loaded once the first picture is there. */
function Alerts() {
  const Part = kit.useLater(() => import("./alerts.js").then((module) => module.Alerts), useBox(kit.ready));
  return Part && html`<${Part} />`;
}

function Page({ at }) {
  const [found, show] = useState({});
  const [error, reset] = useErrorBoundary();
  useLayoutEffect(() => {
    let isWanted = true;
    reset();
    PAGES[at].load().then(
      (module) => {
        if (isWanted) show({ at, module });
        if (at !== "/now") kit.ready.set(true); // there the first picture comes first
      },
      (failure) => isWanted && show({ at, failure }),
    );
    document.title = `${t(`nav${at.replace("/", ".")}`)} · Enalysis Edge`;
    return () => {
      isWanted = false;
    };
  }, [at]);
  if (error || found.failure) {
    const again = () => location.reload();
    return html`<main id="page"><h1>${t("page.failed")}</h1><p>${t("page.failed_why")}</p>
      <button onClick=${again}>${t("again")}</button></main>`;
  }
  if (found.at !== at) return html`<main id="page" aria-busy="true"><p class="quiet">${t("loading")}</p></main>`;
  return html`<main id="page"><${found.module.Page} /></main>`;
}

function Login() {
  const [told, tell] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef(null);
  useEffect(() => field.current?.focus(), []);
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    tell(null);
    try {
      const found = await kit.api("session", { method: "POST", body: { password: field.current.value } });
      kit.session.set({ ...found, state: "in" });
    } catch (refused) {
      tell(kit.told(refused));
      setBusy(false);
      field.current?.select();
    }
  };
  return html`<main class="login">
    <form onSubmit=${send} class="card">
      <h1>Enalysis <b>Edge</b></h1>
      <p class="quiet">${t("login.why")}</p>
      <label for="password">${t("login.password")}</label>
      <input id="password" type="password" autocomplete="current-password" required ref=${field}
        aria-describedby="login-told" />
      <p id="login-told" role="alert" class="refused">${told}</p>
      <button class="main" disabled=${isBusy}>${isBusy ? t("login.busy") : t("login.go")}</button>
    </form>
  </main>`;
}

/** Keeps what is known of the site: whether that is still awaited, and the code of why nothing is. */
function useStatus() {
  const { answer, failure, isLoading } = kit.useAnswer(useBox(kit.ready) ? "status" : null, { everyS: 30, on: kit.news.plan });
  useLayoutEffect(() => {
    if (!answer) return;
    kit.applyHead(answer);
    const ahead = Date.parse(answer.at) - Date.now();
    kit.clockAhead.set(Math.abs(ahead) > CLOCKS_DIFFER_MS ? ahead : 0);
    kit.site.set(answer);
  }, [answer]);
  return { trouble: failure?.code, isAwaited: isLoading && !answer && !failure };
}

function Frame() {
  const at = here(useBox(kit.path));
  const { trouble, isAwaited } = useStatus(); // until then times have no zone
  return html`<a class="skip" href="#page">${t("nav.skip")}</a>
    <${Navigation} at=${at} />
    <div class="column" aria-busy=${isAwaited}>
      <${Top} /><${Banner} trouble=${trouble} /><${Alarms} /><${Alerts} />
      <${Page} at=${at} key=${at} />
    </div>`;
}

/** A form that was open when the session ended stays as it was, below the login. */
function App() {
  const state = useBox(kit.session).state;
  useBox(kit.language);
  useBox(kit.zone);
  useBox(kit.digits);
  useBox(kit.clockAhead);
  const [wasIn, remember] = useState(state !== "out");
  useEffect(() => {
    if (state !== "out") remember(true);
  }, [state]);
  return html`${wasIn && html`<div class="frame" hidden=${state === "out"}><${Frame} /></div>`}
    ${state === "out" && html`<${Login} />`}`;
}

async function later() {
  const before = kit.preferences.get();
  try {
    const kept = await kit.api("preferences");
    if (kit.preferences.get() === before) await kit.applyPreferences(kept); // else some were saved meanwhile
  } catch (refused) {
    if (!(refused instanceof kit.Refused)) throw refused; // until a login it looks as it did last time
  }
}

kit.applyTheme(kit.remembered("theme", "auto"));
PAGES[here(location.pathname)].load().catch(() => null); // beside the words; where it fails, the page itself tells it
const words = kit.loadWords(kit.remembered("language", "auto"));
if (here(location.pathname) === "/now") kit.begin("realtime/energy-flow");
await words;
render(html`<${App} />`, document.getElementById("app"));
kit.session.watch((now) => now.state === "in" && later());
const stop = kit.ready.watch(async () => {
  stop();
  (await import("./live.js")).connect();
  later();
});
