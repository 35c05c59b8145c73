// The lock: the screen that asks for the passphrase, the button that locks, and who counts as a
// person being there.

import { useEffect, useRef, useState } from "preact/hooks";
import { api, Refused, sentence } from "./api";
import { keepAll } from "./drafts";
import { now, tellFailure, unlocked, useStore } from "./store";
import { w } from "./words";

const PRESENCE_MS = 15000;
const SHOWN = { type: "text" } as const;
const HIDDEN = { type: "password" } as const;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchmove"] as const;

/** Who moves, types or scrolls is there; the program hears of it now and then. */
export function watchPerson(): void {
  let told = -Infinity;
  const seen = () => {
    const idleMs = now().status?.lock?.idle_ms;
    if (!idleMs || performance.now() - told < Math.min(PRESENCE_MS, idleMs / 4)) return;
    told = performance.now();
    api.presence().catch(() => undefined); // the next sign tells again
  };
  for (const sign of SIGNS) addEventListener(sign, seen, { capture: true, passive: true });
}

async function lockNow() {
  try {
    await keepAll();
    await api.lock();
  } catch (failure) {
    tellFailure(failure);
  }
}

export function LockButton() {
  const { status } = useStore();
  if (!status?.lock) return null;
  return (
    <button type="button" class="lock" onClick={() => void lockNow()}>
      {w("lock")}
    </button>
  );
}

function useWait(): [boolean, (ms: number) => void] {
  const [waits, setWaits] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const wait = (ms: number) => {
    clearTimeout(timer.current);
    setWaits(ms > 0);
    timer.current = setTimeout(() => setWaits(false), ms);
  };
  return [waits, wait];
}

export function LockScreen() {
  const { reachable } = useStore();
  const [secret, setSecret] = useState("");
  const [shown, setShown] = useState(false);
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const [waits, wait] = useWait();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const unlock = async () => {
    if (busy || waits || !secret) return;
    setBusy(true);
    setFailure("");
    try {
      await api.unlock(secret);
      await unlocked();
    } catch (thrown) {
      const ms = thrown instanceof Refused ? thrown.waitMs : 0;
      const more = ms > 0 ? ` · ${w("lockWait", Math.ceil(ms / 1000))}` : "";
      wait(ms);
      setFailure(sentence(thrown) + more);
      setSecret("");
      setBusy(false);
      input.current?.focus();
    }
  };
  return (
    <main class="lock-screen">
      <h1>{w("locked")}</h1>
      <p>{w(reachable ? "lockedWhy" : "gone")}</p>
      <form noValidate onSubmit={(event) => (event.preventDefault(), void unlock())}>
        <label class="label" htmlFor="secret">
          {w("lockSecret")}
        </label>
        <input
          id="secret"
          ref={input}
          {...(shown ? SHOWN : HIDDEN)}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={secret}
          aria-describedby="unlock-failure"
          onInput={(event) => setSecret(event.currentTarget.value)}
        />
        <label class="check">
          <input type="checkbox" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} />
          {w("lockShow")}
        </label>
        <p id="unlock-failure" class={failure ? "failure" : ""} role="alert">
          {failure}
        </p>
        <button type="submit" class="main wide" disabled={busy || waits}>
          {w(busy ? "unlocking" : "unlock")}
        </button>
      </form>
    </main>
  );
}
