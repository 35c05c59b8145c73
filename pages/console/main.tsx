// The frame around all pages of the console, and which page an address means.

import { render } from "preact";
import { Heading } from "../shared/parts";
import "../src/style.css";
import { SettingsPage, SignIn } from "./account";
import { sentence } from "./api";
import "./console.css";
import { DevicesPage } from "./devices";
import { AlarmsPage, AsidePage, AuditPage, ConflictsPage, SchemasPage } from "./log";
import { CoveragePage, MissedPage, OverviewPage } from "./overview";
import { NoticesPage } from "./notices";
import { PapersPage } from "./papers";
import { RecordsPage, RowPage } from "./records";
import { ReportPage, ReportsPage } from "./reports";
import { signOut, start, useConsole } from "./state";
import { TasksPage } from "./tasks";
import { t, type ConsoleWord } from "./words";

const MENU: [string, ConsoleWord][] = [
  ["", "overview"],
  ["coverage", "coverage"],
  ["missed", "missed"],
  ["reports", "reports"],
  ["papers", "papers"],
  ["records", "records"],
  ["tasks", "tasks"],
  ["notices", "notices"],
  ["devices", "devices"],
  ["conflicts", "conflicts"],
  ["set-aside", "setAside"],
  ["audit", "log"],
  ["alarms", "alarms"],
  ["schemas", "schemas"],
  ["settings", "settings"],
];

function Page() {
  const { route, schema } = useConsole();
  const [path = ""] = route.split("?");
  const [kind = "", name = "", id] = path.split("/").map(decodeURIComponent);
  const table = schema?.table(name);
  switch (kind) {
    case "":
      return <OverviewPage />;
    case "coverage":
      return <CoveragePage />;
    case "missed":
      return <MissedPage />;
    case "reports":
      return name ? <ReportPage key={name} name={name} /> : <ReportsPage />;
    case "papers":
      return <PapersPage />;
    case "records":
      return <RecordsPage table={name || undefined} />;
    case "tasks":
      return <TasksPage />;
    case "notices":
      return <NoticesPage id={name} />;
    case "devices":
      return <DevicesPage />;
    case "conflicts":
      return <ConflictsPage />;
    case "set-aside":
      return <AsidePage />;
    case "alarms":
      return <AlarmsPage />;
    case "audit":
      return <AuditPage />;
    case "schemas":
      return <SchemasPage />;
    case "settings":
      return <SettingsPage />;
    case "row":
      if (table && id) return <RowPage key={path} table={table} id={id} />;
  }
  return <Heading>{t("pageNotFound")}</Heading>;
}

function Frame() {
  const { me, route, reachable } = useConsole();
  const here = route.split(/[/?]/)[0] ?? "";
  if (!me.name) return <SignIn />;
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), document.querySelector("h1")?.focus())}>
        {t("skip")}
      </a>
      <header>
        <div class={reachable ? "sync good" : "sync bad"}>
          <span role="status">{reachable ? t("console") : t("reachable")}</span>
          <span>{me.name}</span>
          <button type="button" onClick={() => void signOut()}>
            {t("signOut")}
          </button>
        </div>
        <nav aria-label={t("menu")}>
          {MENU.map(([place, word]) => (
            <a key={place} href={`#/${place}`} aria-current={here === place ? "page" : undefined}>
              {t(word)}
            </a>
          ))}
        </nav>
      </header>
      <main id="content">
        <Page />
      </main>
    </>
  );
}

const page = document.getElementById("page")!;
start().then(
  () => render(<Frame />, page),
  (failure: unknown) => render(<main><p role="alert">{t("failed", sentence(failure))}</p></main>, page),
);
