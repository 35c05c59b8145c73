// A folder that has still to join: the code that lets it in, the passphrase for its records, and
// what one must write down.

import { useEffect, useRef, useState } from "preact/hooks";
import { api, sentence, type Joined, type Joining } from "./api";
import { DropPlace } from "./files";
import { Camera } from "./pictures";
import { unlocked, update, useStore } from "./store";
import { sayRoleAt, w } from "./words";

const LOOK_MS = 1000;
const SHOWN = { type: "text" } as const;
const HIDDEN = { type: "password" } as const;

// ---- the code ----

/** The code, typed or pasted, or from a QR picture. */
function CodeField(props: { code: string; change: (code: string) => void }) {
  const [camera, setCamera] = useState(false);
  const [problem, setProblem] = useState("");
  const look = async (picture: Blob): Promise<boolean> => {
    const { codes } = await api.lookForCode(picture);
    if (codes.length === 0) return false;
    setCamera(false);
    setProblem("");
    props.change(codes[0]!);
    return true;
  };
  const read = async (file: File) => {
    try {
      if (!(await look(file))) setProblem(w("joinNoCode"));
    } catch (failure) {
      setProblem(sentence(failure));
    }
  };
  const stop = (why: string) => {
    setCamera(false);
    setProblem(why);
  };
  return (
    <section class="card" aria-labelledby="code-heading">
      <h2 id="code-heading">{w("joinCodeHeading")}</h2>
      <label class="label" htmlFor="code">
        {w("joinCode")}
      </label>
      <textarea id="code" rows={4} autocomplete="off" autocapitalize="off" spellcheck={false} value={props.code} aria-describedby="code-help" onInput={(event) => props.change(event.currentTarget.value)} />
      <p id="code-help" class="help quiet">
        {w("joinCodeHelp")}
      </p>
      <p class="actions">
        <button type="button" aria-pressed={camera} onClick={() => (setProblem(""), setCamera(!camera))}>
          {w(camera ? "cameraStop" : "joinCamera")}
        </button>
      </p>
      {camera && <Camera look={look} failed={stop} />}
      <DropPlace id="code-picture" text={w("joinPicture")} accept="image/png,image/jpeg" take={([file]) => void read(file!)} />
      {problem && (
        <p class="fault" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

// ---- the passphrase ----

export interface Secrets {
  first: string;
  again: string;
  bare: boolean; // no passphrase: the records lie there unencrypted
}

function PassphraseFields(props: { secrets: Secrets; change: (secrets: Secrets) => void }) {
  const { secrets, change } = props;
  const [shown, setShown] = useState(false);
  const field = (id: "first" | "again", label: string) => (
    <p class="field">
      <label class="label" htmlFor={id}>
        {label}
      </label>
      <input id={id} {...(shown ? SHOWN : HIDDEN)} autocomplete="new-password" autocapitalize="off" spellcheck={false} value={secrets[id]} onInput={(event) => change({ ...secrets, [id]: event.currentTarget.value })} />
    </p>
  );
  return (
    <section class="card" aria-labelledby="phrase-heading">
      <h2 id="phrase-heading">{w("joinPhraseHeading")}</h2>
      <p>{w("joinPhraseHelp")}</p>
      {!secrets.bare && (
        <>
          {field("first", w("joinPhrase"))}
          {field("again", w("joinPhraseAgain"))}
          <label class="check">
            <input type="checkbox" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} />
            {w("lockShow")}
          </label>
        </>
      )}
      <label class="check">
        <input type="checkbox" checked={secrets.bare} onChange={(event) => change({ first: "", again: "", bare: event.currentTarget.checked })} />
        {w("joinBare")}
      </label>
      {secrets.bare && <p class="fault">{w("joinBareWarning")}</p>}
    </section>
  );
}

/** What is wrong with them; "": nothing. */
function faultOf(code: string, secrets: Secrets, chosen: boolean): string {
  if (!code.trim()) return w("joinCodeMissing");
  if (chosen || secrets.bare) return "";
  if (!secrets.first) return w("joinPhraseMissing");
  return secrets.first === secrets.again ? "" : w("joinPhraseDiffers");
}

// ---- afterwards ----

interface Newcomer extends Joined {
  person: string;
  rights: string;
}

/** Who the device is now, and what belongs on paper. */
function Welcome(props: { newcomer: Newcomer }) {
  const { person, rights, digits, recovery_code: recovery } = props.newcomer;
  const [written, setWritten] = useState(recovery === null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const begin = () => {
    update({ greeted: true });
    void unlocked();
  };
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {w("joinedHeading")}
      </h1>
      <p>{w("joinedAs", person, rights)}</p>
      {digits && (
        <section class="card">
          <p>{w("joinDigits")}</p>
          <p class="digits">{digits}</p>
          <p>{w("joinDigitsDiffer")}</p>
        </section>
      )}
      {recovery && (
        <section class="card" aria-labelledby="recovery-heading">
          <h2 id="recovery-heading">{w("recoveryHeading")}</h2>
          <p>{w("recoveryHelp")}</p>
          <p class="recovery">{recovery}</p>
          <label class="check">
            <input type="checkbox" checked={written} onChange={(event) => setWritten(event.currentTarget.checked)} />
            {w("recoveryWritten")}
          </label>
        </section>
      )}
      <button type="button" class="main wide" disabled={!written} onClick={begin}>
        {w("joinBegin")}
      </button>
    </>
  );
}

// ---- the screen ----

function useJoining(busy: boolean): Joining | null {
  const [joining, setJoining] = useState<Joining | null>(null);
  useEffect(() => {
    const look = () => void api.joining().then(setJoining, () => undefined);
    look();
    if (!busy && !joining?.joins) return;
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [busy, joining?.joins]);
  return joining;
}

function Under(props: { joining: Joining | null }) {
  const { parts = 0, parts_here: here = 0 } = props.joining ?? {};
  return (
    <p role="status" class="hint">
      {parts > 0 ? w("joinParts", here, parts) : w("joinRuns")}
    </p>
  );
}

export function JoinScreen() {
  const { reachable } = useStore();
  const [code, setCode] = useState("");
  const [secrets, setSecrets] = useState<Secrets>({ first: "", again: "", bare: false });
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const [newcomer, setNewcomer] = useState<Newcomer | null>(null);
  const joining = useJoining(busy);
  const join = async () => {
    const fault = faultOf(code, secrets, joining?.chosen ?? false);
    setFailure(fault);
    if (fault || busy) return;
    setBusy(true);
    update({ greeted: false });
    try {
      const joined = await api.join(code, joining?.chosen || secrets.bare ? null : secrets.first);
      setSecrets({ first: "", again: "", bare: false });
      const { person, role, org_name: org } = await api.status();
      setNewcomer({ ...joined, person: person ?? "", rights: sayRoleAt(role, org) });
    } catch (thrown) {
      update({ greeted: true });
      setFailure(sentence(thrown));
    }
    setBusy(false);
  };
  if (newcomer)
    return (
      <main class="lock-screen">
        <Welcome newcomer={newcomer} />
      </main>
    );
  const runs = busy || (joining?.joins ?? false);
  return (
    <main class="lock-screen">
      <h1>{w("joinHeading")}</h1>
      <p>{w(reachable ? "joinIntro" : "gone")}</p>
      <form noValidate onSubmit={(event) => (event.preventDefault(), void join())}>
        <CodeField code={code} change={setCode} />
        {joining && !joining.chosen && <PassphraseFields secrets={secrets} change={setSecrets} />}
        {runs && <Under joining={joining} />}
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" class="main wide" disabled={runs}>
          {w("join")}
        </button>
      </form>
    </main>
  );
}
