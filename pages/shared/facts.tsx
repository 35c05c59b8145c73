// What a row says, field by field, on the local pages and on the console.

import type { ComponentChildren } from "preact";
import type { Titles, Value } from "../src/api";
import { isRef, label, refTarget, type Field } from "../src/schema";
import { isEmpty, say } from "../src/values";
import { common, language, speaker } from "./words";

const c = speaker(common);

/** A value to look at; what a ref names can be followed. */
export function Shown(props: { field: Field; value: Value | undefined; titles: Titles }) {
  const { field, value, titles } = props;
  if (isEmpty(value)) return <span class="quiet">{c("none")}</span>;
  if (!isRef(field)) return <span class="value">{say(field, value, titles)}</span>;
  const refs = Array.isArray(value) ? value : [String(value)];
  return (
    <span class="value">
      {refs.map((ref, place) => {
        const target = refTarget(field, ref);
        const text = titles[ref] ?? ref.slice(-6);
        return (
          <span key={ref}>
            {place > 0 && "、"}
            {target.table && titles[ref] ? <a href={`#/row/${target.table}/${target.id}`}>{text}</a> : text}
          </span>
        );
      })}
    </span>
  );
}

/** Each field with what `children` gives of it; `large` for what one must know at a glance. */
export function Facts(props: { fields: Field[]; large?: boolean; children: (field: Field) => ComponentChildren }) {
  return (
    <dl class={props.large ? "glance" : undefined}>
      {props.fields.map((field) => (
        <div key={field.name} class={props.large ? undefined : "fact"}>
          <dt>{label(field, language())}</dt>
          <dd>{props.children(field)}</dd>
        </div>
      ))}
    </dl>
  );
}
