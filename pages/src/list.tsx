// Rows of one table: searched, filtered, sorted, page by page; and the page that searches all.

import { useEffect, useState } from "preact/hooks";
import { api, type List, type Query, type Row, type Titles } from "./api";
import { Heading, Loading, Shown } from "./parts";
import { codeLabel, columnsOf, fieldOf, isRef, label, mayWrite, titleOf, type Field, type Table } from "./schema";
import { SearchBox, useLate } from "./search";
import { rename, useLoad, useStore } from "./store";
import { isEmpty } from "./values";
import { language, w } from "./words";

const PAGE = 50;
const FOUND_EACH = 6;
const ROOMY = 700; // pixels: filters are open from the start

function Filters(props: { table: Table; where: [string, string][]; change: (where: [string, string][]) => void }) {
  const choices = columnsOf(props.table).filter((field) => field.codes);
  if (choices.length === 0) return null;
  const set = (name: string, value: string) => {
    const others = props.where.filter(([field]) => field !== name);
    props.change(value ? [...others, [name, value]] : others);
  };
  return (
    <details class="screen-only" open={props.where.length > 0 || innerWidth > ROOMY}>
      <summary>{w("filter")}</summary>
      <div class="filters">
      {choices.map((field) => (
        <span class="filter" key={field.name}>
          <label htmlFor={`filter-${field.name}`}>{label(field, language())}</label>
          <select
            id={`filter-${field.name}`}
            value={props.where.find(([name]) => name === field.name)?.[1] ?? ""}
            onChange={(event) => set(field.name, event.currentTarget.value)}
          >
            <option value="">{w("all")}</option>
            {field.codes!.map(([code]) => (
              <option key={code} value={code}>
                {codeLabel(field, code, language())}
              </option>
            ))}
          </select>
        </span>
      ))}
      </div>
    </details>
  );
}

function HeadCell(props: { field: Field; order: string; sort: (order: string) => void }) {
  const { field, order } = props;
  const text = label(field, language());
  if (field.merge === "set" || field.type === "sealed") return <th scope="col">{text}</th>;
  const up = order === field.name;
  const down = order === `-${field.name}`;
  return (
    <th scope="col" aria-sort={up ? "ascending" : down ? "descending" : "none"}>
      <button type="button" class="plain sort" title={w("sortBy", text)} onClick={() => props.sort(up ? `-${field.name}` : field.name)}>
        {text}
        <span aria-hidden="true">{up ? " ▲" : down ? " ▼" : ""}</span>
      </button>
    </th>
  );
}

function Cell(props: { table: Table; field: Field; row: Row; titles: Titles; first: boolean }) {
  const { table, field, row, titles, first } = props;
  const value = row[field.name];
  const shown = <Shown field={field} value={value} titles={titles} />;
  return (
    <td data-label={label(field, language())} class={isEmpty(value) ? "empty" : ""}>
      {first && !isRef(field) ? <a href={`#/row/${table.name}/${row.id}`}>{isEmpty(value) ? titleOf(table, row, titles, language()) : shown}</a> : shown}
      {row._conflicts.includes(field.name) && <span class="mark">{w("conflictHere")}</span>}
    </td>
  );
}

