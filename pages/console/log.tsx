// What the log tells: who did what, what doesn't count, what waits to be settled, and how the schema
// changed.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { label, Schema, fieldOf, type Field, type Table } from "../src/schema";
import { headsToShow, say, sayTime } from "../src/values";
import { language } from "../shared/words";
import { api, type AuditItem } from "./api";
import { Grid } from "./parts";
import { orgName, useAnswer, useConsole } from "./state";
import { said, t } from "./words";

const AUDIT_STEP = 200;
const AUDIT_MAX = 5000;

function tableLabel(schema: Schema | null, name: string | null): string {
  const table = name ? schema?.table(name) : undefined;
  return table ? label(table, language()) : (name ?? "");
}

/** A note of access says what was looked at; else the row concerned. */
function whatOf(schema: Schema | null, item: AuditItem): string {
  if (item.access) {
    const { action, table, rows, purpose, who } = item.access;
    const code = String(action ?? "");
    const notes = schema?.tables.find((one) => fieldOf(one, "action") && fieldOf(one, "purpose"));
    const field = notes && fieldOf(notes, "action");
    return [who ?? "", field?.codes?.find(([name]) => name === code)?.[language() === "zh" ? 1 : 2] ?? code, tableLabel(schema, String(table ?? "")), rows ?? "", purpose ?? ""].filter((part) => part !== "").join(" · ");
  }
  return [tableLabel(schema, item.table), item.subject ?? "", item.id?.slice(-8) ?? ""].filter(Boolean).join(" · ");
}

export function AuditPage() {
  const { schema } = useConsole();
  const [limit, setLimit] = useState(AUDIT_STEP);
  const { answer, failure } = useAnswer(() => api.audit(limit), limit);
  if (!answer) return <Loading failure={failure} />;
  return (
    <>
      <Heading actions={<button type="button" onClick={() => window.print()}>{t("print")}</button>}>{t("log")}</Heading>
      <Grid
        label={t("log")}
        heads={[t("time"), t("person"), t("orgName"), t("action"), t("what"), t("state")]}
        rows={answer.audit.map((item) => [
          sayTime(item.time),
          item.person,
          item.org ? orgName(item.org) || item.org : t("none"),
          said("action", item.action),
          whatOf(schema, item),
          item.state === "counts" ? t("counts") : <span class="late">{t("set_aside")}</span>,
        ])}
      />
      {answer.audit.length >= limit && limit < AUDIT_MAX && (
        <button type="button" class="wide" onClick={() => setLimit(Math.min(AUDIT_MAX, limit * 3))}>
          {t("more")}
        </button>
      )}
    </>
  );
}

export function AlarmsPage() {
  const { answer, failure } = useAnswer(api.alarms);
  if (!answer) return <Loading failure={failure} />;
  return (
    <>
      <Heading>{t("alarms")}</Heading>
      <p class="hint">{t("alarmsIntro")}</p>
      <Grid
        label={t("alarms")}
        heads={[t("day"), t("kind"), t("person"), t("count"), t("limit")]}
        rows={answer.alarms.map((one) => [one.day, said("alarm", one.kind), [one.person, one.who].filter(Boolean).join(" · "), one.count, one.limit])}
      />
    </>
  );
}

export function AsidePage() {
  const { schema } = useConsole();
  const { answer, failure } = useAnswer(api.setAside);
  if (!answer) return <Loading failure={failure} />;
  return (
    <>
      <Heading>{t("setAside")}</Heading>
      <Grid
        label={t("setAside")}
        heads={[t("time"), t("person"), t("reason"), t("what")]}
        rows={answer.set_aside.map((item) => [
          sayTime(item.time),
          item.person,
          item.reason,
          <>
            <code>{item.dot}</code>
            {item.ops?.map((op, place) => (
              <span key={place} class="value">
                {" "}
                {tableLabel(schema, op.table)} {Object.entries(op.fields ?? {}).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join("，")}
              </span>
            ))}
          </>,
        ])}
      />
    </>
  );
}

