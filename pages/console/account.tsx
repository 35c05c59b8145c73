// Signing in; the accounts there are, and how this browser shows the pages.

import { useState } from "preact/hooks";
import { Heading, Loading } from "../shared/parts";
import { sayTime } from "../src/values";
import { roleWord } from "../shared/words";
import { api, Refused, sentence } from "./api";
import { Grid, Problem } from "./parts";
import { applyLooks, looks, signIn, useAnswer, useConsole } from "./state";
import { t } from "./words";

function said(failure: unknown): string {
  const wait = failure instanceof Refused && failure.waitMs > 0 ? `。${t("wait", Math.ceil(failure.waitMs / 1000))}` : "";
  return sentence(failure) + wait;
}

export function SignIn() {
  const [busy, setBusy] = useState(false);
  const [problem, tell] = useState("");
  const submit = async (form: HTMLFormElement) => {
    const value = (name: string) => String(new FormData(form).get(name) ?? "");
    setBusy(true);
    tell("");
    try {
      await signIn(value("name").trim(), value("secret"), value("code").trim());
    } catch (failure) {
      setBusy(false);
      tell(said(failure));
    }
  };
  return (
    <main class="lock-screen">
      <h1>{t("console")}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <label class="field">
          <span class="label">{t("name")}</span>
          <input name="name" required autocomplete="username" autocapitalize="none" />
        </label>
        <label class="field">
          <span class="label">{t("secret")}</span>
          <input name="secret" type="password" required autocomplete="current-password" />
        </label>
        <label class="field">
          <span class="label">{t("code")}</span>
          <input name="code" inputMode="numeric" pattern="[0-9]{6}" maxLength={6} autocomplete="one-time-code" />
        </label>
        <Problem text={problem} />
        <button class="main wide" disabled={busy}>
          {busy ? t("signingIn") : t("signIn")}
        </button>
      </form>
      <Looks />
    </main>
  );
}

function Looks() {
  useConsole();
  const now = looks();
  return (
    <p class="filter">
      <label>
        {t("language")}{" "}
        <select value={now.language} onChange={(event) => applyLooks({ language: event.currentTarget.value === "en" ? "en" : "zh" })}>
          <option value="zh" lang="zh-CN">
            中文
          </option>
          <option value="en" lang="en">
            English
          </option>
        </select>
      </label>
      <label>
        {t("theme")}{" "}
        <select value={now.theme} onChange={(event) => applyLooks({ theme: event.currentTarget.value })}>
          <option value="system">{t("themeSystem")}</option>
          <option value="light">{t("themeLight")}</option>
          <option value="dark">{t("themeDark")}</option>
          <option value="contrast">{t("themeContrast")}</option>
        </select>
      </label>
    </p>
  );
}

export function SettingsPage() {
  const { answer, failure } = useAnswer(api.accounts);
  return (
    <>
      <Heading>{t("settings")}</Heading>
      <Looks />
      <h2>{t("accounts")}</h2>
      <p class="hint">{t("accountsHow")}</p>
      {answer ? (
        <Grid
          label={t("accounts")}
          heads={[t("name"), t("role"), t("totp"), t("changedAt")]}
          rows={answer.accounts.map((one) => [one.name, roleWord(one.role), one.totp ? t("yes") : t("no"), sayTime(one.changed)])}
        />
      ) : (
        <Loading failure={failure} />
      )}
    </>
  );
}
