// What a page gives as a file to print: papers, filled from the records or blank, and reports.

import { common, language, speaker } from "./words";

const c = speaker(common);

/** What can be printed as PDF: about a row of the table `of`, or about a period and an org; `grid`
 * is the page of a grid that shows the same, "table/place". */
export interface Paper {
  name: string;
  zh: string;
  en: string;
  help: { zh: string; en: string };
  of?: string;
  grid?: string;
}
export interface PaperWish {
  row?: string;
  blank?: "1";
  from?: string;
  to?: string;
  org?: string;
}
export type SheetForm = "pdf" | "xlsx" | "csv";

function query(wish: object): string {
  const said = Object.entries(wish).filter(([, value]) => value);
  return said.length > 0 ? `?${new URLSearchParams(said)}` : "";
}

/** Where the API has them. */
export function paperPath(name: string, wish: PaperWish): string {
  return `papers/${encodeURIComponent(name)}${query(wish)}`;
}
export function reportPath(name: string, form: SheetForm, wish: PaperWish): string {
  return `reports/${encodeURIComponent(name)}/${form}${query(wish)}`;
}

export function paperTitle(paper: Paper): string {
  return paper[language()];
}

/** The papers about what a page shows; where there is none, the page itself is printed. */
export function OnPaper(props: { papers: Paper[] | undefined; keep: (paper: Paper) => void }) {
  const { papers, keep } = props;
  if (!papers) return null;
  if (papers.length === 0)
    return (
      <button type="button" onClick={() => window.print()}>
        {c("print")}
      </button>
    );
  return (
    <>
      {papers.map((paper) => (
        <button key={paper.name} type="button" onClick={() => keep(paper)}>
          {paperTitle(paper)} PDF
        </button>
      ))}
    </>
  );
}

/** A report in each form that it has. */
export function SheetForms(props: { keep: (form: SheetForm) => void }) {
  return (
    <>
      {(["pdf", "xlsx", "csv"] as const).map((form) => (
        <button key={form} type="button" onClick={() => props.keep(form)}>
          {c(form)}
        </button>
      ))}
    </>
  );
}

/** All papers: each blank, and filled where a period and an org are all that it asks for. */
export function PaperList(props: { papers: Paper[]; period: PaperWish; keep: (paper: Paper, wish: PaperWish) => void }) {
  return (
    <ul class="cards">
      {props.papers.map((paper) => (
        <li key={paper.name} class="card">
          <strong>{paperTitle(paper)}</strong>
          <p class="quiet">
            {paper.help[language()]} {paper.of && c("paperOfRow")}
          </p>
          <p class="actions">
            {!paper.of && (
              <button type="button" aria-label={`${c("paperFilled")} ${paperTitle(paper)}`} onClick={() => props.keep(paper, props.period)}>
                {c("paperFilled")}
              </button>
            )}
            <button type="button" aria-label={`${c("paperBlank")} ${paperTitle(paper)}`} onClick={() => props.keep(paper, { blank: "1" })}>
              {c("paperBlank")}
            </button>
          </p>
        </li>
      ))}
    </ul>
  );
}
