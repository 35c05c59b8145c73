// What a list is narrowed down by: words of a list, days and months from … to, sums, and yes or no.

import type { Query } from "./api";
import { OrgSelect } from "./parts";
import { codeLabel, fieldOf, isRef, label, type Field, type Table } from "./schema";
import { language, w } from "./words";

export type Where = [string, string][];
export interface Narrowed {
  where: Where;
  from: Where;
  until: Where;
}
export const nothing: Narrowed = { where: [], from: [], until: [] };

const RANGES: Record<string, string> = { date: "date", datetime: "date", month: "month", int: "number", money: "number" };
const ROOMY = 700; // pixels: filters are open from the start
const KINDS = ["where", "from", "until"] as const;

function isRange(field: Field): boolean {
  return RANGES[field.type] !== undefined && field.merge !== "set";
}

/** Of the columns on the list those that can be chosen from, and whatever narrows it already. */
function fieldsOf(table: Table, columns: Field[], narrowed: Narrowed): Field[] {
  const named = KINDS.flatMap((kind) => narrowed[kind].flatMap(([name]) => fieldOf(table, name) ?? []));
  return [...new Set([...columns, ...named])].filter((field) => field.codes || field.type === "bool" || isRange(field));
}

function put(list: Where, name: string, value: string): Where {
  const others = list.filter(([field]) => field !== name);
  return value ? [...others, [name, value]] : others;
}

const valueOf = (list: Where, name: string) => list.find(([field]) => field === name)?.[1] ?? "";

export function countOf(narrowed: Narrowed): number {
  return KINDS.reduce((sum, kind) => sum + narrowed[kind].length, 0);
}

/** Of an address: "kind=a" is a where, "from.at=…" and "until.at=…" are ranges. */
export function readNarrowed(table: Table, query: URLSearchParams): Narrowed {
  const of = (prefix: string) =>
    [...query].flatMap(([name, value]): Where => {
      const bare = name.slice(prefix.length);
      return name.startsWith(prefix) && (bare === "_org" || fieldOf(table, bare)) ? [[bare, value]] : [];
    });
  return { where: of(""), from: of("from."), until: of("until.") };
}

export function writeNarrowed(narrowed: Narrowed, query: URLSearchParams): void {
  for (const [name, value] of narrowed.where) query.append(name, value);
  for (const [name, value] of narrowed.from) query.append(`from.${name}`, value);
  for (const [name, value] of narrowed.until) query.append(`until.${name}`, value);
}

/** As the program is asked: a day of a datetime begins at 00:00 and ends at 23:59. */
export function queryOf(table: Table, narrowed: Narrowed): Pick<Query, "where" | "from" | "until"> {
  const timed = (clock: string) => ([name, value]: [string, string]): [string, string] => [name, fieldOf(table, name)?.type === "datetime" ? `${value}T${clock}` : value];
  return { where: narrowed.where, from: narrowed.from.map(timed("00:00")), until: narrowed.until.map(timed("23:59")) };
}

function Choice(props: { field: Field; value: string; change: (value: string) => void }) {
  const { field } = props;
  const options = field.codes ? field.codes.map(([code]) => [code, codeLabel(field, code, language())] as const) : ([["true", w("yes")], ["false", w("no")]] as const);
  return (
    <span class="filter">
      <label htmlFor={`filter-${field.name}`}>{label(field, language())}</label>
      <select id={`filter-${field.name}`} value={props.value} onChange={(event) => props.change(event.currentTarget.value)}>
        <option value="">{w("all")}</option>
        {options.map(([code, text]) => (
          <option key={code} value={code}>
            {text}
          </option>
        ))}
      </select>
    </span>
  );
}

function Range(props: { field: Field; narrowed: Narrowed; change: (narrowed: Narrowed) => void }) {
  const { field, narrowed } = props;
  const text = label(field, language());
  const type = RANGES[field.type] as "date" | "month" | "number";
  const input = (kind: "from" | "until", name: string) => (
    <input
      type={type}
      aria-label={`${text} ${name}`}
      value={valueOf(narrowed[kind], field.name)}
      onChange={(event) => props.change({ ...narrowed, [kind]: put(narrowed[kind], field.name, event.currentTarget.value) })}
    />
  );
  return (
    <span class="filter range" role="group" aria-label={text}>
      <span>{text}</span>
      {input("from", w("fromOn"))}
      <span aria-hidden="true">–</span>
      {input("until", w("untilOn"))}
    </span>
  );
}

export function Filters(props: { table: Table; columns: Field[]; narrowed: Narrowed; change: (narrowed: Narrowed) => void }) {
  const { table, narrowed } = props;
  const where = (name: string, value: string) => props.change({ ...narrowed, where: put(narrowed.where, name, value) });
  const refs = narrowed.where.filter(([name]) => {
    const field = fieldOf(table, name);
    return field && isRef(field);
  });
  return (
    <details class="screen-only" open={countOf(narrowed) > 0 || innerWidth > ROOMY}>
      <summary>
        {w("filter")}
        {countOf(narrowed) > 0 && <span class="badge">{countOf(narrowed)}</span>}
      </summary>
      <div class="filters">
        <span class="filter">
          <OrgSelect id="filter-org" label={w("org")} org={valueOf(narrowed.where, "_org")} all={true} change={(org) => where("_org", org)} />
        </span>
        {fieldsOf(table, props.columns, narrowed).map((field) =>
          isRange(field) ? (
            <Range key={field.name} field={field} narrowed={narrowed} change={props.change} />
          ) : (
            <Choice key={field.name} field={field} value={valueOf(narrowed.where, field.name)} change={(value) => where(field.name, value)} />
          ),
        )}
        {refs.length > 0 && (
          <button type="button" onClick={() => props.change({ ...narrowed, where: narrowed.where.filter((one) => !refs.includes(one)) })}>
            {w("clear")} {refs.map(([name]) => label(fieldOf(table, name)!, language())).join("、")}
          </button>
        )}
        {countOf(narrowed) > 0 && (
          <button type="button" class="plain" onClick={() => props.change(nothing)}>
            {w("clearFilters")}
          </button>
        )}
      </div>
    </details>
  );
}
