// Transfer letters: rows that take another row to another org. One org offers, the other accepts or
// returns; between the two the hub carries the letter.

import { useState } from "preact/hooks";
import { Facts, Shown } from "../shared/facts";
import { Heading, Loading } from "../shared/parts";
import { api, type Letter } from "./api";
import { FieldRow } from "./field";
import { Papers } from "./papers";
import { codeLabel, fieldOf, isTyped, mayWrite, sectionsOf, titleOf, type Field, type Table } from "./schema";
import { changed, go, tell, tellFailure, useLoad, useStore } from "./store";
import { isEmpty } from "./values";
import { language, w } from "./words";

/** The letters in which rows of this table go. */
export function letterTable(tables: Table[], name: string): Table | undefined {
  return tables.find((table) => table.moves && fieldOf(table, table.moves.row)?.refs?.includes(name));
}

function stateOf(letter: Letter): string {
  return String(letter.state ?? "").split("#")[0]!;
}

/** The org that it goes to, by a name wherever one is known here. */
function target(letter: Letter): string {
  if (letter.to_org || !letter.to || !/^[0-9a-f]{32}$/.test(letter.to)) return letter.to ?? w("none");
  return letter._moved ?? w("letterNumber", letter.to.slice(-6));
}

/** It lies with the org that it goes to, which hasn't answered yet. */
function waits(table: Table, letter: Letter): boolean {
  return stateOf(letter) === table.moves!.offered && !letter._moved && letter._org === letter.to_org;
}

/** Those that somebody here has to answer. */
export function useWaitingLetters(): Letter[] {
  const { schema, status } = useStore();
  const tables = schema!.tables.filter((table) => table.moves && mayWrite(table, status?.role ?? null));
  const { data } = useLoad(async () => (tables.length > 0 ? api.letters() : null), [tables.length]);
  return (data?.letters ?? []).filter((letter) => tables.some((table) => table.name === letter.table && waits(table, letter)));
}

/** The field of a letter where one can say why: its longest text. */
function roomiest(table: Table): Field | undefined {
  const texts = table.fields.filter((field) => field.type === "text" && field.name !== table.moves!.name && !field.when);
  return texts.sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0))[0];
}

// ---- the list ----

