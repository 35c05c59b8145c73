// Small pieces that several pages use.

import type { Row } from "./api";
import { hideNotice, useStore } from "./store";
import { w } from "./words";

/** The own org and those below it; nothing to choose where there is but one. */
export function OrgSelect(props: { id: string; label: string; org: string | undefined; all?: boolean; change: (org: string) => void }) {
  const { orgs, status } = useStore();
  const own = status?.org ?? "";
  const within = (id: string): boolean => {
    for (let at = orgs.find((org) => org.id === id); at; at = orgs.find((org) => org.id === at!.parent))
      if (at.id === own) return true;
    return false;
  };
  const choices = orgs.filter((org) => within(org.id));
  if (choices.length < 2) return null;
  return (
    <>
      <label class="label" htmlFor={props.id}>
        {props.label}
      </label>
      <select id={props.id} value={props.org ?? own} onChange={(event) => props.change(event.currentTarget.value)}>
        {props.all && <option value="">{w("all")}</option>}
        {choices.map((org) => (
          <option key={org.id} value={org.id}>
            {org.name}
          </option>
        ))}
      </select>
    </>
  );
}

export function NoticeBar() {
  const { notice } = useStore();
  return (
    <div class="notice-place" aria-live="polite" role="status">
      {notice && (
        <div class={notice.bad ? "notice bad" : "notice"}>
          <span>{notice.text}</span>
          {notice.undo && (
            <button type="button" onClick={notice.undo}>
              {w("undo")}
            </button>
          )}
          <button type="button" class="plain" onClick={hideNotice} aria-label={w("clear")}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}

export function ConflictMark(props: { row: Row; field: string }) {
  if (!props.row._conflicts.includes(props.field)) return null;
  return (
    <a class="mark" href="#/conflicts">
      {w("conflictHere")}
    </a>
  );
}
