// Files from and to this machine: chosen by a button or dragged onto the page, and saved by the browser.

import { useState } from "preact/hooks";
import { w } from "./words";

/** A place where a file is dropped, or chosen by a button; or several at once. */
export function DropPlace(props: { id: string; text: string; accept: string; several?: boolean; take: (files: File[]) => void }) {
  const [over, setOver] = useState(false);
  const take = (files: FileList | null | undefined) => {
    const chosen = [...(files ?? [])].slice(0, props.several ? undefined : 1);
    if (chosen.length > 0) props.take(chosen);
  };
  return (
    <div
      class={over ? "drop over" : "drop"}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => (event.preventDefault(), setOver(false), take(event.dataTransfer?.files))}
    >
      <label htmlFor={props.id}>{props.text}</label>
      <input id={props.id} type="file" accept={props.accept} multiple={props.several ?? false} onChange={(event) => (take(event.currentTarget.files), (event.currentTarget.value = ""))} />
      <span class="quiet">{w("orDrag")}</span>
    </div>
  );
}
