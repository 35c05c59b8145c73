// One row at a glance: what it says, what else speaks of it, and what one can do.

import { useState } from "preact/hooks";
import { Facts, Shown } from "../shared/facts";
import { Heading, Loading } from "../shared/parts";
import { api, type HistoryItem, type One, type Related, type Titles } from "./api";
import { FileShown } from "./file";
import { letterTable } from "./letters";
import { Rows } from "./list";
import { Readers } from "./marks";
import { Papers } from "./papers";
import { ConflictMark } from "./parts";
import { fieldOf, isRef, isTyped, label, mayName, mayWrite, refValue, sectionsOf, titleOf, voidField, type Field, type Table } from "./schema";
import { changed, go, tell, tellFailure, useLoad, useStore } from "./store";
import { Steps } from "./steps";
import { isEmpty, say, sayHistory, sayTime } from "./values";
import { language, startWord, w } from "./words";

const OPEN_MAX = 20;

// ---- actions ----

async function remove(table: Table, id: string) {
  if (!confirm(w("removeSure"))) return;
  try {
    await api.remove(table.name, id);
    tell(w("removed"), () => {
      api.settle(table.name, id, { field: "_deleted", value: false }).then(() => (go(`row/${table.name}/${id}`), tell(w("putBackDone"))), tellFailure);
    });
    go(`list/${table.name}`);
  } catch (failure) {
    tellFailure(failure);
  }
}

async function putBackRow(table: Table, id: string) {
  await api.settle(table.name, id, { field: "_deleted", value: false }).catch(tellFailure);
  changed();
}

/** Short forms that can name this row: "log a visit" on a person's page. */
function QuickLinks(props: { table: Table; id: string }) {
  const { schema, status } = useStore();
  return (
    <>
      {schema!.quickTables().map((quick) => {
        const field = (quick.form?.quick ?? [])
          .flatMap((name) => fieldOf(quick, name) ?? [])
          .find((one) => isRef(one) && mayName(one, props.table.name));
        if (!field || !mayWrite(quick, status?.role ?? null)) return null;
        const value = encodeURIComponent(refValue(field, props.table.name, props.id));
        return (
          <a key={quick.name} class="button main" href={`#/quick/${quick.name}?${field.name}=${value}`}>
            {startWord(quick)}
          </a>
        );
      })}
    </>
  );
}

/** Grids whose columns are rows of this table, and where a tap on a name writes. */
function SignLinks(props: { table: Table; id: string }) {
  const { schema } = useStore();
  return (
    <>
      {schema!
        .grids()
        .filter(({ table, grid }) => grid.tap && schema!.namedBy(table, grid.columns) === props.table)
        .map(({ table, place }) => (
          <a key={`${table.name}/${place}`} class="button main" href={`#/sign/${table.name}/${place}/${props.id}`}>
            {label(table, language())}
          </a>
        ))}
    </>
  );
}

function Actions(props: { table: Table; one: One }) {
  const { table, one } = props;
  const { schema, status } = useStore();
  const { id } = one.row;
  const writable = mayWrite(table, status?.role ?? null);
  const letters = letterTable(schema!.tables, table.name);
  if (one.row._deleted)
    return (
      <button type="button" onClick={() => void putBackRow(table, id)}>
        {w("putBack")}
      </button>
    );
  return (
    <>
      <QuickLinks table={table} id={id} />
      <SignLinks table={table} id={id} />
      {writable && (
        <a class="button" href={`#/edit/${table.name}/${id}`}>
          {w("edit")}
        </a>
      )}
      {letters && mayWrite(letters, status?.role ?? null) && (
        <a class="button" href={`#/offer/${table.name}/${id}`}>
          {w("letterSend")}
        </a>
      )}
      <a class="button" href={`#/history/${table.name}/${id}`}>
        {w("history")}
      </a>
      <Papers fits={(paper) => paper.of === table.name} wish={{ row: id }} />
      {writable && (
        <button type="button" class="plain" onClick={() => void remove(table, id)}>
          {w("remove")}
        </button>
      )}
    </>
  );
}

// ---- what it says ----

function says(one: One, field: Field): boolean {
  return !isEmpty(one.row[field.name]) || one.row._conflicts.includes(field.name);
}

function Sections(props: { table: Table; one: One }) {
  const { table, one } = props;
  const other = { zh: "其他", en: "Other" };
  const sections = sectionsOf(table, other)
    .map((section) => ({ ...section, fields: section.fields.filter((field) => says(one, field) && !table.form?.glance?.includes(field.name)) }))
    .filter((section) => section.fields.length > 0);
  return (
    <div class="sections">
      {sections.map((section, place) => (
        <section key={place} class="card">
          <h2>{label(section.label, language())}</h2>
          <Facts fields={section.fields}>{(field) => <Fact table={table} one={one} field={field} />}</Facts>
        </section>
      ))}
    </div>
  );
}

