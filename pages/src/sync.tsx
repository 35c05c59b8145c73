// The line that says the truth about what has been sent, and the page of what hasn't.

import { Heading, Loading } from "../shared/parts";
import { api } from "./api";
import { Neighbours } from "./neighbours";
import { label, titleOf } from "./schema";
import { Stick } from "./stick";
import { tellFailure, update, now, useLoad, useStore } from "./store";
import type { Status } from "./api";
import { sayLength, sayTime } from "./values";
import { language, w } from "./words";

const CLOCK_WRONG_MS = 10 * 60000;
const RIGHTS_OLD = 30; // notices of the hub, as common/freshness.h

type Mood = "good" | "busy" | "bad";

function moodOf(status: Status): { mood: Mood; text: string } {
  const { sync, unsent } = status;
  switch (sync.state) {
    case "connected":
      if (unsent > 0) return { mood: "busy", text: w("syncSending", unsent) };
      if (!sync.settled) return { mood: "busy", text: w("syncFetching", sync.received) };
      return { mood: "good", text: sync.settled ? w("syncAllAt", sayTime(sync.settled)) : w("syncAll") };
    case "connecting":
      return { mood: "busy", text: w("syncConnecting") };
    case "unreachable":
      return { mood: "bad", text: w("syncUnreachable") };
    case "refused":
      return { mood: "bad", text: w("syncRefused") };
    case "not_joined":
      return { mood: "bad", text: w("syncNotJoined") };
    default:
      return { mood: "bad", text: w("syncFailed") };
  }
}

async function tryNow() {
  try {
    const sync = await api.sync();
    const { status } = now();
    if (status) update({ status: { ...status, sync } });
  } catch (failure) {
    tellFailure(failure);
  }
}

export function SyncLine() {
  const { status, reachable } = useStore();
  if (!reachable)
    return (
      <div class="sync bad" role="status">
        {w("gone")}
      </div>
    );
  if (!status) return null;
  const { mood, text } = moodOf(status);
  const offset = status.clock_offset_ms ?? 0;
  const waits = status.unsent > 0 && status.sync.state !== "connected" && status.unsent_since;
  return (
    <div class={`sync ${mood}`} role="status" data-sync={status.sync.state} data-unsent={status.unsent}>
      <span>
        {text}
        {waits && (
          <>
            {" · "}
            <a href="#/unsent">{w("syncWaiting", status.unsent, sayTime(status.unsent_since!))}</a>
          </>
        )}
        {status.sync.state === "unreachable" && !waits && (
          <>
            {" · "}
            <a href="#/unsent">{w("otherWays")}</a>
          </>
        )}
      </span>
      {Math.abs(offset) > CLOCK_WRONG_MS && <span class="clock">{w(offset > 0 ? "clockFast" : "clockSlow", sayLength(offset))}</span>}
      {status.rights_behind > RIGHTS_OLD && <span class="clock">{w("rightsBehind", status.rights_behind)}</span>}
      {status.split_view && <span class="clock">{w("splitView")}</span>}
      {mood === "bad" && status.sync.state !== "not_joined" && (
        <button type="button" onClick={() => void tryNow()}>
          {w("syncNow")}
        </button>
      )}
    </div>
  );
}

export function UnsentPage() {
  const { schema, status } = useStore();
  const { data, failure } = useLoad(api.unsent, []);
  if (!data) return <Loading failure={failure} />;
  return (
    <>
      <Heading
        actions={
          <button type="button" onClick={() => void tryNow()}>
            {w("syncNow")}
          </button>
        }
      >
        {w("waiting")}
      </Heading>
      {status?.sync.error && <p class="hint">{status.sync.error}</p>}
      {data.since && <p>{w("syncWaiting", status?.unsent ?? data.unsent.length, sayTime(data.since))}</p>}
      {status && status.sync.state === "connected" && <p class="quiet">{w("syncDone", status.sync.sent, status.sync.received)}</p>}
      {data.unsent.length === 0 && <p>{w("waitingNone")}</p>}
      <ul class="cards">
        {data.unsent.map((item) => {
          const table = schema!.table(item.table);
          const row = data.rows[`${item.table}:${item.id}`];
          if (!table || !row) return null;
          return (
            <li key={`${item.table}:${item.id}`} class="card">
              <a class="grow" href={`#/row/${item.table}/${item.id}`}>
                <strong>{titleOf(table, row, data.titles, language())}</strong>
                <span class="quiet">
                  {label(table, language())} · {sayTime(item.time)}
                </span>
              </a>
            </li>
          );
        })}
      </ul>
      <Neighbours />
      <Stick />
    </>
  );
}
