// Days, weeks, months and years of the site's calendar, counted without clocks: a date is YYYY-MM-DD.
import { siteDate } from "./kit.js";

export const SPANS = ["day", "week", "month", "year"];
export const GRANULARITY = { day: "hour", week: "day", month: "day", year: "month" };

const asDate = (text) => new Date(`${text}T00:00:00Z`);
const asText = (found) => found.toISOString().slice(0, 10);
const moved = (text, days) => asText(new Date(asDate(text).getTime() + days * 86400000));

export function isDate(text) {
  return /^\d{4}-\d{2}-\d{2}$/.test(text ?? "") && !Number.isNaN(asDate(text).getTime()) && asText(asDate(text)) === text;
}

/** First and last day of the `span` that `on` lies in. */
export function bounds(span, on) {
  const found = asDate(on);
  const [year, month] = [found.getUTCFullYear(), found.getUTCMonth()];
  if (span === "week") {
    const first = moved(on, -((found.getUTCDay() + 6) % 7));
    return [first, moved(first, 6)];
  }
  if (span === "month") return [asText(new Date(Date.UTC(year, month, 1))), asText(new Date(Date.UTC(year, month + 1, 0)))];
  if (span === "year") return [`${on.slice(0, 4)}-01-01`, `${on.slice(0, 4)}-12-31`];
  return [on, on];
}

/** The day that stands for the next (`by` 1) or the last (-1) span. */
export function stepped(span, on, by) {
  const [first, last] = bounds(span, on);
  return bounds(span, moved(by > 0 ? last : first, by))[0];
}

export const today = () => siteDate();

const atNoon = (text) => new Date(`${text}T12:00:00Z`);

/** "June 2026", "1 – 7 Jun 2026", "Mon, 1 Jun 2026", "2026". */
export function spanName(span, on, language) {
  const locale = language === "en" ? "en-GB" : language;
  const name = (options) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  if (span === "year") return on.slice(0, 4);
  if (span === "month") return name({ month: "long", year: "numeric" }).format(atNoon(on));
  const full = { day: "numeric", month: "short", year: "numeric" };
  if (span === "day") return name({ weekday: "short", ...full }).format(atNoon(on));
  const [first, last] = bounds("week", on);
  return name(full).formatRange(atNoon(first), atNoon(last));
}
