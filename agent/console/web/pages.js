// What pages beyond the first share: their question in the address, what a person types, and the notes below an answer.
import { html, useRef, useState } from "./vendor/htm-preact.js";
import * as kit from "./kit.js";
import { useBox } from "./kit.js";

/** The query of the address as an object, and how to change some of it, or by a function of it (undefined or "" leaves it out). */
export function useQuery() {
  const now = Object.fromEntries(new URLSearchParams(useBox(kit.query)));
  const change = (some, options) => {
    const last = Object.fromEntries(new URLSearchParams(kit.query.get())); // may be newer than what is drawn
    const next = new URLSearchParams(Object.entries({ ...last, ...(typeof some === "function" ? some(last) : some) }).filter(([, value]) => value || value === 0));
    kit.go(`${location.pathname}${next.size ? `?${next}` : ""}`, options);
  };
  return [now, change];
}

/**
 * What a person has changed in a form and not kept yet, {name: value}, each as its field holds it.
 * `last.current` is newer than `changes` between two renders; `settle` forgets what was sent and is kept now.
 */
export function useChanges() {
  const [changes, show] = useState({});
  const last = useRef(changes);
  const set = (next) => {
    last.current = next;
    show(next);
  };
  const change = (some) => set({ ...last.current, ...some });
  const settle = (sent) => set(Object.fromEntries(Object.entries(last.current).filter(([name, value]) => value !== sent[name])));
  return { changes, last, change, settle };
}

/** An input that tells what it holds once the person is through with it; what is drawn meanwhile leaves it as it is. */
export function Field({ value, commit, ...more }) {
  const [typed, type] = useState(null);
  const take = (event) => {
    type(null);
    commit(event.target.value);
  };
  return html`<input ...${more} value=${typed ?? value} onInput=${(event) => type(event.target.value)} onChange=${take} onBlur=${() => type(null)} />`;
}

/** The sentences of `of` under `name`, a list of them. */
export function Notes({ of, name = "notes" }) {
  const said = of[`${name}_said`] ?? [];
  return said.length > 0 && html`<ul class="notes quiet">${said.map((one) => html`<li key=${one.text}><${kit.Said} of=${one} /></li>`)}</ul>`;
}
