// What a person sees first: what to do now, what is unfinished, what hasn't been sent.

import { Heading } from "../shared/parts";
import { api, type DraftItem, type Due, type Row, type Titles, type Value } from "./api";
import { useWaitingLetters } from "./letters";
import { ToRead } from "./marks";
import { herePoint, pointOf, sayDistance, type Point } from "./near";
import { codeLabel, fieldOf, label, mayWrite, refTarget, refValue, titleOf, type Table } from "./schema";
import { changed, tellFailure, useLoad, useStore } from "./store";
import { daysBetween, say, sayDay, sayTime } from "./values";
import { language, startWord, w } from "./words";

const RECENT = 5;
const OPEN_ROWS = 10;

function QuickButtons() {
  const { schema, status } = useStore();
  const tables = schema!.quickTables().filter((table) => mayWrite(table, status?.role ?? null));
  return (
    <div class="quick-buttons">
      {tables.slice(0, 4).map((table, place) => (
        <a key={table.name} class={place === 0 ? "button main" : "button"} href={`#/quick/${table.name}`}>
          {startWord(table)}
        </a>
      ))}
    </div>
  );
}

function late(day: string, today: string): string {
  const days = daysBetween(day, today);
  if (days === 0) return w("dueToday");
  return days > 0 ? w("dueLate", days) : w("dueIn", -days);
}

/** What stands in the row that named the day: how it was last time, and what was found. */
function lastTime(table: Table, row: Row | undefined, titles: Titles): string {
  if (!row || !table.form?.due) return "";
  const at = String(row[table.form.due.at] ?? "").slice(0, 10);
  const kinds = (table.form.quick ?? []).flatMap((name) => {
    const field = fieldOf(table, name);
    return field?.codes && row[name] ? [say(field, row[name], titles)] : [];
  });
  return [at && sayDay(at), ...kinds, firstWords(table, row)].filter(Boolean).join(" · ");
}

/** Of the one who is due, the first things one should know: only what is a word of a list. */
function condition(table: Table | undefined, row: Row | undefined): string[] {
  if (!table || !row) return [];
  return (table.form?.glance ?? []).flatMap((name) => {
    const field = fieldOf(table, name);
    const value = row[name];
    return field?.codes && typeof value === "string" && value ? [codeLabel(field, value, language())] : [];
  });
}

function DueLine(props: { due: Due["due"][number]; data: Due; here: Point | null }) {
  const { due, data, here } = props;
  const { schema } = useStore();
  const table = schema!.table(due.table);
  const of = table?.form?.due ? fieldOf(table, table.form.due.of) : undefined;
  if (!table || !of) return null;
  const target = refTarget(of, due.of);
  const targetTable = target.table ? schema!.table(target.table) : undefined;
  const targetRow = data.rows[due.of];
  const overdue = daysBetween(due.day, data.today) > 0;
  const distance = sayDistance(here, pointOf(targetTable, targetRow));
  const last = lastTime(table, data.rows[due.id], data.titles);
  return (
    <li class="card line">
      <a class="grow" href={target.table ? `#/row/${target.table}/${target.id}` : `#/row/${table.name}/${due.id}`}>
        <strong>{data.titles[due.of] ?? "…"}</strong>
        <span class={overdue ? "late" : "quiet"}>
          {sayDay(due.day)} · {late(due.day, data.today)}
        </span>
        <span class="facts">
          {condition(targetTable, targetRow).map((word) => (
            <span key={word}>{word}</span>
          ))}
          {distance && <span>{distance}</span>}
        </span>
        {last && <span class="quiet clip">{w("lastTime", last)}</span>}
      </a>
      <a class="button" href={`#/quick/${table.name}?${of.name}=${encodeURIComponent(due.of)}`}>
        {startWord(table)}
      </a>
    </li>
  );
}

function DueList() {
  const { data } = useLoad(api.due, []);
  const here = useLoad(herePoint, []);
  if (!data) return null;
  return (
    <section aria-labelledby="due-heading">
      <h2 id="due-heading">{w("due")}</h2>
      {data.due.length === 0 && <p class="quiet">{w("nobodyDue")}</p>}
      <ul class="cards">
        {data.due.map((due) => (
          <DueLine key={due.id} due={due} data={data} here={here.data} />
        ))}
      </ul>
    </section>
  );
}

