// Admitting another device without the hub: a code that lives for ten minutes, while this device lets
// others sync, and the digits that both screens must show.

import { useState } from "preact/hooks";
import { Heading } from "../shared/parts";
import { QrPicture } from "../shared/qr";
import { api, sentence, type Invitation } from "./api";
import { ListenButton } from "./neighbours";
import { OrgSelect } from "./parts";
import { useStore } from "./store";
import { roleWord, sayRoleAt, w } from "./words";

/** Whom a role may admit, as common/certificate.h. */
const ADMITS: Record<string, string[]> = { clerk: ["volunteer", "secretary"], bureau: ["volunteer", "secretary", "clerk"] };

export function mayEnrol(role: string | null): boolean {
  return role !== null && role in ADMITS;
}

function Code(props: { invitation: Invitation; whom: string }) {
  const { code, qr, minutes } = props.invitation;
  return (
    <section class="card" aria-labelledby="code-heading">
      <h2 id="code-heading">{w("enrolCode", props.whom)}</h2>
      <p>{w("enrolCodeHelp", minutes)}</p>
      <QrPicture modules={qr} label={w("enrolQr")} />
      <p>
        <code class="invitation">{code}</code>
      </p>
    </section>
  );
}

function Admit(props: { address: string; roles: string[] }) {
  const { status, orgs } = useStore();
  const [person, setPerson] = useState("");
  const [role, setRole] = useState(props.roles[0]!);
  const [org, setOrg] = useState(status?.org ?? "");
  const [made, setMade] = useState<{ invitation: Invitation; whom: string } | null>(null);
  const [failure, setFailure] = useState("");
  const make = async () => {
    setMade(null);
    setFailure("");
    try {
      const invitation = await api.enrol({ person: person.trim(), role, org, address: props.address });
      const name = orgs.find((one) => one.id === org)?.name ?? "";
      setMade({ invitation, whom: `${person.trim()}（${sayRoleAt(role, name)}）` });
    } catch (thrown) {
      setFailure(sentence(thrown));
    }
  };
  return (
    <>
      <form noValidate onSubmit={(event) => (event.preventDefault(), void make())}>
        <p class="field">
          <label class="label" htmlFor="enrol-person">
            {w("enrolPerson")}
          </label>
          <input id="enrol-person" autocomplete="off" maxLength={60} value={person} onInput={(event) => setPerson(event.currentTarget.value)} />
        </p>
        <p class="field">
          <label class="label" htmlFor="enrol-role">
            {w("role")}
          </label>
          <select id="enrol-role" value={role} onChange={(event) => setRole(event.currentTarget.value)}>
            {props.roles.map((one) => (
              <option key={one} value={one}>
                {roleWord(one)}
              </option>
            ))}
          </select>
        </p>
        <div class="field">
          <OrgSelect id="enrol-org" label={w("org")} org={org} change={setOrg} />
        </div>
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" class="main" disabled={!person.trim()}>
          {w("enrolMake")}
        </button>
      </form>
      {made && <Code {...made} />}
    </>
  );
}

/** Who has just come by such a code, and the digits to compare. */
function Newcomer() {
  const admitted = useStore().status?.near?.listening.admitted;
  if (!admitted) return null;
  return (
    <section class="card" role="status">
      <p>{w("enrolAdmitted", admitted.person, roleWord(admitted.role))}</p>
      <p class="digits">{admitted.digits}</p>
      <p>{w("enrolDigitsDiffer")}</p>
    </section>
  );
}

export function EnrolPage() {
  const { status } = useStore();
  const roles = ADMITS[status?.role ?? ""];
  const listening = status?.near?.listening;
  if (!status || !listening || !roles) return <Heading>{w("pageNotFound")}</Heading>;
  const on = listening.state === "running" && listening.address;
  return (
    <>
      <Heading>{w("enrol")}</Heading>
      <p class="hint">{w("enrolIntro")}</p>
      <ListenButton listening={listening} />
      <Newcomer />
      {on && <Admit address={listening.address!} roles={roles} />}
    </>
  );
}
