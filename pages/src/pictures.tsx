// A bundle as a series of QR pictures: shown large, one after another, and collected from files or
// from what the camera sees, until all of them are there.

import { useEffect, useRef, useState } from "preact/hooks";
import { QrPicture } from "../shared/qr";
import { api, sentence, type BundlePart, type Taken } from "./api";
import { w } from "./words";

// ---- showing ----

const TURN_MS = 2500; // time enough for a camera to see one

export function ShownPictures(props: { pictures: string[] }) {
  const { pictures } = props;
  const [at, go] = useState(0);
  const [turning, turn] = useState(false);
  const step = (by: number) => go((place) => (place + by + pictures.length) % pictures.length);
  useEffect(() => {
    if (!turning) return;
    const timer = setInterval(() => step(1), TURN_MS);
    return () => clearInterval(timer);
  }, [turning, pictures.length]);
  const number = w("pictureOf", at + 1, pictures.length);
  return (
    <div class="pictures">
      <p>{w("picturesIntro")}</p>
      <p class="picture-number" aria-live={turning ? "off" : "polite"}>
        {number}
      </p>
      <QrPicture modules={pictures[at]!} label={number} />
      {pictures.length > 1 && (
        <p class="actions">
          <button type="button" onClick={() => step(-1)}>
            {w("pictureBefore")}
          </button>
          <button type="button" onClick={() => step(1)}>
            {w("pictureAfter")}
          </button>
          <button type="button" aria-pressed={turning} onClick={() => turn(!turning)}>
            {w("picturesTurn")}
          </button>
        </p>
      )}
    </div>
  );
}

// ---- collecting ----

/** What pictures have said so far of one bundle; those of another one begin anew. */
class Collected {
  private bundle = "";
  private texts: string[] = [];
  private total = 0;

  add(part: BundlePart): void {
    if (part.bundle !== this.bundle) {
      this.bundle = part.bundle;
      this.total = part.total;
      this.texts = [];
    }
    this.texts[part.index - 1] = part.text;
  }
  get missing(): number[] {
    return Array.from({ length: this.total }, (_, place) => place + 1).filter((number) => this.texts[number - 1] === undefined);
  }
  get progress(): string {
    return this.total > 0 ? w("picturesHere", this.total - this.missing.length, this.total, this.missing.join("、")) : "";
  }
  /** All texts, once they are there; then it is empty again. */
  whole(): string[] | null {
    if (this.total === 0 || this.missing.length > 0) return null;
    const { texts } = this;
    this.bundle = "";
    this.total = 0;
    return texts;
  }
}

export function usePictures(took: (taken: Taken) => void) {
  const collected = useRef(new Collected()).current;
  const [progress, setProgress] = useState("");
  /** How many parts of a bundle it shows. */
  const look = async (picture: Blob): Promise<number> => {
    const { parts } = await api.lookAtPicture(picture);
    for (const part of parts) collected.add(part);
    const texts = collected.whole();
    setProgress(collected.progress);
    if (texts) took(await api.joinPictures(texts));
    return parts.length;
  };
  return { look, progress };
}

// ---- the camera ----

const FRAME_MS = 200;
const FRAME_WIDTH = 1280;
const FRAME_QUALITY = 0.9;

function openCamera(): Promise<MediaStream> {
  // A browser has none of it where it doesn't trust the page's origin.
  if (!navigator.mediaDevices) throw new DOMException("", "NotFoundError");
  return navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: FRAME_WIDTH } } });
}

function whyNot(failure: unknown): string {
  const name = failure instanceof DOMException ? failure.name : "";
  if (name === "NotFoundError" || name === "OverconstrainedError") return w("cameraNone");
  return name === "NotAllowedError" ? w("cameraRefused") : w("cameraFailed", sentence(failure));
}

/** What the camera sees now; null: nothing yet. */
function frameOf(video: HTMLVideoElement): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  if (canvas.width === 0) return Promise.resolve(null);
  canvas.getContext("2d")!.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", FRAME_QUALITY));
}

/** Looks at one frame after another, as long as it stands on the page. */
export function Camera(props: { look: (frame: Blob) => Promise<unknown>; failed: (why: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let here = true;
    let stream: MediaStream | undefined;
    const watch = async () => {
      stream = await openCamera();
      if (!here) return;
      video.current!.srcObject = stream;
      await video.current!.play();
      while (here) {
        const frame = await frameOf(video.current!);
        if (frame) await props.look(frame);
        await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      }
    };
    watch()
      .catch((failure: unknown) => here && props.failed(whyNot(failure)))
      .finally(() => stream?.getTracks().forEach((track) => track.stop()));
    return () => void (here = false);
  }, []);
  return <video class="camera" ref={video} muted playsInline aria-label={w("cameraSees")} />;
}
