// What the local pages cost with 50,000 people: bytes and time of the first load, and the answer to
// a keystroke. `node tests/bench/pages.mjs [--json] [PEOPLE]`, with JINQIU and JINQIUD naming the
// programs of the release build; --json prints lines that tests/bench/page.py takes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { World } from "../browser/world.mjs";

const ROUNDS = 5;
const LOAD_BYTES_MAX = 150 * 1024;
const LOAD_MS_MAX = 1000;
const KEY_MS_MAX = 100;
const SURNAMES = "张王李黄覃单仇曾韦陆蒙罗";
const GIVEN = "秀英国强明桂兰芳建华玉梅德福春生";
/** Typed one letter after the other, as a person does. */
const WORDS = ["覃桂兰", "qgl", "00049", "示例村36组"];

const json = process.argv.includes("--json");
const people = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 50000);

function person(n) {
  const name = SURNAMES[n % 12] + GIVEN[Math.floor(n / 7) % 16] + GIVEN[Math.floor(n / 131) % 16];
  return { op: "add", table: "person", fields: { name, phone: `138${String(n).padStart(8, "0")}`, born_on: "1950-01-02", address: `硕龙镇示例村${n % 40}组${n % 211}号`, kin: "示例亲属 13900000000", note: "示例：行动不便，来访请先打电话。" } };
}

function tell(name, unit, figure, most) {
  const bar = most === undefined ? {} : { bar: most, sense: "at most", bar_of: "figure", met: figure <= most };
  const held = most === undefined ? "" : `<= ${most}${bar.met ? "" : "  MISSED"}`;
  console.log(json ? JSON.stringify({ part: "pages", name, unit, figure, ...bar }) : `${name.padEnd(42)} ${figure.toFixed(0).padStart(8)} ${unit}  ${held}`);
}

const middle = (figures) => [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)];

async function firstLoad(page) {
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
  const bytes = { files: 0, answers: 0 };
  const weigh = async (response) => {
    if (response.url().endsWith("/api/events")) return; // it never ends
    const body = await response.body().catch(() => Buffer.alloc(0));
    bytes[response.url().includes("/api/") ? "answers" : "files"] += gzipSync(body).length;
  };
  page.on("response", weigh);
  await page.reload();
  await page.waitForTimeout(1000);
  page.off("response", weigh);
  const took = [];
  for (let round = 0; round < ROUNDS; round++) {
    await page.reload({ waitUntil: "commit" });
    took.push(await page.waitForFunction(() => document.querySelector(".quick-buttons a") && document.querySelector("[data-sync]") && performance.now()).then((handle) => handle.jsonValue()));
  }
  return { ...bytes, ms: middle(took) };
}

/** From the keystroke until what was found has changed on the screen. */
function keystroke(page, text, place) {
  return page.evaluate(
    ([typed, selector]) =>
      new Promise((resolve) => {
        const input = document.querySelector("#search-text");
        const shown = () => document.querySelector(selector)?.textContent ?? "";
        const before = shown();
        const done = (ms) => (watch.disconnect(), resolve(ms));
        const watch = new MutationObserver(() => shown() !== before && requestAnimationFrame(() => done(performance.now() - began)));
        watch.observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
        setTimeout(() => done(null), 5000); // this letter changed nothing
        const began = performance.now();
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, typed);
        input.dispatchEvent(new Event("input", { bubbles: true }));
      }),
    [text, place],
  );
}

async function search(visitor, route, place) {
  const took = [];
  for (const word of WORDS) {
    await visitor.go(route);
    await visitor.page.locator("#search-text").waitFor();
    await visitor.page.waitForTimeout(500); // it settles
    for (let size = 1; size <= word.length; size++) {
      const ms = await keystroke(visitor.page, word.slice(0, size), place);
      if (ms !== null) took.push(ms);
    }
  }
  return { middle: middle(took), worst: Math.max(...took) };
}

const world = await World.open();
try {
  const client = await world.join("secretary", "示例书记");
  const file = join(world.folder, "people.jsonl");
  writeFileSync(file, Array.from({ length: people }, (_, n) => JSON.stringify(person(n))).join("\n"));
  await client.call("apply", file, "--batch", "500");
  await client.call("sync");
  const visitor = await world.visit(client, { viewport: { width: 1366, height: 768 } });
  const load = await firstLoad(visitor.page);
  tell("first load: files, gzipped", "bytes", load.files, LOAD_BYTES_MAX);
  tell("first load: answers, gzipped", "bytes", load.answers);
  tell(`first load until usable, ${people} people`, "ms", load.ms, LOAD_MS_MAX);
  const list = await search(visitor, "list/person", ".list tbody");
  tell("keystroke in a list, median", "ms", list.middle, KEY_MS_MAX);
  tell("keystroke in a list, worst", "ms", list.worst, KEY_MS_MAX);
  const find = await search(visitor, "find", "main section");
  tell("keystroke in the search of all, median", "ms", find.middle, KEY_MS_MAX);
  tell("keystroke in the search of all, worst", "ms", find.worst, KEY_MS_MAX);
  visitor.troubles = [];
} finally {
  await world.close();
}
