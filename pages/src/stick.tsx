// What goes without a network: a bundle as a file for a stick, or as QR pictures from screen to
// camera; and what others bring that way.

import { useState } from "preact/hooks";
import { keepFile } from "../shared/keep";
import { api, type Taken } from "./api";
import { DropPlace } from "./files";
import { Camera, ShownPictures, usePictures } from "./pictures";
import { changed, tell, tellFailure } from "./store";
import { dayText } from "./values";
import { w } from "./words";

function TakenIn(props: { taken: Taken }) {
  const { taken } = props;
  return (
    <p role="status" class={taken.fault ? "fault" : "hint"}>
      {w("stickRead", taken.applied, taken.known)}
      {taken.early > 0 && ` ${w("stickEarly", taken.early)}`}
      {taken.rejected > 0 && ` ${w("stickRejected", taken.rejected)}`}
      {taken.fault && ` ${taken.fault}`}
    </p>
  );
}

export function Stick() {
  const [taken, setTaken] = useState<Taken | null>(null);
  const [busy, setBusy] = useState(false);
  const [pictures, setPictures] = useState<string[] | null>(null); // null: none are shown
  const [camera, setCamera] = useState(false);
  const [problem, setProblem] = useState("");
  const took = (made: Taken) => {
    setTaken(made);
    setCamera(false);
    changed();
  };
  const collecting = usePictures(took);
  const work = async (act: () => Promise<void>) => {
    setBusy(true);
    setProblem("");
    try {
      await act();
    } catch (failure) {
      tellFailure(failure);
    }
    setBusy(false);
  };
  const write = () =>
    work(async () => {
      const bundle = await api.writeBundle();
      keepFile(bundle, `jinqiu-${dayText(new Date())}.jqb`);
      tell(w("stickWritten", Math.ceil(bundle.size / 1024)));
    });
  const show = () => work(async () => setPictures((await api.bundlePictures()).pictures));
  const read = (files: File[]) =>
    work(async () => {
      const empty: string[] = [];
      setTaken(null);
      for (const file of files)
        if (!file.type.startsWith("image/")) took(await api.readBundle(file));
        else if ((await collecting.look(file)) === 0) empty.push(file.name);
      if (empty.length > 0) setProblem(w("picturesNothing", empty.join("、")));
    });
  const film = () => {
    setTaken(null);
    setProblem("");
    setCamera(!camera);
  };
  return (
    <section class="card" aria-labelledby="stick-heading">
      <h2 id="stick-heading">{w("stick")}</h2>
      <p>{w("stickIntro")}</p>
      <p class="actions">
        <button type="button" disabled={busy} onClick={() => void write()}>
          {w("stickWrite")}
        </button>
        <button type="button" disabled={busy} aria-expanded={pictures !== null} onClick={() => (pictures ? setPictures(null) : void show())}>
          {w(pictures ? "picturesHide" : "picturesShow")}
        </button>
        <button type="button" aria-pressed={camera} onClick={film}>
          {w(camera ? "cameraStop" : "cameraRead")}
        </button>
      </p>
      {pictures && <ShownPictures pictures={pictures} />}
      {camera && (
        <Camera
          look={collecting.look}
          failed={(why) => {
            setCamera(false);
            setProblem(why);
          }}
        />
      )}
      <DropPlace id="stick-file" text={w("stickTake")} accept=".jqb,image/png,image/jpeg" several take={(files) => void read(files)} />
      {busy && <p role="status">{w("looking")}</p>}
      {collecting.progress && <p role="status">{collecting.progress}</p>}
      {problem && (
        <p class="fault" role="alert">
          {problem}
        </p>
      )}
      {taken && <TakenIn taken={taken} />}
    </section>
  );
}
