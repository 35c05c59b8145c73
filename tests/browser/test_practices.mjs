// The practices of the branches (tests/e2e/practices.txt), typed into the pages as a secretary does:
// each kind of record that one of them needs, by the form that follows from the schema.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { World } from "./world.mjs";

const TESTS = join(dirname(fileURLToPath(import.meta.url)), "..");
const PRACTICES = join(TESTS, "e2e", "practices.txt");
const COVERAGE = join(TESTS, "..", "docs", "coverage.md");
const KIND_FIELDS = { log: "action", tag: "scheme", award: "level" };
const TYPED = { text: "示例", place: "示例路1号", code: "2026-11", date: "2026-11-01", datetime: "2026-11-01T09:30", month: "2026-11", int: "1", money: "12.50" };
const NOT_HERE = ["rule", "standard", "score", "blob", "device"]; // written at the bureau, or no form
const GROUPS = [..."ABCDEFGHI"];
const SERVED_MIN = 100;
const WINDOWS = 3; // at once: while one waits for the program, another is typed into

function practices() {
  return readFileSync(PRACTICES, "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => {
      const [number, name, records] = line.split("|").map((part) => part.trim());
      return { number, name, records: records.split(" ") };
    });
}

describe("the practices of the branches", () => {
  let world, client, visitors, schema, named;

  before(async () => {
    world = await World.open();
    client = await world.join("secretary", "示例书记");
    const rows = [
      ["person", "name=示例党员901"],
      ["person", "name=示例党员902"],
      ["org", "name=示例党员901支部", "kind=branch"],
      ["event", "kind=regular", "title=示例党员901的活动"],
    ];
    named = {};
    for (const [table, ...fields] of rows) named[table] = await client.add(table, ...fields);
    schema = JSON.parse(await client.call("schema", "--json"));
    visitors = [];
    while (visitors.length < WINDOWS) visitors.push(await world.visit(client, { viewport: { width: 1366, height: 900 } }));
  });
  after(() => world.close());

  const within = (page, name) => page.locator(`[data-field="${name}"]`);

  async function pick(page, field) {
    await within(page, field.name).getByRole("combobox").fill("901");
    await within(page, field.name).getByRole("option").first().click();
  }

  async function fill(page, field, value) {
    const box = within(page, field.name);
    if (field.codes) {
      const select = box.locator("select");
      if ((await select.count()) > 0) await select.selectOption(value);
      else await box.locator("label", { has: page.locator(`input[value="${value}"]`) }).click();
    } else if (field.type === "ref" || field.type === "ref_any") {
      await pick(page, field);
    } else {
      await box.locator("input, textarea").first().fill(value);
    }
  }

  /** What one must say of a row of this kind: what is required, its title and its key; without its kind. */
  function asked(table, kindField) {
    return table.fields.filter(
      (field) =>
        field.name !== kindField &&
        field.default === undefined &&
        (field.required || field.name === table.title || table.key?.includes(field.name)) &&
        (!field.write || field.write.includes("secretary")),
    );
  }

  /** As the page's address brings it, where one comes from the row that a ref names. */
  function brought(field) {
    if (field.codes) return field.codes[0][0];
    if (field.type !== "ref" && field.type !== "ref_any") return TYPED[field.type];
    const target = Object.keys(named).find((name) => !field.refs || field.refs.includes(name));
    return target && (field.type === "ref" ? named[target] : `${target}:${named[target]}`);
  }

  /** The first row of a table is typed and picked by hand, every field; of the others only the kind. */
  async function type({ page, origin }, table, kind, byHand) {
    const kindField = KIND_FIELDS[table.name] ?? "kind";
    const fields = asked(table, kind && kindField);
    const known = byHand ? [] : fields.filter(brought);
    await page.goto(`${origin}/#/new/${table.name}?${new URLSearchParams(known.map((field) => [field.name, brought(field)]))}`);
    await page.locator("form.form").waitFor();
    for (const field of fields) if (!known.includes(field)) await fill(page, field, field.codes ? field.codes[0][0] : TYPED[field.type]);
    if (kind) await fill(page, table.fields.find((field) => field.name === kindField), kind);
    await page.getByRole("button", { name: "保存" }).click();
    await page.waitForURL(new RegExp(`#/row/${table.name}/`));
  }

  /** One window: table after table, as long as there are any. */
  async function work(visitor, tables) {
    for (let next = tables.shift(); next; next = tables.shift())
      for (const [place, kind] of next.kinds.entries())
        await type(visitor, next.table, kind, place === 0).catch((failure) => assert.fail(`${next.table.name} ${kind}: ${failure.message}`));
  }

  test("every kind of record that a practice needs is typed in and saved", async () => {
    const all = practices();
    const wanted = [...new Set(all.flatMap((practice) => practice.records))].filter((record) => !NOT_HERE.includes(record.split(":")[0]));
    const names = [...new Set(wanted.map((record) => record.split(":")[0]))];
    const tables = names.map((name) => ({
      table: schema.tables.find((one) => one.name === name),
      kinds: wanted.filter((record) => record.split(":")[0] === name).map((record) => record.split(":")[1]),
    }));
    tables.sort((a, b) => b.kinds.length - a.kinds.length);
    await Promise.all(visitors.map((visitor) => work(visitor, tables)));
    for (const name of names) {
      const rows = await client.json("list", name);
      const kinds = new Set(rows.map((row) => row[KIND_FIELDS[name] ?? "kind"]));
      for (const record of wanted.filter((one) => one.startsWith(`${name}:`))) assert.ok(kinds.has(record.split(":")[1]), `${record} isn't there`);
      await visitors[0].go(`list/${name}`);
      await visitors[0].page.locator(".list tbody tr").first().waitFor();
    }
    const served = all.filter((practice) => practice.records.every((record) => wanted.includes(record)));
    assert.ok(served.length >= SERVED_MIN, `${served.length} practices`);
    assert.match(readFileSync(COVERAGE, "utf8"), new RegExp(`The pages serve ${served.length} of them`));
    assert.deepEqual([...new Set(served.map((practice) => practice.number[0]))], GROUPS);
    await world.leave();
  });
});
