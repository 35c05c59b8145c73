// The JSON interface of the program on this machine (docs/openapi.json).

import { part, request } from "../shared/http";
import type { Paper } from "../shared/papers";

export { Refused, sentence } from "../shared/http";

export type Scalar = string | number | boolean | null;
export type Value = Scalar | string[];
export interface Row {
  id: string;
  _org: string;
  _conflicts: string[];
  _deleted?: boolean;
  [field: string]: Value | undefined;
}
export type Titles = Record<string, string>;
export type Bases = Record<string, string[]>;

export interface Sync {
  state: "not_joined" | "connecting" | "connected" | "unreachable" | "refused" | "failed";
  since: string;
  error: string | null;
  settled: string | null;
  sent: number; // entries, since the link stands
  received: number;
}
/** Something that goes on with other devices of the local network. */
export interface Errand {
  state: "idle" | "running" | "done" | "failed";
  address: string | null; // where others reach this device; whom it syncs with
  since: string | null;
  sent: number;
  received: number;
  met: number; // sessions
  error: string | null;
  admitted: Admitted | null; // the last newcomer
}
export interface Admitted {
  person: string;
  role: string;
  digits: string; // that both screens must show
}
/** A code that admits one device, as a text and as the modules of its QR picture. */
export interface Invitation {
  code: string;
  qr: string;
  minutes: number;
}
/** How a folder stands that has still to join. */
export interface Joining {
  fresh: boolean;
  joins: boolean; // just now
  chosen: boolean; // an earlier try decided what opens the folder
  parts: number; // of what the hub sends; 0: that hasn't begun
  parts_here: number;
}
export interface Joined {
  digits: string | null; // that both screens must show; null: the hub itself admitted
  recovery_code: string | null; // null: nothing is encrypted
}
export interface Near {
  device: string;
  person: string;
  role: string;
  org_name: string | null;
  address: string;
}
export interface Letter {
  table: string;
  id: string;
  row: string | null; // what goes
  name: string | null;
  to: string | null;
  to_org: string | null; // null: an org that the registry here doesn't know
  state: string | null;
  _org: string | null; // where the letter lies
  _moved: string | null; // the name of the org that it went on to
}
export interface Taken {
  applied: number;
  known: number;
  early: number; // kept until what comes before them is here
  rejected: number;
  fault: string | null;
}
/** What a picture says of a bundle: one of its parts. */
export interface BundlePart {
  bundle: string;
  index: number; // from 1
  total: number;
  text: string;
}
export interface Status {
  person: string | null;
  person_id: string | null;
  role: string | null;
  org: string | null;
  org_name: string | null;
  device: string | null;
  rows: number;
  unsent: number;
  unsent_since: string | null;
  conflicts: number;
  set_aside: number;
  last_sync: string | null;
  rights_as_of: string | null; // of the last whole exchange with the hub
  rights_behind: number; // notices of the hub since then that are known of
  split_view: boolean; // the hub has shown somebody another registry
  clock_offset_ms: number | null;
  now: string;
  language: "zh" | "en";
  lock: { idle_ms: number } | null; // null: the folder has no passphrase
  sync: Sync;
  near: { listening: Errand; meeting: Errand };
}
export interface List {
  rows: Row[];
  titles: Titles;
  next: string | null;
  count?: number;
}
export interface One {
  row: Row;
  bases: Bases;
  titles: Titles;
}
export interface Cells {
  cells: [string, ...Value[]][];
  all: boolean;
}
export interface Change {
  op: "add" | "set" | "delete";
  table: string;
  id?: string;
  org?: string;
  fields?: Record<string, unknown>;
}
export interface Duplicates {
  duplicates: { table: string; by: string[]; rows: { id: string; label: string | null; _org: string }[] }[];
  rows: Record<string, Row>;
  titles: Titles;
}
export interface Merged {
  id: string;
  merged: string;
  differs: string[];
}
export interface Report {
  name: string;
  zh: string;
  en: string;
  columns: [string, string, string, string?][];
}
export interface ReportRows {
  rows: Record<string, Value>[];
  from: string;
  to: string;
  people: boolean; // it names some: carrying it away is noted
}
export interface Reminder {
  kind: string;
  title: string;
  table: string | null;
  id: string | null;
  label: string | null;
  since: string | null;
  days: number | null;
}
export interface Imported {
  saved: boolean;
  rows: number;
  added: number;
  changed: number;
  same: number;
  errors: { row: number; column: string; message: string }[];
  columns: { heading: string; field: string | null }[] | null;
  sample: string[][];
}
export interface Related {
  related: { table: string; field: string; count: number; rows: Row[] }[];
  titles: Titles;
}
export interface HistoryItem {
  field: string;
  value: Value | { added: string[]; removed: string[] };
  person: string;
  device: string;
  time: string;
  dot: string;
  state: "shown" | "conflict" | "replaced";
}
export interface Head {
  value: Value;
  person: string;
  device: string;
  time: string;
  dot: string;
}
export interface Conflict {
  table: string;
  id: string;
  field: string;
  heads_count: number; // of all values that wait
  heads: Head[]; // the newest of each device
}
export interface Conflicts {
  conflicts: Conflict[];
  rows: Record<string, Row>;
  titles: Titles;
}
export interface Due {
  due: { table: string; id: string; day: string; of: string }[];
  rows: Record<string, Row>; // by id: what says so; by the value of `of`: who is due
  titles: Titles;
  today: string;
}
export interface Unsent {
  since: string | null;
  unsent: { table: string; id: string; time: string }[];
  rows: Record<string, Row>;
  titles: Titles;
}
export interface Org {
  id: string;
  name: string;
  kind: string;
  parent: string | null;
}
export interface Draft {
  table: string;
  id: string;
  isNew: boolean;
  values: Record<string, Value>;
  bases?: Bases;
  org?: string;
  quick?: boolean;
}
export interface DraftItem {
  key: string;
  saved: string;
  draft: Draft;
}
export interface Preferences {
  language?: "zh" | "en";
  theme?: "system" | "light" | "dark" | "contrast";
  size?: "normal" | "large" | "huge" | "double";
  columns?: Record<string, string[]>; // by table, as this person wants its list
}

