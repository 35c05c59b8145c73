// Drafts: what is typed goes to the program on this machine soon after, which keeps it durably.

import { useEffect, useRef, useState } from "preact/hooks";
import { api, type Draft } from "./api";
import { sentence } from "./store";

const KEEP_AFTER_MS = 400;

export type DraftState = { at: string } | { failure: string } | null;

/** Keeps `draft` under `key` whenever it changed; null: there is nothing to keep. */
export function useDraft(key: string, draft: Draft | null): [DraftState, () => void] {
  const [state, setState] = useState<DraftState>(null);
  const wanted = useRef<Draft | null>(null);
  const timer = useRef(0);
  const over = useRef(false);

  const keep = () => {
    clearTimeout(timer.current);
    const keeping = wanted.current;
    if (!keeping || over.current) return;
    wanted.current = null;
    api.keepDraft(key, keeping).then(
      () => setState({ at: new Date().toTimeString().slice(0, 8) }),
      (failure: unknown) => {
        wanted.current ??= keeping; // tried again with the next keystroke
        setState({ failure: sentence(failure) });
      },
    );
  };
  useEffect(() => {
    if (!draft) return;
    wanted.current = draft;
    clearTimeout(timer.current);
    timer.current = setTimeout(keep, KEEP_AFTER_MS);
  }, [draft]);
  useEffect(() => {
    const hide = () => document.visibilityState === "hidden" && keep();
    document.addEventListener("visibilitychange", hide);
    return () => {
      document.removeEventListener("visibilitychange", hide);
      keep();
    };
  }, [key]);
  // After a save the draft is gone with it, and must not come back.
  const finish = () => {
    over.current = true;
    clearTimeout(timer.current);
  };
  return [state, finish];
}