/** Rows that want something done: those of this person, or those that nobody has taken. */
function OpenList(props: { table: Table; mine: string }) {
  const { table, mine } = props;
  const { field, codes } = table.form!.open!;
  const take = table.form!.take!.field;
  const { data } = useLoad(
    () =>
      api.list(table.name, {
        where: [[take, mine]],
        any: codes.map((code) => [field, code] as [string, string]),
        limit: OPEN_ROWS,
        count: true,
      }),
    [mine],
  );
  const steps = fieldOf(table, field);
  if (!data || data.rows.length === 0) return null;
  const heading = w(mine ? "myOpen" : "freeOpen");
  return (
    <section aria-label={`${heading} ${label(table, language())}`}>
      <h2>
        {heading} <span class="quiet">{label(table, language())}</span>
      </h2>
      <ul class="cards">
        {data.rows.map((row) => (
          <li key={row.id} class="card">
            <a class="grow" href={`#/row/${table.name}/${row.id}`}>
              <strong>{titleOf(table, row, data.titles, language())}</strong>
              <span class="quiet">
                {[
                  say(steps, row[field], data.titles),
                  ...table.fields.filter((one) => one.type === "ref" && one.name !== take).map((one) => say(one, row[one.name], data.titles)),
                  ...table.fields.filter((one) => one.type === "date").map((one) => say(one, row[one.name], data.titles)),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {(data.count ?? 0) > data.rows.length && (
        <a class="button" href={`#/list/${table.name}?${take}=${encodeURIComponent(mine)}`}>
          {w("allOf", data.count ?? 0)}
        </a>
      )}
    </section>
  );
}

function OpenLists() {
  const { schema, status } = useStore();
  const tables = schema!.tables.filter((table) => table.form?.open && table.form.take);
  return (
    <>
      {tables.map((table) => {
        const field = fieldOf(table, table.form!.take!.field)!;
        const person = schema!.personTable(field);
        const me = person && status?.person_id ? refValue(field, person, status.person_id) : "";
        return (
          <div key={table.name}>
            {me && <OpenList table={table} mine={me} />}
            <OpenList table={table} mine="" />
          </div>
        );
      })}
    </>
  );
}

function draftRoute(item: DraftItem): string {
  const draft = item.draft;
  if (!draft.isNew) return `edit/${draft.table}/${draft.id}`;
  return `${draft.quick ? "quick" : "new"}/${draft.table}?draft=${encodeURIComponent(item.key)}`;
}

/** The first words of what was written, to know a row or a draft by. */
function firstWords(table: Table, values: Record<string, Value | undefined>): string {
  return table.fields
    .filter((field) => field.type === "text" && !field.codes)
    .map((field) => say(field, values[field.name], {}))
    .filter(Boolean)
    .join(" · ")
    .slice(0, 60);
}

async function drop(item: DraftItem) {
  if (!confirm(w("discardSure"))) return;
  await api.dropDraft(item.key).catch(tellFailure);
  changed();
}

function Drafts() {
  const { schema } = useStore();
  const { data } = useLoad(api.drafts, []);
  if (!data || data.drafts.length === 0) return null;
  return (
    <section aria-labelledby="drafts-heading">
      <h2 id="drafts-heading">{w("drafts")}</h2>
      <ul class="cards">
        {data.drafts.map((item) => {
          const table = schema!.table(item.draft?.table ?? "");
          if (!table) return null;
          return (
            <li key={item.key} class="card line">
              <a class="grow" href={`#/${draftRoute(item)}`}>
                <strong>{label(table, language())}</strong>
                <span>{firstWords(table, item.draft.values)}</span>
                <span class="quiet">{sayTime(item.saved)}</span>
              </a>
              <a class="button" href={`#/${draftRoute(item)}`}>
                {w("goOn")}
              </a>
              <button type="button" class="plain" onClick={() => void drop(item)}>
                {w("discard")}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Waiting() {
  const { status } = useStore();
  const letters = useWaitingLetters().length;
  if (!status || (status.unsent === 0 && status.conflicts === 0 && letters === 0)) return null;
  return (
    <section class="counts">
      {status.unsent > 0 && (
        <a class="count" href="#/unsent">
          <strong>{status.unsent}</strong> {w("waiting")}
        </a>
      )}
      {status.conflicts > 0 && (
        <a class="count" href="#/conflicts">
          <strong>{status.conflicts}</strong> {w("conflicts")}
        </a>
      )}
      {letters > 0 && (
        <a class="count" href="#/letters">
          <strong>{letters}</strong> {w("lettersMine")}
        </a>
      )}
    </section>
  );
}

function Recent() {
  const { schema } = useStore();
  const table = schema!.quickTables()[0];
  const order = table?.form?.due ? `-${table.form.due.at}` : "-id";
  const { data } = useLoad(
    async () => (table ? api.list(table.name, { order, limit: RECENT }) : null),
    [table?.name],
  );
  if (!table || !data || data.rows.length === 0) return null;
  return (
    <section aria-labelledby="recent-heading">
      <h2 id="recent-heading">{w("recent")}</h2>
      <ul class="cards">
        {data.rows.map((row) => (
          <li key={row.id} class="card">
            <a class="grow" href={`#/row/${table.name}/${row.id}`}>
              <strong>{titleOf(table, row, data.titles, language())}</strong>
              <span class="quiet clip">{firstWords(table, row)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function HomePage() {
  const { status } = useStore();
  return (
    <>
      <Heading>{status?.org_name ?? w("appName")}</Heading>
      <QuickButtons />
      <Waiting />
      <Drafts />
      <ToRead />
      <DueList />
      <OpenLists />
      <Recent />
    </>
  );
}
