// Writing a row: a new one, in full or in few taps, or a change of one that is there.

import { useEffect, useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { api, Refused, sentence, type Bases, type Draft, type One, type Titles, type Value } from "./api";
import { useDraft } from "./drafts";
import { FieldRow } from "./field";
import { OrgSelect } from "./parts";
import {
  fieldOf,
  isAsked,
  isRef,
  isTyped,
  label,
  mayWrite,
  sectionsOf,
  titleOf,
  type Field,
  type Table,
} from "./schema";
import { go, now, rename, tell, tellFailure, update, useStore } from "./store";
import { changes, dayText, isEmpty, localNow, newId, same } from "./values";
import { language, startWord, w } from "./words";

type Values = Record<string, Value>;

interface Start {
  key: string;
  id: string;
  isNew: boolean;
  quick: boolean;
  before: Values; // what the row has; of a new one: what the form offers by itself
  values: Values;
  bases: Bases | undefined;
  org: string | undefined;
  titles: Titles;
  restored: boolean;
}

/** What a new row begins with, where that can be shown. "me" is left to the program. */
function offered(table: Table): Values {
  const values: Values = {};
  for (const field of table.fields) {
    const given = field.default;
    if (given === undefined || given === "me") continue;
    if (given === "now") values[field.name] = localNow();
    else if (given === "today") values[field.name] = dayText(new Date()).slice(0, field.type === "month" ? 7 : 10);
    else if (field.type === "bool") values[field.name] = given === "true";
    else values[field.name] = field.merge === "set" ? given.split(",") : given;
  }
  return values;
}

/** Titles of what the values name; `known` ones needn't be asked for. */
async function titlesOf(table: Table, values: Values, known: Titles): Promise<Titles> {
  const titles: Titles = { ...known };
  for (const field of table.fields.filter(isRef)) {
    const value = values[field.name];
    for (const ref of Array.isArray(value) ? value : isEmpty(value) ? [] : [String(value)]) {
      if (titles[ref]) continue;
      const [name, id] = ref.includes(":") ? ref.split(":") : [field.refs?.[0], ref];
      const named = name ? now().schema!.table(name) : undefined;
      if (!named || !id) continue;
      try {
        const one = await api.row(named.name, id);
        titles[ref] = titleOf(named, one.row, one.titles, language());
      } catch {
        // It may be a person without a row; the form shows the end of the id.
      }
    }
  }
  return titles;
}

/** What the form shows of a row: of counters nothing, since one types what comes on top. */
function shownOf(table: Table, row: Values): Values {
  const counters = table.fields.filter((field) => field.merge === "counter");
  return { ...row, ...Object.fromEntries(counters.map((field) => [field.name, null])) };
}

function fromDraft(key: string, draft: Draft, one: One | null, table: Table): Start {
  const before = draft.isNew ? offered(table) : (one!.row as unknown as Values);
  return {
    key,
    id: draft.id,
    isNew: draft.isNew,
    quick: false,
    before,
    values: { ...(draft.isNew ? {} : shownOf(table, before)), ...draft.values },
    bases: draft.bases,
    org: draft.org,
    titles: one?.titles ?? {},
    restored: true,
  };
}

async function prepare(table: Table, id: string | null, quick: boolean, query: URLSearchParams): Promise<Start> {
  const key = id ? `edit:${table.name}:${id}` : (query.get("draft") ?? "");
  const { drafts } = key ? await api.drafts() : { drafts: [] };
  const kept = drafts.find((draft) => draft.key === key)?.draft;
  const one = id ? await api.row(table.name, id) : null;
  let start: Start;
  if (kept) {
    start = { ...fromDraft(key, kept, one, table), quick };
  } else if (one) {
    const before = one.row as unknown as Values;
    start = { key, id: id!, isNew: false, quick, before, values: shownOf(table, before), bases: one.bases, org: undefined, titles: one.titles, restored: false };
  } else {
    const fresh = newId();
    const values = offered(table);
    for (const [name, value] of query) {
      const field = fieldOf(table, name);
      if (field) values[name] = field.merge === "set" ? [value] : value;
    }
    start = { key: `new:${table.name}:${fresh}`, id: fresh, isNew: true, quick, before: offered(table), values, bases: undefined, org: undefined, titles: {}, restored: false };
  }
  return { ...start, titles: await titlesOf(table, start.values, start.titles) };
}

export function FormPage(props: { table: Table; id: string | null; quick: boolean; query: URLSearchParams }) {
  const { table, id } = props;
  const [start, setStart] = useState<Start | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const place = `${table.name}/${id}/${props.quick}/${props.query.get("draft") ?? ""}`;
  useEffect(() => {
    if (start && start.key === props.query.get("draft")) return; // only renamed
    setStart(null);
    prepare(table, id, props.quick, props.query).then(setStart, setFailure);
  }, [place]);
  if (!start) return <Loading failure={failure} />;
  return <Form key={start.key} table={table} start={start} />;
}

/** Fields in the order of the form, those that make sense now. */
function shownSections(table: Table, quick: boolean, values: Values, isNew: boolean) {
  const other = { zh: "其他", en: "Other" }; // a heading, in both languages
  const asked = (field: Field) =>
    isTyped(field) && isAsked(field, values) && !(isNew && (field.name === "void" || field.merge === "max" || field.merge === "min") && !field.required);
  if (!quick) {
    const sections = sectionsOf(table, other);
    return sections.map((section) => ({ ...section, fields: section.fields.filter(asked) })).filter((section) => section.fields.length > 0);
  }
  const fields = (table.form?.quick ?? []).flatMap((name) => fieldOf(table, name) ?? []);
  const must = table.fields.filter((field) => field.required && !fields.includes(field));
  return [{ label: table, fields: [...must, ...fields].filter(asked) }];
}

function whyLocked(table: Table, field: Field, start: Start, role: string | null): string | undefined {
  if (!mayWrite(table, role, field)) return w("notAllowed");
  const once = field.merge === "append" || table.key?.includes(field.name);
  if (!start.isNew && once && !isEmpty(start.before[field.name])) return w("writtenOnce");
  return undefined;
}

/** The program names fields by their technical name; people know the label. */
function inPeoplesWords(table: Table, text: string): { text: string; field: Field | undefined } {
  let found: Field | undefined;
  const said = text.replace(/['“]([a-z][a-z0-9_]*)['”]/g, (whole, name: string) => {
    const field = fieldOf(table, name);
    found ??= field;
    if (field) return `“${label(field, language())}”`;
    return name === table.name ? `“${label(table, language())}”` : whole;
  });
  return { text: said, field: found };
}

function OrgChoice(props: { org: string | undefined; change: (org: string) => void }) {
  return (
    <div class="field">
      <OrgSelect id="form-org" label={w("whereKept")} org={props.org} change={props.change} />
    </div>
  );
}

function collect(table: Table, start: Start, values: Values): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const field of table.fields) {
    if (!isTyped(field)) continue;
    const value = values[field.name];
    if (!start.isNew) Object.assign(said, changes(field, start.before[field.name], value));
    else if (!isEmpty(value)) said[field.name] = value;
  }
  return said;
}

