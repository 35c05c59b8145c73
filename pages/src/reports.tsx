// Figures over the records, to be looked at and printed; and the reminders.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { api, type Reminder, type Report, type Value } from "./api";
import { OrgSelect } from "./parts";
import { codeLabel, fieldOf } from "./schema";
import { rename, useLoad, useStore } from "./store";
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

function Period(props: { from: string; to: string; org: string; change: (from: string, to: string, org: string) => void }) {
  const { from, to, org, change } = props;
  return (
    <p class="filters screen-only">
      <span class="filter range" role="group" aria-label={w("period")}>
        <span>{w("period")}</span>
        <input type="date" aria-label={`${w("period")} ${w("fromOn")}`} value={from} onChange={(event) => event.currentTarget.value && change(event.currentTarget.value, to, org)} />
        <span aria-hidden="true">–</span>
        <input type="date" aria-label={`${w("period")} ${w("untilOn")}`} value={to} onChange={(event) => event.currentTarget.value && change(from, event.currentTarget.value, org)} />
      </span>
      <span class="filter">
        <OrgSelect id="report-org" label={w("org")} org={org} change={(next) => change(from, to, next)} />
      </span>
    </p>
  );
}

export function ReportPage(props: { name: string; query: URLSearchParams }) {
  const { orgs, status } = useStore();
  const today = dayText(new Date());
  const [from, setFrom] = useState(props.query.get("from") ?? `${today.slice(0, 4)}-01-01`);
  const [to, setTo] = useState(props.query.get("to") ?? today);
  const [org, setOrg] = useState(props.query.get("org") ?? status?.org ?? "");
  const all = useLoad(api.reports, []);
  const rows = useLoad(() => api.report(props.name, new URLSearchParams({ from, to, ...(org ? { org } : {}) })), [props.name, from, to, org]);
  const report = all.data?.reports.find((one) => one.name === props.name);
  if (!report) return <Loading failure={all.failure ?? (all.data && new Error(w("pageNotFound")))} />;
  const change = (nextFrom: string, nextTo: string, nextOrg: string) => {
    setFrom(nextFrom);
    setTo(nextTo);
    setOrg(nextOrg);
    rename(`reports/${props.name}?${new URLSearchParams({ from: nextFrom, to: nextTo, org: nextOrg })}`);
  };
  return (
    <>
      <Heading
        actions={
          <>
            <a class="button" href="#/reports">
              {w("back")}
            </a>
            <button type="button" onClick={() => print()}>
              {w("print")}
            </button>
          </>
        }
      >
        {text(report)}
      </Heading>
      <p>
        {orgs.find((one) => one.id === org)?.name ?? status?.org_name} · {w("fromUntil", from, to)}
      </p>
      <Period from={from} to={to} org={org} change={change} />
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
