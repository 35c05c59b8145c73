// The user's guide: its pictures are taken from the living pages, and every word it puts in 「」 is
// really there. JINQIU_PICTURES=docs/pictures keeps the pictures.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, World } from "./world.mjs";

const DOCS = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs");
const PHRASE = "梧桐 daylight 七十二 harbour";
const PICTURE_BYTES_MAX = 120 * 1024;

describe("the guide", () => {
  let world, client, peer, person, seen, folder;
  const taken = new Set();

  before(async () => {
    world = await World.open();
    folder = process.env.JINQIU_PICTURES ?? join(world.folder, "pictures");
    mkdirSync(folder, { recursive: true });
    client = await world.join("secretary", "示例书记");
    peer = await world.join("volunteer", "示例志愿者");
    seen = "";
  });
  after(() => world.close());

  function day(offset) {
    const date = new Date(Date.now() + offset * 86400000);
    return date.toISOString().slice(0, 10);
  }

  async function fill() {
    const names = ["示例党员007", "示例党员012", "示例党员023", "示例党员031"];
    const living = ["alone", "empty_nest", "with_family", "alone"];
    const health = ["limited", "chronic", "healthy", "bedridden"];
    const ids = [];
    for (let n = 0; n < names.length; n++)
      ids.push(await client.add("person", `name=${names[n]}`, `sex=${n % 2 ? "male" : "female"}`, `born_on=19${40 + n * 3}-0${n + 2}-15`, "kind=retired", `phone=1380000${String(7 + n).padStart(4, "0")}`, `living=${living[n]}`, `health=${health[n]}`, `address=示例镇解放路${n + 3}号`));
    person = ids[0];
    await client.add("visit", `target_ref=person:${ids[0]}`, "kind=home_visit", "situation=精神尚好，想听广播", `next_on=${day(-3)}`);
    await client.add("visit", `target_ref=person:${ids[3]}`, "kind=hospital", "situation=住院一周，家属陪护", `next_on=${day(0)}`);
    await client.add("visit", `target_ref=person:${ids[1]}`, "kind=phone", "situation=电话问候，一切都好");
    await client.call("sync");
    await peer.call("sync");
  }

  /** What a secretary does at a desk, and a request that moves on. */
  async function deskPictures(phone) {
    const year = new Date().getFullYear();
    const people = await client.json("list", "person");
    const ticket = await client.add("ticket", "kind=request", "title=修收音机", `person_id=${person}`, `due_on=${day(5)}`);
    const event = await client.add("event", "kind=theme_day", "title=主题党日", `start_at=${year}-${day(0).slice(5, 7)}-15T09:00`, "place=活动室", "state=planned");
    const venue = await client.add("venue", "name=示例活动室", "kind=centre");
    for (const title of ["合唱队", "书画班"]) await client.add("event", "kind=booking", `title=${title}`, `planned_at=${year}-${day(0).slice(5, 7)}-18T09:30`, `venue_id=${venue}`);
    for (const { id } of people) await client.call("set", "person", id, "dues_fen=5.00");
    for (const { id } of people.slice(0, 2)) await client.add("attendance", `event_id=${event}`, `person_id=${id}`, "status=present");
    await client.add("ledger", `subject_ref=person:${people[1].id}`, "kind=dues_paid", "amount=5", `period=${year}-01`);
    const read = async (visitor) => (seen += await visitor.page.evaluate(() => document.body.innerText));
    await phone.go("");
    await phone.page.getByText("待承接的").waitFor();
    await read(phone);
    await phone.go(`row/ticket/${ticket}`);
    await phone.page.getByRole("button", { name: "我来承接" }).waitFor();
    await picture(phone, "ticket");
    await phone.tap("button", "我来承接");
    await phone.go("");
    await phone.page.getByText("我承接的").waitFor();
    await read(phone);
    await phone.go(`row/person/${person}`);
    await phone.page.getByText("待办事项").waitFor();
    await read(phone);
    await phone.go(`row/event/${event}`);
    await phone.page.getByRole("link", { name: "签到参与", exact: true }).waitFor();
    await read(phone);
    await phone.go(`sign/attendance/0/${event}`);
    await phone.page.getByText("已签到 2 人").waitFor();
    await picture(phone, "sign");
    await phone.go("records");
    await read(phone);
    const desk = await world.visit(client, { viewport: { width: 1024, height: 600 } });
    await desk.go("grid/ledger/0");
    await desk.page.getByRole("button", { name: "示例党员007 1月" }).click();
    await desk.page.getByRole("button", { name: "示例党员007 2月" }).click();
    await desk.page.getByText("共 10.00").waitFor();
    await picture(desk, "dues");
    await desk.go("calendar/event");
    await desk.page.getByText("2 项时间地点相撞").waitFor();
    await picture(desk, "calendar");
    const file = "姓名,生日,电话\n示例党员041,1950-02-30,13800000041\n";
    await desk.go("import/person");
    await desk.page.getByLabel("选择文件").setInputFiles({ name: "名单.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
    await desk.page.getByText(/发现 1 处错误/).waitFor();
    await picture(desk, "import");
    await client.add("person", "name=示例党员012", "phone=13800000008", "residence=local");
    await desk.go("duplicates");
    await desk.page.locator("[data-duplicate]").waitFor();
    await picture(desk, "duplicates");
    await desk.tap("button", "是同一个，合并");
    await desk.page.getByText("已合并").waitFor();
    await read(desk);
    await desk.go("list/person");
    await desk.page.getByText(/找到/).waitFor();
    await read(desk);
    await desk.go(`reports/R08?from=${year}-01-01&to=${year}-12-31`);
    await desk.page.getByRole("button", { name: "存为 PDF" }).waitFor();
    await read(desk);
    await desk.go("reports");
    await desk.tap("link", "纸质表");
    await desk.page.getByRole("button", { name: /按记录填好/ }).first().waitFor();
    await read(desk);
  }

  /** A member who is to go to the branch; the township's secretary answers for it. */
  async function letterPictures(phone) {
    await client.call("transfer", "offer", person, "--to", world.branch, "letter_no=第12号");
    await phone.go("");
    await phone.page.getByText("等这里接收").waitFor();
    seen += await phone.page.evaluate(() => document.body.innerText);
    await phone.go("letters");
    await phone.page.getByRole("button", { name: "退回" }).waitFor();
    await picture(phone, "letters");
    await phone.page.getByRole("link", { name: /示例党员007/ }).first().click();
    await phone.page.getByRole("button", { name: "党员组织关系介绍信 PDF" }).waitFor();
    seen += await phone.page.evaluate(() => document.body.innerText);
    await phone.go(`offer/person/${person}`);
    await phone.page.getByText("开出转接单").waitFor();
    seen += await phone.page.evaluate(() => document.body.innerText);
  }

  /** A computer that joins, starts again locked, and a clerk who lets others join. */
  async function joinPictures() {
    const read = async ({ page }) => (seen += await page.evaluate(() => document.body.innerText));
    const quiet = /Failed to load resource/; // 423 until it is open
    const client = world.newcomer();
    const visitor = await world.visit(client, { quiet });
    await visitor.page.getByLabel("再输一遍").waitFor();
    await picture(visitor, "join");
    await visitor.page.getByLabel("邀请码", { exact: true }).fill(await world.invite("volunteer", "示例志愿者"));
    for (const label of ["口令", "再输一遍"]) await visitor.page.getByLabel(label, { exact: true }).fill(PHRASE);
    await visitor.tap("button", "入网");
    await visitor.page.getByText("我已经抄在纸上").waitFor();
    await read(visitor);
    await client.stop();
    const again = await world.visit(client, { quiet });
    await again.page.getByLabel("口令或恢复码").waitFor();
    await read(again);
    const clerk = await world.visit(await world.join("clerk", "示例干事"));
    await clerk.go("settings");
    await clerk.page.getByRole("link", { name: "让新设备入网" }).waitFor();
    await read(clerk);
    await clerk.go("enrol");
    await clerk.tap("button", "让别人来同步");
    await clerk.page.getByLabel("使用人姓名").waitFor();
    await read(clerk);
    await clerk.tap("button", "停止");
    await world.leave();
  }

  async function picture(visitor, name) {
    await visitor.page.waitForTimeout(200);
    seen += await visitor.page.evaluate(() => document.body.innerText);
    const bytes = await visitor.page.screenshot({ path: join(folder, `${name}.png`) });
    assert.ok(bytes.length < PICTURE_BYTES_MAX, `${name}: ${bytes.length} bytes`);
    taken.add(`${name}.png`);
  }

  test("its pictures are taken, and it names only what is there", async () => {
    await joinPictures();
    await fill();
    const phone = await world.visit(client);
    const { page } = phone;
    await phone.go(`quick/visit?target_ref=person:${person}`);
    await phone.choose("走访慰问");
    await page.getByLabel("情况记录").fill("老人精神尚好，想听广播");
    await phone.draftKept();
    await picture(phone, "visit");
    await phone.go("");
    await page.getByText("没写完的").waitFor();
    await picture(phone, "home");
    await phone.go("quick/visit");
    seen += await page.evaluate(() => document.body.innerText);
    await phone.tap("link", "首页");
    await phone.tap("link", "接着写");
    await phone.tap("button", "保存");
    await page.getByText("已保存").waitFor();
    seen += await page.evaluate(() => document.body.innerText);
    await phone.go("find?search=%E7%A4%BA%E4%BE%8B%E5%85%9A%E5%91%98");
    await page.getByRole("link", { name: /示例党员031/ }).waitFor();
    await picture(phone, "find");
    await phone.go(`row/person/${person}`);
    await page.getByText("精神尚好").first().waitFor();
    await picture(phone, "person");
    await phone.go("settings");
    await picture(phone, "settings");
    await deskPictures(phone);
    await letterPictures(phone);
    await phone.go(`new/visit?target_ref=person:${person}`);

    const desk = await world.visit(client, { viewport: { width: 1024, height: 600 } });
    await desk.go("list/person");
    await desk.page.getByText("找到 4 条").waitFor();
    await picture(desk, "list");
    await client.call("set", "person", person, "phone=13911112222");
    await peer.call("set", "person", person, "phone=13911113333");
    await peer.call("sync");
    await desk.page.locator(".badge").waitFor();
    await desk.go("conflicts");
    await desk.page.locator(".conflict").waitFor();
    await picture(desk, "conflict");
    await desk.page.getByRole("button", { name: "采用这个" }).first().click();
    await desk.page.getByText("已定").waitFor();
    seen += await desk.page.evaluate(() => document.body.innerText);
    await desk.go(`history/person/${person}`);
    await desk.page.getByText("改回这个").first().waitFor();
    seen += await desk.page.evaluate(() => document.body.innerText);
    await eventually(async () => (await client.json("status")).unsent === 0, "all sent");
    await phone.go("");
    await page.locator('[data-unsent="0"]').waitFor();
    seen += await page.evaluate(() => document.body.innerText);
    await world.hub.stop("SIGKILL");
    await page.locator('[data-sync="unreachable"]').waitFor();
    await client.add("visit", `target_ref=person:${person}`, "kind=study", "situation=送学上门，读报半小时");
    await page.locator('[data-unsent="1"]').waitFor();
    await phone.go("unsent");
    await page.getByText("送学").first().waitFor();
    await picture(phone, "waiting");
    for (let n = 0; n < 8; n++) await client.add("visit", `target_ref=person:${person}`, "kind=study", `situation=送学上门第${n}次，读报半小时`);
    await phone.tap("button", "显示成二维码");
    await page.getByRole("button", { name: "自动换图" }).waitFor();
    seen += await page.evaluate(() => document.body.innerText);
    await phone.tap("button", "收起二维码");
    await phone.tap("button", "让别人来同步");
    await page.getByRole("button", { name: "停止" }).waitFor();
    seen += await page.evaluate(() => document.body.innerText);
    await world.leave();
    compare();
  });

  function compare() {
    const guide = readFileSync(join(DOCS, "guide.zh-CN.md"), "utf8");
    const pictures = [...guide.matchAll(/\(pictures\/([^)]+)\)/g)].map(([, name]) => name);
    assert.deepEqual(new Set(pictures), taken);
    const words = [...guide.matchAll(/「([^」]+)」/g)].map(([, word]) => word).filter((word) => word);
    assert.ok(words.length > 30);
    assert.deepEqual([...new Set(words.filter((word) => !seen.includes(word)))], []);
  }
});