export const LOCKED = 423;
let locked: (language: "zh" | "en", fresh: boolean) => void = () => undefined;

/** Tells whenever the program answers that the folder is locked, or has still to join. */
export function onLocked(tell: typeof locked): void {
  locked = tell;
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return request(method, path, body, {}, (http, said) => http === LOCKED && locked(said.language ?? "zh", said.status === "fresh"));
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  return JSON.parse(await (await send(method, path, body)).text()) as T;
}

export interface Query {
  search?: string;
  order?: string;
  offset?: number;
  limit?: number;
  count?: boolean;
  where?: [string, string][];
  any?: [string, string][]; // several of one field: one of them
  from?: [string, string][];
  until?: [string, string][];
}

function conditions(query: Query, parameters: URLSearchParams): void {
  for (const kind of ["where", "any", "from", "until"] as const)
    for (const [field, value] of query[kind] ?? []) parameters.append(kind, `${field}:${value}`);
}

function rows(table: string, query: Query): string {
  const parameters = new URLSearchParams();
  if (query.search) parameters.set("search", query.search);
  if (query.order) parameters.set("order", query.order);
  if (query.offset) parameters.set("offset", String(query.offset));
  if (query.limit) parameters.set("limit", String(query.limit));
  if (query.count) parameters.set("count", "1");
  conditions(query, parameters);
  return `rows/${part(table)}?${parameters}`;
}

function cells(table: string, fields: string[], query: Query): string {
  const parameters = new URLSearchParams(fields.map((field) => ["field", field]));
  if (query.search) parameters.set("search", query.search);
  if (query.order) parameters.set("order", query.order);
  conditions(query, parameters);
  return `cells/${part(table)}?${parameters}`;
}

function exported(table: string, query: Query): string {
  const parameters = new URLSearchParams();
  if (query.search) parameters.set("search", query.search);
  if (query.order) parameters.set("order", query.order);
  conditions(query, parameters);
  return `export/${part(table)}?${parameters}`;
}

/** Who has read a row, of those who are asked to. */
export interface Marks {
  table: string;
  marks: { row: Row; asked: number; read: number; due: boolean; mine: boolean }[];
}
export interface MarksOf {
  table: string;
  devices: { device: string; person: string; role: string; org: string; mark: Row | null }[];
}

export interface Save {
  fields: Record<string, unknown>;
  id?: string;
  org?: string | undefined;
  bases?: Bases | undefined;
  draft?: string | undefined;
}
export interface Saved {
  id: string;
  entries: number;
}
export interface Decision {
  field: string;
  take?: string;
  value?: Value;
  heads?: string[];
}

export interface RowFile {
  field: string;
  name: string | null;
  type: string | null;
  bytes: number;
  here: boolean;
  wanted: boolean;
  thumbnail: boolean | null;
}

/** Where a file of a row, or its thumbnail, is read. */
export function filePath(table: string, id: string, field: string): string {
  return `/api/rows/${part(table)}/${part(id)}/files/${part(field)}`;
}

