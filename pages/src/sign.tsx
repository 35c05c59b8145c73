// Signing in by tapping names: everybody of the org as a button, for one activity.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { api, type Row } from "./api";
import { cellKey, cellSave, readCells, readTargets } from "./cells";
import { SearchBox, useLate } from "./search";
import { Papers } from "./papers";
import { OrgSelect } from "./parts";
import { codeLabel, fieldOf, label, mayWrite, refValue, titleOf, type Grid, type Table } from "./schema";
import { changed, tell, tellFailure, useLoad, useStore } from "./store";
import { sayTime } from "./values";
import { language, w } from "./words";

function Names(props: { table: Table; grid: Grid; named: Table; id: string; org: string; search: string }) {
  const { table, grid, named, org, search } = props;
  const { schema, status } = useStore();
  const rows = fieldOf(table, grid.rows)!;
  const columns = fieldOf(table, grid.columns)!;
  const cellField = fieldOf(table, grid.cell)!;
  const target = schema!.namedBy(table, grid.rows, grid.of)!;
  const column = refValue(columns, named.name, props.id);
  const people = useLoad(() => readTargets(target, org, search), [org, search]);
  const signed = useLoad(() => readCells(table, grid, [{ key: column, text: "" }]), [props.id]);
  if (!people.data || !signed.data) return <Loading failure={people.failure ?? signed.failure} />;
  const { cells } = signed.data;
  const writable = mayWrite(table, status?.role ?? null);
  const cellOf = (row: Row) => cells.get(cellKey(refValue(rows, target.name, row.id), column));
  const tap = async (row: Row) => {
    const cell = cellOf(row);
    const put = () => api.add(table.name, cellSave(grid, refValue(rows, target.name, row.id), column, grid.tap!));
    try {
      if (cell?.code === grid.tap) {
        for (const id of cell!.ids) await api.remove(table.name, id);
        tell(w("signedOff", titleOf(target, row, people.data!.titles, language())), () => void put().then(changed, tellFailure));
      } else {
        await put();
      }
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  const there = [...cells.values()].filter((cell) => cell.code === grid.tap).length;
  return (
    <>
      <p role="status" class="count-line">
        {w("signedIn", there)}
        <span class="quiet"> {w("ofPeople", people.data.rows.length)}</span>
      </p>
      {people.data.more && <p class="hint">{w("notAllShown", people.data.rows.length)}</p>}
      <ul class="names screen-only">
        {people.data.rows.map((row) => {
          const cell = cellOf(row);
          const is = cell?.code === grid.tap;
          return (
            <li key={row.id}>
              <button type="button" class={is ? "name main" : "name"} aria-pressed={is} disabled={!writable} onClick={() => void tap(row)}>
                {is && <span aria-hidden="true">✓ </span>}
                {titleOf(target, row, people.data!.titles, language())}
                {cell && !is && <small> {codeLabel(cellField, cell.code, language())}</small>}
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

export function SignPage(props: { table: Table; place: number; id: string }) {
  const { schema, status } = useStore();
  const { table, id } = props;
  const grid = table.form?.grids?.[props.place];
  const named = grid && schema!.namedBy(table, grid.columns);
  const [org, setOrg] = useState("");
  const [text, setText] = useState("");
  const search = useLate(text.trim());
  const one = useLoad(async () => (named ? api.row(named.name, id) : null), [named?.name, id]);
  if (!grid?.tap || !named) return <Heading>{w("pageNotFound")}</Heading>;
  if (!one.data) return <Loading failure={one.failure} />;
  const { row, titles } = one.data;
  const time = named.form?.calendar?.from.map((name) => row[name]).find(Boolean);
  const facts = (named.form?.glance ?? []).flatMap((name) => {
    const field = fieldOf(named, name);
    return field && field.type !== "datetime" && row[name] && field.merge !== "steps" ? [titles[String(row[name])] ?? String(row[name])] : [];
  });
  return (
    <>
      <Heading
        actions={
          <>
            <a class="button" href={`#/row/${named.name}/${id}`}>
              {w("back")}
            </a>
            <Papers fits={(paper) => paper.of === named.name} wish={{ row: id }} />
          </>
        }
      >
        {titleOf(named, row, titles, language())} <small>{label(grid, language())}</small>
      </Heading>
      <p>{[time && sayTime(String(time)), ...facts].filter(Boolean).join(" · ")}</p>
      <div class="filter screen-only">
        <OrgSelect id="sign-org" label={w("org")} org={org || row._org || status?.org || ""} change={setOrg} />
      </div>
      <SearchBox text={text} change={setText} />
      <Names table={table} grid={grid} named={named} id={id} org={org || row._org} search={search} />
    </>
  );
}
