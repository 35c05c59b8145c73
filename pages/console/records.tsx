// The records, to look at: a table's rows by search, one row with its history and what names it.

import { useEffect, useState } from "preact/hooks";
import { Facts, Shown } from "../shared/facts";
import { Heading, Loading } from "../shared/parts";
import { columnsOf, fieldOf, label, sectionsOf, titleOf, type Table } from "../src/schema";
import { isEmpty, say, sayHistory, sayTime } from "../src/values";
import { language } from "../shared/words";
import { api } from "./api";
import { Papers } from "./papers";
import { Grid } from "./parts";
import { useAnswer, useConsole } from "./state";
import { t } from "./words";

const SEARCH_MS = 300;

export function RecordsPage(props: { table?: string | undefined }) {
  const { schema } = useConsole();
  const table = schema?.table(props.table ?? "") ?? schema?.tables[0];
  if (!schema || !table) return <Loading failure={null} />;
  return (
    <>
      <Heading>{t("records")}</Heading>
      <p class="hint">{t("readNoted")}</p>
      <label class="filter">
        {t("table")}{" "}
        <select value={table.name} onChange={(event) => (location.hash = `/records/${event.currentTarget.value}`)}>
          {schema.tables.map((one) => (
            <option key={one.name} value={one.name}>
              {label(one, language())}
            </option>
          ))}
        </select>
      </label>
      <Rows key={table.name} table={table} />
    </>
  );
}

function Rows(props: { table: Table }) {
  const { table } = props;
  const [typed, type] = useState("");
  const [search, look] = useState("");
  const [after, goOn] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => (look(typed), goOn("")), SEARCH_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const { answer, failure } = useAnswer(() => api.list(table.name, search, after), table.name, search, after);
  const columns = columnsOf(table);
  return (
    <>
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span class="label">{t("search")}</span>
          <input type="search" value={typed} onInput={(event) => type(event.currentTarget.value)} />
        </label>
      </form>
      {!answer ? (
        <Loading failure={failure} />
      ) : (
        <>
          <p class="quiet" role="status">
            {t("found", answer.count ?? answer.rows.length)}
          </p>
          <Grid
            label={label(table, language())}
            heads={["", ...columns.map((field) => label(field, language()))]}
            rows={answer.rows.map((row) => [
              <a href={`#/row/${table.name}/${row.id}`}>{titleOf(table, row, answer.titles, language())}</a>,
              ...columns.map((field) => <span class="value">{say(field, row[field.name], answer.titles)}</span>),
            ])}
          />
          {answer.next && (
            <button type="button" class="wide" onClick={() => goOn(answer.next!)}>
              {t("next")}
            </button>
          )}
        </>
      )}
    </>
  );
}

export function RowPage(props: { table: Table; id: string }) {
  const { table, id } = props;
  const { answer, failure } = useAnswer(() => api.row(table.name, id), table.name, id);
  if (!answer) return <Loading failure={failure} />;
  const { row, titles } = answer;
  return (
    <>
      <Heading actions={<Papers fits={(paper) => paper.of === table.name} wish={{ row: id }} />}>
        {titleOf(table, row, titles, language())} <small>{label(table, language())}</small>
      </Heading>
      <div class="sections">
        {sectionsOf(table, { zh: "其他", en: "Other" }).map((section) => (
          <section class="card" key={section.label.en}>
            <h2>{label(section.label, language())}</h2>
            <Facts fields={section.fields.filter((field) => !isEmpty(row[field.name]))}>
              {(field) => (
                <>
                  <Shown field={field} value={row[field.name]} titles={titles} />
                  {row._conflicts.includes(field.name) && <span class="mark">{t("conflict")}</span>}
                </>
              )}
            </Facts>
          </section>
        ))}
      </div>
      <Related table={table} id={id} />
      <History table={table} id={id} />
    </>
  );
}

function Related(props: { table: Table; id: string }) {
  const { schema } = useConsole();
  const { answer, failure } = useAnswer(() => api.related(props.table.name, props.id), props.table.name, props.id);
  if (!answer || !schema) return <Loading failure={failure} />;
  return (
    <section class="card">
      <h2>{t("related")}</h2>
      {answer.related.length === 0 && <p class="quiet">{t("empty")}</p>}
      {answer.related.map((group) => {
        const table = schema.table(group.table);
        return table ? (
          <p key={group.table + group.field}>
            {label(table, language())} {group.count}：
            {group.rows.map((row) => (
              <a class="button" key={row.id} href={`#/row/${group.table}/${row.id}`}>
                {titleOf(table, row, answer.titles, language())}
              </a>
            ))}
          </p>
        ) : null;
      })}
    </section>
  );
}

function History(props: { table: Table; id: string }) {
  const { table, id } = props;
  const { answer, failure } = useAnswer(() => api.history(table.name, id), table.name, id);
  if (!answer) return <Loading failure={failure} />;
  return (
    <section class="card">
      <h2>{t("history")}</h2>
      <Grid
        label={t("history")}
        heads={[t("field"), t("value"), t("writtenBy"), t("state")]}
        rows={answer.history.toReversed().map((item) => {
          const field = fieldOf(table, item.field);
          return [field ? label(field, language()) : item.field, <span class="value">{sayHistory(field, item, answer.titles)}</span>, `${item.person} · ${sayTime(item.time)}`, t(item.state)];
        })}
      />
    </section>
  );
}
