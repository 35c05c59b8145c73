// What stands in a grid: read from the rows of its table, and written there.

import { api, type Query, type Row, type Save, type Titles, type Value } from "./api";
import { fieldOf, refValue, titleOf, voidField, type Grid, type Schema, type Table } from "./schema";
import { isEmpty, localNow } from "./values";
import { language } from "./words";

export const ROWS_MAX = 500;
export const COLUMNS_SHOWN = 8;

export interface Cell {
  ids: string[];
  code: string; // of an enum
  cents: number; // of money and numbers, in hundredths
}
export interface Column {
  key: string; // the value of the column field
  text: string;
  row?: Row;
}
export interface GridData {
  target: Table;
  rows: Row[];
  more: boolean; // there are more rows than are shown
  titles: Titles;
  columns: Column[];
  cells: Map<string, Cell>;
  all: boolean;
}
export interface GridWish {
  org: string;
  search: string;
  year: number;
}

export const cellKey = (row: string, column: string) => `${row}|${column}`;

export function isMonthly(table: Table, grid: Grid): boolean {
  return fieldOf(table, grid.columns)?.type === "month";
}

export function sumOf(field: { type: string } | undefined, value: Value | undefined): number {
  if (isEmpty(value)) return 0;
  return Math.round(Number(value) * 100) * (field?.type === "money" || field?.type === "int" ? 1 : 0);
}

/** Conditions that leave withdrawn rows out. */
export function notVoid(table: Table): [string, string][] {
  const field = voidField(table);
  return field ? [[field.name, ""], [field.name, "false"]] : [];
}

function monthsOf(year: number): Column[] {
  return Array.from({ length: 12 }, (_, month) => {
    const text = String(month + 1).padStart(2, "0");
    return { key: `${year}-${text}`, text: language() === "zh" ? `${month + 1}月` : text };
  });
}

async function columnsOf(schema: Schema, table: Table, grid: Grid, wish: GridWish): Promise<Column[]> {
  if (isMonthly(table, grid)) return monthsOf(wish.year);
  const named = schema.namedBy(table, grid.columns)!;
  const time = named.form?.calendar?.from[0];
  const list = await api.list(named.name, {
    where: [["_org", wish.org]],
    any: notVoid(named),
    ...(time ? { order: `-${time}`, from: [[time, `${wish.year}-01-01T00:00`]], until: [[time, `${wish.year}-12-31T23:59`]] } : {}),
    limit: COLUMNS_SHOWN,
  });
  const field = fieldOf(table, grid.columns)!;
  return list.rows.map((row) => ({
    key: refValue(field, named.name, row.id),
    text: [time ? String(row[time] ?? "").slice(5, 10) : "", titleOf(named, row, list.titles, language())].filter(Boolean).join(" "),
    row,
  }));
}

function cellQuery(table: Table, grid: Grid, columns: Column[]): Query {
  const months = isMonthly(table, grid);
  return {
    where: Object.entries(grid.where ?? {}),
    any: [...notVoid(table), ...(months ? [] : columns.map((column) => [grid.columns, column.key] as [string, string]))],
    ...(months ? { from: [[grid.columns, columns[0]!.key]], until: [[grid.columns, columns.at(-1)!.key]] } : {}),
  };
}

export async function readCells(table: Table, grid: Grid, columns: Column[]): Promise<{ cells: Map<string, Cell>; all: boolean }> {
  const cells = new Map<string, Cell>();
  if (columns.length === 0) return { cells, all: true };
  const read = await api.cells(table.name, [grid.rows, grid.columns, grid.cell], cellQuery(table, grid, columns));
  const field = fieldOf(table, grid.cell);
  for (const [id, row, column, value] of read.cells) {
    const key = cellKey(String(row), String(column));
    const cell = cells.get(key) ?? { ids: [], code: "", cents: 0 };
    cell.ids.push(id);
    cell.code = String(value ?? "");
    cell.cents += sumOf(field, value);
    cells.set(key, cell);
  }
  return { cells, all: read.all };
}

export async function readTargets(target: Table, org: string, search: string) {
  const list = await api.list(target.name, {
    where: [["_org", org]],
    any: notVoid(target),
    search,
    limit: ROWS_MAX,
    ...(target.title ? { order: target.title } : {}),
  });
  return { rows: list.rows, titles: list.titles, more: list.next !== null };
}

export async function readGrid(schema: Schema, table: Table, grid: Grid, wish: GridWish): Promise<GridData> {
  const target = schema.namedBy(table, grid.rows, grid.of)!;
  const [targets, columns] = await Promise.all([readTargets(target, wish.org, wish.search), columnsOf(schema, table, grid, wish)]);
  return { target, ...targets, columns, ...(await readCells(table, grid, columns)) };
}

/** The row that stands for a cell, as one would save it. */
export function cellSave(grid: Grid, row: string, column: string, value: Value): Save {
  const stamp = grid.stamp ? { [grid.stamp]: localNow() } : {};
  return { fields: { ...grid.where, [grid.rows]: row, [grid.columns]: column, [grid.cell]: value, ...stamp } };
}
