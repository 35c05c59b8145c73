// The devices: who, where, since when silent; admitting one by a code and its QR, taking one's rights.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { QrPicture } from "../shared/qr";
import { sayLength, sayTime } from "../src/values";
import { roleWord } from "../shared/words";
import { api, sentence, type Device } from "./api";
import { Grid, OrgOptions, Problem } from "./parts";
import { orgName, update, useAnswer, useConsole } from "./state";
import { said, t } from "./words";

const ROLES = ["volunteer", "secretary", "clerk", "bureau", "auditor"];
const HOURS_USUAL = 168;
const CLOCK_MS = 300000; // a difference that is told

/** Its last entry may show that its clock is fast; only what it told itself shows that it is slow. */
function Clock(props: { device: Device }) {
  const { told, clock_ahead_ms: told_ms, clock_ms: entry_ms } = props.device;
  const ahead = told_ms ?? entry_ms;
  if (Math.abs(ahead) > CLOCK_MS) return <span class="late">{t(ahead > 0 ? "clockFast" : "clockSlow", sayLength(Math.abs(ahead)))}</span>;
  return <>{told || entry_ms ? t("clockGood") : t("none")}</>;
}

function Seen(props: { device: Device }) {
  const { connected, last_seen: seen, role } = props.device;
  if (connected) return <>{t("connectedNow")}</>;
  if (seen) return <>{sayTime(seen)}</>;
  return <>{role === "hub" ? t("none") : t("never")}</>;
}

export function DevicesPage() {
  const { me } = useConsole();
  const { answer, failure } = useAnswer(api.devices);
  const [going, revoke] = useState<Device | null>(null);
  if (!answer) return <Loading failure={failure} />;
  const mayWrite = me.role === "bureau";
  const button = (device: Device) =>
    mayWrite && device.state !== "revoked" && device.role !== "hub" ? (
      <button type="button" onClick={() => revoke(device)} aria-label={t("revokeOf", device.person)}>
        {t("revoke")}
      </button>
    ) : (
      ""
    );
  return (
    <>
      <Heading>{t("devices")}</Heading>
      {going && <Revoke device={going} done={() => revoke(null)} />}
      {!mayWrite && <p class="hint">{t("onlyReads")}</p>}
      <Grid
        label={t("devices")}
        heads={[t("person"), t("role"), t("orgName"), t("state"), t("lastSeen"), t("brought"), t("waiting"), t("clock"), t("program"), t("deviceId"), ""]}
        rows={answer.devices.map((device) => [
          device.person,
          roleWord(device.role),
          orgName(device.org) || t("none"),
          <span class={device.state === "active" ? "" : "late"}>{said("state", device.state)}</span>,
          <Seen device={device} />,
          device.entries,
          device.waiting > 0 ? <span class="late">{device.waiting}</span> : 0,
          <Clock device={device} />,
          device.program || t("none"),
          <code title={device.id}>{`${device.index} · ${device.id.slice(0, 8)}`}</code>,
          button(device),
        ])}
      />
      {mayWrite && <Invite />}
    </>
  );
}

function Revoke(props: { device: Device; done: () => void }) {
  const [last, setLast] = useState("");
  const [problem, tell] = useState("");
  const go = async () => {
    try {
      await api.revoke(props.device.id, last === "" ? null : Number(last));
      props.done();
      update({ version: Date.now() });
    } catch (failure) {
      tell(sentence(failure));
    }
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void go();
      }}
    >
      <h2>{t("revokeOf", props.device.person)}</h2>
      <p>{t("revokeSure")}</p>
      <label class="field">
        <span class="label">{t("lastGood")}</span>
        <input type="number" min="0" value={last} onInput={(event) => setLast(event.currentTarget.value)} />
      </label>
      <Problem text={problem} />
      <div class="actions">
        <button class="main">{t("revoke")}</button>
        <button type="button" onClick={props.done}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

function Invite() {
  const status = useAnswer(api.status).answer;
  const [made, make] = useState<{ code: string; qr: string } | null>(null);
  const [problem, tell] = useState("");
  const [copied, setCopied] = useState(false);
  const submit = async (form: HTMLFormElement) => {
    const value = (name: string) => String(new FormData(form).get(name) ?? "").trim();
    tell("");
    setCopied(false);
    try {
      make(await api.invite({ org: value("org"), role: value("role"), person: value("person"), address: value("address"), hours: Number(value("hours")) }));
    } catch (failure) {
      make(null);
      tell(sentence(failure));
    }
  };
  return (
    <section class="card" aria-labelledby="invite">
      <h2 id="invite">{t("invite")}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <label class="field">
          <span class="label">{t("personName")}</span>
          <input name="person" required maxLength={60} autocomplete="off" />
        </label>
        <label class="field">
          <span class="label">{t("role")}</span>
          <select name="role">
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {roleWord(role)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span class="label">{t("orgName")}</span>
          <select name="org" required>
            <OrgOptions />
          </select>
        </label>
        <label class="field">
          <span class="label">{t("address")}</span>
          <input name="address" required autocomplete="off" key={status?.listen} defaultValue={status?.listen ?? ""} />
        </label>
        <label class="field">
          <span class="label">{t("hours")}</span>
          <input name="hours" type="number" min="1" max="720" required defaultValue={String(HOURS_USUAL)} />
        </label>
        <Problem text={problem} />
        <div class="actions">
          <button class="main">{t("makeCode")}</button>
        </div>
      </form>
      {made && (
        <div role="status">
          <p>{t("codeReady")}</p>
          <QrPicture modules={made.qr} label={t("qrOf")} />
          <p>
            <code class="invitation">{made.code}</code>
          </p>
          <button type="button" onClick={() => navigator.clipboard.writeText(made.code).then(() => setCopied(true))}>
            {copied ? t("copied") : t("copyCode")}
          </button>
        </div>
      )}
    </section>
  );
}
