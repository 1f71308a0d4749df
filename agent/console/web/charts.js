// Charts over equal buckets: lines, bands, steps and stacked bars, each a figure with a sentence and a table.
// The axis counts buckets, so that a day of 23 or 25 hours has as many; labels come from the API's own local times.
import { html, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { t } from "./kit.js";

const FONT = "12px system-ui, sans-serif";
let drawer = null;

/** uPlot, once a page wants a chart. It is a plain script of its own. */
function loadDrawer() {
  drawer ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("./vendor/uplot.css", import.meta.url);
    const script = document.createElement("script");
    script.src = new URL("./vendor/uplot.js", import.meta.url);
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => reject(new Error("uplot"));
    document.head.append(style, script);
  });
  return drawer;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function hatched(context, name) {
  const size = 8 * devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.strokeStyle = colour(name);
  pen.lineWidth = 1.5 * devicePixelRatio;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return context.createPattern(canvas, "repeat");
}

// --- what is drawn ----------------------------------------------------------------------------------------------------

const isBar = (one) => ["bar", "hatch", "mark"].includes(one.kind);
const isBand = (one) => one.kind === "band";

/** The values between which everything lies; zero is one of them for bars. */
function limits(series, least) {
  const ups = [];
  const downs = [];
  const length = Math.max(...series.map((one) => one.values.length));
  for (let index = 0; index < length; index += 1) {
    const bars = series.filter((one) => one.kind === "bar").map((one) => one.values[index] ?? 0);
    ups.push(bars.reduce((total, value) => total + Math.max(0, value), 0));
    downs.push(bars.reduce((total, value) => total + Math.min(0, value), 0));
  }
  const lines = series.filter((one) => one.kind !== "bar" && one.kind !== "hatch");
  const known = lines.flatMap((one) => [...one.values, ...(one.low ?? []), ...(one.high ?? [])]).filter(kit.isKnown);
  const all = [...known, ...ups, ...downs, ...(least ?? [])];
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const room = (high - low || 1) * 0.06;
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 0];
}

/** A short line across each bucket, with an edge so that it shows on every bar. */
function drawMarks(u, mark, step) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const half = Math.max(2 * ratio, step * 0.46);
  mark.values.forEach((value, index) => {
    if (value === null || value === undefined) return;
    const [x, y] = [u.valToPos(index, "x", true), u.valToPos(value, "y", true)];
    for (const [name, width] of [["surface", 6], [mark.colour, 3]]) {
      ctx.strokeStyle = colour(name);
      ctx.lineWidth = width * ratio;
      ctx.setLineDash(mark.isDashed && name !== "surface" ? [4 * ratio, 3 * ratio] : []);
      ctx.beginPath();
      ctx.moveTo(x - half, y);
      ctx.lineTo(x + half, y);
      ctx.stroke();
    }
    ctx.setLineDash([]);
  });
}

function drawBars(u, series) {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const step = Math.abs(u.valToPos(1, "x", true) - u.valToPos(0, "x", true));
  const wide = Math.max(1, step * (step < 6 ? 1 : 0.76));
  const bars = series.filter((one) => one.kind === "bar");
  const hatch = series.find((one) => one.kind === "hatch");
  ctx.save();
  if (hatch) {
    ctx.fillStyle = hatched(ctx, hatch.colour);
    hatch.values.forEach((value, index) => {
      if (value) ctx.fillRect(u.valToPos(index, "x", true) - step / 2, top, step, height);
    });
  }
  for (let index = 0; index < u.data[0].length; index += 1) {
    const x = u.valToPos(index, "x", true) - wide / 2;
    let [up, down] = [0, 0];
    for (const bar of bars) {
      const value = bar.values[index];
      if (!value) continue;
      const from = value > 0 ? up : down;
      const [y1, y2] = [u.valToPos(from + value, "y", true), u.valToPos(from, "y", true)];
      if (value > 0) up += value;
      else down += value;
      ctx.fillStyle = colour(bar.colour);
      ctx.fillRect(x, Math.min(y1, y2), wide, Math.max(1, Math.abs(y2 - y1)));
    }
  }
  for (const mark of series.filter((one) => one.kind === "mark")) drawMarks(u, mark, step);
  const zero = u.valToPos(0, "y", true);
  ctx.strokeStyle = colour("axis");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(left, zero);
  ctx.lineTo(left + width, zero);
  ctx.stroke();
  ctx.restore();
}

