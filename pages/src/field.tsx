// One field of a form: the input that fits its type, under its label.

import type { Titles, Value } from "./api";
import { FileInput } from "./file";
import { Pick } from "./pick";
import { codeLabel, isRef, label, type Field } from "./schema";
import { isEmpty, say } from "./values";
import { language, w } from "./words";

const CHIPS_MAX = 8; // more codes than that become a list
const CHIPS_MAX_ROOMY = 20; // in a short form, where one tap matters more than length
const LINE_BYTES = 400; // longer texts get several lines

export interface FieldProps {
  field: Field;
  value: Value | undefined;
  titles: Titles;
  change: (value: Value) => void;
  nameRef: (ref: string, title: string) => void;
  fault?: string | undefined;
  locked?: string | undefined; // why it can't be changed
  prefix: string;
  roomy: boolean;
}

function hasChips(field: Field, roomy: boolean): boolean {
  const most = roomy ? CHIPS_MAX_ROOMY : CHIPS_MAX;
  return field.codes !== undefined && (field.codes.length <= most || field.merge === "set");
}

type Input = FieldProps & { id: string; described: string | undefined };

function listOf(value: Value | undefined): string[] {
  if (Array.isArray(value)) return value;
  return isEmpty(value) ? [] : [String(value)];
}

function Chips({ field, value, change, id, described }: Input) {
  const many = field.merge === "set";
  const chosen = listOf(value);
  const toggle = (code: string, on: boolean) => {
    if (!many) change(on ? code : null);
    else change(on ? [...chosen, code] : chosen.filter((one) => one !== code));
  };
  return (
    <div class="choices" role={many ? "group" : "radiogroup"} aria-labelledby={`${id}-label`} aria-describedby={described}>
      {field.codes!.map(([code], place) => (
        <label key={code}>
          <input
            type={many ? "checkbox" : "radio"}
            id={place === 0 ? id : undefined}
            name={id}
            value={code}
            checked={chosen.some((one) => one.split("#")[0] === code)}
            onChange={(event) => toggle(code, event.currentTarget.checked)}
          />
          <span>{codeLabel(field, code, language())}</span>
        </label>
      ))}
      {!many && !field.required && !isEmpty(value) && field.merge !== "steps" && (
        <button type="button" class="plain" onClick={() => change(null)}>
          {w("clear")}
        </button>
      )}
    </div>
  );
}

function Select({ field, value, change, id, described }: Input) {
  const chosen = String(value ?? "").split("#")[0];
  return (
    <select
      id={id}
      aria-describedby={described}
      required={field.required}
      value={chosen}
      onChange={(event) => change(event.currentTarget.value || null)}
    >
      <option value="">{w("notSaid")}</option>
      {field.codes!.map(([code]) => (
        <option key={code} value={code}>
          {codeLabel(field, code, language())}
        </option>
      ))}
    </select>
  );
}

function Refs({ field, value, titles, change, nameRef, id, described }: Input) {
  const many = field.merge === "set";
  const chosen = listOf(value);
  return (
    <div class="refs">
      {chosen.map((ref) => (
        <span class="chosen" key={ref}>
          {titles[ref] ?? ref.slice(-6)}
          <button
            type="button"
            class="plain"
            aria-label={`${w("clear")} ${titles[ref] ?? ""}`}
            onClick={() => change(many ? chosen.filter((one) => one !== ref) : null)}
          >
            ×
          </button>
        </span>
      ))}
      {(many || chosen.length === 0) && (
        <Pick
          id={id}
          field={field}
          described={described}
          chosen={(ref, title) => {
            nameRef(ref, title);
            change(many ? [...chosen.filter((one) => one !== ref), ref] : ref);
          }}
        />
      )}
    </div>
  );
}

const YES_NO: [string, boolean][] = [
  ["yes", true],
  ["no", false],
];

function YesNo({ value, change, id, described }: Input) {
  return (
    <div class="choices" role="radiogroup" aria-labelledby={`${id}-label`} aria-describedby={described}>
      {YES_NO.map(([word, flag], place) => (
        <label key={word}>
          <input
            type="radio"
            id={place === 0 ? id : undefined}
            name={id}
            checked={value === flag}
            onChange={() => change(flag)}
          />
          <span>{w(flag ? "yes" : "no")}</span>
        </label>
      ))}
    </div>
  );
}

const INPUT_TYPES: Record<string, "date" | "datetime-local" | "month"> = { date: "date", datetime: "datetime-local", month: "month" };

function split(typed: string): string[] {
  return typed
    .split(/[,，、]/)
    .map((one) => one.trim())
    .filter(Boolean);
}

function Line({ field, value, change, id, described }: Input) {
  const number = field.type === "int" || field.type === "money";
  const counter = field.merge === "counter";
  const long = field.merge === "text" || (field.type === "text" && (field.bytes ?? 0) > LINE_BYTES);
  const text = isEmpty(value) ? "" : Array.isArray(value) ? value.join(",") : String(value);
  if (long)
    return (
      <textarea
        id={id}
        rows={4}
        aria-describedby={described}
        required={field.required}
        value={text}
        onInput={(event) => change(event.currentTarget.value)}
      />
    );
  const shared = {
    id,
    "aria-describedby": described,
    required: field.required,
    value: text,
    onInput: (event: { currentTarget: HTMLInputElement }) =>
      change(field.merge === "set" ? split(event.currentTarget.value) : event.currentTarget.value),
  };
  const clock = INPUT_TYPES[field.type];
  if (clock) return <input type={clock} {...shared} />;
  return (
    <input
      type="text"
      inputMode={number ? "decimal" : undefined}
      autocomplete="off"
      placeholder={field.type === "geo" ? w("lat") : counter ? w("addMore") : undefined}
      {...shared}
    />
  );
}

function Typed(props: Input) {
  const { field } = props;
  if (isRef(field)) return <Refs {...props} />;
  if (field.type === "attachment") return <FileInput {...props} />;
  if (field.codes) return hasChips(field, props.roomy) ? <Chips {...props} /> : <Select {...props} />;
  if (field.type === "bool") return <YesNo {...props} />;
  return <Line {...props} />;
}

export function FieldRow(props: FieldProps) {
  const { field, locked, fault } = props;
  const id = `${props.prefix}-${field.name}`;
  const help = field.help ? label(field.help, language()) : field.default === "me" ? w("me") : undefined;
  const grouped = field.type === "bool" || hasChips(field, props.roomy);
  const described = [fault && `${id}-fault`, help && `${id}-help`].filter(Boolean).join(" ") || undefined;
  const text = label(field, language());
  return (
    <div class={fault ? "field faulty" : "field"} data-field={field.name}>
      {grouped || locked ? (
        <span class="label" id={`${id}-label`}>
          {text}
          {field.required && <span class="must"> {w("required")}</span>}
        </span>
      ) : (
        <label class="label" htmlFor={id}>
          {text}
          {field.required && <span class="must"> {w("required")}</span>}
        </label>
      )}
      {locked ? (
        <p class="locked">
          <span class="value">{say(field, props.value, props.titles) || w("none")}</span>{" "}
          <span class="quiet">{locked}</span>
        </p>
      ) : (
        <Typed {...props} id={id} described={described} />
      )}
      {help && (
        <p class="quiet help" id={`${id}-help`}>
          {help}
        </p>
      )}
      {fault && (
        <p class="fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
