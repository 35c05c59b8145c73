// Every report: its rows for a period and an org, a chart where it has figures, and its files.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { codeLabel, fieldOf, type Schema } from "../src/schema";
import { language } from "../shared/words";
import { reportPath, SheetForms, type SheetForm } from "../shared/papers";
import { api, saveFile, sentence, type Cell, type Column, type Report } from "./api";
import { Bars, chartOf, Grid, headOf, PeriodPicker } from "./parts";
import { useAnswer, useConsole } from "./state";
import { t } from "./words";

export function titleOf(report: Report): string {
  return language() === "zh" ? report.zh : report.en;
}

/** A cell as people read it: codes by their labels. */
export function cellText(schema: Schema, column: Column, cell: Cell): string {
  if (cell === null || cell === undefined) return t("none");
  const [table = "", name = ""] = (column[3] ?? "").split(".");
  const found = schema.table(table);
  const field = found && fieldOf(found, name);
  return field?.codes ? codeLabel(field, String(cell), language()) : String(cell);
}

export function ReportsPage() {
  const { answer, failure } = useAnswer(api.reports);
  const [wanted, want] = useState("");
  const found = answer?.reports.filter((report) => `${report.name} ${report.zh} ${report.en}`.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <>
      <Heading>{t("reports")}</Heading>
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span class="label">{t("findReport")}</span>
          <input type="search" value={wanted} onInput={(event) => want(event.currentTarget.value)} />
        </label>
      </form>
      {!found ? (
        <Loading failure={failure} />
      ) : (
        <ul class="report-list">
          {found.map((report) => (
            <li key={report.name}>
              <a href={`#/reports/${report.name}`}>
                <span class="code">{report.name}</span> {titleOf(report)}
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

export function ReportPage(props: { name: string }) {
  const { period, schema } = useConsole();
  const list = useAnswer(api.reports);
  const [problem, tell] = useState("");
  const rows = useAnswer(() => api.report(props.name, period), props.name, period);
  const report = list.answer?.reports.find((one) => one.name === props.name);
  if (!report || !schema) return list.answer ? <Heading>{t("pageNotFound")}</Heading> : <Loading failure={list.failure} />;
  const save = (form: SheetForm) =>
    saveFile(reportPath(report.name, form, period), `${report.name}.${form}`).then(() => tell(""), (failure: unknown) => tell(sentence(failure)));
  return (
    <>
      <Heading actions={<SheetForms keep={(form) => void save(form)} />}>
        {report.name} {titleOf(report)}
      </Heading>
      <PeriodPicker />
      {problem && (
        <p class="failure screen-only" role="alert">
          {problem}
        </p>
      )}
      {rows.answer ? <ReportRows report={report} rows={rows.answer.rows} schema={schema} /> : <Loading failure={rows.failure} />}
    </>
  );
}

export function ReportRows(props: { report: Report; rows: Record<string, Cell>[]; schema: Schema }) {
  const { report, rows, schema } = props;
  const text = (column: Column, cell: Cell) => cellText(schema, column, cell);
  const chart = chartOf(report.columns, rows, text);
  return (
    <>
      {chart && rows.length > 1 && <Bars title={t("chartOf", titleOf(report), chart.head)} {...chart} />}
      <p class="quiet">{t("rowCount", rows.length)}</p>
      <Grid
        label={titleOf(report)}
        heads={report.columns.map(headOf)}
        rows={rows.map((row) => report.columns.map((column) => text(column, row[column[0]] ?? null)))}
      />
    </>
  );
}
