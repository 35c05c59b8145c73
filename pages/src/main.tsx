// The frame around all pages, and which page an address means.

import { render } from "preact";
import { Heading } from "../shared/parts";
import { sentence } from "./api";
import { CalendarPage } from "./calendar";
import { ConflictsPage } from "./conflicts";
import { DuplicatesPage } from "./duplicates";
import { EnrolPage } from "./enrol";
import { FormPage } from "./form";
import { GridPage } from "./grid";
import { HomePage } from "./home";
import { FindPage, RecordsPage } from "./find";
import { ImportPage } from "./import";
import { JoinScreen } from "./join";
import { LetterPage, LettersPage, OfferPage } from "./letters";
import { ListPage } from "./list";
import { LockButton, LockScreen, watchPerson } from "./lock";
import { NoticeBar } from "./parts";
import { PapersPage } from "./papers";
import { RemindersPage, ReportPage, ReportsPage } from "./reports";
import { HistoryPage, RowPage } from "./row";
import type { Schema } from "./schema";
import { SettingsPage } from "./settings";
import { SignPage } from "./sign";
import { start, useStore } from "./store";
import "./style.css";
import { SyncLine, UnsentPage } from "./sync";
import { w, type Word } from "./words";

const MENU: [string, Word][] = [
  ["", "home"],
  ["find", "find"],
  ["records", "records"],
  ["conflicts", "conflicts"],
  ["settings", "settings"],
];

function tablePage(schema: Schema, parts: string[], query: URLSearchParams) {
  const [kind, name = "", id] = parts;
  const table = schema.table(name);
  if (!table) return null;
  const key = parts.join("/");
  if (kind === "list") return <ListPage key={key} table={table} query={query} />;
  if (kind === "import") return <ImportPage key={key} table={table} />;
  if (kind === "calendar") return <CalendarPage key={key} table={table} query={query} />;
  if (kind === "new" || kind === "quick")
    return <FormPage key={key} table={table} id={null} quick={kind === "quick"} query={query} />;
  if (!id) return null;
  if (kind === "grid") return <GridPage key={key} table={table} place={Number(id)} />;
  if (kind === "sign" && parts[3]) return <SignPage key={key} table={table} place={Number(id)} id={parts[3]} />;
  if (kind === "row") return <RowPage key={key} table={table} id={id} />;
  if (kind === "offer") return <OfferPage key={key} table={table} id={id} />;
  if (kind === "letter" && table.moves) return <LetterPage key={key} table={table} id={id} />;
  if (kind === "edit") return <FormPage key={key} table={table} id={id} quick={false} query={query} />;
  if (kind === "history") return <HistoryPage key={key} table={table} id={id} />;
  return null;
}

function Page() {
  const { route, schema } = useStore();
  const [path = "", search = ""] = route.split("?");
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const query = new URLSearchParams(search);
  switch (parts[0] ?? "") {
    case "":
      return <HomePage />;
    case "find":
      return <FindPage query={query} />;
    case "records":
      return <RecordsPage />;
    case "conflicts":
      return <ConflictsPage />;
    case "reports":
      return parts[1] ? <ReportPage key={parts[1]} name={parts[1]} query={query} /> : <ReportsPage />;
    case "papers":
      return <PapersPage />;
    case "reminders":
      return <RemindersPage />;
    case "letters":
      return <LettersPage />;
    case "duplicates":
      return <DuplicatesPage />;
    case "enrol":
      return <EnrolPage />;
    case "unsent":
      return <UnsentPage />;
    case "settings":
      return <SettingsPage />;
    default:
      return tablePage(schema!, parts, query) ?? <Heading>{w("pageNotFound")}</Heading>;
  }
}

function Menu() {
  const { route, status } = useStore();
  const here = route.split(/[/?]/)[0] ?? "";
  return (
    <nav aria-label={w("mainMenu")}>
      {MENU.map(([place, word]) => (
        <a key={place} href={`#/${place}`} aria-current={here === place ? "page" : undefined}>
          {w(word)}
          {place === "conflicts" && status && status.conflicts > 0 && <span class="badge">{status.conflicts}</span>}
        </a>
      ))}
    </nav>
  );
}

function Frame() {
  const { locked, fresh } = useStore();
  if (fresh) return <JoinScreen />;
  if (locked) return <LockScreen />;
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), document.querySelector("h1")?.focus())}>
        {w("skip")}
      </a>
      <header>
        <div class="top">
          <SyncLine />
          <LockButton />
        </div>
        <Menu />
      </header>
      <main id="content">
        <NoticeBar />
        <Page />
      </main>
    </>
  );
}

const page = document.getElementById("page")!;
start().then(
  () => (watchPerson(), render(<Frame />, page)),
  (failure: unknown) => render(<main><p role="alert">{w("failed", sentence(failure))}</p></main>, page),
);
