// What a person sees first: what to do now, what is unfinished, what hasn't been sent.

import { api, type DraftItem, type Value } from "./api";
import { Heading } from "./parts";
import { fieldOf, label, mayWrite, refTarget, titleOf, type Table } from "./schema";
import { now, tellFailure, update, useLoad, useStore } from "./store";
import { daysBetween, say, sayDay, sayTime } from "./values";
import { language, startWord, w } from "./words";

const RECENT = 5;

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

function DueList() {
  const { schema } = useStore();
  const { data } = useLoad(api.due, []);
  if (!data) return null;
  return (
    <section aria-labelledby="due-heading">
      <h2 id="due-heading">{w("due")}</h2>
      {data.due.length === 0 && <p class="quiet">{w("nobodyDue")}</p>}
      <ul class="cards">
        {data.due.map((due) => {
          const table = schema!.table(due.table);
          const of = table?.form?.due ? fieldOf(table, table.form.due.of) : undefined;
          if (!table || !of) return null;
          const target = refTarget(of, due.of);
          const overdue = daysBetween(due.day, data.today) > 0;
          return (
            <li key={due.id} class="card line">
              <a class="grow" href={target.table ? `#/row/${target.table}/${target.id}` : `#/row/${table.name}/${due.id}`}>
                <strong>{data.titles[due.of] ?? "…"}</strong>
                <span class={overdue ? "late" : "quiet"}>
                  {sayDay(due.day)} · {late(due.day, data.today)}
                </span>
              </a>
              <a class="button" href={`#/quick/${table.name}?${of.name}=${encodeURIComponent(due.of)}`}>
                {startWord(table)}
              </a>
            </li>
          );
        })}
      </ul>
    </section>
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
  update({ version: now().version + 1 });
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
  if (!status || (status.unsent === 0 && status.conflicts === 0)) return null;
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
      <DueList />
      <Recent />
    </>
  );
}
