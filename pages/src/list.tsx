// Rows of one table: searched, filtered, sorted, page by page, and chosen to be changed together.

import { useEffect, useState } from "preact/hooks";
import { Shown } from "../shared/facts";
import { Heading, Loading } from "../shared/parts";
import { keepFile } from "../shared/keep";
import { api, type Query, type Row, type Titles } from "./api";
import { BulkBar } from "./bulk";
import { countOf, Filters, queryOf, readNarrowed, writeNarrowed } from "./filters";
import { columnsOf, isRef, label, mayWrite, titleOf, type Field, type Table } from "./schema";
import { SearchBox, useLate } from "./search";
import { prefer, rename, tell, tellFailure, useLoad, useStore } from "./store";
import { dayText, isEmpty } from "./values";
import { language, w } from "./words";

const PAGE = 50;

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

interface Choosing {
  chosen: string[];
  choose: (ids: string[], on: boolean) => void;
}

interface RowsProps {
  table: Table;
  rows: Row[];
  titles: Titles;
  order?: string;
  sort?: (order: string) => void;
  without?: string;
  columns?: Field[];
  choosing?: Choosing | undefined;
}

function Head(props: RowsProps & { columns: Field[] }) {
  const { rows, choosing, sort } = props;
  const all = choosing !== undefined && rows.every((row) => choosing.chosen.includes(row.id));
  return (
    <thead>
      <tr>
        {choosing && (
          <th scope="col" class="check sort">
            <label>
              <input type="checkbox" checked={all} onChange={(event) => choosing.choose(rows.map((row) => row.id), event.currentTarget.checked)} />
              <span class="hidden">{w("chooseAll")}</span>
            </label>
          </th>
        )}
        {props.columns.map((field) =>
          sort ? (
            <HeadCell key={field.name} field={field} order={props.order ?? ""} sort={sort} />
          ) : (
            <th scope="col" key={field.name}>
              {label(field, language())}
            </th>
          ),
        )}
      </tr>
    </thead>
  );
}

