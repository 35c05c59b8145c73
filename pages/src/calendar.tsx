// A month of what happens: each day with its rows, those that want the same place at once marked.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { api, type List, type Row, type Titles } from "./api";
import { notVoid, ROWS_MAX } from "./cells";
import { codeLabel, fieldOf, label, mayWrite, titleOf, type Table } from "./schema";
import { rename, useLoad, useStore } from "./store";
import { dayText, say, sayDay, sayMonth, WEEKDAYS } from "./values";
import { language, w } from "./words";

const USUAL_HOURS = 2; // of what doesn't say when it ends
const FIRST_HOUR = "09:00";

interface Item {
  row: Row;
  from: string;
  to: string;
  apart: string;
  clashes: boolean;
}

function plusHours(time: string, hours: number): string {
  const date = new Date(time);
  date.setHours(date.getHours() + hours);
  return `${dayText(date)}T${date.toTimeString().slice(0, 5)}`;
}

/** In the order of time; two that overlap in one place are both marked. */
export function itemsOf(table: Table, rows: Row[]): Item[] {
  const calendar = table.form!.calendar!;
  const items = rows.flatMap((row): Item[] => {
    const from = calendar.from.map((name) => row[name]).find(Boolean);
    if (typeof from !== "string") return [];
    const to = calendar.to ? row[calendar.to] : undefined;
    const apart = calendar.apart ? row[calendar.apart] : undefined;
    return [{ row, from, to: typeof to === "string" ? to : plusHours(from, USUAL_HOURS), apart: typeof apart === "string" ? apart : "", clashes: false }];
  });
  items.sort((a, b) => a.from.localeCompare(b.from));
  for (const [place, item] of items.entries())
    for (const other of items.slice(place + 1)) {
      if (other.from >= item.to) break;
      if (item.apart && item.apart === other.apart) item.clashes = other.clashes = true;
    }
  return items;
}

async function readMonth(table: Table, month: string): Promise<{ rows: Row[]; titles: Titles; more: boolean }> {
  const { from } = table.form!.calendar!;
  const [year = 0, number = 1] = month.split("-").map(Number);
  const next = dayText(new Date(year, number, 1));
  const lists: List[] = await Promise.all(
    from.map((name) => api.list(table.name, { from: [[name, `${month}-01T00:00`]], until: [[name, `${next}T00:00`]], any: notVoid(table), limit: ROWS_MAX })),
  );
  const rows = new Map(lists.flatMap((list) => list.rows).map((row) => [row.id, row]));
  return { rows: [...rows.values()], titles: Object.assign({}, ...lists.map((list) => list.titles)) as Titles, more: lists.some((list) => list.next !== null) };
}

function Entry(props: { table: Table; item: Item; titles: Titles }) {
  const { table, item, titles } = props;
  const kind = table.fields.find((field) => field.codes && field.required);
  const title = table.title && item.row[table.title] ? titleOf(table, item.row, titles, language()) : kind ? codeLabel(kind, String(item.row[kind.name]), language()) : titleOf(table, item.row, titles, language());
  return (
    <li class={item.clashes ? "clashes" : ""}>
      <a href={`#/row/${table.name}/${item.row.id}`}>
        {item.from.slice(11, 16)} {title}
      </a>
      {item.apart && <span class="quiet"> {titles[item.apart] ?? ""}</span>}
      {item.clashes && <span class="mark">{w("clashes")}</span>}
    </li>
  );
}

function Day(props: { table: Table; day: string; items: Item[]; titles: Titles; outside: boolean; writable: boolean }) {
  const { table, day, items } = props;
  const time = table.form!.calendar!.from[table.form!.calendar!.from.length - 1]!;
  const today = day === dayText(new Date());
  return (
    <td class={[props.outside ? "outside" : "", today ? "today" : "", items.length === 0 ? "free" : ""].join(" ")}>
      <div class="day">
        <span aria-current={today ? "date" : undefined}>
          {Number(day.slice(8))}
          <span class="narrow"> {WEEKDAYS[language()][new Date(`${day}T00:00`).getDay()]}</span>
        </span>
        {props.writable && !props.outside && (
          <a class="add screen-only" href={`#/new/${table.name}?${time}=${day}T${FIRST_HOUR}`} aria-label={`${w("addOf", label(table, language()))} ${sayDay(day)}`}>
            ＋
          </a>
        )}
      </div>
      {items.length > 0 && (
        <ul>
          {items.map((item) => (
            <Entry key={item.row.id} table={table} item={item} titles={props.titles} />
          ))}
        </ul>
      )}
    </td>
  );
}