function drawNow(u, now) {
  if (now === null || now === undefined) return;
  const x = Math.round(u.valToPos(now, "x", true));
  const { ctx } = u;
  ctx.save();
  ctx.strokeStyle = colour("ink");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, u.bbox.top);
  ctx.lineTo(x, u.bbox.top + u.bbox.height);
  ctx.stroke();
  ctx.restore();
}

function plan(uPlot, series) {
  const data = [];
  const drawn = [];
  const bands = [];
  const line = (values, options) => {
    data.push(values);
    drawn.push({ points: { show: false }, spanGaps: false, ...options });
    return drawn.length;
  };
  for (const one of series) {
    if (isBar(one)) continue;
    const stroke = colour(one.colour);
    if (isBand(one)) {
      const high = line(one.high, { stroke: "transparent" });
      const low = line(one.low, { stroke: "transparent" });
      bands.push({ series: [high, low], fill: `${stroke}38` });
    } else {
      const paths = one.kind === "step" ? uPlot.paths.stepped({ align: 1 }) : undefined;
      line(one.values, { stroke, width: 2, dash: one.isDashed ? [6, 5] : undefined, paths });
    }
  }
  return { data, drawn, bands };
}

/** Buckets that get a label: whole hours, first days, or every so many, as far apart as they can be read. */
function marks(at, width, isDaily) {
  const most = Math.max(2, Math.floor(width / (isDaily ? 92 : 66)));
  const hourly = at.map((one, index) => ({ index, hour: Number(one.slice(11, 13)), minute: one.slice(14, 16) }));
  const whole = hourly.filter((one) => one.minute === "00");
  if (isDaily || whole.length < 2) {
    const every = Math.ceil(at.length / most);
    return at.map((_, index) => index).filter((index) => index % every === 0);
  }
  const steps = [1, 2, 3, 6, 12, 24].map((every) => whole.filter((one) => one.hour % every === 0));
  const found = steps.find((some) => some.length <= most) ?? steps.at(-1);
  return found.map((one) => one.index);
}

/** The label of bucket `index`, or none where the end of the chart would cut it off. */
function fitting(u, index, text) {
  u.ctx.font = FONT; // uPlot sets its own before it writes
  const half = u.ctx.measureText(text).width / 2;
  const right = u.bbox.left / devicePixelRatio + u.valToPos(index, "x") + half;
  return right <= u.width ? text : "";
}

/** The values of an axis, all with as many decimals as the finest of them needs. */
function ticks(splits, signDisplay = "negative") {
  const finest = Math.max(...splits.map(Math.abs)) * 1e-6;
  const places = [0, 1, 2, 3, 4, 5].find((some) => splits.every((one) => Math.abs(one - Number(one.toFixed(some))) <= finest)) ?? 6;
  const form = new Intl.NumberFormat(kit.language.get(), { minimumFractionDigits: places, maximumFractionDigits: places, signDisplay });
  return (value) => form.format(value);
}

// --- the figure ---------------------------------------------------------------------------------------------------------