export function Rows(props: { table: Table; rows: Row[]; titles: Titles; order?: string; sort?: (order: string) => void; without?: string }) {
  const columns = columnsOf(props.table).filter((field) => field.name !== props.without);
  const leads = columns.find((field) => !isRef(field)) ?? columns[0];
  return (
    <div class="table-frame">
      <table class="list">
        <thead>
          <tr>
            {columns.map((field) =>
              props.sort ? (
                <HeadCell key={field.name} field={field} order={props.order ?? ""} sort={props.sort} />
              ) : (
                <th scope="col" key={field.name}>
                  {label(field, language())}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={row.id}>
              {columns.map((field) => (
                <Cell key={field.name} table={props.table} field={field} row={row} titles={props.titles} first={field === leads} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The first page is read again when something changes; further ones are appended. */
function usePages(table: Table, query: Query): { list: List | null; failure: unknown; more: () => void } {
  const { data, failure } = useLoad(() => api.list(table.name, { ...query, limit: PAGE, count: true }), [table.name, JSON.stringify(query)]);
  const [list, setList] = useState<List | null>(null);
  useEffect(() => setList(data), [data]);
  const more = () => {
    if (!list?.next) return;
    const after = list.next;
    void api.list(table.name, { ...query, limit: PAGE, after }).then((next) =>
      setList((known) =>
        known && known.next === after
          ? { ...known, rows: [...known.rows, ...next.rows], titles: { ...known.titles, ...next.titles }, next: next.next }
          : known,
      ),
    );
  };
  return { list, failure, more };
}

export function ListPage(props: { table: Table; query: URLSearchParams }) {
  const { table } = props;
  const { status } = useStore();
  const [text, setText] = useState(props.query.get("search") ?? "");
  const [order, setOrder] = useState(props.query.get("order") ?? (table.title ? table.title : "-id"));
  const [where, setWhere] = useState<[string, string][]>(
    [...props.query].filter(([name]) => fieldOf(table, name)) as [string, string][],
  );
  const search = useLate(text.trim());
  const { list, failure, more } = usePages(table, { search, order, where });
  useEffect(() => {
    const parameters = new URLSearchParams(where);
    if (search) parameters.set("search", search);
    parameters.set("order", order);
    rename(`list/${table.name}?${parameters}`);
  }, [search, order, where]);
  const name = label(table, language());
  return (
    <>
      <Heading
        actions={
          <>
            {mayWrite(table, status?.role ?? null) && (
              <a class="button main" href={`#/new/${table.name}`}>
                {w("addOf", name)}
              </a>
            )}
            <button type="button" class="screen-only" onClick={() => print()}>
              {w("print")}
            </button>
          </>
        }
      >
        {name}
      </Heading>
      <SearchBox text={text} change={setText} />
      <Filters table={table} where={where} change={setWhere} />
      {!list && <Loading failure={failure} />}
      {list && (
        <p role="status" class="quiet">
          {list.rows.length === 0 ? w(search || where.length > 0 ? "nothingFound" : "nothingHere") : w("found", list.count ?? list.rows.length)}
        </p>
      )}
      {list && list.rows.length > 0 && <Rows table={table} rows={list.rows} titles={list.titles} order={order} sort={setOrder} />}
      {list?.next && (
        <button type="button" class="wide screen-only" onClick={more}>
          {w("loadMore", Math.min(PAGE, (list.count ?? 0) - list.rows.length))}
        </button>
      )}
    </>
  );
}

// ---- all tables ----

function Found(props: { table: Table; search: string }) {
  const { table, search } = props;
  const { data } = useLoad(() => api.list(table.name, { search, limit: FOUND_EACH, order: table.title ?? "-id" }), [search]);
  if (!data || data.rows.length === 0) return null;
  return (
    <section>
      <h2>{label(table, language())}</h2>
      <ul class="cards">
        {data.rows.map((row) => (
          <li key={row.id} class="card">
            <a class="grow" href={`#/row/${table.name}/${row.id}`}>
              <strong>{titleOf(table, row, data.titles, language())}</strong>
              <span class="facts">
                {columnsOf(table)
                  .filter((field) => field.name !== table.title && !isEmpty(row[field.name]) && !isRef(field))
                  .slice(0, 4)
                  .map((field) => (
                    <Shown key={field.name} field={field} value={row[field.name]} titles={data.titles} />
                  ))}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {data.next && (
        <a class="button" href={`#/list/${table.name}?search=${encodeURIComponent(search)}`}>
          {w("more")}
        </a>
      )}
    </section>
  );
}

export function FindPage(props: { query: URLSearchParams }) {
  const { schema } = useStore();
  const [text, setText] = useState(props.query.get("search") ?? "");
  const search = useLate(text.trim());
  useEffect(() => rename(`find?search=${encodeURIComponent(search)}`), [search]);
  const quick = schema!.tables.filter((table) => table.form?.columns);
  const people = [...quick].sort((a, b) => Number(b.title !== undefined && b.form?.quick !== undefined) - Number(a.title !== undefined && a.form?.quick !== undefined));
  return (
    <>
      <Heading>{w("find")}</Heading>
      <SearchBox text={text} change={setText} focused />
      {search && people.map((table) => <Found key={table.name} table={table} search={search} />)}
    </>
  );
}

function Tiles(props: { heading: string; tiles: [string, string][] }) {
  if (props.tiles.length === 0) return null;
  return (
    <section>
      <h2>{props.heading}</h2>
      <ul class="tiles">
        {props.tiles.map(([route, text]) => (
          <li key={route}>
            <a class="button" href={`#/${route}`}>
              {text}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function RecordsPage() {
  const { schema } = useStore();
  const calendars = schema!.tables.filter((table) => table.form?.calendar);
  return (
    <>
      <Heading>{w("records")}</Heading>
      <Tiles
        heading={w("tools")}
        tiles={[
          ...schema!.grids().map(({ table, grid, place }): [string, string] => [`grid/${table.name}/${place}`, label(grid, language())]),
          ...calendars.map((table): [string, string] => [`calendar/${table.name}`, w("calendarOf", label(table, language()))]),
          ["duplicates", w("duplicates")],
        ]}
      />
      <Tiles heading={w("tables")} tiles={schema!.tables.map((table): [string, string] => [`list/${table.name}`, label(table, language())])} />
    </>
  );
}
