// What the bureau hands down, and what came back: by the schema's own word (hand_down of a form).

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import type { Row, Titles } from "../src/api";
import { fieldOf, isOpen, titleOf, type Table } from "../src/schema";
import { dayText, say } from "../src/values";
import { language } from "../shared/words";
import { api } from "./api";
import { TASKS } from "./choice";
import { askedFields, HandForm, handDown } from "./hand";
import { Grid, PeriodPicker } from "./parts";
import { orgName, tree, useAnswer, useConsole } from "./state";
import { t } from "./words";

const ROWS_MAX = "500";

export function TasksPage() {
  const { schema } = useConsole();
  const table = schema?.tables.find((one) => one.form?.hand_down);
  if (!schema) return <Loading failure={null} />;
  return table ? <Tasks table={table} /> : <Heading>{t("pageNotFound")}</Heading>;
}

function Tasks(props: { table: Table }) {
  const { table } = props;
  const { me, period, orgs } = useConsole();
  const [all, showAll] = useState(false);
  const { field, codes } = table.form!.hand_down!;
  const wanted = codes.map((code): [string, string] => ["any", `${field}:${code}`]);
  const { answer, failure } = useAnswer(() => api.rows(table.name, [...wanted, ["order", "-id"], ["limit", ROWS_MAX]]), table.name);
  if (!answer) return <Loading failure={failure} />;
  const within = period.org ? [period.org, ...tree(orgs, period.org).map(({ org }) => org.id)] : null;
  const shown = answer.rows.filter((row) => (all || isOpen(table, row)) && (!within || within.includes(String(row._org))));
  return (
    <>
      <Heading actions={<button type="button" onClick={() => window.print()}>{t("print")}</button>}>{t("tasks")}</Heading>
      <p class="hint">{t("tasksIntro")}</p>
      {me.role === "bureau" && <HandDown table={table} />}
      <PeriodPicker days={false} />
      <p class="filter screen-only">
        <label>
          <input type="checkbox" checked={all} onChange={(event) => showAll(event.currentTarget.checked)} /> {t("alsoDone")}
        </label>
        {TASKS.map((report) => (
          <a key={report} class="button" href={`#/reports/${report}`}>
            {report}
          </a>
        ))}
      </p>
      <p class="quiet" role="status">
        {t("rowCount", shown.length)}
      </p>
      <TaskGrid table={table} rows={shown} every={answer.rows} titles={answer.titles} />
    </>
  );
}

function HandDown(props: { table: Table }) {
  const { table } = props;
  const { orgs } = useConsole();
  const { field, codes, due, back } = table.form!.hand_down!;
  const fields = [fieldOf(table, field)!, ...askedFields(table, [back]).filter((one) => one.type === "text" || one.name === due)];
  return <HandForm title={t("handDown")} fields={fields} codes={{ [field]: codes }} all save={(targets, values) => handDown(table, orgs[0]!.id, targets, values)} />;
}

/** How far the parts of a whole are: done of all. */
function partsDone(table: Table, row: Row, every: Row[]): string {
  const parts = every.filter((one) => one[table.form!.hand_down!.part] === row.id);
  return parts.length > 0 ? `${parts.filter((one) => !isOpen(table, one)).length}/${parts.length}` : "";
}

function TaskGrid(props: { table: Table; rows: Row[]; every: Row[]; titles: Titles }) {
  const { table, titles } = props;
  const { field, steps, due, back } = table.form!.hand_down!;
  const today = dayText(new Date());
  const text = (row: Row, name: string) => say(fieldOf(table, name), row[name], titles);
  const isLate = (row: Row) => isOpen(table, row) && typeof row[due] === "string" && row[due] < today;
  return (
    <Grid
      label={t("tasks")}
      heads={[t("what"), t("orgName"), t("kind"), t("state"), t("due"), t("back")]}
      rows={props.rows.map((row) => [
        <a href={`#/row/${table.name}/${row.id}`}>{titleOf(table, row, titles, language())}</a>,
        orgName(String(row._org)),
        text(row, field),
        [text(row, steps), partsDone(table, row, props.every)].filter(Boolean).join(" "),
        <span class={isLate(row) ? "late" : ""}>{text(row, due) || t("none")}</span>,
        <span class="value">{text(row, back) || t("none")}</span>,
      ])}
    />
  );
}
