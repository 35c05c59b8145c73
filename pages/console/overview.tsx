// How the hub stands, with charts; coverage down the tree; who was missed.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { sayTime } from "../src/values";
import { api, type Period, type Report, type Standing } from "./api";
import { COVERAGE, MISSED, OVERVIEW } from "./choice";
import { Bars, chartOf, Grid, PeriodPicker } from "./parts";
import { cellText, titleOf } from "./reports";
import { tree, useAnswer, useConsole } from "./state";
import { t } from "./words";

const GIB = 1024 ** 3;

function sayUptime(seconds: number): string {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return days > 0 ? `${days}d ${hours}h` : `${hours}h ${minutes}min`;
}

function Warnings(props: { standing: Standing }) {
  const { damaged, disk_full: full, missing } = props.standing;
  return (
    <div role="alert">
      {damaged && <p class="failure">{t("damaged")}</p>}
      {full && <p class="failure">{t("diskFull")}</p>}
      {missing > 0 && <p class="failure">{t("missingEntries", missing)}</p>}
    </div>
  );
}

function Counts(props: { standing: Standing }) {
  const one = props.standing;
  const counts: [string, string | number, string?][] = [
    [t("connected"), one.connected, "devices"],
    [t("deviceCount"), one.devices, "devices"],
    [t("rows"), one.rows, "records"],
    [t("entries"), one.entries, "audit"],
    [t("conflictCount"), one.conflicts, "conflicts"],
    [t("rejected"), one.rejected, "set-aside"],
    [t("alarms"), one.alarms, "alarms"],
    [t("overQuota"), one.over_quota],
    [t("diskFree"), `${(one.disk_free / GIB).toFixed(1)} GiB`],
    [t("uptime"), sayUptime(one.uptime_s)],
    [t("version"), one.version],
  ];
  return (
    <div class="counts">
      {counts.map(([name, value, place]) => {
        const inside = (
          <>
            <strong>{value}</strong> {name}
          </>
        );
        return place ? (
          <a key={name} class="count" href={`#/${place}`}>
            {inside}
          </a>
        ) : (
          <span key={name} class="count">
            {inside}
          </span>
        );
      })}
    </div>
  );
}

function Chart(props: { report: Report; period: Period }) {
  const { schema } = useConsole();
  const { answer, failure } = useAnswer(() => api.report(props.report.name, props.period), props.report.name, props.period);
  if (!answer || !schema) return <Loading failure={failure} />;
  const chart = chartOf(props.report.columns, answer.rows, (column, cell) => cellText(schema, column, cell));
  const title = titleOf(props.report);
  return (
    <section class="card">
      <Bars title={t("chartOf", title, chart?.head ?? "")} bars={chart?.bars ?? []} {...(chart?.most ? { most: chart.most } : {})} />
      <a href={`#/reports/${props.report.name}`}>{title}</a>
    </section>
  );
}

export function OverviewPage() {
  const { period } = useConsole();
  const { answer, failure } = useAnswer(api.status);
  const reports = useAnswer(api.reports);
  if (!answer) return <Loading failure={failure} />;
  const shown = OVERVIEW.flatMap((name) => reports.answer?.reports.find((report) => report.name === name) ?? []);
  return (
    <>
      <Heading>{answer.name}</Heading>
      <Warnings standing={answer} />
      <Counts standing={answer} />
      <PeriodPicker />
      <div class="charts">
        {shown.map((report) => (
          <Chart key={report.name} report={report} period={period} />
        ))}
      </div>
    </>
  );
}

// ---- coverage ----

const hasCoverage = (report: Report) => ["org", "percent"].every((name) => report.columns.some((column) => column[0] === name));

/** Percentages by the org's name, as the reports tell them; the least where it stands twice. */
async function readCoverage(reports: Report[], period: Period): Promise<Map<string, Map<string, number>>> {
  const columns = await Promise.all(
    reports.map(async (report) => {
      const { rows } = await api.report(report.name, period);
      const byOrg = new Map<string, number>();
      for (const row of rows) {
        const org = String(row.org ?? "");
        if (typeof row.percent === "number") byOrg.set(org, Math.min(row.percent, byOrg.get(org) ?? Infinity));
      }
      return [report.name, byOrg] as const;
    }),
  );
  return new Map(columns);
}

/** Also told without colour: by the number itself. Where an org has none of its own, the lowest of
 * those below it says where to look. */
