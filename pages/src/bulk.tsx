// One field of many chosen rows at once: saved together, whole or not at all.

import { useState } from "preact/hooks";
import { api, type Change, type Row, type Titles, type Value } from "./api";
import { FieldRow } from "./field";
import { fieldOf, isTyped, label, mayWrite, type Field, type Table } from "./schema";
import { changed, tell, tellFailure, useStore } from "./store";
import { isEmpty } from "./values";
import { language, w } from "./words";

const CHANGES_MAX = 500;

/** What can be the same for many: not what is written once, counted, or names the row. */
function bulkFields(table: Table, role: string | null): Field[] {
  return table.fields.filter(
    (field) => isTyped(field) && field.name !== table.title && !["append", "counter"].includes(field.merge) && !table.key?.includes(field.name) && mayWrite(table, role, field),
  );
}

async function save(changes: Change[]): Promise<void> {
  for (let at = 0; at < changes.length; at += CHANGES_MAX) await api.change(changes.slice(at, at + CHANGES_MAX));
}

export function BulkBar(props: { table: Table; rows: Row[]; done: () => void }) {
  const { table, rows } = props;
  const { status } = useStore();
  const fields = bulkFields(table, status?.role ?? null);
  const [name, setName] = useState("");
  const [value, setValue] = useState<Value>(null);
  const [titles, setTitles] = useState<Titles>({});
  const [saving, setSaving] = useState(false);
  const field = fieldOf(table, name);
  const set = field?.merge === "set";
  const write = async () => {
    setSaving(true);
    const said = set ? { [`${name}+=`]: value } : { [name]: isEmpty(value) ? null : value };
    const changes = rows.map((row): Change => ({ op: "set", table: table.name, id: row.id, fields: said }));
    const before = rows.map((row): Change => ({ op: "set", table: table.name, id: row.id, fields: { [name]: row[name] ?? null } }));
    try {
      await save(changes);
      const back = field?.merge === "steps" ? undefined : () => void save(before).then(changed).then(() => tell(w("undone")), tellFailure);
      tell(w("savedMany", changes.length), back);
      props.done();
      changed();
    } catch (failure) {
      tellFailure(failure);
    }
    setSaving(false);
  };
  return (
    <div class="save-bar bulk" role="region" aria-label={w("bulkEdit")}>
      <p role="status">{w("chosenRows", rows.length)}</p>
      <span class="filter">
        <label htmlFor="bulk-field">{w("bulkField")}</label>
        <select id="bulk-field" value={name} onChange={(event) => (setName(event.currentTarget.value), setValue(null))}>
          <option value="">{w("choose")}</option>
          {fields.map((one) => (
            <option key={one.name} value={one.name}>
              {label(one, language())}
            </option>
          ))}
        </select>
      </span>
      {field && (
        <FieldRow prefix="bulk" roomy={false} field={{ ...field, required: false }} value={value ?? undefined} titles={titles} change={setValue} nameRef={(ref, title) => setTitles((known) => ({ ...known, [ref]: title }))} />
      )}
      <button type="button" class="main" disabled={!field || saving || (set && isEmpty(value))} onClick={() => void write()}>
        {saving ? w("saving") : w("saveAll", rows.length)}
      </button>
      <button type="button" onClick={props.done}>
        {w("cancel")}
      </button>
    </div>
  );
}
