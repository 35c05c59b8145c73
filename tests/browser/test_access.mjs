// Usable by everybody: contrast, names and structure by axe-core, the keyboard alone, a small window,
// large type, paper; and nothing but this machine needed.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { auditAll, auditBodyText, auditColours, auditWidth } from "./audit.mjs";
import { World } from "./world.mjs";

const WIDE = { width: 1366, height: 768 };
const ENGLISH_PLACES = 6;

describe("everybody", () => {
  let world, client, person, other, visit, places;

  before(async () => {
    world = await World.open();
    client = await world.join("secretary");
    const peer = await world.join("volunteer");
    person = await client.add("person", "name=示例党员301", "phone=1", "living=alone", "note=第一行\n第二行");
    other = await client.add("person", "name=示例党员302");
    visit = await client.add("visit", `target_ref=person:${person}`, "kind=home_visit", "situation=精神尚好", "next_on=2026-01-01");
    const event = await client.add("event", "kind=theme_day", "title=示例主题党日", `start_at=${new Date().getFullYear()}-11-05T09:00`);
    const ticket = await client.add("ticket", "kind=request", "title=修收音机", `person_id=${person}`);
    await client.add("attendance", `event_id=${event}`, `person_id=${person}`, "status=present");
    await client.add("ledger", `subject_ref=person:${person}`, "kind=dues_paid", "amount=5", `period=${new Date().getFullYear()}-01`);
    await client.add("person", "name=示例党员303", "phone=9");
    await client.add("person", "name=示例党员303", "phone=9");
    await client.call("sync");
    await peer.call("sync");
    await client.call("set", "person", person, "phone=2");
    await peer.call("set", "person", person, "phone=3", "name=示例党员三〇一");
    await client.call("sync");
    await peer.call("sync");
    const letter = await client.call("transfer", "offer", other, "--to", world.branch);
    await client.call("sync");
    places = ["", "find?search=示例", "records", "list/person", "list/visit", `row/person/${person}`, `row/visit/${visit}`, `history/person/${person}`, `edit/person/${person}`, "quick/visit", "new/event", "new/ticket", "conflicts", "unsent", "settings", "import/person", "reports", "reports/R02", "reminders", "duplicates", "grid/attendance/0", "grid/ledger/0", `sign/attendance/0/${event}`, "calendar/event", `row/ticket/${ticket}`, "letters", `letter/affiliation/${letter}`, `offer/person/${person}`];
  });
  afterEach(() => world.leave());
  after(() => world.close());

  /** Sizes and themes are attributes of the document; that settings set them is a test of its own. */
  const wear = (page, name, value) => page.evaluate((pair) => (document.documentElement.dataset[pair[0]] = pair[1]), [name, value]);

  test("axe-core finds nothing against WCAG 2.2 AA on any page in a small window, and none is too wide", async () => {
    const visitor = await world.visit(client, { bypassCSP: true });
    for (const place of places) {
      await visitor.settle(place);
      await auditAll(visitor.page, place);
      for (const size of ["normal", "double"]) {
        await wear(visitor.page, "size", size);
        await auditWidth(visitor.page, `${place} in ${size}`);
      }
      await wear(visitor.page, "size", "large");
    }
  });

  test("neither on a laptop, in dark, in high contrast, in English", async () => {
    const visitor = await world.visit(client, { bypassCSP: true, viewport: WIDE });
    for (const place of places) {
      await visitor.settle(place);
      await wear(visitor.page, "theme", "dark");
      await auditAll(visitor.page, `dark ${place}`);
      await auditColours(visitor.page, "contrast", place);
    }
    await visitor.go("settings");
    await visitor.choose("English");
    for (const place of places.slice(0, ENGLISH_PLACES)) {
      await visitor.settle(place);
      await auditAll(visitor.page, `English ${place}`);
      assert.equal(await visitor.page.locator("html").getAttribute("lang"), "en");
    }
    await visitor.go("settings");
    await visitor.choose("中文");
  });

  test("theme and size are what the settings say, also after a reload; body text has the contrast of WCAG AAA", async () => {
    const visitor = await world.visit(client, { bypassCSP: true });
    const worn = () => visitor.page.evaluate(() => ({ ...document.documentElement.dataset }));
    await visitor.go("settings");
    for (const [word, theme] of [["深色", "dark"], ["高对比", "contrast"], ["浅色", "light"]]) {
      await visitor.choose(word);
      assert.equal((await worn()).theme, theme);
    }
    for (const [word, size] of [["标准", "normal"], ["两倍", "double"]]) {
      await visitor.choose(word);
      assert.equal((await worn()).size, size);
    }
    await visitor.still();
    await visitor.page.reload();
    await visitor.settle(`row/person/${person}`);
    assert.deepEqual([(await worn()).theme, (await worn()).size], ["light", "double"]);
    for (const theme of ["light", "dark", "contrast"]) await auditBodyText(visitor.page, theme);
    await visitor.go("settings");
    await visitor.choose("跟随系统");
    await visitor.choose("大");
  });

  test("what can be tapped is large enough for any finger", async () => {
    const visitor = await world.visit(client);
    for (const place of ["", "quick/visit", "list/person", `row/person/${person}`, "conflicts", ...places.slice(-6)]) {
      await visitor.settle(place);
      const small = await visitor.page.evaluate(() =>
        [...document.querySelectorAll("button, .button, nav a, .choices label, select, .card a.grow")]
          .filter((one) => one.checkVisibility() && !one.closest("table"))
          .map((one) => ({ text: one.textContent.slice(0, 20), box: one.getBoundingClientRect() }))
          .filter(({ box }) => box.height < 44)
          .map(({ text, box }) => `${text}: ${box.height}`));
      assert.deepEqual(small, [], place);
    }
  });

  test("a visit is logged with the keyboard alone", async () => {
    const visitor = await world.visit(client, { viewport: { width: 1366, height: 768 } });
    const { keyboard } = visitor.page;
    const tabTo = async (what) => {
      for (let presses = 0; presses < 60; presses++) {
        await keyboard.press("Tab");
        const here = await visitor.page.evaluate(() => {
          const one = document.activeElement;
          return `${one.textContent} ${one.labels?.[0]?.textContent ?? ""} ${one.getAttribute("aria-label") ?? ""} ${one.value ?? ""}`;
        });
        if (what.test(here)) return;
      }
      throw new Error(`no way to ${what} by keyboard`);
    };
    await visitor.go("");
    await tabTo(/记走访联系/);
    await keyboard.press("Enter");
    await visitor.page.getByRole("heading", { name: "记走访联系" }).waitFor();
    await tabTo(/^.*对象/);
    if ((await visitor.page.evaluate(() => document.activeElement.type)) === "radio") await keyboard.press("Tab");
    await keyboard.type("302");
    await visitor.page.getByRole("option", { name: /302/ }).waitFor();
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await tabTo(/走访慰问/);
    await keyboard.press("Space");
    await keyboard.press("ArrowRight");
    await tabTo(/情况记录/);
    await keyboard.type("用键盘写的");
    await tabTo(/^保存/);
    await keyboard.press("Enter");
    await visitor.page.getByText("已保存").waitFor();
    const saved = (await client.json("list", "visit")).find((row) => row.situation === "用键盘写的");
    assert.equal(saved.kind, "study");
    assert.equal(saved.target_ref, `person:${other}`);
  });

  test("on paper there are no buttons and no menus", async () => {
    const visitor = await world.visit(client, { viewport: { width: 1366, height: 768 } });
    await visitor.settle(`row/person/${person}`);
    await visitor.page.emulateMedia({ media: "print" });
    assert.equal(await visitor.page.locator("header").isVisible(), false);
    assert.equal(await visitor.page.getByRole("button").filter({ visible: true }).count(), 0);
    await visitor.page.getByText("第二行").first().waitFor();
    const paper = await visitor.page.pdf({ format: "A4" });
    assert.equal(paper.subarray(0, 5).toString(), "%PDF-");
  });

  test("the first load is small", async () => {
    const visitor = await world.visit(client);
    const sizes = [];
    visitor.page.on("response", async (response) => sizes.push((await response.body().catch(() => Buffer.alloc(0))).length));
    await visitor.page.reload();
    await visitor.page.getByRole("link", { name: "记走访联系" }).first().waitFor();
    const total = sizes.reduce((sum, size) => sum + size, 0);
    // Uncompressed, so the 150 KiB that were asked for compressed are kept with room.
    assert.ok(total < 300 * 1024, `${total} bytes`);
  });
});
