// A file of a record: chosen or photographed, made small enough for a thin line, and added before the save that names it.

import { useEffect, useState } from "preact/hooks";
import { api, filePath, sentence, type RowFile, type Value } from "./api";
import { isEmpty } from "./values";
import { w } from "./words";

const FILE_BYTES_MAX = 15 << 20; // what one request takes
const PHOTO_BYTES_MAX = 700_000; // a larger one is drawn smaller: it goes over thin lines
const THUMBNAIL_BYTES_MAX = 7_152;
const SIDES = [2048, 1600, 1200, 800]; // of a photo, the longer one; the first that is small enough
const THUMBNAIL_SIDES = [160, 128, 96, 64];
const QUALITIES = [0.85, 0.7, 0.5];

const names = new Map<string, string>(); // of what was added since the page was opened

/** What a person reads for the value: the file's name. */
export function fileName(value: Value | undefined): string {
  if (isEmpty(value)) return "";
  const text = String(value);
  return text.startsWith("upload:") ? (names.get(text) ?? w("fileAdded")) : text;
}

async function drawn(picture: ImageBitmap, side: number, quality: number): Promise<Blob | null> {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

/** The largest drawing of the picture that has so few bytes. */
async function fitting(picture: ImageBitmap, sides: number[], most: number): Promise<Blob | null> {
  for (const side of sides)
    for (const quality of QUALITIES) {
      const blob = await drawn(picture, side, quality);
      if (blob && blob.size <= most) return blob;
    }
  return null;
}

async function pictureOf(file: File): Promise<ImageBitmap | null> {
  if (!file.type.startsWith("image/")) return null;
  return createImageBitmap(file).catch(() => null); // a kind that this browser can't read is a file like others
}

/** Adds the file; gives the value for the field. */
async function upload(file: File): Promise<string> {
  const picture = await pictureOf(file);
  const small = picture && (await fitting(picture, THUMBNAIL_SIDES, THUMBNAIL_BYTES_MAX));
  let content: Blob = file;
  if (picture && file.size > PHOTO_BYTES_MAX) content = (await fitting(picture, SIDES, PHOTO_BYTES_MAX)) ?? file;
  picture?.close();
  if (content.size > FILE_BYTES_MAX) throw new Error(w("fileTooLarge", FILE_BYTES_MAX >> 20));
  const name = content === file ? file.name : `${file.name.replace(/\.[^.]*$/, "")}.jpg`;
  const about = new URLSearchParams({ name: name || "photo.jpg" });
  if (content.type) about.set("type", content.type);
  if (small) about.set("thumbnail", String(small.size));
  const added = await api.addFile(new Blob(small ? [small, content] : [content]), about);
  names.set(added.value, name);
  return added.value;
}

interface Props {
  value: Value | undefined;
  change: (value: Value) => void;
  id: string;
  described: string | undefined;
}

export function FileInput({ value, change, id, described }: Props) {
  const [state, setState] = useState("");
  const choose = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (!file) return;
    setState(w("fileAdding"));
    upload(file).then(
      (added) => {
        setState("");
        change(added);
      },
      (failure: unknown) => {
        input.value = "";
        setState(sentence(failure));
      },
    );
  };
  return (
    <div class="refs">
      {!isEmpty(value) && (
        <span class="chosen">
          {fileName(value)}
          <button type="button" class="plain" aria-label={`${w("clear")} ${fileName(value)}`} onClick={() => change(null)}>
            ×
          </button>
        </span>
      )}
      <input
        id={id}
        type="file"
        accept="image/*,application/pdf"
        aria-describedby={described}
        onChange={(event) => choose(event.currentTarget)}
      />
      <span role="status">{state}</span>
    </div>
  );
}

const KINDS = ["image/jpeg", "image/png", "image/webp", "image/gif"]; // that are shown; others are only saved

/** A picture out of opaque bytes: as what it is said to be, when that is a kind of picture. */
async function pictureAt(path: string, type: string): Promise<string | null> {
  if (!KINDS.includes(type)) return null;
  const answer = await fetch(path, { credentials: "same-origin", cache: "no-store" });
  if (!answer.ok) return null;
  return URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type }));
}

/** A row's file to look at: its thumbnail, a link to save it, or a button that asks for it. */
export function FileShown({ table, id, field, value }: { table: string; id: string; field: string; value: Value | undefined }) {
  const [file, setFile] = useState<RowFile | undefined>(undefined);
  const [picture, setPicture] = useState<string | null>(null);
  useEffect(() => {
    let url: string | null = null;
    let gone = false;
    void (async () => {
      const { files } = await api.files(table, id);
      const found = files.find((one) => one.field === field);
      if (found?.thumbnail) url = await pictureAt(`${filePath(table, id, field)}?thumbnail=1`, "image/jpeg");
      if (gone && url) URL.revokeObjectURL(url);
      if (gone) return;
      setFile(found);
      setPicture(url);
    })().catch(() => undefined); // its name is shown all the same
    return () => {
      gone = true;
      if (url) URL.revokeObjectURL(url);
    };
  }, [table, id, field, value]);
  return (
    <span class="value">
      {picture && <img src={picture} alt="" />}
      {file?.here ? (
        <a href={filePath(table, id, field)} download>
          {fileName(value)}
        </a>
      ) : (
        fileName(value)
      )}
      {file && !file.here && file.name !== null && (
        <button
          type="button"
          class="plain"
          disabled={file.wanted}
          onClick={() => void api.wantFile(table, id, field).then(() => setFile({ ...file, wanted: true }))}
        >
          {w(file.wanted ? "fileWanted" : "fileFetch")}
        </button>
      )}
    </span>
  );
}