function Fact(props: { table: Table; one: One; field: Field }) {
  const { field } = props;
  const { row, titles } = props.one;
  const value = row[field.name];
  return (
    <>
      {field.type === "attachment" && !isEmpty(value) ? (
        <FileShown table={props.table.name} id={row.id} field={field.name} value={value} />
      ) : (
        <Shown field={field} value={value} titles={titles} />
      )}
      <ConflictMark row={row} field={field.name} />
    </>
  );
}

/** What one must know at the door, large. */
function Glance(props: { table: Table; one: One }) {
  const { table, one } = props;
  const fields = (table.form?.glance ?? []).flatMap((name) => fieldOf(table, name) ?? []).filter((field) => says(one, field));
  if (fields.length === 0) return null;
  return (
    <Facts fields={fields} large>
      {(field) => <Fact table={table} one={one} field={field} />}
    </Facts>
  );
}

/** What speaks of this row and still wants something done. */
function OpenRows(props: { table: Table; id: string; related: Related }) {
  const { schema } = useStore();
  const groups = props.related.related.flatMap((group) => {
    const table = schema!.table(group.table);
    const field = table?.form?.open && fieldOf(table, group.field);
    return table && field ? [{ table, field, open: table.form!.open! }] : [];
  });
  const ask = async ({ table, field, open }: (typeof groups)[number]) => {
    const any = open.codes.map((code): [string, string] => [open.field, code]);
    const list = await api.list(table.name, { where: [[field.name, refValue(field, props.table.name, props.id)]], any, limit: OPEN_MAX });
    return list.rows.map((row) => ({ table, row, titles: list.titles }));
  };
  const { data } = useLoad(async () => (await Promise.all(groups.map(ask))).flat(), [props.id, groups.length]);
  const unique = (data ?? []).filter(({ row }, place) => data!.findIndex((one) => one.row.id === row.id) === place);
  if (unique.length === 0) return null;
  return (
    <section>
      <h2>{w("openNow")}</h2>
      <ul class="cards">
        {unique.map(({ table, row, titles }) => {
          const field = fieldOf(table, table.form!.open!.field);
          return (
            <li key={row.id} class="card line">
              <a class="grow" href={`#/row/${table.name}/${row.id}`}>
                <strong>{titleOf(table, row, titles, language())}</strong>
                <span class="quiet">
                  {label(table, language())} · {say(field, row[field!.name], titles)}
                </span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function RelatedRows(props: { table: Table; id: string; related: Related }) {
  const { schema, status } = useStore();
  const { table, id, related } = props;
  // What tells when one was last seen stands first, then what may want something done.
  const weight = (name: string) => (schema!.table(name)?.form?.due ? 0 : schema!.table(name)?.form?.open ? 1 : 2);
  const sorted = [...related.related].sort((a, b) => weight(a.table) - weight(b.table));
  return (
    <>
      {sorted.map((group) => {
        const other = schema!.table(group.table);
        const field = other && fieldOf(other, group.field);
        if (!other || !field) return null;
        const value = encodeURIComponent(refValue(field, table.name, id));
        return (
          <section key={`${group.table}.${group.field}`}>
            <h2>
              {label(other, language())} <span class="quiet">· {label(field, language())}</span>
            </h2>
            <Rows table={other} rows={group.rows} titles={related.titles} without={field.name} />
            <p class="actions screen-only">
              {group.count > group.rows.length && (
                <a class="button" href={`#/list/${other.name}?${field.name}=${value}`}>
                  {w("allOf", group.count)}
                </a>
              )}
              {mayWrite(other, status?.role ?? null) && (
                <a class="button" href={`#/new/${other.name}?${field.name}=${value}`}>
                  {w("addOf", label(other, language()))}
                </a>
              )}
            </p>
          </section>
        );
      })}
    </>
  );
}

function AddRelated(props: { table: Table; id: string; related: Related }) {
  const { schema, status } = useStore();
  const there = new Set(props.related.related.map((group) => group.table));
  const missing = schema!
    .naming(props.table.name)
    .filter(({ table }) => !there.has(table.name) && table.name !== props.table.name && mayWrite(table, status?.role ?? null));
  if (missing.length === 0) return null;
  return (
    <details class="screen-only">
      <summary>{w("more")}</summary>
      <p class="actions">
        {missing.map(({ table, field }) => (
          <a key={table.name} class="button" href={`#/new/${table.name}?${field.name}=${encodeURIComponent(refValue(field, props.table.name, props.id))}`}>
            {w("addOf", label(table, language()))}
          </a>
        ))}
      </p>
    </details>
  );
}

export function RowPage(props: { table: Table; id: string }) {
  const { table, id } = props;
  const { schema } = useStore();
  const one = useLoad(() => api.row(table.name, id), [table.name, id]);
  const related = useLoad(() => api.related(table.name, id), [table.name, id]);
  if (!one.data) return <Loading failure={one.failure} />;
  const { row, titles } = one.data;
  const withdrawn = voidField(table);
  const marked = schema!.marked().find((found) => found.table === table);
  return (
    <>
      <Heading actions={<Actions table={table} one={one.data} />}>
        {titleOf(table, row, titles, language())}
        <small> {label(table, language())}</small>
      </Heading>
      {row._deleted && <p class="hint">{w("removed")}</p>}
      {withdrawn && row[withdrawn.name] === true && <p class="hint">{w("withdrawn")}</p>}
      {row._conflicts.length > 0 && (
        <p class="hint">
          <a href="#/conflicts">{w("conflictHere")}</a>
        </p>
      )}
      <Glance table={table} one={one.data} />
      <Steps table={table} one={one.data} />
      {related.data && <OpenRows table={table} id={id} related={related.data} />}
      <Sections table={table} one={one.data} />
      {marked && <Readers {...marked} id={id} />}
      {related.data && <RelatedRows table={table} id={id} related={related.data} />}
      {related.data && <AddRelated table={table} id={id} related={related.data} />}
    </>
  );
}

// ---- history ----

const STATE_WORDS = { shown: "stateShown", conflict: "stateConflict", replaced: "stateReplaced" } as const;

function canPutBack(field: Field | undefined, item: HistoryItem): boolean {
  const kept = !field || !["set", "counter", "append", "max", "min"].includes(field.merge);
  return item.state === "replaced" && kept && item.field !== "_deleted";
}

/** The values of one field, the newest first. */
export function FieldHistory(props: { table: Table; id: string; name: string; items: HistoryItem[]; titles: Titles }) {
  const { table, id, name, items, titles } = props;
  const { status } = useStore();
  const field = fieldOf(table, name);
  const shown = items.find((item) => item.state === "shown");
  const take = async (dot: string) => {
    await api.settle(table.name, id, { field: name, take: dot });
    changed();
  };
  const putBack = (item: HistoryItem) =>
    take(item.dot).then(
      () => tell(w("putBackDone"), shown && (() => void take(shown.dot).then(() => tell(w("undone")), tellFailure))),
      tellFailure,
    );
  return (
    <ol class="story">
      {items.map((item) => (
        <li key={item.dot} class={item.state}>
          <span class="value">{name !== "_deleted" ? sayHistory(field, item, titles) : w(item.value === true ? "deletion" : "keepRow")}</span>
          <span class="quiet">
            {w("byOn", item.person, sayTime(item.time))} · {w("device", item.device.slice(0, 4))} · {w(STATE_WORDS[item.state])}
          </span>
          {canPutBack(field, item) && mayWrite(table, status?.role ?? null, field) && (
            <button type="button" class="screen-only" onClick={() => void putBack(item)}>
              {w("putBack")}
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}

export function HistoryPage(props: { table: Table; id: string }) {
  const { table, id } = props;
  const one = useLoad(() => api.row(table.name, id), [id]);
  const history = useLoad(() => api.history(table.name, id), [id]);
  const [only, setOnly] = useState("");
  if (!one.data || !history.data) return <Loading failure={one.failure ?? history.failure} />;
  const { row, titles } = one.data;
  const written = table.fields.filter((field) => isTyped(field) && history.data!.history.some((item) => item.field === field.name));
  const names = ["_deleted", ...written.map((field) => field.name)].filter((name) => history.data!.history.some((item) => item.field === name));
  return (
    <>
      <Heading
        actions={
          <a class="button" href={`#/row/${table.name}/${id}`}>
            {w("back")}
          </a>
        }
      >
        {w("historyOf", titleOf(table, row, titles, language()))}
      </Heading>
      <p class="filter screen-only">
        <label htmlFor="history-field">{w("filter")}</label>
        <select id="history-field" value={only} onChange={(event) => setOnly(event.currentTarget.value)}>
          <option value="">{w("all")}</option>
          {written.map((field) => (
            <option key={field.name} value={field.name}>
              {label(field, language())}
            </option>
          ))}
        </select>
      </p>
      {names
        .filter((name) => !only || name === only)
        .map((name) => {
          const field = fieldOf(table, name);
          const items = history.data!.history.filter((item) => item.field === name).reverse();
          return (
            <section key={name} class="card">
              <h2>{field ? label(field, language()) : w("deletion")}</h2>
              <FieldHistory table={table} id={id} name={name} items={items} titles={history.data!.titles} />
            </section>
          );
        })}
    </>
  );
}
