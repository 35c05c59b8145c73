// What the bureau writes itself: a row into the records of one org, or of several.

import { useState } from "preact/hooks";
import { codeLabel, label, type Field, type Table } from "../src/schema";
import { language } from "../shared/words";
import { api, sentence } from "./api";
import { OrgOptions, Problem } from "./parts";
import { tree, update, useConsole } from "./state";
import { said, t } from "./words";

const ROOMY_BYTES = 1000;

/** The fields that a person of the bureau fills in by hand, in the order of the form. */
export function askedFields(table: Table, given: string[]): Field[] {
  return table.fields.filter((field) => ["text", "date"].includes(field.type) && field.merge !== "set" && !field.when && !field.default && !given.includes(field.name));
}

function Asked(props: { field: Field; codes?: string[] | undefined }) {
  const { field } = props;
  const roomy = field.type === "text" && (field.bytes ?? Infinity) > ROOMY_BYTES;
  return (
    <label class="field">
      <span class="label">{label(field, language())}</span>
      {field.codes ? (
        <select name={field.name}>
          {(props.codes ?? field.codes.map(([code]) => code)).map((code) => (
            <option key={code} value={code}>
              {codeLabel(field, code, language())}
            </option>
          ))}
        </select>
      ) : roomy ? (
        <textarea name={field.name} rows={4} />
      ) : field.type === "date" ? (
        <input name={field.name} type="date" required={field.required ?? false} />
      ) : (
        <input name={field.name} required={field.required ?? false} autocomplete="off" />
      )}
    </label>
  );
}

/** An org, or all of one kind below it. */
function WhichOrgs(props: { all: boolean; change: (orgs: string[]) => void }) {
  const { orgs } = useConsole();
  const [chosen, choose] = useState(orgs[0]?.id ?? "");
  const [kind, setKind] = useState("");
  const below = tree(orgs, chosen).map(({ org }) => org);
  const kinds = [...new Set(below.map((org) => org.kind))];
  const pick = (org: string, of: string) => {
    choose(org);
    setKind(of);
    props.change(of ? tree(orgs, org).flatMap((one) => (one.org.kind === of ? one.org.id : [])) : [org]);
  };
  return (
    <>
      <label class="field">
        <span class="label">{t("orgName")}</span>
        <select value={chosen} onChange={(event) => pick(event.currentTarget.value, "")}>
          <OrgOptions />
        </select>
      </label>
      {props.all && kinds.length > 0 && (
        <label class="field">
          <span class="label">{t("toWhom")}</span>
          <select value={kind} onChange={(event) => pick(chosen, event.currentTarget.value)}>
            <option value="">{t("itself")}</option>
            {kinds.map((of) => (
              <option key={of} value={of}>
                {t("eachBelow", said("org", of), below.filter((org) => org.kind === of).length)}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}

interface Hand {
  title: string;
  fields: Field[];
  codes?: Record<string, string[]>; // of those whose codes aren't all offered
  all: boolean; // also to all orgs of a kind
  save: (orgs: string[], fields: Record<string, string>) => Promise<unknown>;
}

export function HandForm(props: Hand) {
  const { orgs } = useConsole();
  const [targets, aim] = useState<string[]>(orgs[0] ? [orgs[0].id] : []);
  const [busy, setBusy] = useState(false);
  const [problem, tell] = useState("");
  const submit = async (form: HTMLFormElement) => {
    const typed = new FormData(form);
    const values = props.fields.map((field) => [field.name, String(typed.get(field.name) ?? "").trim()] as const);
    setBusy(true);
    tell("");
    try {
      await props.save(targets, Object.fromEntries(values.filter(([, value]) => value)));
      form.reset();
      update({ version: Date.now() });
    } catch (failure) {
      tell(sentence(failure));
    }
    setBusy(false);
  };
  return (
    <details class="card screen-only">
      <summary>{props.title}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <WhichOrgs all={props.all} change={aim} />
        {props.fields.map((field) => (
          <Asked key={field.name} field={field} codes={props.codes?.[field.name]} />
        ))}
        <Problem text={problem} />
        <div class="actions">
          <button class="main" disabled={busy || targets.length === 0}>
            {props.title}
          </button>
        </div>
      </form>
    </details>
  );
}

/** Hand the same row to every org; where there are several, a row of the whole comes first, at `top`. */
export async function handDown(table: Table, top: string, orgs: string[], fields: Record<string, string>): Promise<void> {
  const { part, steps, step } = table.form!.hand_down!;
  const handed = { ...fields, [steps]: step };
  if (orgs.length < 2) {
    await api.add(table.name, orgs, handed);
    return;
  }
  const { ids } = await api.add(table.name, [top], handed);
  await api.add(table.name, orgs, { ...handed, [part]: ids[0]! });
}
