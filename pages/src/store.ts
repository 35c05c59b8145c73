// What all pages share: schema, status, preferences, the address, and a count of changes that tells
// every page to read again.

import { useEffect, useRef, useState } from "preact/hooks";
import { hold, routeNow } from "../shared/state";
import { speak, type Language } from "../shared/words";
import { api, LOCKED, onLocked, Refused, sentence, type Org, type Preferences, type Status, type Sync } from "./api";
import { keepAll, keepLate } from "./drafts";
import { Schema } from "./schema";
import { w } from "./words";

export interface State {
  schema: Schema | null;
  status: Status | null;
  orgs: Org[];
  preferences: Preferences;
  route: string; // behind "#/"
  version: number; // counts what was written here or came from elsewhere
  reachable: boolean; // does the program on this machine answer?
  locked: boolean; // nothing of a record is held here then
  fresh: boolean; // locked, since the folder has still to join
  greeted: boolean; // false: this window shows what one must write down first
  notice: Notice | null;
}
export interface Notice {
  text: string;
  bad?: boolean;
  undo?: () => void;
}

const held = hold<State>({
  schema: null,
  status: null,
  orgs: [],
  preferences: {},
  route: routeNow(),
  version: 0,
  reachable: true,
  locked: false,
  fresh: false,
  greeted: true,
  notice: null,
});
export const { now, update, use: useStore } = held;

// ---- notices ----

let noticeTimer = 0;
const NOTICE_MS = 5000;
const NOTICE_UNDO_MS = 20000; // there must be time to read and to decide

export function tell(text: string, undo?: () => void): void {
  clearTimeout(noticeTimer);
  update({ notice: undo ? { text, undo } : { text } });
  noticeTimer = setTimeout(() => update({ notice: null }), undo ? NOTICE_UNDO_MS : NOTICE_MS);
}

export function tellFailure(failure: unknown): void {
  clearTimeout(noticeTimer);
  update({ notice: { text: w("failed", sentence(failure)), bad: true } });
}

export function hideNotice(): void {
  update({ notice: null });
}

/** Something was written here: every page reads again. */
export function changed(): void {
  update({ version: now().version + 1 });
}

// ---- addresses ----

export function go(route: string): void {
  location.hash = `/${route}`;
}

/** The same page under another address, without a step in the browser's history. A page that is
 * about to be left has no say any more. */
export function rename(route: string): void {
  if (routeNow().split("?")[0] !== route.split("?")[0]) return;
  history.replaceState(null, "", `#/${route}`);
  held.amend({ route });
}

// ---- what comes from the program ----

const READ_AGAIN_MS = 250;
let readTimer = 0;
let readTurn = 0;

/** Of several answers under way the last one asked for counts. */
export async function readStatus(): Promise<void> {
  const mine = ++readTurn;
  try {
    const status = await api.status();
    if (mine === readTurn && !now().locked) update({ status, reachable: true });
  } catch (failure) {
    if (mine !== readTurn) return;
    update({ reachable: failure instanceof Refused && failure.http === LOCKED });
    if (failure instanceof Refused && failure.http === 401) location.reload();
  }
}

/** Many events may come at once, while a long exchange runs. */
function readSoon(): void {
  clearTimeout(readTimer);
  readTimer = setTimeout(() => {
    update({ version: now().version + 1 });
    void readStatus();
  }, READ_AGAIN_MS);
}

function listen(): void {
  const source = new EventSource("/api/events");
  source.addEventListener("open", () => {
    if (now().locked) void unlocked().catch(() => undefined); // it may have been opened meanwhile
    else readSoon();
  });
  source.addEventListener("leaving", () => void keepAll());
  source.addEventListener("locked", () => locked(now().status?.language ?? "zh", false));
  source.addEventListener("unlocked", () => void unlocked().catch(tellFailure));
  source.addEventListener("changed", readSoon);
  source.addEventListener("sync", (event) => {
    const sync = JSON.parse((event as MessageEvent<string>).data) as Sync;
    const { status } = now();
    if (status) update({ status: { ...status, sync } });
    readSoon();
  });
  source.addEventListener("near", (event) => {
    const near = JSON.parse((event as MessageEvent<string>).data) as Status["near"];
    const { status } = now();
    if (status) update({ status: { ...status, near } });
  });
  source.addEventListener("error", () => {
    update({ reachable: false });
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

function wear(preferences: Preferences, fallback: Language): void {
  const root = document.documentElement;
  root.dataset.theme = preferences.theme ?? "system";
  root.dataset.size = preferences.size ?? "large";
  speak(preferences.language ?? fallback);
}

async function load(): Promise<void> {
  const [status, schema, orgs, preferences] = await Promise.all([
    api.status(),
    api.schema(),
    api.orgs(),
    api.preferences(),
  ]);
  wear(preferences, status.language);
  const loaded = { status, schema: new Schema(schema), orgs: orgs.orgs, preferences };
  update({ ...loaded, reachable: true, locked: false, fresh: false, version: now().version + 1 });
}

/** Forget what was read; the address stays, and what was typed is a draft. */
function locked(fallback: Language, fresh: boolean): void {
  if (now().locked && now().fresh === fresh) return;
  wear(now().preferences, fallback);
  update({ locked: true, fresh, reachable: true, status: null, schema: null, orgs: [], notice: null });
}

/** Go on where the person was. */
export async function unlocked(): Promise<void> {
  if (!now().locked || !now().greeted) return;
  await keepLate();
  await load();
}

export async function start(): Promise<void> {
  onLocked(locked);
  addEventListener("hashchange", () => {
    // A failure belongs to the page it happened on; "saved" is read on the next one.
    update({ route: routeNow(), notice: now().notice?.bad ? null : now().notice });
  });
  try {
    await load();
  } catch (failure) {
    if (!now().locked) throw failure;
  }
  listen();
}

export async function prefer(part: Partial<Preferences>): Promise<void> {
  const preferences = { ...now().preferences, ...part };
  wear(preferences, now().status?.language ?? "zh");
  update({ preferences });
  await api.keepPreferences(preferences);
}

/** Read something now, when `keys` change, and whenever anything was written; one request at a
 * time, so that quick typing doesn't pile them up: the last one asked for counts. */
export function useLoad<T>(
  read: () => Promise<T>,
  keys: unknown[],
): { data: T | null; failure: unknown } {
  const { version } = useStore();
  const [loaded, setLoaded] = useState<{ data: T | null; failure: unknown }>({
    data: null,
    failure: null,
  });
  const turn = useRef(0);
  const wanted = useRef<typeof read | null>(null);
  const asking = useRef(false);
  const ask = () => {
    const next = wanted.current;
    if (asking.current || !next) return;
    const mine = turn.current;
    wanted.current = null;
    asking.current = true;
    next()
      .then(
        (data) => mine === turn.current && setLoaded({ data, failure: null }),
        (failure: unknown) => mine === turn.current && setLoaded({ data: null, failure }),
      )
      .finally(() => {
        asking.current = false;
        ask();
      });
  };
  useEffect(() => {
    turn.current++;
    wanted.current = read;
    ask();
  }, [...keys, version]);
  return loaded;
}