function Share(props: { percent: number | undefined; below: number[] }) {
  if (props.percent === undefined && props.below.length > 0) return <span class="quiet">{t("lowest", Math.min(...props.below))}</span>;
  if (props.percent === undefined) return <span class="quiet">{t("none")}</span>;
  const step = props.percent >= 90 ? "most" : props.percent >= 60 ? "half" : "few";
  return <span class={`share ${step}`}>{props.percent}%</span>;
}

function CoverageGrid(props: { reports: Report[] }) {
  const { period, orgs } = useConsole();
  const names = props.reports.map((report) => report.name).join();
  const { answer, failure } = useAnswer(() => readCoverage(props.reports, period), names, period);
  if (!answer) return <Loading failure={failure} />;
  const start = orgs.find((org) => org.id === period.org);
  const below = (id: string, shares: Map<string, number> | undefined) => tree(orgs, id).flatMap(({ org }) => shares?.get(org.name) ?? []);
  const places = start ? [{ org: start, depth: 0 }, ...tree(orgs, start.id, 1)] : tree(orgs);
  return (
    <Grid
      label={t("coverage")}
      heads={[t("orgName"), ...props.reports.map((report) => `${report.name} ${titleOf(report)}`)]}
      rows={places.map(({ org, depth }) => [
        "　".repeat(depth) + org.name,
        ...props.reports.map((report) => {
          const shares = answer.get(report.name);
          return <Share percent={shares?.get(org.name)} below={below(org.id, shares)} />;
        }),
      ])}
    />
  );
}

export function CoveragePage() {
  const { answer, failure } = useAnswer(api.reports);
  const [chosen, choose] = useState(COVERAGE);
  if (!answer) return <Loading failure={failure} />;
  const all = answer.reports.filter(hasCoverage);
  const toggle = (name: string) => choose(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <>
      <Heading actions={<button type="button" onClick={() => window.print()}>{t("print")}</button>}>{t("coverage")}</Heading>
      <p class="hint">{t("coverageIntro")}</p>
      <PeriodPicker />
      <details class="screen-only">
        <summary>{t("columns")}</summary>
        <div class="choices small">
          {all.map((report) => (
            <label key={report.name}>
              <input type="checkbox" checked={chosen.includes(report.name)} onChange={() => toggle(report.name)} />
              <span>
                {report.name} {titleOf(report)}
              </span>
            </label>
          ))}
        </div>
      </details>
      <CoverageGrid reports={all.filter((report) => chosen.includes(report.name))} />
    </>
  );
}

// ---- who was missed ----

export function MissedPage() {
  const { period, schema } = useConsole();
  const { answer, failure } = useAnswer(() => api.reminders(period.org), period.org);
  const [kind, choose] = useState("");
  const reports = useAnswer(api.reports).answer?.reports.filter((report) => MISSED.includes(report.name)) ?? [];
  if (!answer) return <Loading failure={failure} />;
  const titles = new Map(answer.reminders.map((one) => [one.kind, one.title]));
  const shown = answer.reminders.filter((one) => !kind || one.kind === kind);
  const link = (one: (typeof shown)[number]) =>
    one.table && one.id && schema?.table(one.table) ? <a href={`#/row/${one.table}/${one.id}`}>{one.label ?? one.id.slice(-6)}</a> : (one.label ?? t("none"));
  return (
    <>
      <Heading actions={<button type="button" onClick={() => window.print()}>{t("print")}</button>}>{t("missed")}</Heading>
      <p class="hint">{t("missedIntro")}</p>
      <PeriodPicker days={false} />
      <label class="filter screen-only">
        {t("kind")}{" "}
        <select value={kind} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">{t("allKinds")}</option>
          {[...titles].map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <p class="quiet">{t("rowCount", shown.length)}</p>
      <Grid
        label={t("missed")}
        heads={[t("kind"), t("whom"), t("since"), t("days")]}
        rows={shown.map((one) => [one.title, link(one), one.since ? sayTime(one.since.slice(0, 10) + "T00:00").replace(/ 00:00$/, "") : t("none"), one.days ?? t("none")])}
      />
      <p>
        {reports.map((report) => (
          <a key={report.name} class="button" href={`#/reports/${report.name}`}>
            {report.name} {titleOf(report)}
          </a>
        ))}
      </p>
    </>
  );
}
