// How far a place is, in a straight line: from where this person is at home, or their org.

import { api, type Row } from "./api";
import type { Table } from "./schema";
import { now } from "./store";
import { w } from "./words";

export type Point = [number, number]; // degrees: latitude, longitude

const EARTH_KM = 6371;

export function pointOf(table: Table | undefined, row: Row | undefined): Point | null {
  const field = table?.fields.find((one) => one.type === "geo");
  const [latitude, longitude] = String((field && row?.[field.name]) ?? "").split(",").map(Number);
  if (latitude === undefined || longitude === undefined || Number.isNaN(latitude + longitude)) return null;
  return [latitude, longitude];
}

function kilometres(from: Point, to: Point): number {
  const radians = ([latitude, longitude]: Point) => [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180] as const;
  const [a, b] = radians(from);
  const [c, d] = radians(to);
  const part = Math.sin((c - a) / 2) ** 2 + Math.cos(a) * Math.cos(c) * Math.sin((d - b) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(part));
}

export function sayDistance(from: Point | null, to: Point | null): string {
  if (!from || !to) return "";
  const far = kilometres(from, to);
  return far < 1 ? w("metres", Math.round(far * 10) * 100 || 100) : w("kilometres", far < 10 ? far.toFixed(1) : Math.round(far));
}

/** The first place that is known: of the person's own row, or of a row called like their org. */
export async function herePoint(): Promise<Point | null> {
  const { schema, status } = now();
  const located = schema!.tables.filter((table) => table.fields.some((field) => field.type === "geo"));
  const searched = [
    ...located.map((table) => [table, "id", status?.person_id] as const),
    ...located.map((table) => [table, table.title, status?.org_name] as const),
  ];
  for (const [table, field, value] of searched) {
    if (!field || !value) continue;
    const list = await api.list(table.name, { where: [[field, value]], limit: 1 });
    const point = pointOf(table, list.rows[0]);
    if (point) return point;
  }
  return null;
}
