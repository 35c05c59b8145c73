// What all pages of the console share: who is signed in, the schema, the tree of orgs, the address,
// and a count of changes that tells every page to read again.

import { useEffect, useState } from "preact/hooks";
import { hold, routeNow } from "../shared/state";
import { speak, type Language } from "../shared/words";
import type { Org } from "../src/api";
import { Schema } from "../src/schema";
import { dayText } from "../src/values";
import { api, onSignedOut, watchPerson, type Me, type Period } from "./api";

export interface State {
  me: Me;
  schema: Schema | null;
  orgs: Org[];
  route: string; // behind "#/"
  version: number;
  reachable: boolean;
  period: Period;
}

function thisYear(): Period {
  const to = dayText(new Date());
  return { from: `${to.slice(0, 4)}-01-01`, to, org: "" };
}

const NOBODY: Me = { name: null, role: null };

const held = hold<State>({
  me: NOBODY,
  schema: null,
  orgs: [],
  route: routeNow(),
  version: 0,
  reachable: true,
  period: thisYear(),
});
export const { update, use: useConsole } = held;

/** What `read` gives, again whenever a key or the records change; a late answer to an earlier
 * question is dropped. */
export function useAnswer<T>(read: () => Promise<T>, ...keys: unknown[]): { answer: T | null; failure: unknown } {
  const { version } = useConsole();
  const [result, set] = useState<{ answer: T | null; failure: unknown }>({ answer: null, failure: null });
  useEffect(() => {
    let here = true;
    read().then(
      (answer) => here && set({ answer, failure: null }),
      (failure: unknown) => here && set({ answer: null, failure }),
    );
    return () => void (here = false);
  }, [version, ...keys]);
  return result;
}

// ---- how it looks: kept by this browser, since it says nothing of anybody ----

export interface Looks {
  language: Language;
  theme: string;
}

export function looks(): Looks {
  const theme = localStorage.getItem("theme") ?? "system";
  return { language: localStorage.getItem("language") === "en" ? "en" : "zh", theme };
}

export function applyLooks(wanted: Partial<Looks>): void {
  for (const [name, value] of Object.entries(wanted)) localStorage.setItem(name, value);
  const { language, theme } = looks();
  speak(language);
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.size = "normal";
  update({});
}

// ---- signing in and out ----

const READ_SOON_MS = 500;
const READ_AGAIN_MS = 30000; // what is read is noted: not for every change of a busy hub
let events: EventSource | null = null;
let readTimer = 0;
let readAt = -Infinity;

function readSoon(): void {
  if (readTimer) return;
  const wait = Math.max(READ_SOON_MS, readAt + READ_AGAIN_MS - performance.now());
  readTimer = setTimeout(() => {
    readTimer = 0;
    readAt = performance.now();
    update({ version: held.now().version + 1 });
  }, wait);
}

function listen(): void {
  events?.close();
  events = new EventSource("/api/events");
  events.addEventListener("changed", readSoon);
  events.addEventListener("open", () => update({ reachable: true }));
  events.addEventListener("error", () => update({ reachable: false }));
}

function forget(): void {
  events?.close();
  events = null;
  update({ me: NOBODY, schema: null, orgs: [], reachable: true });
}

async function enter(me: Me): Promise<void> {
  const [schema, { orgs }] = await Promise.all([api.schema(), api.orgs()]);
  update({ me, schema: new Schema(schema), orgs });
  listen();
}

export async function signIn(name: string, secret: string, code: string): Promise<void> {
  await enter(await api.login(name, secret, code));
}

export async function signOut(): Promise<void> {
  await api.logout();
  forget();
}

export async function start(): Promise<void> {
  applyLooks({});
  onSignedOut(forget);
  watchPerson();
  addEventListener("hashchange", () => update({ route: routeNow() }));
  const me = await api.me();
  if (me.name) await enter(me);
}

// ---- the tree ----

/** All orgs below `parent`, each behind the one above it. */
export function tree(orgs: Org[], parent: string | null = null, depth = 0): { org: Org; depth: number }[] {
  const below = orgs.filter((org) => org.parent === parent);
  return depth > 16 ? [] : below.flatMap((org) => [{ org, depth }, ...tree(orgs, org.id, depth + 1)]);
}

export function orgName(id: string | null): string {
  return held.now().orgs.find((org) => org.id === id)?.name ?? "";
}
