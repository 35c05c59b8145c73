// Values as people read and write them.

import type { Head, HistoryItem, Titles, Value } from "./api";
import type { Language } from "../shared/words";
import { codeLabel, isRef, type Field } from "./schema";
import { language, w } from "./words";

export const WEEKDAYS: Record<Language, string[]> = {
  zh: ["周日", "周一", "周二", "周三", "周四", "周五", "周六"],
  en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
};
const MONTHS_EN = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const two = (n: number) => String(n).padStart(2, "0");

export function dayText(date: Date): string {
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function localNow(): string {
  const now = new Date();
  return `${dayText(now)}T${two(now.getHours())}:${two(now.getMinutes())}`;
}

/** "2026-11-01" as people say it: this year's days with their weekday, others with the year. */
export function sayDay(text: string): string {
  const [year = 0, month = 1, day = 1] = text.split("-").map(Number);
  const chinese = language() === "zh";
  if (year !== new Date().getFullYear())
    return chinese ? `${year}年${month}月${day}日` : `${day} ${MONTHS_EN[month - 1]} ${year}`;
  const weekday = WEEKDAYS[language()][new Date(year, month - 1, day).getDay()];
  return chinese ? `${month}月${day}日 ${weekday}` : `${weekday} ${day} ${MONTHS_EN[month - 1]}`;
}

export function sayMonth(text: string): string {
  const [year = 0, month = 1] = text.split("-").map(Number);
  return language() === "zh" ? `${year}年${month}月` : `${MONTHS_EN[month - 1]} ${year}`;
}

/** Hundredths of a yuan. */
export function sayMoney(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** A moment in UTC ("…Z") or local ("2026-11-01T09:30"). */
export function sayTime(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (dayText(date) === dayText(today)) return `${w("today")} ${clock}`;
  if (dayText(date) === dayText(yesterday)) return `${w("yesterday")} ${clock}`;
  return `${sayDay(dayText(date))} ${clock}`;
}

/** A length of time in its largest unit. */
export function sayLength(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60000);
  if (minutes < 120) return w("minutes", minutes);
  const hours = Math.round(minutes / 60);
  if (hours < 48) return w("hours", hours);
  const days = Math.round(hours / 24);
  return days < 700 ? w("days", days) : w("years", Math.round(days / 365));
}

export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / 86400000);
}

function sayOne(field: Field | undefined, value: string | number | boolean, titles: Titles): string {
  if (typeof value === "boolean") return value ? w("yes") : w("no");
  if (!field || typeof value === "number") return String(value);
  if (field.codes) return codeLabel(field, value, language());
  if (isRef(field)) return titles[value] ?? value.slice(-6);
  if (field.type === "date" && /^\d{4}-\d\d-\d\d$/.test(value)) return sayDay(value);
  if (field.type === "datetime") return sayTime(value);
  if (field.type === "month" && /^\d{4}-\d\d$/.test(value)) return sayMonth(value);
  if (field.type === "money") return language() === "zh" ? `${value} 元` : `¥${value}`;
  return value;
}

/** "" for an absent value. */
export function say(field: Field | undefined, value: Value | undefined, titles: Titles): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((one) => sayOne(field, one, titles)).join("、");
  return sayOne(field, value, titles);
}

export function sayHistory(field: Field | undefined, item: HistoryItem, titles: Titles): string {
  const value = item.value;
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return say(field, value, titles) || w("none");
  const parts: string[] = [];
  if (value.added.length > 0) parts.push(w("added", say(field, value.added, titles)));
  if (value.removed.length > 0) parts.push(w("taken", say(field, value.removed, titles)));
  return parts.join("，") || w("none");
}

export function isEmpty(value: Value | undefined): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (isEmpty(a) && isEmpty(b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one) => b.includes(one));
  return a === b || (!isEmpty(a) && !isEmpty(b) && String(a) === String(b));
}

/** What a save has to say about one field: for sets only what was added and taken away. */
export function changes(
  field: Field,
  before: Value | undefined,
  after: Value | undefined,
): Record<string, unknown> {
  if (field.merge === "counter") return isEmpty(after) ? {} : { [`${field.name}+=`]: after };
  if (same(before, after)) return {};
  if (field.merge !== "set") return { [field.name]: isEmpty(after) ? null : after };
  const was = Array.isArray(before) ? before : [];
  const is = Array.isArray(after) ? after : [];
  const said: Record<string, unknown> = {};
  const added = is.filter((one) => !was.includes(one));
  const taken = was.filter((one) => !is.includes(one));
  if (added.length > 0) said[`${field.name}+=`] = added;
  if (taken.length > 0) said[`${field.name}-=`] = taken;
  return said;
}

/** Pieces of `text` that `other` hasn't, for marking differences; long texts stay whole. */
export function difference(text: string, other: string): { text: string; differs: boolean }[] {
  const a = [...text];
  const b = [...other];
  if (a.length * b.length > 250000 || !text || !other) return [{ text, differs: text !== other }];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  const pieces: { text: string; differs: boolean }[] = [];
  const put = (piece: string, differs: boolean) => {
    const last = pieces.at(-1);
    if (last && last.differs === differs) last.text += piece;
    else pieces.push({ text: piece, differs });
  };
  for (let i = 0, j = 0; i < a.length; ) {
    if (j < b.length && a[i] === b[j]) {
      put(a[i]!, false);
      i++;
      j++;
    } else if (j < b.length && longest[(i + 1) * width + j]! < longest[i * width + j + 1]!) {
      j++;
    } else {
      put(a[i]!, true);
      i++;
    }
  }
  return pieces;
}

/** A new row's id: 48 bits of milliseconds and random ones, as the program makes them. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  const time = Date.now().toString(16).padStart(12, "0").slice(-12);
  return time + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const HEADS_SHOWN = 20;

/** Of very many values that wait in one field the newest of every device, and then the next of each,
 * so that whoever wrote most doesn't hide the others. */
export function headsToShow(heads: Head[]): Head[] {
  const written = new Map<string, number>();
  const turns = heads.toReversed().map((head) => {
    const turn = written.get(head.device) ?? 0;
    written.set(head.device, turn + 1);
    return { head, turn };
  });
  const first = new Set(turns.sort((a, b) => a.turn - b.turn).slice(0, HEADS_SHOWN).map(({ head }) => head));
  return heads.filter((head) => first.has(head));
}
