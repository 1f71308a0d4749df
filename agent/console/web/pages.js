// What pages beyond the first share: their question in the address, and the notes below an answer.
import { html } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { useBox } from "./kit.js";

/** The query of the address as an object, and how to change some of it (undefined or "" leaves it out). */
export function useQuery() {
  const now = Object.fromEntries(new URLSearchParams(useBox(kit.query)));
  const change = (some, options) => {
    const next = new URLSearchParams(Object.entries({ ...now, ...some }).filter(([, value]) => value || value === 0));
    kit.go(`${location.pathname}${next.size ? `?${next}` : ""}`, options);
  };
  return [now, change];
}

/** The sentences of `of` under `name`, a list of them. */
export function Notes({ of, name = "notes" }) {
  const said = of[`${name}_said`] ?? [];
  return said.length > 0 && html`<ul class="notes quiet">${said.map((one) => html`<li key=${one.text}><${kit.Said} of=${one} /></li>`)}</ul>`;
}
