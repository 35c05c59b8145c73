// Rows that may be one and the same, side by side: merged, or told apart, and both undone.

import { useState } from "preact/hooks";
import { Shown } from "../shared/facts";
import { Heading, Loading } from "../shared/parts";
import { api, type Duplicates, type Row, type Titles } from "./api";
import { fieldOf, isTyped, label, mayWrite, titleOf, type Field, type Table } from "./schema";
import { changed, tell, tellFailure, useLoad, useStore } from "./store";
import { difference, isEmpty, same, say } from "./values";
import { language, w } from "./words";

type Group = Duplicates["duplicates"][number];

interface Decided {
  text: string;
  undo: () => Promise<unknown>;
}

function Value(props: { field: Field; row: Row; other: Row; titles: Titles }) {
  const { field, row, other, titles } = props;
  const value = row[field.name];
  if (field.type !== "text" || same(value, other[field.name]) || isEmpty(value)) return <Shown field={field} value={value} titles={titles} />;
  const pieces = difference(say(field, value, titles), say(field, other[field.name], titles));
  return <span class="value">{pieces.map((piece, place) => (piece.differs ? <mark key={place}>{piece.text}</mark> : piece.text))}</span>;
}

function Compare(props: { table: Table; rows: [Row, Row]; titles: Titles }) {
  const { table, rows, titles } = props;
  const [a, b] = rows;
  const fields = table.fields.filter((field) => isTyped(field) && (!isEmpty(a[field.name]) || !isEmpty(b[field.name])));
  return (
    <table class="compare">
      <thead>
        <tr>
          <th scope="col">
            <span class="hidden">{label(table, language())}</span>
          </th>
          {rows.map((row) => (
            <th scope="col" key={row.id}>
              <a href={`#/row/${table.name}/${row.id}`}>{titleOf(table, row, titles, language())}</a>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {fields.map((field) => (
          <tr key={field.name} class={same(a[field.name], b[field.name]) ? "" : "differs"}>
            <th scope="row">{label(field, language())}</th>
            <td>
              <Value field={field} row={a} other={b} titles={titles} />
            </td>
            <td>
              <Value field={field} row={b} other={a} titles={titles} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Card(props: { group: Group; rows: [Row, Row]; titles: Titles; decided: Decided | undefined; decide: (decided: Decided | undefined) => void }) {
  const { group, rows, titles } = props;
  const { schema, status } = useStore();
  const table = schema!.table(group.table);
  if (!table) return null;
  const apart = table.same?.apart;
  const writable = mayWrite(table, status?.role ?? null);
  const [a, b] = rows;
  const act = async (work: () => Promise<Decided | undefined>) => {
    try {
      props.decide(await work());
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const merge = () =>
    act(async () => {
      const made = await api.merge(a.id, b.id);
      return { text: w("merged"), undo: () => api.unmerge(made.merged) };
    });
  const tellApart = (sign: "+=" | "-=") => api.set(table.name, a.id, { fields: { [`${apart}${sign}`]: [b.id] } });
  const keepApart = () =>
    act(async () => {
      await tellApart("+=");
      return { text: w("toldApart"), undo: () => tellApart("-=") };
    });
  const undo = (decided: Decided) => act(async () => (await decided.undo(), tell(w("undone")), undefined));
  return (
    <li class="card" data-duplicate={`${a.id} ${b.id}`}>
      <h2>
        {titleOf(table, a, titles, language())}{" "}
        <small>
          {label(table, language())} · {w("alikeBy", group.by.map((name) => label(fieldOf(table, name.replace("~", "")) ?? table, language())).join("、"))}
        </small>
      </h2>
      {props.decided ? (
        <p class="decided" role="status">
          <span>{props.decided.text}</span>
          <button type="button" onClick={() => void undo(props.decided!)}>
            {w("undo")}
          </button>
        </p>
      ) : (
        <>
          <Compare table={table} rows={rows} titles={titles} />
          {writable && (
            <p class="actions">
              <button type="button" class="main" onClick={() => void merge()}>
                {w("mergeThem")}
              </button>
              {apart && (
                <button type="button" onClick={() => void keepApart()}>
                  {w("notTheSame")}
                </button>
              )}
            </p>
          )}
        </>
      )}
    </li>
  );
}

/** Each group as pairs with its first row. */
function pairsOf(data: Duplicates) {
  return data.duplicates.flatMap((group) => {
    const rows = group.rows.flatMap(({ id }) => data.rows[`${group.table}:${id}`] ?? []);
    const [first, ...others] = rows;
    return first ? others.map((other) => ({ group, rows: [first, other] as [Row, Row], titles: data.titles })) : [];
  });
}

/** What was decided stays on the page, so that a slip of the finger can be undone. */
export function DuplicatesPage() {
  const { data, failure } = useLoad(api.duplicates, []);
  const [kept, setKept] = useState<Record<string, ReturnType<typeof pairsOf>[number] & { decided: Decided }>>({});
  if (!data) return <Loading failure={failure} />;
  const keyOf = (rows: [Row, Row]) => rows.map((row) => row.id).join();
  const waiting = pairsOf(data).filter(({ rows }) => !kept[keyOf(rows)]);
  const pairs = [...Object.values(kept), ...waiting.map((pair) => ({ ...pair, decided: undefined }))];
  return (
    <>
      <Heading>{w("duplicates")}</Heading>
      <p class={pairs.length === 0 ? "quiet" : ""}>{w(pairs.length === 0 ? "noDuplicates" : "duplicatesIntro")}</p>
      <ul class="cards">
        {pairs.map(({ group, rows, titles, decided }) => (
          <Card
            key={keyOf(rows)}
            group={group}
            rows={rows}
            titles={titles}
            decided={decided}
            decide={(how) =>
              setKept((known) => {
                const { [keyOf(rows)]: _, ...others } = known;
                return how ? { ...others, [keyOf(rows)]: { group, rows, titles, decided: how } } : others;
              })
            }
          />
        ))}
      </ul>
    </>
  );
}
