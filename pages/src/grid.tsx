// Grids: people by activities, or by the months of a year. A tap writes what the schema says; amounts
// are chosen first and saved together.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { api, type Change, type Row } from "./api";
import { cellKey, cellSave, isMonthly, readGrid, sumOf, type Cell, type Column, type GridData } from "./cells";
import { FieldRow } from "./field";
import { SearchBox, useLate } from "./search";
import { Papers } from "./papers";
import { OrgSelect } from "./parts";
import { codeLabel, fieldOf, label, mayWrite, refValue, titleOf, type Field, type Grid, type Table } from "./schema";
import { changed, tell, tellFailure, useLoad, useStore } from "./store";
import { sayMoney } from "./values";
import { language, w } from "./words";

const CHANGES_MAX = 500;

interface Shared {
  table: Table;
  grid: Grid;
  data: GridData;
  writable: boolean;
}

function ColumnHead(props: { shared: Shared; column: Column; place: number }) {
  const { shared, column } = props;
  const { table, grid } = shared;
  if (!column.row) return <th scope="col">{column.text}</th>;
  return (
    <th scope="col">
      <a href={`#/sign/${table.name}/${table.form!.grids!.indexOf(grid)}/${column.row.id}`}>{column.text}</a>
    </th>
  );
}

/** Rows with their cells; `cell` draws one. */
function Frame(props: { shared: Shared; cell: (row: Row, column: Column) => preact.ComponentChildren; total?: (cells: Cell[]) => string }) {
  const { data, table, grid } = props.shared;
  const field = fieldOf(table, grid.rows)!;
  const keyOf = (row: Row) => refValue(field, data.target.name, row.id);
  const of = (rows: Row[], columns: Column[]) =>
    rows.flatMap((row) => columns.flatMap((column) => data.cells.get(cellKey(keyOf(row), column.key)) ?? []));
  return (
    <div class="table-frame grid-frame" tabIndex={0} role="region" aria-label={label(grid, language())}>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{label(data.target, language())}</th>
            {data.columns.map((column, place) => (
              <ColumnHead key={column.key} shared={props.shared} column={column} place={place} />
            ))}
            {props.total && <th scope="col">{w("total")}</th>}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row) => (
            <tr key={row.id}>
              <th scope="row">
                <a href={`#/row/${data.target.name}/${row.id}`}>{titleOf(data.target, row, data.titles, language())}</a>
              </th>
              {data.columns.map((column) => (
                <td key={column.key}>{props.cell(row, column)}</td>
              ))}
              {props.total && <td class="sum">{props.total(of([row], data.columns))}</td>}
            </tr>
          ))}
        </tbody>
        {props.total && (
          <tfoot>
            <tr>
              <th scope="row">{w("total")}</th>
              {data.columns.map((column) => (
                <td key={column.key} class="sum">
                  {props.total!(of(data.rows, [column]))}
                </td>
              ))}
              <td class="sum">{props.total(of(data.rows, data.columns))}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

// ---- a word in each cell ----

function TapGrid(props: { shared: Shared }) {
  const { shared } = props;
  const { table, grid, data } = shared;
  const field = fieldOf(table, grid.cell)!;
  const rows = fieldOf(table, grid.rows)!;
  const [brush, setBrush] = useState(grid.tap!);
  const write = async (row: Row, column: Column, cell: Cell | undefined) => {
    const ref = refValue(rows, data.target.name, row.id);
    const put = () => api.add(table.name, cellSave(grid, ref, column.key, brush));
    try {
      if (cell?.code === brush) {
        for (const id of cell.ids) await api.remove(table.name, id);
        tell(w("removed"), () => void put().then(changed, tellFailure));
      } else {
        await put();
      }
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
  };
  return (
    <>
      {shared.writable && (
        <div class="choices small screen-only" role="radiogroup" aria-label={w("tapWrites")}>
          {field.codes!.map(([code]) => (
            <label key={code}>
              <input type="radio" name="brush" checked={brush === code} onChange={() => setBrush(code)} />
              <span>{codeLabel(field, code, language())}</span>
            </label>
          ))}
        </div>
      )}
      <Frame
        shared={shared}
        total={(cells) => String(cells.filter((cell) => cell.code === grid.tap).length)}
        cell={(row, column) => {
          const cell = data.cells.get(cellKey(refValue(rows, data.target.name, row.id), column.key));
          const text = cell ? (cell.code === grid.tap ? "✓" : codeLabel(field, cell.code, language())) : "";
          const name = `${titleOf(data.target, row, data.titles, language())} ${column.text}`;
          if (!shared.writable) return text;
          return (
            <button type="button" class={cell ? "cell says" : "cell"} aria-pressed={cell?.code === grid.tap} aria-label={`${name} ${cell ? codeLabel(field, cell.code, language()) : w("none")}`} onClick={() => void write(row, column, cell)}>
              {text || "·"}
            </button>
          );
        }}
      />
    </>
  );
}

// ---- an amount in each cell ----

function amountOf(field: Field, cents: number): string {
  return field.type === "money" ? sayMoney(cents) : String(cents / 100);
}

/** What was chosen: who, which month, and how much of what the schema offers for them. */
function Chosen(props: { shared: Shared; chosen: string[]; clear: () => void }) {
  const { shared, chosen } = props;
  const { table, grid, data } = shared;
  const field = fieldOf(table, grid.cell)!;
  const rows = fieldOf(table, grid.rows)!;
  const offer = grid.offer ? fieldOf(data.target, grid.offer) : undefined;
  const [typed, setTyped] = useState("");
  const [saving, setSaving] = useState(false);
  const byRef = new Map(data.rows.map((row) => [refValue(rows, data.target.name, row.id), row]));
  const amounts = chosen.map((key) => {
    const row = byRef.get(key.split("|")[0]!);
    return typed.trim() ? sumOf(field, typed.trim()) : sumOf(offer, offer && row?.[offer.name]);
  });
  const missing = amounts.filter((cents) => !(cents > 0)).length;
  const save = async () => {
    setSaving(true);
    const changes = chosen.map((key, place): Change => {
      const [ref = "", column = ""] = key.split("|");
      const amount = field.type === "money" ? (amounts[place]! / 100).toFixed(2) : String(amounts[place]! / 100);
      return { op: "add", table: table.name, fields: cellSave(grid, ref, column, amount).fields };
    });
    try {
      for (let at = 0; at < changes.length; at += CHANGES_MAX) await api.change(changes.slice(at, at + CHANGES_MAX));
      props.clear();
      tell(w("savedMany", changes.length));
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
    setSaving(false);
  };
  return (
    <div class="save-bar chosen-cells">
      <p role="status">
        {w("chosenCells", chosen.length)} {w("sumIs", amountOf(field, amounts.reduce((sum, cents) => sum + (cents > 0 ? cents : 0), 0)))}
        {missing > 0 && <span class="fault"> {w("amountMissing", missing)}</span>}
      </p>
      <FieldRow prefix="grid" roomy={false} field={{ ...field, required: false, default: undefined!, zh: w("amountEach"), en: w("amountEach") }} value={typed} titles={{}} change={(value) => setTyped(String(value ?? ""))} nameRef={() => undefined} />
      <button type="button" class="main" disabled={saving || missing > 0} onClick={() => void save()}>
        {saving ? w("saving") : w("save")}
      </button>
      <button type="button" onClick={props.clear}>
        {w("cancel")}
      </button>
    </div>
  );
}

function SumGrid(props: { shared: Shared }) {
  const { shared } = props;
  const { table, grid, data } = shared;
  const field = fieldOf(table, grid.cell)!;
  const rows = fieldOf(table, grid.rows)!;
  const [chosen, setChosen] = useState<string[]>([]);
  const toggle = (key: string) => setChosen(chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key]);
  return (
    <>
      {shared.writable && <p class="quiet screen-only">{w("chooseCells")}</p>}
      <Frame
        shared={shared}
        total={(cells) => amountOf(field, cells.reduce((sum, cell) => sum + cell.cents, 0))}
        cell={(row, column) => {
          const ref = refValue(rows, data.target.name, row.id);
          const key = cellKey(ref, column.key);
          const cell = data.cells.get(key);
          if (cell)
            return (
              <a class="cell" href={`#/list/${table.name}?${new URLSearchParams({ [grid.rows]: ref, [grid.columns]: column.key, ...grid.where })}`}>
                {amountOf(field, cell.cents)}
              </a>
            );
          if (!shared.writable) return "";
          const name = `${titleOf(data.target, row, data.titles, language())} ${column.text}`;
          return (
            <button type="button" class="cell" aria-pressed={chosen.includes(key)} aria-label={name} onClick={() => toggle(key)}>
              {chosen.includes(key) ? "＋" : "·"}
            </button>
          );
        }}
      />
      {chosen.length > 0 && <Chosen shared={shared} chosen={chosen} clear={() => setChosen([])} />}
    </>
  );
}

// ---- the page ----

export function GridPage(props: { table: Table; place: number }) {
  const { schema, status } = useStore();
  const { table } = props;
  const grid = table.form?.grids?.[props.place];
  const [org, setOrg] = useState(status?.org ?? "");
  const [year, setYear] = useState(new Date().getFullYear());
  const [text, setText] = useState("");
  const search = useLate(text.trim());
  const { data, failure } = useLoad(async () => (grid ? readGrid(schema!, table, grid, { org, search, year }) : null), [table.name, props.place, org, search, year]);
  if (!grid) return <Heading>{w("pageNotFound")}</Heading>;
  const shared = data && { table, grid, data, writable: mayWrite(table, status?.role ?? null) };
  return (
    <>
      <Heading
        actions={
          <Papers
            fits={(paper) => paper.grid === `${table.name}/${props.place}`}
            wish={{ from: `${year}-01-01`, to: `${year}-12-31`, org }}
          />
        }
      >
        {label(grid, language())} <small>{w("yearIs", year)}</small>
      </Heading>
      <div class="filters screen-only">
        <span class="filter">
          <OrgSelect id="grid-org" label={w("org")} org={org} change={setOrg} />
        </span>
        <span class="actions">
          <button type="button" onClick={() => setYear(year - 1)}>
            {w("yearIs", year - 1)}
          </button>
          <button type="button" onClick={() => setYear(year + 1)}>
            {w("yearIs", year + 1)}
          </button>
        </span>
      </div>
      <SearchBox text={text} change={setText} />
      {!shared && <Loading failure={failure} />}
      {shared && shared.data.rows.length === 0 && <p class="quiet">{w(search ? "nothingFound" : "nothingHere")}</p>}
      {shared && shared.data.columns.length === 0 && <p class="quiet">{w("noColumns")}</p>}
      {shared && (shared.data.more || !shared.data.all) && <p class="hint">{w("notAllShown", shared.data.rows.length)}</p>}
      {shared && shared.data.rows.length > 0 && shared.data.columns.length > 0 && (grid.tap ? <TapGrid shared={shared} /> : <SumGrid key={`${org} ${year}`} shared={shared} />)}
      {shared && isMonthly(table, grid) && <p class="quiet paper-only">{w("signHere")}</p>}
    </>
  );
}
