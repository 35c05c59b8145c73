// What all components of a page share, and the address it stands under.

import { useEffect, useState } from "preact/hooks";

export interface Held<State> {
  now: () => State;
  update: (part: Partial<State>) => void;
  /** The state, drawing again whenever it changes. */
  use: () => State;
  /** A change that nothing needs to be drawn for. */
  amend: (part: Partial<State>) => void;
}

export function hold<State>(first: State): Held<State> {
  let state = first;
  const listeners = new Set<() => void>();
  const amend = (part: Partial<State>) => void (state = { ...state, ...part });
  return {
    now: () => state,
    amend,
    update: (part) => {
      amend(part);
      for (const listener of listeners) listener();
    },
    use: () => {
      const [, draw] = useState(0);
      useEffect(() => {
        const listener = () => draw((n) => n + 1);
        listeners.add(listener);
        return () => void listeners.delete(listener);
      }, []);
      return state;
    },
  };
}

/** The address behind "#/". */
export function routeNow(): string {
  return location.hash.replace(/^#\/?/, "");
}