export const api = {
  addFile: (file: Blob, parameters: URLSearchParams) => ask<{ value: string; bytes: number }>("POST", `files?${parameters}`, file),
  files: (table: string, id: string) =>
    ask<{ files: RowFile[] }>("GET", `rows/${part(table)}/${part(id)}/files`),
  wantFile: (table: string, id: string, field: string) =>
    ask<unknown>("POST", `rows/${part(table)}/${part(id)}/files/${part(field)}`, {}),
  status: () => ask<Status>("GET", "status"),
  schema: () => ask<unknown>("GET", "schema"),
  orgs: () => ask<{ orgs: Org[] }>("GET", "orgs"),
  due: () => ask<Due>("GET", "due"),
  marks: (table: string) => ask<Marks>("GET", `marks/${part(table)}`),
  marksOf: (table: string, id: string) => ask<MarksOf>("GET", `marks/${part(table)}/${part(id)}`),
  unsent: () => ask<Unsent>("GET", "unsent"),
  conflicts: () => ask<Conflicts>("GET", "conflicts"),
  duplicates: () => ask<Duplicates>("GET", "duplicates"),
  merge: (id: string, other: string) => ask<Merged>("POST", "merge", { id, other }),
  unmerge: (id: string) => ask<Merged>("POST", "unmerge", { id }),
  change: (changes: Change[]) => ask<{ ids: string[]; entries: number }>("POST", "changes", { changes }),
  cells: (table: string, fields: string[], query: Query) => ask<Cells>("GET", cells(table, fields, query)),
  reports: () => ask<{ reports: Report[] }>("GET", "reports"),
  report: (name: string, parameters: URLSearchParams) => ask<ReportRows>("GET", `reports/${part(name)}?${parameters}`),
  reminders: () => ask<{ reminders: Reminder[] }>("GET", "reminders"),
  importFile: (table: string, file: Blob, parameters: URLSearchParams) =>
    ask<Imported>("POST", `import/${part(table)}?${parameters}`, file),
  exportRows: async (table: string, query: Query, purpose: string, form: "csv" | "xlsx" = "csv") =>
    (await send("POST", exported(table, query), { form, ...(purpose && { purpose }) })).blob(),
  papers: () => ask<{ papers: Paper[] }>("GET", "papers"),
  /** A paper or a report (../shared/papers.tsx). */
  file: async (path: string) => (await send("GET", path)).blob(),
  list: (table: string, query: Query) => ask<List>("GET", rows(table, query)),
  row: (table: string, id: string) => ask<One>("GET", `rows/${part(table)}/${part(id)}`),
  history: (table: string, id: string) =>
    ask<{ history: HistoryItem[]; titles: Titles }>("GET", `rows/${part(table)}/${part(id)}/history`),
  related: (table: string, id: string) =>
    ask<Related>("GET", `rows/${part(table)}/${part(id)}/related`),
  add: (table: string, save: Save) => ask<Saved>("POST", `rows/${part(table)}`, save),
  set: (table: string, id: string, save: Save) =>
    ask<Saved>("PATCH", `rows/${part(table)}/${part(id)}`, save),
  remove: (table: string, id: string) =>
    ask<Saved>("DELETE", `rows/${part(table)}/${part(id)}`, undefined),
  settle: (table: string, id: string, decision: Decision) =>
    ask<Saved>("POST", `rows/${part(table)}/${part(id)}/settle`, decision),
  drafts: () => ask<{ drafts: DraftItem[] }>("GET", "drafts"),
  keepDraft: (key: string, draft: Draft) => ask<unknown>("PUT", `drafts/${part(key)}`, draft),
  dropDraft: (key: string) => ask<unknown>("DELETE", `drafts/${part(key)}`),
  preferences: () => ask<Preferences>("GET", "preferences"),
  keepPreferences: (wanted: Preferences) => ask<Preferences>("PUT", "preferences", wanted),
  sync: () => ask<Sync>("POST", "sync", {}),
  near: () => ask<{ near: Near[] }>("GET", "near"),
  listen: (on: boolean) => ask<Status["near"]>("POST", "near/listen", { on }),
  enrol: (newcomer: { person: string; role: string; org: string; address: string }) => ask<Invitation>("POST", "near/enrol", newcomer),
  meet: (address: string) => ask<Status["near"]>("POST", "near/meet", { address }),
  letters: () => ask<{ letters: Letter[] }>("GET", "letters"),
  offerLetter: (row: string, to: string, fields: Record<string, unknown>) => ask<Saved>("POST", "letters", { row, to, fields }),
  answerLetter: (id: string, accept: boolean, fields: Record<string, unknown>) => ask<Saved>("POST", `letters/${part(id)}`, { accept, fields }),
  writeBundle: async () => (await send("GET", "bundle")).blob(),
  readBundle: (file: Blob) => ask<Taken>("POST", "bundle", file),
  bundlePictures: () => ask<{ pictures: string[]; bytes: number }>("GET", "bundle/pictures"),
  lookAtPicture: (picture: Blob) => ask<{ parts: BundlePart[]; others: number }>("POST", "bundle/picture", picture),
  joinPictures: (parts: string[]) => ask<Taken>("POST", "bundle/parts", { parts }),
  presence: () => ask<unknown>("POST", "presence", {}),
  lock: () => ask<unknown>("POST", "lock", {}),
  unlock: (secret: string) => ask<unknown>("POST", "unlock", { secret }),
  joining: () => ask<Joining>("GET", "join"),
  /** Without a secret the records lie there unencrypted. */
  join: (code: string, secret: string | null) => ask<Joined>("POST", "join", { code, secret }),
  /** The invitations that a picture shows. */
  lookForCode: (picture: Blob) => ask<{ codes: string[] }>("POST", "join/picture", picture),
};
