// The console's JSON interface (docs/openapi-console.json).

import { part, request } from "../shared/http";
import { keepFile } from "../shared/keep";
import type { Paper } from "../shared/papers";
import { language } from "../shared/words";
import type { Conflicts, HistoryItem, List, Marks, MarksOf, One, Org, Related, Reminder, Titles } from "../src/api";

export { Refused, sentence } from "../shared/http";

export interface Me {
  name: string | null;
  role: "bureau" | "auditor" | null;
}
export interface Standing {
  entries: number;
  rows: number;
  devices: number;
  conflicts: number;
  rejected: number;
  over_quota: number;
  alarms: number;
  missing: number;
  damaged: boolean;
  disk_full: boolean;
  disk_free: number;
  connected: number;
  strangers: number;
  uptime_s: number;
  now: string;
  name: string;
  version: string;
  listen: string;
}
export interface Device {
  id: string;
  person: string;
  role: string;
  org: string | null;
  state: string;
  last_seen: string | null;
  index: number;
  entries: number;
  clock_ms: number;
  connected: boolean;
  waiting: number;
  /** When it last told what follows; null: never. */
  told: string | null;
  program: string | null;
  clock_ahead_ms: number | null;
}
export interface Account {
  name: string;
  role: string;
  totp: boolean;
  changed: string;
}
/** Name, Chinese and English heading, and the field whose codes it holds. */
export type Column = [string, string, string, string?];
export interface Report {
  name: string;
  zh: string;
  en: string;
  columns: Column[];
}
export type Cell = string | number | null;
export type ReportRow = Record<string, Cell>;
export interface AuditItem {
  time: string;
  person: string;
  device: string;
  org: string | null;
  action: string;
  table: string | null;
  id: string | null;
  ops: number;
  subject: string | null;
  access: Record<string, string | number | null> | null;
  state: "counts" | "set_aside";
  dot: string;
}
export interface AsideItem {
  dot: string;
  person: string;
  device: string;
  time: string;
  received: string | null;
  reason: string;
  adopted_as: string | null;
  ops: { table: string; id: string; fields: Record<string, unknown> }[];
}
export interface Alarm {
  kind: string;
  day: string;
  person: string | null;
  device: string | null;
  who: string | null;
  count: number;
  limit: number;
}
export interface SchemaItem {
  epoch: number;
  schema: unknown;
  person: string;
  time: string;
  dot: string;
}
export interface Period {
  from: string;
  to: string;
  org: string;
}
export interface Wish {
  org: string;
  role: string;
  person: string;
  address: string;
  hours: number;
}

export const SIGNED_OUT = 401;
let signedOut: () => void = () => undefined;

export function onSignedOut(tell: () => void): void {
  signedOut = tell;
}

// ---- is somebody there? A page that reads by itself doesn't keep the session alive. ----

const ATTENDED_MS = 60000;
let touchedAt = Date.now();

export function watchPerson(): void {
  for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, () => (touchedAt = Date.now()), { passive: true });
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { "Accept-Language": language() };
  if (Date.now() - touchedAt > ATTENDED_MS) headers["Jinqiu-Unattended"] = "1";
  return request(method, path, body, headers, (http) => http === SIGNED_OUT && signedOut());
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await send(method, path, body)).json()) as T;
}

function query(parameters: Record<string, string | number>): string {
  const set = Object.entries(parameters).filter(([, value]) => value !== "");
  return set.length > 0 ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : "";
}

/** A paper or a report as a file (../shared/papers.tsx). It may need a second person, which the
 * failure's sentence then says. */
export async function saveFile(path: string, name: string): Promise<void> {
  keepFile(await (await send("GET", path)).blob(), name);
}

export const api = {
  me: () => ask<Me>("GET", "me"),
  login: (name: string, secret: string, code: string) =>
    ask<Me>("POST", "login", code ? { name, secret, code } : { name, secret }),
  logout: () => ask<unknown>("POST", "logout", {}),
  status: () => ask<Standing>("GET", "status"),
  schema: () => ask<unknown>("GET", "schema"),
  schemas: () => ask<{ schemas: SchemaItem[] }>("GET", "schemas"),
  orgs: () => ask<{ orgs: Org[] }>("GET", "orgs"),
  devices: () => ask<{ devices: Device[] }>("GET", "devices"),
  accounts: () => ask<{ accounts: Account[] }>("GET", "accounts"),
  reports: () => ask<{ reports: Report[] }>("GET", "reports"),
  report: (name: string, period: Period) =>
    ask<{ rows: ReportRow[]; from: string; to: string }>("GET", `reports/${part(name)}${query({ ...period })}`),
  papers: () => ask<{ papers: Paper[] }>("GET", "papers"),
  reminders: (org: string) => ask<{ reminders: Reminder[] }>("GET", `reminders${query({ org })}`),
  audit: (limit: number) => ask<{ audit: AuditItem[] }>("GET", `audit${query({ limit })}`),
  alarms: () => ask<{ alarms: Alarm[] }>("GET", "alarms"),
  setAside: () => ask<{ set_aside: AsideItem[] }>("GET", "set-aside"),
  conflicts: () => ask<Conflicts>("GET", "conflicts"),
  list: (table: string, search: string, after: string) =>
    ask<List>("GET", `rows/${part(table)}${query({ search, after, count: 1, limit: 50 })}`),
  rows: (table: string, parameters: [string, string][]) => ask<List>("GET", `rows/${part(table)}?${new URLSearchParams(parameters)}`),
  /** The same row into the records of each org. */
  add: (table: string, orgs: string[], fields: Record<string, string>) =>
    ask<{ ids: string[] }>("POST", `rows/${part(table)}`, { orgs, fields }),
  marks: (table: string) => ask<Marks>("GET", `marks/${part(table)}`),
  marksOf: (table: string, id: string) => ask<MarksOf>("GET", `marks/${part(table)}/${part(id)}`),
  row: (table: string, id: string) => ask<One>("GET", `rows/${part(table)}/${part(id)}`),
  history: (table: string, id: string) =>
    ask<{ history: HistoryItem[]; titles: Titles }>("GET", `rows/${part(table)}/${part(id)}/history`),
  related: (table: string, id: string) => ask<Related>("GET", `rows/${part(table)}/${part(id)}/related`),
  invite: (wish: Wish) => ask<{ code: string; qr: string }>("POST", "invitations", wish),
  revoke: (id: string, lastGood: number | null) =>
    ask<unknown>("POST", `devices/${part(id)}/revoke`, lastGood === null ? {} : { last_good: lastGood }),
};
