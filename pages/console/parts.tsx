// Small pieces that several pages of the console use.

import type { ComponentChildren } from "preact";
import { language } from "../shared/words";
import type { Cell, Column, Period, ReportRow } from "./api";
import { tree, update, useConsole } from "./state";
import { t } from "./words";

/** A table of texts; a narrow window shows every row as a card (style.css). */
export function Grid(props: { label: string; heads: string[]; rows: ComponentChildren[][] }) {
  if (props.rows.length === 0) return <p class="quiet">{t("empty")}</p>;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead>
          <tr>
            {props.heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((cells, place) => (
            <tr key={place}>
              {cells.map((cell, column) => (
                <td key={column} data-label={props.heads[column]}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** All orgs as choices, those below another set in. */
export function OrgOptions() {
  const { orgs } = useConsole();
  return (
    <>
      {tree(orgs).map(({ org, depth }) => (
        <option key={org.id} value={org.id}>
          {"　".repeat(depth) + org.name}
        </option>
      ))}
    </>
  );
}

/** What stands against a form, when something does. */
export function Problem(props: { text: string }) {
  if (!props.text) return null;
  return (
    <p class="fault" role="alert">
      {props.text}
    </p>
  );
}

/** From when to when, and of which org: one choice for all pages. */
export function PeriodPicker(props: { days?: boolean }) {
  const { period } = useConsole();
  const change = (part: Partial<Period>) => update({ period: { ...period, ...part } });
  return (
    <form class="filter screen-only" onSubmit={(event) => event.preventDefault()}>
      {props.days !== false && (
        <>
          <label>
            {t("from")} <input type="date" value={period.from} max={period.to} required onChange={(event) => event.currentTarget.value && change({ from: event.currentTarget.value })} />
          </label>
          <label>
            {t("to")} <input type="date" value={period.to} min={period.from} required onChange={(event) => event.currentTarget.value && change({ to: event.currentTarget.value })} />
          </label>
        </>
      )}
      <label>
        {t("org")}{" "}
        <select value={period.org} onChange={(event) => change({ org: event.currentTarget.value })}>
          <option value="">{t("allOrgs")}</option>
          <OrgOptions />
        </select>
      </label>
    </form>
  );
}

// ---- charts: bars in SVG, which print and scale, and whose table stands below them ----

const BARS_MAX = 30;
const BAR_HEIGHT = 26;
const LABEL_WIDTH = 160;
const BAR_WIDTH = 200;
const VALUE_WIDTH = 60;

export interface Bar {
  label: string;
  value: number;
}

export function Bars(props: { title: string; bars: Bar[]; most?: number }) {
  const bars = props.bars.slice(0, BARS_MAX);
  const most = props.most ?? Math.max(1, ...bars.map((bar) => bar.value));
  if (bars.length === 0) return <p class="quiet">{t("empty")}</p>;
  const width = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH;
  const summary = `${props.title}。${bars.map((bar) => `${bar.label} ${bar.value}`).join("；")}`;
  return (
    <figure class="chart">
      <figcaption>{props.title}</figcaption>
      <svg viewBox={`0 0 ${width} ${bars.length * BAR_HEIGHT}`} role="img" aria-label={summary}>
        {bars.map((bar, place) => {
          const length = Math.max(1, (Math.max(0, bar.value) / most) * BAR_WIDTH);
          const middle = place * BAR_HEIGHT + BAR_HEIGHT / 2;
          return (
            <g key={place}>
              <text x={LABEL_WIDTH - 8} y={middle} text-anchor="end" dominant-baseline="central">
                {shorten(bar.label)}
              </text>
              <rect x={LABEL_WIDTH} y={place * BAR_HEIGHT + 4} width={length} height={BAR_HEIGHT - 8} />
              <text x={LABEL_WIDTH + length + 6} y={middle} dominant-baseline="central">
                {bar.value}
              </text>
            </g>
          );
        })}
      </svg>
      {props.bars.length > BARS_MAX && <p class="quiet">{t("firstOf", BARS_MAX)}</p>}
    </figure>
  );
}

const LABEL_CHARACTERS = 10;

function shorten(text: string): string {
  const characters = [...text];
  return characters.length > LABEL_CHARACTERS ? `${characters.slice(0, LABEL_CHARACTERS - 1).join("")}…` : text;
}

export function headOf(column: Column): string {
  return language() === "zh" ? column[1] : column[2];
}

const isNumber = (cell: Cell | undefined): cell is number => typeof cell === "number";

/** What of a report a chart can show: its first column of texts (with the second, where the first
 * says the same of several rows), and percentages or else its first column of numbers. NULL:
 * nothing. */
export function chartOf(columns: Column[], rows: ReportRow[], text: (column: Column, cell: Cell) => string): { head: string; bars: Bar[]; most?: number } | null {
  const numbers = columns.filter(([name]) => rows.some((row) => isNumber(row[name])) && rows.every((row) => row[name] === null || isNumber(row[name])));
  const [first, second] = columns.filter((column) => !numbers.includes(column));
  const shown = numbers.find(([name]) => name === "percent") ?? numbers[0];
  if (!first || !shown) return null;
  const repeats = new Set(rows.map((row) => row[first[0]])).size < rows.length;
  const labels = repeats && second ? [first, second] : [first];
  const say = (row: ReportRow) => labels.flatMap((column) => (row[column[0]] === null ? [] : text(column, row[column[0]] ?? null))).join(" ");
  const bars = rows.map((row) => ({ label: say(row), value: Number(row[shown[0]] ?? 0) }));
  return shown[0] === "percent" ? { head: headOf(shown), bars, most: 100 } : { head: headOf(shown), bars };
}