export function Rows(props: RowsProps) {
  const { table, titles, choosing } = props;
  const columns = (props.columns ?? columnsOf(table)).filter((field) => field.name !== props.without);
  const leads = columns.find((field) => !isRef(field)) ?? columns[0];
  return (
    <div class="table-frame">
      <table class="list">
        <Head {...props} columns={columns} />
        <tbody>
          {props.rows.map((row) => (
            <tr key={row.id}>
              {choosing && (
                <td class="check" data-label={w("choose")}>
                  <input
                    type="checkbox"
                    aria-label={`${w("choose")} ${titleOf(table, row, titles, language())}`}
                    checked={choosing.chosen.includes(row.id)}
                    onChange={(event) => choosing.choose([row.id], event.currentTarget.checked)}
                  />
                </td>
              )}
              {columns.map((field) => (
                <Cell key={field.name} table={table} field={field} row={row} titles={titles} first={field === leads} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Which columns this person wants to see of a table. */
function useColumns(table: Table): [Field[], (name: string, on: boolean) => void] {
  const { preferences } = useStore();
  const wanted = preferences.columns?.[table.name];
  const columns = wanted ? table.fields.filter((field) => wanted.includes(field.name)) : columnsOf(table);
  const toggle = (name: string, on: boolean) => {
    const names = columns.map((field) => field.name);
    const next = on ? [...names, name] : names.filter((one) => one !== name);
    if (next.length > 0) prefer({ columns: { ...preferences.columns, [table.name]: next } }).catch(tellFailure);
  };
  return [columns, toggle];
}

function ColumnChoice(props: { table: Table; columns: Field[]; toggle: (name: string, on: boolean) => void }) {
  return (
    <details class="screen-only">
      <summary>{w("columns")}</summary>
      <div class="choices">
        {props.table.fields.map((field) => (
          <label key={field.name}>
            <input type="checkbox" checked={props.columns.includes(field)} onChange={(event) => props.toggle(field.name, event.currentTarget.checked)} />
            <span>{label(field, language())}</span>
          </label>
        ))}
      </div>
    </details>
  );
}

function Pager(props: { at: number; count: number; turn: (at: number) => void }) {
  const { at, count, turn } = props;
  const last = Math.max(0, Math.ceil(count / PAGE) - 1);
  if (last === 0) return null;
  return (
    <nav class="pager screen-only" aria-label={w("pages")}>
      <button type="button" disabled={at === 0} onClick={() => turn(at - 1)}>
        {w("pageBefore")}
      </button>
      <label>
        {w("page")}{" "}
        <input
          type="number"
          min={1}
          max={last + 1}
          value={at + 1}
          onChange={(event) => turn(Math.min(last, Math.max(0, Math.trunc(Number(event.currentTarget.value)) - 1 || 0)))}
        />
        {w("ofPages", last + 1)}
      </label>
      <button type="button" disabled={at >= last} onClick={() => turn(at + 1)}>
        {w("pageAfter")}
      </button>
    </nav>
  );
}

async function exportRows(table: Table, query: Query, form: "csv" | "xlsx") {
  const purpose = prompt(w("exportPurpose"), "");
  if (purpose === null) return;
  try {
    const blob = await api.exportRows(table.name, query, purpose.trim(), form);
    keepFile(blob, `${label(table, language())}-${dayText(new Date())}.${form}`);
    tell(w("exported"));
  } catch (failure) {
    tellFailure(failure);
  }
}

function ListActions(props: { table: Table; query: Query; choosing: boolean; choose: () => void }) {
  const { table } = props;
  const { status } = useStore();
  const writable = mayWrite(table, status?.role ?? null);
  return (
    <>
      {writable && (
        <a class="button main" href={`#/new/${table.name}`}>
          {w("addOf", label(table, language()))}
        </a>
      )}
      {table.form?.calendar && (
        <a class="button" href={`#/calendar/${table.name}`}>
          {w("calendar")}
        </a>
      )}
      {writable && (
        <>
          <button type="button" aria-pressed={props.choosing} onClick={props.choose}>
            {w("bulkEdit")}
          </button>
          <a class="button" href={`#/import/${table.name}`}>
            {w("import")}
          </a>
        </>
      )}
      <button type="button" onClick={() => void exportRows(table, props.query, "csv")}>
        {w("export")}
      </button>
      <button type="button" onClick={() => void exportRows(table, props.query, "xlsx")}>
        {w("exportXlsx")}
      </button>
      <button type="button" onClick={() => print()}>
        {w("print")}
      </button>
    </>
  );
}

export function ListPage(props: { table: Table; query: URLSearchParams }) {
  const { table } = props;
  const [text, setText] = useState(props.query.get("search") ?? "");
  const [order, setOrder] = useState(props.query.get("order") ?? (table.title ? table.title : "-id"));
  const [narrowed, setNarrowed] = useState(() => readNarrowed(table, props.query));
  const [at, setAt] = useState(Number(props.query.get("page") ?? "1") - 1 || 0);
  const [chosen, setChosen] = useState<Row[] | null>(null); // null: nobody is choosing
  const [columns, toggle] = useColumns(table);
  const search = useLate(text.trim());
  const query: Query = { search, order, ...queryOf(table, narrowed) };
  const { data: list, failure } = useLoad(() => api.list(table.name, { ...query, limit: PAGE, offset: at * PAGE, count: true }), [table.name, JSON.stringify(query), at]);
  useEffect(() => {
    const parameters = new URLSearchParams();
    writeNarrowed(narrowed, parameters);
    if (search) parameters.set("search", search);
    parameters.set("order", order);
    if (at > 0) parameters.set("page", String(at + 1));
    rename(`list/${table.name}?${parameters}`);
  }, [search, order, narrowed, at]);
  const anew = <T,>(set: (value: T) => void) => (value: T) => (setAt(0), set(value));
  const choose = (ids: string[], on: boolean) =>
    setChosen((known) => [...(known ?? []).filter((row) => !ids.includes(row.id)), ...(on ? list!.rows.filter((row) => ids.includes(row.id)) : [])]);
  const count = list?.count ?? 0;
  return (
    <>
      <Heading actions={<ListActions table={table} query={query} choosing={chosen !== null} choose={() => setChosen(chosen ? null : [])} />}>{label(table, language())}</Heading>
      <SearchBox text={text} change={anew(setText)} />
      <Filters table={table} columns={columns} narrowed={narrowed} change={anew(setNarrowed)} />
      <ColumnChoice table={table} columns={columns} toggle={toggle} />
      {!list && <Loading failure={failure} />}
      {list && (
        <p role="status" class="quiet">
          {count === 0 ? w(search || countOf(narrowed) > 0 ? "nothingFound" : "nothingHere") : w("found", count)}
        </p>
      )}
      {list && list.rows.length > 0 && (
        <Rows
          table={table}
          rows={list.rows}
          titles={list.titles}
          order={order}
          sort={anew(setOrder)}
          columns={columns}
          choosing={chosen ? { chosen: chosen.map((row) => row.id), choose } : undefined}
        />
      )}
      {list && <Pager at={at} count={count} turn={setAt} />}
      {chosen && chosen.length > 0 && <BulkBar table={table} rows={chosen} done={() => setChosen(null)} />}
    </>
  );
}
