// Other devices on the local network: letting them sync here, and syncing with one of them.

import { useEffect, useState } from "preact/hooks";
import { api, type Errand } from "./api";
import { now, tellFailure, update, useLoad, useStore } from "./store";
import { roleWord, w } from "./words";

const LOOK_MS = 3000;

async function ask(request: Promise<{ listening: Errand; meeting: Errand }>) {
  try {
    const near = await request;
    const { status } = now();
    if (status) update({ status: { ...status, near } });
  } catch (failure) {
    tellFailure(failure);
  }
}

/** Letting others sync here, or no longer. */
export function ListenButton(props: { listening: Errand }) {
  const { listening } = props;
  const on = listening.state === "running";
  return (
    <>
      <p class="actions">
        <button type="button" aria-pressed={on} onClick={() => void ask(api.listen(!on))}>
          {w(on ? "nearStop" : "nearListen")}
        </button>
      </p>
      {on && listening.address && (
        <p role="status" data-listening={listening.address}>
          {w("nearOn", listening.address)}
          {listening.met > 0 && ` ${w("nearMet", listening.met, listening.sent, listening.received)}`}
        </p>
      )}
      {listening.state === "failed" && <p class="fault">{listening.error}</p>}
    </>
  );
}

function Meeting(props: { meeting: Errand; name: string }) {
  const { meeting, name } = props;
  switch (meeting.state) {
    case "running":
      return <p role="status">{w("nearRunning", name)}</p>;
    case "done":
      return (
        <p role="status" class="hint" data-met={meeting.address}>
          {w("nearDone", name, meeting.sent, meeting.received)}
        </p>
      );
    case "failed":
      return (
        <p role="status" class="fault">
          {w("nearFailed", name)} {meeting.error}
        </p>
      );
    default:
      return null;
  }
}

/** Who has no beacon heard, because the hall's network holds them back, reads the address out. */
function TypedAddress(props: { busy: boolean; meet: (address: string) => void }) {
  const [address, setAddress] = useState("");
  const go = (event: Event) => {
    event.preventDefault();
    props.meet(address.trim());
  };
  return (
    <details>
      <summary>{w("nearType")}</summary>
      <form class="row" onSubmit={go}>
        <label class="label" htmlFor="near-address">
          {w("nearAddress")}
        </label>
        <input id="near-address" value={address} placeholder="192.168.1.5:7412" onInput={(event) => setAddress(event.currentTarget.value)} />
        <button type="submit" disabled={props.busy || !address.trim()}>
          {w("syncNow")}
        </button>
      </form>
    </details>
  );
}

export function Neighbours() {
  const { status } = useStore();
  const [turn, setTurn] = useState(0);
  const [met, setMet] = useState("");
  const { data } = useLoad(api.near, [turn]);
  useEffect(() => {
    const timer = setInterval(() => setTurn((last) => last + 1), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  if (!status?.near) return null;
  const { listening, meeting } = status.near;
  const busy = meeting.state === "running";
  const meet = (address: string, name: string) => {
    setMet(name);
    void ask(api.meet(address));
  };
  const near = data?.near ?? [];
  return (
    <section class="card" aria-labelledby="near-heading">
      <h2 id="near-heading">{w("near")}</h2>
      <p>{w("nearIntro")}</p>
      <ListenButton listening={listening} />
      <h3>{w("nearHeard")}</h3>
      {near.length === 0 && <p class="quiet">{w("nearNobody")}</p>}
      <ul class="cards">
        {near.map((one) => (
          <li key={one.device} class="card" data-near={one.device}>
            <span class="grow">
              <strong>{one.person}</strong>
              <span class="quiet">
                {one.org_name} · {roleWord(one.role)}
              </span>
            </span>
            <button type="button" disabled={busy} onClick={() => meet(one.address, one.person)} aria-label={w("nearMeet", one.person)}>
              {w("syncNow")}
            </button>
          </li>
        ))}
      </ul>
      <Meeting meeting={meeting} name={met || (meeting.address ?? "")} />
      <TypedAddress busy={busy} meet={(address) => meet(address, address)} />
    </section>
  );
}
