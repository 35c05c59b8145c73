// Drafts: what is typed goes to the program on this machine soon after, which keeps it durably.

import { useEffect, useRef, useState } from "preact/hooks";
import { api, LOCKED, Refused, sentence, type Draft } from "./api";

const KEEP_AFTER_MS = 400;

/** What a form on the screen has to keep yet. */
const keepers = new Set<() => Promise<void>>();
/** What came too late for the lock; sent when it is open again. */
const late = new Map<string, Draft>();

const DRAWN_MS = 50; // a form knows the last keystroke only when it was drawn

/** Keep everything that is typed, now. */
export async function keepAll(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, DRAWN_MS));
  await Promise.all([...keepers].map((keep) => keep()));
}

export async function keepLate(): Promise<void> {
  for (const [key, draft] of late) {
    await api.keepDraft(key, draft);
    late.delete(key);
  }
}

export type DraftState = { at: string } | { failure: string } | null;

/** Keeps `draft` under `key` whenever it changed; null: there is nothing to keep. */
export function useDraft(key: string, draft: Draft | null): [DraftState, () => void] {
  const [state, setState] = useState<DraftState>(null);
  const wanted = useRef<Draft | null>(null);
  const timer = useRef(0);
  const over = useRef(false);

  const keep = async () => {
    clearTimeout(timer.current);
    const keeping = wanted.current;
    if (!keeping || over.current) return;
    wanted.current = null;
    try {
      await api.keepDraft(key, keeping);
      setState({ at: new Date().toTimeString().slice(0, 8) });
    } catch (failure) {
      if (failure instanceof Refused && failure.http === LOCKED) late.set(key, keeping);
      else wanted.current ??= keeping; // tried again with the next keystroke
      setState({ failure: sentence(failure) });
    }
  };
  useEffect(() => {
    if (!draft) return;
    wanted.current = draft;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void keep(), KEEP_AFTER_MS);
  }, [draft]);
  useEffect(() => {
    const hide = () => document.visibilityState === "hidden" && void keep();
    document.addEventListener("visibilitychange", hide);
    keepers.add(keep);
    return () => {
      document.removeEventListener("visibilitychange", hide);
      keepers.delete(keep);
      void keep();
    };
  }, [key]);
  // After a save the draft is gone with it, and must not come back.
  const finish = () => {
    over.current = true;
    clearTimeout(timer.current);
  };
  return [state, finish];
}