export function ConflictsPage() {
  const { schema } = useConsole();
  const { answer, failure } = useAnswer(api.conflicts);
  if (!answer || !schema) return <Loading failure={failure} />;
  return (
    <>
      <Heading>{t("conflicts")}</Heading>
      <p class="hint">{t("conflictsIntro")}</p>
      {answer.conflicts.length === 0 && <p class="quiet">{t("empty")}</p>}
      {answer.conflicts.map((one) => {
        const table = schema.table(one.table);
        const field = table && fieldOf(table, one.field);
        const row = answer.rows[`${one.table}:${one.id}`];
        const title = table?.title && row ? String(row[table.title] ?? "") : "";
        const shown = headsToShow(one.heads);
        return (
          <section class="card" key={`${one.table}${one.id}${one.field}`}>
            <h2>
              <a href={`#/row/${one.table}/${one.id}`}>{title || one.id.slice(-8)}</a> {tableLabel(schema, one.table)} · {field ? label(field, language()) : one.field}
            </h2>
            {shown.length < one.heads_count && <p>{t("manyValues", one.heads_count, shown.length)}</p>}
            <Grid
              label={one.field}
              heads={[t("value"), t("writtenBy")]}
              rows={shown.map((head) => [<span class="value">{say(field, head.value, answer.titles) || t("none")}</span>, `${head.person} · ${sayTime(head.time)}`])}
            />
          </section>
        );
      })}
    </>
  );
}

// ---- schemas ----

interface Change {
  what: string;
  where: string;
  detail: string;
}

const IGNORED = new Set(["form", "fields"]);

function keysThatDiffer(a: object, b: object): string {
  const before = a as Record<string, unknown>;
  const after = b as Record<string, unknown>;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => !IGNORED.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => `${name}: ${JSON.stringify(before[name]) ?? "—"} → ${JSON.stringify(after[name]) ?? "—"}`)
    .join("；");
}

function fieldChanges(before: Table, after: Table): Change[] {
  const where = (field: Field) => `${after.name}.${field.name} ${label(field, language())}`;
  const added = after.fields.filter((field) => !fieldOf(before, field.name));
  const gone = before.fields.filter((field) => !fieldOf(after, field.name));
  const changed = after.fields.flatMap((field) => {
    const old = fieldOf(before, field.name);
    const detail = old ? keysThatDiffer(old, field) : "";
    return detail ? [{ what: t("changedField"), where: where(field), detail }] : [];
  });
  return [
    ...added.map((field) => ({ what: t("newField"), where: where(field), detail: `${field.type} · ${field.merge}` })),
    ...gone.map((field) => ({ what: t("goneField"), where: where(field), detail: "" })),
    ...changed,
  ];
}

/** What one epoch's schema has that the one before hadn't, and the other way round. */
export function schemaChanges(before: Schema, after: Schema): Change[] {
  const where = (table: Table) => `${table.name} ${label(table, language())}`;
  return [
    ...after.tables.filter((table) => !before.table(table.name)).map((table) => ({ what: t("newTable"), where: where(table), detail: table.fields.map((field) => field.name).join("、") })),
    ...before.tables.filter((table) => !after.table(table.name)).map((table) => ({ what: t("goneTable"), where: where(table), detail: "" })),
    ...after.tables.flatMap((table) => {
      const old = before.table(table.name);
      if (!old) return [];
      const detail = keysThatDiffer(old, table);
      return [...(detail ? [{ what: t("changedField"), where: where(table), detail }] : []), ...fieldChanges(old, table)];
    }),
  ];
}

export function SchemasPage() {
  const { answer, failure } = useAnswer(api.schemas);
  if (!answer) return <Loading failure={failure} />;
  const schemas = answer.schemas.map((item) => ({ ...item, read: new Schema(item.schema) }));
  return (
    <>
      <Heading>{t("schemas")}</Heading>
      {schemas
        .map((item, place) => {
          const before = schemas[place - 1]?.read;
          const changes = before ? schemaChanges(before, item.read) : [];
          return (
            <section class="card" key={item.dot}>
              <h2>
                {t("epoch", item.epoch)} · {sayTime(item.time)}
              </h2>
              {before ? (
                <Grid label={t("epoch", item.epoch)} heads={["", t("what"), t("value")]} rows={changes.map((one) => [one.what, one.where, one.detail])} />
              ) : (
                <p>{t("firstEpoch", item.read.tables.length)}</p>
              )}
            </section>
          );
        })
        .reverse()}
    </>
  );
}