function Canvas({ at, series, label, sign, height, now, isDaily, range, onPoint }) {
  const ref = useRef(null);
  const scheme = useScheme();
  useEffect(() => {
    let chart = null;
    let isWanted = true;
    let observer = null;
    loadDrawer().then((uPlot) => {
      if (!isWanted || !ref.current) return;
      const { data, drawn, bands } = plan(uPlot, series);
      const [low, high] = limits(series, range);
      const axis = { stroke: colour("quiet"), font: FONT, grid: { stroke: colour("grid-line"), width: 1 }, ticks: { show: false } };
      const options = {
        width: ref.current.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: "charts" } },
        scales: { x: { time: false, range: [-0.5, at.length - 0.5] }, y: { range: [low, high] } },
        series: [{}, ...drawn],
        bands,
        axes: [
          { ...axis, size: 36, gap: 9, grid: { show: false }, splits: (u) => marks(at, u.width - 60, isDaily), values: (u, splits) => splits.map((index) => fitting(u, index, label(at[index]))) },
          { ...axis, size: 54, space: 28, values: (u, splits) => splits.map(ticks(splits, sign)) },
        ],
        hooks: {
          drawAxes: [(u) => drawBars(u, series)],
          draw: [(u) => drawNow(u, now)],
          setCursor: [(u) => onPoint(u.cursor.idx ?? null)],
        },
      };
      chart = new uPlot(options, [at.map((_, index) => index), ...data], ref.current);
      ref.current.dataset.drawn = "yes";
      observer = new ResizeObserver(([entry]) => {
        const width = Math.round(entry.contentRect.width);
        if (width && chart && width !== chart.width) chart.setSize({ width, height });
      });
      observer.observe(ref.current);
    });
    return () => {
      isWanted = false;
      observer?.disconnect();
      chart?.destroy();
      delete ref.current?.dataset.drawn;
    };
  }, [at, series, scheme, height, now, kit.language.get(), kit.digits.get(), kit.zone.get()]);
  return html`<div class="canvas" ref=${ref} style=${{ height: `${height}px` }} aria-hidden="true" />`;
}

/** Changes when the colours do. */
function useScheme() {
  const [scheme, show] = useState(0);
  useEffect(() => {
    const again = () => show((n) => n + 1);
    const media = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
    for (const one of media) one.addEventListener("change", again);
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      for (const one of media) one.removeEventListener("change", again);
      observer.disconnect();
    };
  }, []);
  return scheme;
}

function Legend({ series, point, say, at, label }) {
  return html`<ul class="legend">
    ${series.map(
      (one) => html`<li key=${one.name}><i class=${`swatch k-${one.kind} ${one.isDashed ? "dashed" : ""} c-${one.colour}`} />
        ${one.name}${point !== null && one.kind !== "hatch" && one.kind !== "band" && html` <b>${say(one.values[point])}</b>`}</li>`,
    )}
    <li class="at">${point === null ? "" : label(at[point])}</li>
  </ul>`;
}

function Table({ at, series, say, label, title }) {
  const columns = series.flatMap((one) =>
    one.kind === "band"
      ? [{ name: `${one.name}, ${t("chart.low")}`, values: one.low }, { name: `${one.name}, ${t("chart.high")}`, values: one.high }]
      : [one],
  );
  const cell = (one, index) => (one.kind === "hatch" ? (one.values[index] ? t("yes") : "") : say(one.values[index]));
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${title}><table>
    <thead><tr><th scope="col">${t("chart.time")}</th>${columns.map((one) => html`<th scope="col" class="num">${one.name}</th>`)}</tr></thead>
    <tbody>${at.map((one, index) => html`<tr><th scope="row">${label(one)}</th>${columns.map((column) => html`<td class="num">${cell(column, index)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/**
 * `at`: local ISO times of equal buckets. `series`: {name, colour, kind: line|step|mark|bar|band|hatch, values, low, high}.
 * `say` writes a value with its unit; `label` a time on the axis, `moment` in full. `sign` is "never" where the axis
 * counts both ways from zero.
 */
export function Chart({ title, sentence, unit, at, series, sign, say, label, moment, height = 220, now, isDaily, range }) {
  const [point, setPoint] = useState(null);
  const [isTable, setTable] = useState(false);
  const full = moment ?? label;
  return html`<figure class="chart">
    <div class="head"><h3>${title}${unit && html` <small class="quiet">${unit}</small>`}</h3>
      <button class="small" aria-expanded=${isTable} onClick=${() => setTable(!isTable)}>${t(isTable ? "chart.hide" : "chart.table")}</button></div>
    <${Canvas} at=${at} series=${series} label=${label} sign=${sign} height=${height} now=${now} isDaily=${isDaily} range=${range} onPoint=${setPoint} />
    <${Legend} series=${series} point=${point} say=${say} at=${at} label=${full} />
    <figcaption>${sentence}</figcaption>
    ${isTable && html`<${Table} at=${at} series=${series} say=${say} label=${full} title=${title} />`}
  </figure>`;
}
