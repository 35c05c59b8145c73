// How a person likes the pages to look, and who this device is.

import { Heading } from "../shared/parts";
import type { Preferences } from "./api";
import { mayEnrol } from "./enrol";
import { prefer, tellFailure, useStore } from "./store";
import { sayLength, sayTime } from "./values";
import { roleWord, w, type Word } from "./words";

function Choice<K extends keyof Preferences>(props: { name: K; title: Word; options: [NonNullable<Preferences[K]>, string][]; usual: Preferences[K] }) {
  const { preferences } = useStore();
  const chosen = preferences[props.name] ?? props.usual;
  return (
    <fieldset>
      <legend>{w(props.title)}</legend>
      <div class="choices">
        {props.options.map(([value, text]) => (
          <label key={value}>
            <input
              type="radio"
              name={props.name}
              checked={chosen === value}
              onChange={() => prefer({ [props.name]: value }).catch(tellFailure)}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function SettingsPage() {
  const { status } = useStore();
  const facts: [Word, string][] = status
    ? [
        ["person", status.person ?? w("none")],
        ["role", roleWord(status.role)],
        ["org", status.org_name ?? w("none")],
        ["orgNumber", status.org ?? w("none")],
        ["rowsHere", String(status.rows)],
        ["lastSync", status.last_sync ? sayTime(status.last_sync) : w("none")],
        ["rightsAsOf", status.rights_as_of ? sayTime(status.rights_as_of) : w("none")],
        ...(status.lock ? [["autoLock", status.lock.idle_ms ? sayLength(status.lock.idle_ms) : w("never")] as [Word, string]] : []),
      ]
    : [];
  return (
    <>
      <Heading>{w("settings")}</Heading>
      <Choice
        name="size"
        title="size"
        usual="large"
        options={[
          ["normal", w("sizeNormal")],
          ["large", w("sizeLarge")],
          ["huge", w("sizeHuge")],
          ["double", w("sizeDouble")],
        ]}
      />
      <Choice
        name="theme"
        title="theme"
        usual="system"
        options={[
          ["system", w("themeSystem")],
          ["light", w("themeLight")],
          ["dark", w("themeDark")],
          ["contrast", w("themeContrast")],
        ]}
      />
      <Choice
        name="language"
        title="language"
        usual={status?.language ?? "zh"}
        options={[
          ["zh", "中文"],
          ["en", "English"],
        ]}
      />
      <section class="card">
        <h2>{w("aboutMe")}</h2>
        <dl>
          {facts.map(([word, value]) => (
            <div key={word} class="fact">
              <dt>{w(word)}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <p class="actions">
          <a class="button" href="#/unsent">
            {w("syncPlace")}
          </a>
          {mayEnrol(status?.role ?? null) && (
            <a class="button" href="#/enrol">
              {w("enrol")}
            </a>
          )}
        </p>
      </section>
    </>
  );
}
