// The page that searches all tables, and the one that leads to each of them.

import { useEffect, useState } from "preact/hooks";
import { Shown } from "../shared/facts";
import { Heading } from "../shared/parts";
import { api } from "./api";
import { columnsOf, isRef, label, titleOf, type Table } from "./schema";
import { SearchBox, useLate } from "./search";
import { rename, useLoad, useStore } from "./store";
import { isEmpty } from "./values";
import { language, w } from "./words";

const FOUND_EACH = 6;

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
          ...(schema!.tables.some((table) => table.moves) ? [["letters", w("letters")] as [string, string]] : []),
          ["duplicates", w("duplicates")],
          ["reminders", w("reminders")],
          ["reports", w("reports")],
        ]}
      />
      <Tiles heading={w("tables")} tiles={schema!.tables.map((table): [string, string] => [`list/${table.name}`, label(table, language())])} />
    </>
  );
}
