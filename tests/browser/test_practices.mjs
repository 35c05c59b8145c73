// The practices of the branches (tests/e2e/practices.txt), typed into the pages as a secretary does:
// each kind of record that one of them needs, by the form that follows from the schema.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { World } from "./world.mjs";

const PRACTICES = join(dirname(fileURLToPath(import.meta.url)), "..", "e2e", "practices.txt");
const KIND_FIELDS = { log: "action", tag: "scheme", award: "level" };
const TYPED = { text: "示例", place: "示例路1号", code: "2026-11", date: "2026-11-01", datetime: "2026-11-01T09:30", month: "2026-11", int: "1", money: "12.50" };
const NOT_HERE = ["rule", "standard", "score", "blob", "device"]; // written at the bureau, or no form
const GROUPS = [..."ABCDEFGHI"];
const SERVED_MIN = 100;

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
  let world, client, visitor, schema;

  before(async () => {
    world = await World.open();
    client = await world.join("secretary", "示例书记");
    for (const name of ["示例党员901", "示例党员902"]) await client.add("person", `name=${name}`);
    await client.add("org", "name=示例党员901支部", "kind=branch");
    await client.add("event", "kind=regular", "title=示例党员901的活动");
    schema = JSON.parse(await client.call("schema", "--json"));
    visitor = await world.visit(client, { viewport: { width: 1366, height: 900 } });
  });
  after(() => world.close());

  const within = (name) => visitor.page.locator(`[data-field="${name}"]`);

  async function pick(field) {
    await within(field.name).getByRole("combobox").fill("901");
    await within(field.name).getByRole("option").first().click();
  }

  async function fill(field, value) {
    const box = within(field.name);
    if (field.codes) {
      const select = box.locator("select");
      if ((await select.count()) > 0) await select.selectOption(value);
      else await box.locator("label", { has: visitor.page.locator(`input[value="${value}"]`) }).click();
    } else if (field.type === "ref" || field.type === "ref_any") {
      await pick(field);
    } else {
      await box.locator("input, textarea").first().fill(value);
    }
  }

  /** What one must say of a row of this kind: what is required, its kind, its title and its key. */
  async function type(table, kind) {
    const kindField = KIND_FIELDS[table.name] ?? "kind";
    await visitor.go(`new/${table.name}`);
    for (const field of table.fields) {
      const isKind = field.name === kindField && kind;
      const filled = field.default !== undefined;
      if (!isKind && (filled || !(field.required || field.name === table.title || table.key?.includes(field.name)))) continue;
      if (field.write && !field.write.includes("secretary")) continue;
      await fill(field, isKind ? kind : field.codes ? field.codes[0][0] : TYPED[field.type]);
    }
    await visitor.page.getByRole("button", { name: "保存" }).click();
    await visitor.page.waitForURL(new RegExp(`#/row/${table.name}/`), { timeout: 20000 });
  }

  test("every kind of record that a practice needs is typed in and saved", async () => {
    const all = practices();
    const wanted = [...new Set(all.flatMap((practice) => practice.records))].filter((record) => !NOT_HERE.includes(record.split(":")[0]));
    for (const record of wanted) {
      const [name, kind] = record.split(":");
      const table = schema.tables.find((one) => one.name === name);
      await type(table, kind).catch((failure) => assert.fail(`${record}: ${failure.message}`));
    }
    for (const name of new Set(wanted.map((record) => record.split(":")[0]))) {
      const rows = await client.json("list", name);
      const kinds = new Set(rows.map((row) => row[KIND_FIELDS[name] ?? "kind"]));
      for (const record of wanted.filter((one) => one.startsWith(`${name}:`))) assert.ok(kinds.has(record.split(":")[1]), `${record} isn't there`);
      await visitor.go(`list/${name}`);
      await visitor.page.locator(".list tbody tr").first().waitFor();
    }
    const served = all.filter((practice) => practice.records.every((record) => wanted.includes(record)));
    assert.ok(served.length >= SERVED_MIN, `${served.length} practices`);
    assert.deepEqual([...new Set(served.map((practice) => practice.number[0]))], GROUPS);
    await world.leave();
  });
});
