// What several people wrote differently: side by side, with who, when and on which device; one is
// taken, they are joined, or something else is written.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { api, type Conflict, type Conflicts, type Decision, type Head, type Row, type Titles, type Value } from "./api";
import { FieldRow } from "./field";
import { fieldOf, label, mayWrite, titleOf, type Field, type Table } from "./schema";
import { FieldHistory } from "./row";
import { changed, tell, tellFailure, useLoad, useStore } from "./store";
import { difference, headsToShow, isEmpty, same, say, sayTime } from "./values";
import { language, w } from "./words";

interface Decided {
  text?: string; // absent: undone, to be decided anew
  undo: Decision;
  heads?: string[]; // what stands after the undoing
}

/** One side's value, what the others haven't marked. */
function Marked(props: { field: Field | undefined; head: Head; others: Head[]; titles: Titles }) {
  const text = say(props.field, props.head.value, props.titles) || w("none");
  const isText = props.field && ["text", "place"].includes(props.field.type);
  const other = props.others[0];
  if (!isText || !other) return <>{text}</>;
  const pieces = difference(text, say(props.field, other.value, props.titles));
  return <>{pieces.map((piece, place) => (piece.differs ? <mark key={place}>{piece.text}</mark> : piece.text))}</>;
}

function joined(heads: Head[]): string {
  const lines = heads.flatMap((head) => String(head.value ?? "").split("\n"));
  return lines.filter((line, place) => line && lines.indexOf(line) === place).join("\n");
}

function History(props: { table: Table; conflict: Conflict }) {
  const { table, conflict } = props;
  const { data } = useLoad(() => api.history(table.name, conflict.id), [conflict.id]);
  if (!data) return null;
  const items = data.history.filter((item) => item.field === conflict.field).reverse();
  return <FieldHistory table={table} id={conflict.id} name={conflict.field} items={items} titles={data.titles} />;
}