function useChangedMeanwhile(table: Table, start: Start): boolean {
  const { version } = useStore();
  const [changed, setChanged] = useState(false);
  useEffect(() => {
    if (start.isNew || !start.bases) return;
    api.row(table.name, start.id).then(
      (one) => setChanged(JSON.stringify(one.bases) !== JSON.stringify(start.bases)),
      () => undefined,
    );
  }, [version]);
  return changed;
}

function Form(props: { table: Table; start: Start }) {
  const { table, start } = props;
  const { status } = useStore();
  const [values, setValues] = useState<Values>(start.values);
  const [titles, setTitles] = useState<Titles>(start.titles);
  const [org, setOrg] = useState(start.org);
  const [touched, setTouched] = useState(start.restored);
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [kept, finishDraft] = useDraft(start.key, draft);
  const changed = useChangedMeanwhile(table, start);

  const draftOf = (next: Values, nextOrg: string | undefined): Draft => ({
    table: table.name,
    id: start.id,
    isNew: start.isNew,
    quick: start.quick,
    values: Object.fromEntries(Object.entries(next).filter(([name, value]) => !name.startsWith("_") && name !== "id" && (start.isNew || !same(value, start.before[name])))),
    ...(start.bases ? { bases: start.bases } : {}),
    ...(nextOrg ? { org: nextOrg } : {}),
  });
  const change = (name: string, value: Value) => {
    const next = { ...values, [name]: value };
    setValues(next);
    setDraft(draftOf(next, org));
    setFaults(({ [name]: _, ...others }) => others);
    if (!touched && start.isNew) rename(`${start.quick ? "quick" : "new"}/${table.name}?draft=${encodeURIComponent(start.key)}`);
    setTouched(true);
  };
  const changeOrg = (next: string) => {
    setOrg(next);
    setDraft(draftOf(values, next));
  };

  const sections = shownSections(table, start.quick, values, start.isNew);
  const focusFault = (name: string) =>
    setTimeout(() => document.querySelector<HTMLElement>(`[data-field="${name}"] :is(input,select,textarea)`)?.focus());
  const missing = () => {
    const found: Record<string, string> = {};
    for (const field of sections.flatMap((section) => section.fields))
      if (field.required && isEmpty(values[field.name])) found[field.name] = w("requiredMissing", label(field, language()));
    setFaults(found);
    const first = Object.keys(found)[0];
    if (first) focusFault(first);
    return first !== undefined;
  };
  const leave = (id: string) => {
    finishDraft();
    tell(w("saved"));
    go(`row/${table.name}/${id}`);
  };
  const fail = (thrown: unknown) => {
    const { text, field } = inPeoplesWords(table, sentence(thrown));
    setSaving(false);
    setFailure(text);
    if (!field) return;
    setFaults({ [field.name]: text });
    focusFault(field.name);
  };
  const save = async () => {
    if (saving || missing()) return;
    setSaving(true);
    setFailure("");
    const fields = collect(table, start, values);
    try {
      if (!start.isNew) {
        await api.set(table.name, start.id, { fields, bases: start.bases, draft: start.key });
        leave(start.id);
        return;
      }
      const id = table.key ? {} : { id: start.id };
      const saved = await api.add(table.name, { ...id, fields, draft: start.key, ...(org ? { org } : {}) });
      leave(saved.id);
    } catch (thrown) {
      // The answer to an earlier try was lost: the row is there.
      if (thrown instanceof Refused && thrown.http === 409 && start.isNew) {
        await api.dropDraft(start.key);
        leave(start.id);
      } else {
        fail(thrown);
      }
    }
  };
  const discard = async () => {
    if (touched && !confirm(w("discardSure"))) return;
    finishDraft();
    go(start.isNew ? "" : `row/${table.name}/${start.id}`);
    await api.dropDraft(start.key).catch(tellFailure);
    update({ version: now().version + 1 });
  };

  const name = label(table, language());
  return (
    <form class={start.quick ? "form quick" : "form"} noValidate onSubmit={(event) => (event.preventDefault(), void save())}>
      <Heading>{start.isNew ? startWord(table) : w("editOf", name)}</Heading>
      {start.restored && <p class="hint">{w("draftBack")}</p>}
      {changed && (
        <p class="hint" role="status">
          {w("changedMeanwhile", name)}
        </p>
      )}
      {sections.map((section, place) => (
        <fieldset key={place}>
          {!start.quick && <legend>{label(section.label, language())}</legend>}
          {section.fields.map((field) => (
            <FieldRow
              key={field.name}
              prefix="form"
              roomy={start.quick}
              field={field}
              value={values[field.name]}
              titles={titles}
              fault={faults[field.name]}
              locked={whyLocked(table, field, start, status?.role ?? null)}
              change={(value) => change(field.name, value)}
              nameRef={(ref, title) => setTitles((known) => ({ ...known, [ref]: title }))}
            />
          ))}
        </fieldset>
      ))}
      {start.isNew && !start.quick && !table.scope && <OrgChoice org={org} change={changeOrg} />}
      {start.quick && start.isNew && (
        <p>
          <a href={`#/new/${table.name}?${touched ? `draft=${encodeURIComponent(start.key)}` : ""}`}>{w("fullForm")}</a>
        </p>
      )}
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <div class="save-bar">
        <button type="submit" class="main" disabled={saving}>
          {saving ? w("saving") : w("save")}
        </button>
        <button type="button" onClick={() => void discard()}>
          {touched ? w("discard") : w("cancel")}
        </button>
        <span class="quiet" role="status" data-draft={kept && "at" in kept ? "kept" : ""}>
          {kept && ("at" in kept ? w("draftKept", kept.at) : w("draftFailed", kept.failure))}
        </span>
      </div>
    </form>
  );
}
