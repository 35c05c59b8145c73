// Notices to an org and those below it, and who has read them (marks of a form).

import { Facts, Shown } from "../shared/facts";
import { Heading, Loading } from "../shared/parts";
import { label, titleOf, type Table } from "../src/schema";
import { isEmpty, say, sayTime } from "../src/values";
import { language, roleWord } from "../shared/words";
import { api } from "./api";
import { askedFields, HandForm } from "./hand";
import { Grid } from "./parts";
import { orgName, useAnswer, useConsole } from "./state";
import { t } from "./words";

export function NoticesPage(props: { id: string }) {
  const { schema } = useConsole();
  const found = schema?.marked()[0];
  if (!schema) return <Loading failure={null} />;
  if (!found) return <Heading>{t("pageNotFound")}</Heading>;
  return props.id ? <Notice key={props.id} {...found} id={props.id} /> : <Notices table={found.table} />;
}

function Notices(props: { table: Table }) {
  const { table } = props;
  const { me } = useConsole();
  const { answer, failure } = useAnswer(() => api.marks(table.name), table.name);
  if (!answer) return <Loading failure={failure} />;
  const times = table.fields.filter((field) => field.type === "datetime" || field.type === "date");
  return (
    <>
      <Heading>{t("notices")}</Heading>
      <p class="hint">{t("noticesIntro")}</p>
      {me.role === "bureau" && <HandForm title={t("issue")} fields={askedFields(table, [])} all={false} save={(orgs, fields) => api.add(table.name, orgs, fields)} />}
      <Grid
        label={t("notices")}
        heads={[t("what"), t("org"), ...times.map((field) => label(field, language())), t("readBy")]}
        rows={answer.marks.map(({ row, read, asked }) => [
          <a href={`#/notices/${row.id}`}>{titleOf(table, row, {}, language())}</a>,
          orgName(String(row._org)),
          ...times.map((field) => say(field, row[field.name], {})),
          <span class={read < asked ? "late" : ""}>{t("readOf", read, asked)}</span>,
        ])}
      />
    </>
  );
}

function Notice(props: { table: Table; marks: Table; id: string }) {
  const { table, marks, id } = props;
  const one = useAnswer(() => api.row(table.name, id), id);
  const who = useAnswer(() => api.marksOf(table.name, id), id);
  if (!one.answer || !who.answer) return <Loading failure={one.failure ?? who.failure} />;
  const { row, titles } = one.answer;
  const replies = marks.fields.filter((field) => field.type === "text" && !field.when);
  const when = marks.fields.find((field) => field.type === "datetime")?.name ?? "";
  return (
    <>
      <Heading actions={<button type="button" onClick={() => window.print()}>{t("print")}</button>}>
        {titleOf(table, row, titles, language())} <small>{label(table, language())}</small>
      </Heading>
      <section class="card">
        <Facts fields={table.fields.filter((field) => !isEmpty(row[field.name]))}>{(field) => <Shown field={field} value={row[field.name]} titles={titles} />}</Facts>
      </section>
      <p class="quiet" role="status">
        {t("readOf", who.answer.devices.filter((device) => device.mark).length, who.answer.devices.length)}
      </p>
      <Grid
        label={t("readBy")}
        heads={[t("person"), t("role"), t("orgName"), t("readAt"), ...replies.map((field) => label(field, language()))]}
        rows={who.answer.devices.map(({ person, role, org, mark }) => [
          person,
          roleWord(role),
          orgName(org),
          mark ? sayTime(String(mark[when] ?? "")) : <span class="late">{t("notRead")}</span>,
          ...replies.map((field) => say(field, mark?.[field.name], {})),
        ])}
      />
    </>
  );
}