function Sides(props: { field: Field | undefined; heads: Head[]; row: Row; titles: Titles; take: (head: Head) => void; writable: boolean }) {
  const { field, heads, row, titles } = props;
  return (
    <div class="sides">
      {heads.map((head) => (
        <div key={head.dot} class="side">
          <p class="side-value">
            <Marked field={field} head={head} others={heads.filter((one) => one !== head)} titles={titles} />
          </p>
          <p class="quiet">
            {head.person}
            <br />
            {sayTime(head.time)}
            <br />
            {w("device", head.device.slice(0, 4))}
            {field && same(row[field.name], head.value) && (
              <>
                <br />
                {w("shownNow")}
              </>
            )}
          </p>
          {props.writable && (
            <button type="button" class="main" onClick={() => props.take(head)}>
              {w("takeThis")}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

function Other(props: { field: Field; conflict: Conflict; heads: Head[]; titles: Titles; settle: (value: Value) => void }) {
  const { field, conflict } = props;
  const text = field.type === "text" || field.type === "place";
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [titles, setTitles] = useState(props.titles);
  const prefix = `other-${conflict.table}-${conflict.id}`;
  if (value === undefined)
    return (
      <p class="actions">
        {text && (
          <button type="button" onClick={() => setValue(joined(props.heads))}>
            {w("joinTexts")}
          </button>
        )}
        <button type="button" onClick={() => setValue(null)}>
          {w("writeOther")}
        </button>
      </p>
    );
  return (
    <div>
      <FieldRow
        prefix={prefix}
        roomy={true}
        field={text ? { ...field, merge: "text" } : field}
        value={value}
        titles={titles}
        change={setValue}
        nameRef={(ref, title) => setTitles((known) => ({ ...known, [ref]: title }))}
      />
      <p class="actions">
        <button type="button" class="main" disabled={field.required === true && isEmpty(value)} onClick={() => props.settle(isEmpty(value) ? null : value)}>
          {w("save")}
        </button>
        <button type="button" onClick={() => setValue(undefined)}>
          {w("cancel")}
        </button>
      </p>
    </div>
  );
}

function DeletedChoice(props: { settle: (value: Value) => void }) {
  return (
    <p class="actions">
      <button type="button" class="main" onClick={() => props.settle(false)}>
        {w("keepRow")}
      </button>
      <button type="button" onClick={() => props.settle(true)}>
        {w("dropRow")}
      </button>
    </p>
  );
}

function Card(props: { conflict: Conflict; row: Row; titles: Titles; decided: Decided | undefined; decide: (decided: Decided) => void }) {
  const { conflict, row, titles } = props;
  const { schema, status } = useStore();
  const [open, setOpen] = useState(false);
  const table = schema!.table(conflict.table);
  if (!table) return null;
  const field = fieldOf(table, conflict.field);
  const isDeletion = conflict.field === "_deleted";
  const writable = mayWrite(table, status?.role ?? null, field);
  const shown = headsToShow(conflict.heads);
  const isWhole = shown.length === conflict.heads_count;
  // Who doesn't see them all decides about all of them.
  const heads = props.decided?.heads ?? (isWhole ? shown.map((head) => head.dot) : undefined);
  const before = conflict.heads.find((head) => field && same(row[field.name], head.value)) ?? conflict.heads[0];
  const settle = async (decision: Decision, text: string) => {
    try {
      await api.settle(table.name, conflict.id, heads ? { ...decision, heads } : decision);
      const undo: Decision = isDeletion ? { field: "_deleted", value: false } : { field: conflict.field, take: before!.dot };
      props.decide({ text, undo });
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const undo = async () => {
    try {
      await api.settle(table.name, conflict.id, props.decided!.undo);
      const { bases } = await api.row(table.name, conflict.id);
      props.decide({ undo: props.decided!.undo, ...(field ? { heads: bases[field.name] ?? [] } : {}) });
      tell(w("undone"));
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const write = (value: Value) => void settle({ field: conflict.field, value }, isDeletion ? w(value === true ? "dropRow" : "keepRow") : say(field, value, titles) || w("none"));
  return (
    <li class="card conflict" data-conflict={`${conflict.table}.${conflict.field}`}>
      <h2>
        <a href={`#/row/${table.name}/${conflict.id}`}>{titleOf(table, row, titles, language())}</a>
        <small>
          {" "}
          {label(table, language())} · {isDeletion ? w("deletedOrEdited") : field ? label(field, language()) : conflict.field}
        </small>
      </h2>
      {props.decided?.text !== undefined ? (
        <p class="decided" role="status">
          <span>{w("decided", props.decided.text)}</span>
          <button type="button" onClick={() => void undo()}>
            {w("undo")}
          </button>
        </p>
      ) : (
        <>
          {!isWhole && (
            <p>
              {w("manyValues", conflict.heads_count, shown.length)} {w("settlesAll")}
            </p>
          )}
          {!isDeletion && (
            <Sides
              field={field}
              heads={shown}
              row={row}
              titles={titles}
              writable={writable}
              take={(head) => void settle({ field: conflict.field, take: head.dot }, say(field, head.value, titles) || w("none"))}
            />
          )}
          {isDeletion && writable && <DeletedChoice settle={write} />}
          {field && writable && <Other field={field} conflict={conflict} heads={shown} titles={titles} settle={write} />}
          {!writable && <p class="quiet">{w("notAllowed")}</p>}
        </>
      )}
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{w("history")}</summary>
        {open && <History table={table} conflict={conflict} />}
      </details>
    </li>
  );
}

const keyOf = (conflict: Conflict) => `${conflict.table}:${conflict.id}:${conflict.field}`;

/** Decided conflicts stay on the page, so that a slip of the finger can be undone. */
export function ConflictsPage() {
  const { data, failure } = useLoad(api.conflicts, []);
  const [decided, setDecided] = useState<Record<string, { conflict: Conflict; row: Row; titles: Titles; how: Decided | undefined }>>({});
  if (!data) return <Loading failure={failure} />;
  const cards = listOf(data, decided);
  return (
    <>
      <Heading>{w("conflicts")}</Heading>
      {cards.length === 0 ? <p class="quiet">{w("noConflicts")}</p> : <p>{w("conflictsIntro")}</p>}
      <ul class="cards">
        {cards.map(({ conflict, row, titles }) => (
          <Card
            key={keyOf(conflict)}
            conflict={conflict}
            row={row}
            titles={titles}
            decided={decided[keyOf(conflict)]?.how}
            decide={(how) => setDecided((known) => ({ ...known, [keyOf(conflict)]: { conflict, row, titles, how } }))}
          />
        ))}
      </ul>
    </>
  );
}

function listOf(data: Conflicts, decided: Record<string, { conflict: Conflict; row: Row; titles: Titles }>) {
  const waiting = data.conflicts.flatMap((conflict) => {
    const row = data.rows[`${conflict.table}:${conflict.id}`];
    return row && !decided[keyOf(conflict)] ? [{ conflict, row, titles: data.titles }] : [];
  });
  return [...Object.values(decided), ...waiting];
}
