// Papers on the console: about a row, or about a period and an org.

import { useState } from "preact/hooks";
import { OnPaper, PaperList, paperPath, paperTitle, type Paper, type PaperWish } from "../shared/papers";
import { Heading, Loading } from "../shared/parts";
import { api, saveFile, sentence } from "./api";
import { PeriodPicker, Problem } from "./parts";
import { useAnswer, useConsole } from "./state";
import { t } from "./words";

function useKeep(): [(paper: Paper, wish: PaperWish) => void, string] {
  const [problem, tell] = useState("");
  const keep = (paper: Paper, wish: PaperWish) =>
    void saveFile(paperPath(paper.name, wish), `${paperTitle(paper)}.pdf`).then(() => tell(""), (failure: unknown) => tell(sentence(failure)));
  return [keep, problem];
}

/** How this page comes on paper. */
export function Papers(props: { fits: (paper: Paper) => boolean; wish: PaperWish }) {
  const { answer } = useAnswer(api.papers);
  const [keep, problem] = useKeep();
  return (
    <>
      <OnPaper papers={answer?.papers.filter(props.fits)} keep={(paper) => keep(paper, props.wish)} />
      <Problem text={problem} />
    </>
  );
}

export function PapersPage() {
  const { period } = useConsole();
  const { answer, failure } = useAnswer(api.papers);
  const [keep, problem] = useKeep();
  if (!answer) return <Loading failure={failure} />;
  return (
    <>
      <Heading>{t("papers")}</Heading>
      <PeriodPicker />
      <Problem text={problem} />
      <PaperList papers={answer.papers} period={period} keep={keep} />
    </>
  );
}
