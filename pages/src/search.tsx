// The search box of every list: what is typed is asked soon after, and never twice at a time.

import { useEffect, useState } from "preact/hooks";
import { w } from "./words";

const ASK_AFTER_MS = 5; // keys that come together; beyond that one question at a time is bound enough

/** `text`, once it rests. */
export function useLate(text: string): string {
  const [late, setLate] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLate(text), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return late;
}

export function SearchBox(props: { text: string; change: (text: string) => void; focused?: boolean }) {
  return (
    <div class="search" role="search">
      <label htmlFor="search-text">{w("search")}</label>
      <input
        id="search-text"
        type="search"
        autocomplete="off"
        placeholder={w("searchHint")}
        value={props.text}
        ref={(input) => {
          if (input && props.focused && !input.dataset.focused) {
            input.dataset.focused = "1";
            setTimeout(() => input.focus());
          }
        }}
        onInput={(event) => props.change(event.currentTarget.value)}
      />
    </div>
  );
}
