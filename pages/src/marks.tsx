// What one is asked to read, and who has: rows that another table marks as read (marks of a form).

import { api } from "./api";
import { fieldOf, refValue, titleOf, type Table } from "./schema";
import { changed, tell, tellFailure, useLoad, useStore } from "./store";
import { say, sayTime } from "./values";
import { language, w } from "./words";

interface Marked {
  table: Table;
  marks: Table;
}

/** Say that the person at this device has read the row. */
async function mark({ table, marks }: Marked, id: string, person: string) {
  const { of, by } = marks.form!.marks!;
  const reader = fieldOf(marks, by)!;
  try {
    await api.add(marks.name, { fields: { [of]: refValue(fieldOf(marks, of)!, table.name, id), [by]: refValue(reader, reader.refs?.[0] ?? "", person) } });
    tell(w("markedRead"));
    changed();
  } catch (failure) {
    tellFailure(failure);
  }
}

function MarkButton(props: Marked & { id: string }) {
  const person = useStore().status?.person_id;
  if (!person) return null;
  return (
    <button type="button" class="main" onClick={() => void mark(props, props.id, person)}>
      {w("markRead")}
    </button>
  );
}

function Unread(props: Marked) {
  const { table, marks } = props;
  const { data } = useLoad(() => api.marks(table.name), [table.name]);
  const due = data?.marks.filter((one) => one.due) ?? [];
  if (due.length === 0) return null;
  const times = table.fields.filter((field) => field.type === "datetime" || field.type === "date");
  return (
    <section aria-label={w("toRead")}>
      <h2>{w("toRead")}</h2>
      <ul class="cards">
        {due.map(({ row }) => (
          <li key={row.id} class="card line">
            <a class="grow" href={`#/row/${table.name}/${row.id}`}>
              <strong>{titleOf(table, row, {}, language())}</strong>
              <span class="quiet">
                {times
                  .map((field) => say(field, row[field.name], {}))
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </a>
            <MarkButton table={table} marks={marks} id={row.id} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Of the first page. */
export function ToRead() {
  const { schema } = useStore();
  return (
    <>
      {schema!.marked().map((one) => (
        <Unread key={one.table.name} {...one} />
      ))}
    </>
  );
}

/** Of a row's page: one's own mark, and who else has read it. */
export function Readers(props: Marked & { id: string }) {
  const { table, marks, id } = props;
  const { status, orgs } = useStore();
  const { data } = useLoad(() => api.marksOf(table.name, id), [id]);
  if (!data) return null;
  const own = data.devices.find((one) => one.device === status?.device);
  const when = marks.fields.find((field) => field.type === "datetime")?.name ?? "";
  return (
    <section class="card">
      <h2>{w("readOf", data.devices.filter((one) => one.mark).length, data.devices.length)}</h2>
      {own && !own.mark && (
        <p class="actions">
          <MarkButton table={table} marks={marks} id={id} />
        </p>
      )}
      <ul>
        {data.devices.map((one) => (
          <li key={one.device}>
            {one.person} · {orgs.find((org) => org.id === one.org)?.name ?? ""} · {one.mark ? sayTime(String(one.mark[when] ?? "")) : w("notRead")}
          </li>
        ))}
      </ul>
    </section>
  );
}
