// What a row can become next: the steps that may follow, each a button, and taking it over.

import { api, type One, type Row, type Save } from "./api";
import { codeLabel, fieldOf, isOpen, label, mayWrite, refValue, type Field, type Table } from "./schema";
import { changed, now, tell, tellFailure, useStore } from "./store";
import { language, w } from "./words";

const FOLLOWING_MAX = 6;

function stepOf(row: Row, field: Field): string {
  return String(row[field.name] ?? "").split("#")[0] ?? "";
}

/** The steps that this role may take from where the row stands, in their order. */
function following(field: Field, at: string, role: string | null): string[] {
  const codes = (field.codes ?? []).map(([code]) => code);
  return codes.filter((code) => {
    const rule = field.steps?.[code];
    if (code === at || (rule?.by && (role === null || !rule.by.includes(role)))) return false;
    return !rule?.from || at === "" || rule.from.includes(at);
  });
}

/** Steps can only be gone back where the schema lets one step follow the other. */
function undoOf(table: Table, one: One, fields: Record<string, unknown>): (() => void) | undefined {
  const { row } = one;
  const { status } = now();
  for (const [name, code] of Object.entries(fields)) {
    const field = fieldOf(table, name)!;
    const before = stepOf(row, field);
    if (field.merge === "steps" && (!before || !following(field, String(code), status?.role ?? null).includes(before))) return undefined;
  }
  const back = Object.fromEntries(Object.keys(fields).map((name) => [name, String(row[name] ?? "").split("#")[0] || null]));
  const set = () => api.set(table.name, row.id, { fields: back });
  return () => void set().then(changed).then(() => tell(w("undone")), tellFailure);
}

async function write(table: Table, one: One, fields: Record<string, unknown>, text: string) {
  const { id } = one.row;
  const save: Save = { fields, bases: one.bases };
  try {
    await api.set(table.name, id, save);
    tell(text, undoOf(table, one, fields));
    changed();
  } catch (failure) {
    tellFailure(failure);
  }
}

function TakeOver(props: { table: Table; one: One }) {
  const { table, one } = props;
  const { status } = useStore();
  const take = table.form?.take;
  const field = take && fieldOf(table, take.field);
  const steps = take && fieldOf(table, take.steps);
  const { row } = one;
  if (!take || !field || !steps || !status?.person_id || !isOpen(table, row)) return null;
  const person = now().schema!.personTable(field);
  const me = person && refValue(field, person, status.person_id);
  if (!me || row[field.name] === me || !mayWrite(table, status.role, field)) return null;
  const steps_ = following(steps, stepOf(row, steps), status.role).includes(take.step) ? { [steps.name]: take.step } : {};
  return (
    <button type="button" class="main" onClick={() => void write(table, one, { [field.name]: me, ...steps_ }, w("takenOver"))}>
      {w("takeOver")}
    </button>
  );
}

/** Buttons for what comes next; nothing where the table has no steps. */
export function Steps(props: { table: Table; one: One }) {
  const { table, one } = props;
  const { status } = useStore();
  const fields = table.fields.filter((field) => field.merge === "steps" && mayWrite(table, status?.role ?? null, field));
  if (fields.length === 0 || one.row._deleted) return null;
  return (
    <div class="screen-only">
      {fields.map((field, place) => {
        const codes = following(field, stepOf(one.row, field), status?.role ?? null).slice(0, FOLLOWING_MAX);
        if (codes.length === 0 || (!field.steps && !one.row[field.name])) return null;
        return (
          <p key={field.name} class="actions steps" role="group" aria-label={w("nextOf", label(field, language()))}>
            <span class="quiet">{w("nextOf", label(field, language()))}</span>
            {place === 0 && <TakeOver table={table} one={one} />}
            {codes.map((code) => (
              <button
                key={code}
                type="button"
                onClick={() => void write(table, one, { [field.name]: code }, w("nowIs", label(field, language()), codeLabel(field, code, language())))}
              >
                {codeLabel(field, code, language())}
              </button>
            ))}
          </p>
        );
      })}
    </div>
  );
}
