// The schema as the pages need it: which fields, in what order, under which labels. No table is
// known by name here or elsewhere in the pages.

import type { Language } from "../shared/words";
import type { Row, Titles, Value } from "./api";

export interface Labelled {
  zh: string;
  en: string;
}
export interface Field extends Labelled {
  number: number;
  name: string;
  type: string;
  merge: string;
  required?: boolean;
  group?: string;
  codes?: [string, string, string][];
  refs?: string[];
  min?: number;
  max?: number;
  bytes?: number;
  write?: string[];
  default?: string;
  steps?: Record<string, { by?: string[]; from?: string[] }>;
  when?: { field: string; codes: string[] };
  help?: Labelled;
}
export interface Section extends Labelled {
  fields: string[];
}
export interface Grid extends Labelled {
  rows: string;
  of?: string;
  columns: string;
  cell: string;
  where?: Record<string, string>;
  tap?: string;
  offer?: string;
  stamp?: string;
}
export interface Table extends Labelled {
  number: number;
  name: string;
  title?: string;
  key?: string[];
  scope?: string;
  write: string[];
  fields: Field[];
  /** Rows by which another row goes to another org. */
  moves?: { row: string; to: string; name: string; state: string; offered: string; accepted: string; returned: string; when: { field: string; codes: string[] } };
  same?: { into: string; unless?: string; apart?: string };
  form?: {
    sections?: Section[];
    columns?: string[];
    quick?: string[];
    glance?: string[];
    due?: { field: string; of: string; at: string };
    open?: { field: string; codes: string[] };
    take?: { field: string; steps: string; step: string };
    calendar?: { from: string[]; to?: string; apart?: string };
    grids?: Grid[];
    marks?: { of: string; by: string };
    hand_down?: { field: string; codes: string[]; part: string; steps: string; step: string; due: string; back: string };
  };
}

const COLUMNS_USUAL = 6;
const VOID = "void";

export class Schema {
  readonly tables: Table[];

  constructor(json: unknown) {
    this.tables = (json as { tables: Table[] }).tables;
  }

  table(name: string): Table | undefined {
    return this.tables.find((table) => table.name === name);
  }

  /** Tables with a short form, those that say who is due first. */
  quickTables(): Table[] {
    const quick = this.tables.filter((table) => table.form?.quick);
    return [...quick.filter((t) => t.form?.due), ...quick.filter((t) => !t.form?.due)];
  }

  /** All grids, each with its table and its place there. */
  grids(): { table: Table; grid: Grid; place: number }[] {
    return this.tables.flatMap((table) => (table.form?.grids ?? []).map((grid, place) => ({ table, grid, place })));
  }

  /** The table whose rows a ref field of a grid names. */
  namedBy(table: Table, name: string, of?: string): Table | undefined {
    const field = fieldOf(table, name);
    return this.table(of ?? field?.refs?.[0] ?? "");
  }

  /** The table of people that `field` may name: the one that a field with the default "me" names. */
  personTable(field: Field): string | undefined {
    const mine = this.tables.flatMap((table) => table.fields).filter((one) => one.default === "me");
    return mine.flatMap((one) => one.refs ?? []).find((name) => mayName(field, name));
  }

  /** Tables whose rows are marked as read, each with the table of the marks. */
  marked(): { table: Table; marks: Table }[] {
    return this.tables.flatMap((marks) => {
      const of = marks.form?.marks && fieldOf(marks, marks.form.marks.of);
      return (of?.refs ?? []).flatMap((name) => {
        const table = this.table(name);
        return table ? [{ table, marks }] : [];
      });
    });
  }

  /** Tables and the first field of each by which its rows may name a row of `name`. */
  naming(name: string): { table: Table; field: Field }[] {
    return this.tables.flatMap((table) => {
      const field = table.fields.find((f) => isRef(f) && mayName(f, name) && f.merge !== "set");
      return field ? [{ table, field }] : [];
    });
  }
}

export function label(thing: Labelled, language: Language): string {
  return thing[language];
}

