// A spreadsheet into a table: looked at first, with every fault at its row; then taken in, whole or
// not at all.

import { useState } from "preact/hooks";
import { Heading } from "../shared/parts";
import { api, type Imported } from "./api";
import { DropPlace } from "./files";
import { OrgSelect } from "./parts";
import { fieldOf, isTyped, label, mayWrite, type Table } from "./schema";
import { changed, go, tell, tellFailure, useStore } from "./store";
import { language, w } from "./words";

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const ERRORS_SHOWN = 100;

type Map = Record<string, string>; // heading: field, or "" to leave it out

function Columns(props: { table: Table; found: Imported; map: Map; change: (map: Map) => void }) {
  const { table, found, map } = props;
  const fields = table.fields.filter(isTyped);
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={w("columnsOfFile")}>
      <table class="sample">
        <thead>
          <tr>
            {found.columns!.map(({ heading, field }, place) => (
              <th scope="col" key={place}>
                <label htmlFor={`map-${place}`}>{heading}</label>
                <select id={`map-${place}`} value={map[heading] ?? field ?? ""} onChange={(event) => props.change({ ...map, [heading]: event.currentTarget.value })}>
                  <option value="">{w("leaveOut")}</option>
                  <option value="id">{w("rowId")}</option>
                  <option value="_org">{w("org")}</option>
                  {fields.map((one) => (
                    <option key={one.name} value={one.name}>
                      {label(one, language())}
                    </option>
                  ))}
                </select>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.sample.map((cells, place) => (
            <tr key={place}>
              {cells.map((cell, at) => (
                <td key={at}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Faults(props: { table: Table; found: Imported }) {
  const { errors } = props.found;
  return (
    <section aria-label={w("faultsOfFile")}>
      <h2 class="fault">{w("faultsFound", errors.length)}</h2>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{w("rowNumber")}</th>
            <th scope="col">{w("column")}</th>
            <th scope="col">{w("faultIs")}</th>
          </tr>
        </thead>
        <tbody>
          {errors.slice(0, ERRORS_SHOWN).map((error, place) => (
            <tr key={place}>
              <td data-label={w("rowNumber")}>{error.row}</td>
              <td data-label={w("column")}>{fieldOf(props.table, error.column) ? label(fieldOf(props.table, error.column)!, language()) : error.column}</td>
              <td data-label={w("faultIs")}>{error.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {errors.length > ERRORS_SHOWN && <p class="quiet">{w("notAllShown", ERRORS_SHOWN)}</p>}
    </section>
  );
}

export function ImportPage(props: { table: Table }) {
  const { table } = props;
  const { status } = useStore();
  const [file, setFile] = useState<File | null>(null);
  const [found, setFound] = useState<Imported | null>(null);
  const [map, setMap] = useState<Map>({});
  const [org, setOrg] = useState(status?.org ?? "");
  const [busy, setBusy] = useState(false);
  const name = label(table, language());
  const ask = async (wanted: File, headings: Map, where: string, save: boolean) => {
    if (wanted.size > FILE_BYTES_MAX) {
      tellFailure(new Error(w("fileTooLarge", FILE_BYTES_MAX >> 20)));
      return;
    }
    const parameters = new URLSearchParams(Object.entries(headings).map(([heading, field]) => ["map", `${heading}:${field}`]));
    if (where && where !== status?.org) parameters.set("org", where);
    if (save) parameters.set("save", "1");
    setBusy(true);
    try {
      const made = await api.importFile(table.name, wanted, parameters);
      setFound(made);
      if (made.saved) {
        tell(w("imported", made.added, made.changed));
        changed();
        go(`list/${table.name}?order=-id`);
      }
    } catch (failure) {
      setFound(null);
      tellFailure(failure);
    }
    setBusy(false);
  };
  const choose = (chosen: File) => {
    setFile(chosen);
    setFound(null);
    setMap({});
    void ask(chosen, {}, org, false);
  };
  const changeMap = (next: Map) => {
    setMap(next);
    if (file) void ask(file, next, org, false);
  };
  if (!mayWrite(table, status?.role ?? null)) return <Heading>{w("notAllowed")}</Heading>;
  return (
    <>
      <Heading
        actions={
          <a class="button" href={`#/list/${table.name}`}>
            {w("back")}
          </a>
        }
      >
        {w("importOf", name)}
      </Heading>
      <p>{w("importIntro")}</p>
      <DropPlace id="import-file" text={w("chooseFile")} accept=".csv,.xlsx,text/csv" take={([file]) => choose(file!)} />
      {!table.scope && (
        <div class="field">
          <OrgSelect id="import-org" label={w("whereKept")} org={org} change={(next) => (setOrg(next), file && void ask(file, map, next, false))} />
        </div>
      )}
      {busy && <p role="status">{w("looking")}</p>}
      {found && file && !busy && (
        <>
          <h2>{file.name}</h2>
          <p role="status">{found.errors.length > 0 ? w("nothingImported") : w("wouldImport", found.rows, found.added, found.changed, found.same)}</p>
          {found.errors.length > 0 && <Faults table={table} found={found} />}
          {found.columns && <Columns table={table} found={found} map={map} change={changeMap} />}
          {found.errors.length === 0 && (
            <p class="actions">
              <button type="button" class="main" onClick={() => void ask(file, map, org, true)}>
                {w("importNow", found.added + found.changed)}
              </button>
            </p>
          )}
        </>
      )}
    </>
  );
}
