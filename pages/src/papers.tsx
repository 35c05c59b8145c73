// Papers on the local pages: about a row, a grid, or a period and an org.

import { useState } from "preact/hooks";
import { keepFile } from "../shared/keep";
import { OnPaper, PaperList, paperPath, paperTitle, type Paper, type PaperWish } from "../shared/papers";
import { Heading, Loading } from "../shared/parts";
import { api } from "./api";
import { Period, periodNow } from "./reports";
import { tell, tellFailure, useLoad } from "./store";
import { w } from "./words";

async function keepPaper(paper: Paper, wish: PaperWish) {
  try {
    keepFile(await api.file(paperPath(paper.name, wish)), `${paperTitle(paper)}.pdf`);
    tell(w(wish.blank ? "fileKept" : "exported"));
  } catch (failure) {
    tellFailure(failure);
  }
}

/** How this page comes on paper. */
export function Papers(props: { fits: (paper: Paper) => boolean; wish: PaperWish }) {
  const { data } = useLoad(api.papers, []);
  return <OnPaper papers={data?.papers.filter(props.fits)} keep={(paper) => void keepPaper(paper, props.wish)} />;
}

export function PapersPage() {
  const { data, failure } = useLoad(api.papers, []);
  const [period, setPeriod] = useState(periodNow);
  if (!data) return <Loading failure={failure} />;
  return (
    <>
      <Heading>{w("papers")}</Heading>
      <Period period={period} change={setPeriod} />
      <PaperList papers={data.papers} period={period} keep={(paper, wish) => void keepPaper(paper, wish)} />
    </>
  );
}