/** Is a row of this table something that happened, rather than something that is? */
export function isLogged(table: Table): boolean {
  return table.title === undefined;
}

export function fieldOf(table: Pick<Table, "fields">, name: string): Field | undefined {
  return table.fields.find((field) => field.name === name);
}

export function isRef(field: Field): boolean {
  return field.type === "ref" || field.type === "ref_any";
}

export function mayName(field: Field, table: string): boolean {
  return field.refs ? field.refs.includes(table) : field.type === "ref_any";
}

/** The value of a ref field that names this row. */
export function refValue(field: Field, table: string, id: string): string {
  return field.type === "ref" ? id : `${table}:${id}`;
}

/** What a ref names: its table (by the value, or the only one it may name) and id. */
export function refTarget(field: Field, value: string): { table?: string | undefined; id: string } {
  const colon = value.indexOf(":");
  if (colon >= 0) return { table: value.slice(0, colon), id: value.slice(colon + 1) };
  return { table: field.refs?.length === 1 ? field.refs[0] : undefined, id: value };
}

export function mayWrite(table: Table, role: string | null, field?: Field): boolean {
  return role !== null && (field?.write ?? table.write).includes(role);
}

/** Can a person type this value at all? */
export function isTyped(field: Field): boolean {
  return field.type !== "sealed" && field.type !== "blob";
}

/** Sections of the form in order; fields that none names come last under `rest`. */
export function sectionsOf(table: Table, rest: Labelled): { label: Labelled; fields: Field[] }[] {
  const named = table.form?.sections ?? [];
  const seen = new Set(named.flatMap((section) => section.fields));
  const sections = named.map((section) => ({
    label: { zh: section.zh, en: section.en },
    fields: section.fields.flatMap((name) => fieldOf(table, name) ?? []),
  }));
  const others = table.fields.filter((field) => !seen.has(field.name));
  if (others.length > 0) sections.push({ label: named.length > 0 ? rest : table, fields: others });
  return sections;
}

export function columnsOf(table: Table): Field[] {
  const named = table.form?.columns?.flatMap((name) => fieldOf(table, name) ?? []);
  return named ?? table.fields.filter(isTyped).slice(0, COLUMNS_USUAL);
}

/** Is the field asked, given what stands in the form? */
export function isAsked(field: Field, values: Record<string, Value | undefined>): boolean {
  if (!field.when) return true;
  const value = values[field.when.field];
  return field.when.codes.includes(String(value ?? ""));
}

/** Does the row still want something done? */
export function isOpen(table: Table, row: Row): boolean {
  const open = table.form?.open;
  const code = open && String(row[open.field] ?? "").split("#")[0];
  return code !== undefined && open!.codes.includes(code);
}

/** The field by which a row is withdrawn without deleting it, where the table has one. */
export function voidField(table: Table): Field | undefined {
  return table.fields.find((field) => field.name === VOID && field.type === "bool");
}

export function codeLabel(field: Field, code: string, language: Language): string {
  const [bare = code, round] = code.split("#");
  const found = field.codes?.find(([name]) => name === bare);
  const text = found ? found[language === "zh" ? 1 : 2] : bare;
  return round ? `${text} #${round}` : text;
}

/** What people call a row: its title, or the first things it says. */
export function titleOf(table: Table, row: Row, titles: Titles, language: Language): string {
  const title = table.title ? row[table.title] : undefined;
  if (typeof title === "string" && title) return title;
  const parts: string[] = [];
  for (const field of columnsOf(table)) {
    const value = row[field.name];
    if (typeof value !== "string" || !value || parts.length >= 3) continue;
    if (isRef(field)) parts.push(titles[value] ?? "…");
    else if (field.codes) parts.push(codeLabel(field, value, language));
    else if (field.type === "datetime") parts.push(value.slice(0, 10));
    else if (field.type === "date" || field.type === "month") parts.push(value);
  }
  return parts.join(" · ") || label(table, language);
}