function Answer(props: { table: Table; letter: Letter }) {
  const { table, letter } = props;
  const [returning, setReturning] = useState(false);
  const [why, setWhy] = useState("");
  const note = roomiest(table);
  const answer = async (accept: boolean) => {
    try {
      await api.answerLetter(letter.id, accept, !accept && note && why ? { [note.name]: why } : {});
      tell(w(accept ? "letterAccepted" : "letterReturned", letter.name ?? ""));
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const accept = () => confirm(w("letterAcceptSure", letter.name ?? "")) && void answer(true);
  if (returning)
    return (
      <form class="field" onSubmit={(event) => (event.preventDefault(), void answer(false))}>
        <label class="label" htmlFor={`why-${letter.id}`}>
          {w("letterWhy")}
        </label>
        <input id={`why-${letter.id}`} value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
        <p class="actions">
          <button type="submit">{w("letterReturn")}</button>
          <button type="button" class="plain" onClick={() => setReturning(false)}>
            {w("cancel")}
          </button>
        </p>
      </form>
    );
  return (
    <p class="actions">
      <button type="button" class="main" onClick={accept}>
        {w("letterAccept")}
      </button>
      <button type="button" onClick={() => setReturning(true)}>
        {w("letterReturn")}
      </button>
    </p>
  );
}

function Card(props: { table: Table; letter: Letter }) {
  const { table, letter } = props;
  const { orgs } = useStore();
  const state = fieldOf(table, table.moves!.state)!;
  const lies = letter._moved ?? orgs.find((org) => org.id === letter._org)?.name;
  return (
    <li class="card" data-letter={letter.id}>
      <a class="grow" href={`#/letter/${table.name}/${letter.id}`}>
        <span>
          <strong>{letter.name ?? w("none")}</strong> → {target(letter)}
        </span>
        <span class="quiet">
          {codeLabel(state, stateOf(letter), language())}
          {lies && ` · ${w("letterLies", lies)}`}
        </span>
      </a>
      {waits(table, letter) && <Answer table={table} letter={letter} />}
    </li>
  );
}

export function LettersPage() {
  const { schema, status } = useStore();
  const { data, failure } = useLoad(api.letters, []);
  if (!data) return <Loading failure={failure} />;
  const known = data.letters.flatMap((letter) => {
    const table = schema!.table(letter.table);
    return table?.moves ? [{ table, letter }] : [];
  });
  const mine = known.filter(({ table, letter }) => waits(table, letter) && mayWrite(table, status?.role ?? null));
  const others = known.filter((one) => !mine.includes(one));
  return (
    <>
      <Heading>{w("letters")}</Heading>
      <p>{w("lettersIntro")}</p>
      {known.length === 0 && <p class="quiet">{w("nothingHere")}</p>}
      {mine.length > 0 && (
        <section>
          <h2>{w("lettersMine")}</h2>
          <ul class="cards">
            {mine.map(({ table, letter }) => (
              <Card key={letter.id} table={table} letter={letter} />
            ))}
          </ul>
        </section>
      )}
      {others.length > 0 && (
        <section>
          <h2>{w("lettersOther")}</h2>
          <ul class="cards">
            {others.map(({ table, letter }) => (
              <Card key={letter.id} table={table} letter={letter} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

// ---- one ----

export function LetterPage(props: { table: Table; id: string }) {
  const { table, id } = props;
  const one = useLoad(() => api.row(table.name, id), [table.name, id]);
  const letters = useLoad(api.letters, [id]);
  if (!one.data || !letters.data) return <Loading failure={one.failure ?? letters.failure} />;
  const letter = letters.data.letters.find((item) => item.id === id);
  const { moves } = table;
  const { row, titles } = one.data;
  const named = [moves!.row, moves!.to, moves!.name];
  const fields = table.fields.filter((field) => isTyped(field) && !named.includes(field.name) && field.name !== "void");
  return (
    <>
      <Heading
        actions={
          <>
            <a class="button" href="#/letters">
              {w("back")}
            </a>
            <a class="button" href={`#/history/${table.name}/${id}`}>
              {w("history")}
            </a>
            <Papers fits={(paper) => paper.of === table.name} wish={{ row: id }} />
          </>
        }
      >
        {w("letterOf", letter?.name ?? titleOf(table, row, titles, language()))}
      </Heading>
      <p class="letter-text">{w("letterText", letter ? target(letter) : w("none"), letter?.name ?? w("none"))}</p>
      <section class="card">
        <Facts fields={fields.filter((field) => !isEmpty(row[field.name]))}>{(field) => <Shown field={field} value={row[field.name]} titles={titles} />}</Facts>
      </section>
      {letter && waits(table, letter) && <Answer table={table} letter={letter} />}
    </>
  );
}

// ---- offering ----

/** What a person may say of a letter; the rest is filled in. */
function askedFields(table: Table): Field[] {
  const { moves } = table;
  const given = [moves!.row, moves!.to, moves!.name, moves!.state, moves!.when.field, "void", "void_reason"];
  return sectionsOf(table, table)
    .flatMap((section) => section.fields)
    .filter((field) => isTyped(field) && !given.includes(field.name) && !field.required);
}

export function OfferPage(props: { table: Table; id: string }) {
  const { schema, status, orgs } = useStore();
  const { data, failure } = useLoad(() => api.row(props.table.name, props.id), [props.id]);
  const [to, setTo] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const [said, setSaid] = useState("");
  const letters = letterTable(schema!.tables, props.table.name);
  if (!data || !letters) return <Loading failure={failure ?? (data && new Error(w("pageNotFound")))} />;
  const name = titleOf(props.table, data.row, data.titles, language());
  const offer = async () => {
    setSaid("");
    try {
      const saved = await api.offerLetter(props.id, to.trim(), Object.fromEntries(Object.entries(values).filter(([, value]) => value)));
      tell(w("letterOffered", name));
      go(`letter/${letters.name}/${saved.id}`);
    } catch (thrown) {
      setSaid(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  return (
    <form class="form" noValidate onSubmit={(event) => (event.preventDefault(), void offer())}>
      <Heading>{w("letterOf", name)}</Heading>
      <div class="field">
        <label class="label" htmlFor="letter-to">
          {w("letterTo")} <span class="must"> {w("required")}</span>
        </label>
        <input id="letter-to" list="letter-orgs" autocomplete="off" required value={to} aria-describedby="letter-to-help" onInput={(event) => setTo(event.currentTarget.value)} />
        <datalist id="letter-orgs">
          {orgs
            .filter((org) => org.id !== status?.org)
            .map((org) => (
              <option key={org.id} value={org.name} />
            ))}
        </datalist>
        <p class="quiet help" id="letter-to-help">
          {w("letterToHelp")}
        </p>
      </div>
      {askedFields(letters).map((field) => (
        <FieldRow
          key={field.name}
          prefix="letter"
          roomy={false}
          field={field}
          value={values[field.name]}
          titles={{}}
          change={(value) => setValues((known) => ({ ...known, [field.name]: String(value ?? "") }))}
          nameRef={() => undefined}
        />
      ))}
      {said && (
        <p class="failure" role="alert">
          {said}
        </p>
      )}
      <div class="save-bar">
        <button type="submit" class="main" disabled={!to.trim()}>
          {w("letterOffer")}
        </button>
        <a class="button" href={`#/row/${props.table.name}/${props.id}`}>
          {w("cancel")}
        </a>
      </div>
    </form>
  );
}
