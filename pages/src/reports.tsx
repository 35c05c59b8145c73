// Figures over the records, to be looked at and kept as files; and the reminders.

import { useState } from "preact/hooks";
import { keepFile } from "../shared/keep";
import { reportPath, SheetForms, type SheetForm } from "../shared/papers";
import { Heading, Loading } from "../shared/parts";
import { api, type Reminder, type Report, type Value } from "./api";
import { OrgSelect } from "./parts";
import { codeLabel, fieldOf } from "./schema";
import { now, rename, tell, tellFailure, useLoad, useStore } from "./store";
import { dayText, isEmpty, sayDay } from "./values";
import { language, w } from "./words";

const text = (thing: { zh: string; en: string }) => thing[language()];

export function ReportsPage() {
  const { data, failure } = useLoad(api.reports, []);
  if (!data) return <Loading failure={failure} />;
  return (
    <>
      <Heading>{w("reports")}</Heading>
      <ul class="tiles">
        <li>
          <a class="button" href="#/reminders">
            {w("reminders")}
          </a>
        </li>
        <li>
          <a class="button" href="#/papers">
            {w("papers")}
          </a>
        </li>
        {data.reports.map((report) => (
          <li key={report.name}>
            <a class="button" href={`#/reports/${report.name}`}>
              {text(report)}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function Figure(props: { column: Report["columns"][number]; value: Value | undefined }) {
  const { schema } = useStore();
  const { value } = props;
  const [table = "", name = ""] = (props.column[3] ?? "").split(".");
  const field = fieldOf(schema!.table(table) ?? { fields: [] }, name);
  if (isEmpty(value)) return <>{w("none")}</>;
  return <>{field?.codes ? codeLabel(field, String(value), language()) : String(value)}</>;
}

export interface ReportPeriod {
  from: string;
  to: string;
  org: string;
}

/** This year until today, of the own org. */
export function periodNow(): ReportPeriod {
  const today = dayText(new Date());
  return { from: `${today.slice(0, 4)}-01-01`, to: today, org: now().status?.org ?? "" };
}

export function Period(props: { period: ReportPeriod; change: (period: ReportPeriod) => void }) {
  const { period, change } = props;
  const { from, to, org } = period;
  const day = (part: "from" | "to") => (event: { currentTarget: HTMLInputElement }) => event.currentTarget.value && change({ ...period, [part]: event.currentTarget.value });
  return (
    <p class="filters screen-only">
      <span class="filter range" role="group" aria-label={w("period")}>
        <span>{w("period")}</span>
        <input type="date" aria-label={`${w("period")} ${w("fromOn")}`} value={from} onChange={day("from")} />
        <span aria-hidden="true">–</span>
        <input type="date" aria-label={`${w("period")} ${w("untilOn")}`} value={to} onChange={day("to")} />
      </span>
      <span class="filter">
        <OrgSelect id="report-org" label={w("org")} org={org} change={(next) => change({ ...period, org: next })} />
      </span>
    </p>
  );
}

/** Figures are nobody's record: that is noted which names people. */
async function keepReport(report: Report, form: SheetForm, period: ReportPeriod, people: boolean) {
  try {
    keepFile(await api.file(reportPath(report.name, form, period)), `${text(report)}.${form}`);
    tell(w(people ? "exported" : "fileKept"));
  } catch (failure) {
    tellFailure(failure);
  }
}

export function ReportPage(props: { name: string; query: URLSearchParams }) {
  const { orgs, status } = useStore();
  const today = dayText(new Date());
  const [period, setPeriod] = useState(() => ({ ...periodNow(), ...Object.fromEntries(props.query) }));
  const { from, to, org } = period;
  const all = useLoad(api.reports, []);
  const rows = useLoad(() => api.report(props.name, new URLSearchParams({ from, to, ...(org ? { org } : {}) })), [props.name, from, to, org]);
  const report = all.data?.reports.find((one) => one.name === props.name);
  if (!report) return <Loading failure={all.failure ?? (all.data && new Error(w("pageNotFound")))} />;
  const change = (next: ReportPeriod) => {
    setPeriod(next);
    rename(`reports/${props.name}?${new URLSearchParams({ ...next })}`);
  };
  return (
    <>
      <Heading
        actions={
          <>
            <a class="button" href="#/reports">
              {w("back")}
            </a>
            <SheetForms keep={(form) => void keepReport(report, form, period, rows.data?.people ?? false)} />
          </>
        }
      >
        {text(report)}
      </Heading>
      <p>
        {orgs.find((one) => one.id === org)?.name ?? status?.org_name} · {w("fromUntil", from, to)}
      </p>
      <Period period={period} change={change} />
      {!rows.data && <Loading failure={rows.failure} />}
      {rows.data?.rows.length === 0 && <p class="quiet">{w("nothingHere")}</p>}
      {rows.data && rows.data.rows.length > 0 && (
        <div class="table-frame" tabIndex={0} role="region" aria-label={text(report)}>
          <table class="report">
            <thead>
              <tr>
                {report.columns.map((column) => (
                  <th scope="col" key={column[0]}>
                    {column[language() === "zh" ? 1 : 2]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.data.rows.map((row, place) => (
                <tr key={place}>
                  {report.columns.map((column) => (
                    <td key={column[0]}>
                      <Figure column={column} value={row[column[0]]} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="quiet">
        {report.name} · {w("madeOn", sayDay(today))}
      </p>
    </>
  );
}

function ReminderLine(props: { one: Reminder }) {
  const { one } = props;
  const { schema } = useStore();
  const line = (
    <>
      <strong>{one.label ?? w("none")}</strong>
      <span class="quiet">{[one.since && sayDay(one.since.slice(0, 10)), typeof one.days === "number" && w("daysAgo", one.days)].filter(Boolean).join(" · ")}</span>
    </>
  );
  const known = one.table && one.id && schema!.table(one.table);
  return (
    <li class="card">
      {known ? (
        <a class="grow" href={`#/row/${one.table}/${one.id}`}>
          {line}
        </a>
      ) : (
        <span class="grow">{line}</span>
      )}
    </li>
  );
}

export function RemindersPage() {
  const { data, failure } = useLoad(api.reminders, []);
  if (!data) return <Loading failure={failure} />;
  const kinds = [...new Set(data.reminders.map((one) => one.kind))];
  return (
    <>
      <Heading
        actions={
          <button type="button" onClick={() => print()}>
            {w("print")}
          </button>
        }
      >
        {w("reminders")}
      </Heading>
      {kinds.length === 0 && <p class="quiet">{w("noReminders")}</p>}
      {kinds.map((kind) => {
        const those = data.reminders.filter((one) => one.kind === kind);
        return (
          <section key={kind}>
            <h2>
              {those[0]!.title} <span class="quiet">{those.length}</span>
            </h2>
            <ul class="cards">
              {those.slice(0, 100).map((one, place) => (
                <ReminderLine key={place} one={one} />
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}