/** Whole weeks from Monday on, each day as text. */
function weeksOf(month: string): string[][] {
  const [year = 0, number = 1] = month.split("-").map(Number);
  const first = new Date(year, number - 1, 1);
  const at = new Date(year, number - 1, 1 - ((first.getDay() + 6) % 7));
  const weeks: string[][] = [];
  do {
    weeks.push(Array.from({ length: 7 }, () => {
      const day = dayText(at);
      at.setDate(at.getDate() + 1);
      return day;
    }));
  } while (dayText(at).slice(0, 7) === month);
  return weeks;
}

function otherMonth(month: string, by: number): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return dayText(new Date(year, number - 1 + by, 1)).slice(0, 7);
}

export function CalendarPage(props: { table: Table; query: URLSearchParams }) {
  const { table } = props;
  const { status } = useStore();
  const calendar = table.form?.calendar;
  const [month, setMonth] = useState(props.query.get("month") ?? dayText(new Date()).slice(0, 7));
  const [apart, setApart] = useState(props.query.get("apart") ?? "");
  const { data, failure } = useLoad(async () => (calendar ? readMonth(table, month) : null), [table.name, month]);
  if (!calendar) return <Heading>{w("pageNotFound")}</Heading>;
  const show = (next: string, place: string) => {
    setMonth(next);
    setApart(place);
    rename(`calendar/${table.name}?${new URLSearchParams({ month: next, ...(place ? { apart: place } : {}) })}`);
  };
  const items = data ? itemsOf(table, data.rows) : [];
  const places = [...new Set(items.map((item) => item.apart).filter(Boolean))];
  const shown = apart ? items.filter((item) => item.apart === apart) : items;
  const field = calendar.apart ? fieldOf(table, calendar.apart) : undefined;
  const clashing = shown.filter((item) => item.clashes).length;
  return (
    <>
      <Heading
        actions={
          <>
            <button type="button" onClick={() => show(otherMonth(month, -1), apart)}>
              {w("earlier")}
            </button>
            <button type="button" onClick={() => show(otherMonth(month, 1), apart)}>
              {w("later")}
            </button>
            <button type="button" onClick={() => print()}>
              {w("print")}
            </button>
          </>
        }
      >
        {sayMonth(month)} <small>{label(table, language())}</small>
      </Heading>
      {field && places.length > 0 && (
        <p class="filter screen-only">
          <label htmlFor="calendar-apart">{label(field, language())}</label>
          <select id="calendar-apart" value={apart} onChange={(event) => show(month, event.currentTarget.value)}>
            <option value="">{w("all")}</option>
            {places.map((place) => (
              <option key={place} value={place}>
                {say(field, place, data!.titles)}
              </option>
            ))}
          </select>
        </p>
      )}
      {!data && <Loading failure={failure} />}
      {clashing > 0 && (
        <p class="hint" role="status">
          {w("clashing", clashing)}
        </p>
      )}
      {data?.more && <p class="hint">{w("notAllShown", data.rows.length)}</p>}
      {data && (
        <table class="calendar">
          <thead>
            <tr>
              {[1, 2, 3, 4, 5, 6, 0].map((day) => (
                <th scope="col" key={day}>
                  {WEEKDAYS[language()][day]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeksOf(month).map((week) => (
              <tr key={week[0]}>
                {week.map((day) => (
                  <Day
                    key={day}
                    table={table}
                    day={day}
                    outside={day.slice(0, 7) !== month}
                    items={day.slice(0, 7) === month ? shown.filter((item) => item.from.slice(0, 10) === day) : []}
                    titles={data.titles}
                    writable={mayWrite(table, status?.role ?? null)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
