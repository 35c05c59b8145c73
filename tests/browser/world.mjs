// A hub, clients and browsers for the stories in this folder: the real programs, Debian's Chromium.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const run = promisify(execFile);
const { JINQIU, JINQIUD } = process.env;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Standard output of one call; a wrong exit code throws. */
async function call(program, folder, args, { wanted = [0], env = {} } = {}) {
  const options = { maxBuffer: 1 << 26, env: { ...process.env, ...env } };
  try {
    const { stdout } = await run(program, [...args, "--dir", folder], options);
    return stdout.trim();
  } catch (failure) {
    if (!wanted.includes(failure.code))
      throw new Error(`${args.join(" ")}: exit ${failure.code}: ${failure.stderr}`);
    return failure.stdout.trim();
  }
}

function start(program, args, env = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const process_ = { child, stderr: "" };
  child.stderr.on("data", (data) => (process_.stderr += data));
  const gone = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
  process_.line = async (pattern) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${program} ended: ${process_.stderr}`);
      const found = value.match(pattern);
      if (found) return found[1];
    }
  };
  process_.stop = async (signal = "SIGTERM") => {
    child.kill(signal);
    return gone;
  };
  return process_;
}

class Hub {
  constructor(folder) {
    this.folder = folder;
    this.address = "127.0.0.1:0";
  }
  call(...args) {
    return call(JINQIUD, this.folder, args);
  }
  async start(...options) {
    this.process = start(JINQIUD, ["run", "--dir", this.folder, "--listen", this.address, ...options]);
    const ready = await this.process.line(/^ready listen=(.*)$/);
    this.address = ready.split(" ")[0];
    this.http = ready.split("http=")[1];
  }
  /** An account of the console, by its command. */
  account(name, role, secret) {
    return call(JINQIUD, this.folder, ["account", "add", name, "--role", role], { env: { JINQIU_ACCOUNT_PASSWORD: secret } });
  }
  async stop(signal) {
    const process_ = this.process;
    this.process = undefined;
    return process_?.stop(signal);
  }
}

class Client {
  /** With a passphrase its folder is encrypted. */
  constructor(folder, person, passphrase) {
    this.folder = folder;
    this.person = person;
    this.env = passphrase ? { JINQIU_PASSPHRASE: passphrase } : {};
  }
  call(...args) {
    return call(JINQIU, this.folder, args, { wanted: [0, 4], env: this.env });
  }
  async json(...args) {
    return JSON.parse(await this.call(...args, "--json"));
  }
  add(table, ...fields) {
    return this.call("add", table, ...fields);
  }
  /** Serve the pages; `link` lets one browser in. */
  async serve(env = {}) {
    this.process = start(JINQIU, ["serve", "--dir", this.folder], { ...this.env, ...env });
    this.address = await this.process.line(/^ready http=(\S+)/);
    this.link = await this.process.line(/^open (\S+)/);
  }
  async nextLink() {
    this.link = await this.process.line(/^open (\S+)/);
  }
  async stop(signal) {
    const process_ = this.process;
    this.process = undefined;
    const ended = await process_?.stop(signal);
    if (process_ && signal !== "SIGKILL" && (ended.code !== 0 || process_.stderr))
      throw new Error(`serve ended with ${ended.code}: ${process_.stderr}`);
  }
}

export class World {
  clients = [];
  visitors = [];

  static async open() {
    const world = new World();
    world.folder = mkdtempSync(join(tmpdir(), "jinqiu-browser-"));
    world.hub = new Hub(join(world.folder, "hub"));
    const root = await world.hub.call("init", "--name", "示例老干部局", "--no-passphrase");
    const org = (kind, name, parent) =>
      world.hub.call("org", "add", "--kind", kind, "--name", name, "--parent", parent);
    world.township = await org("township", "示例镇", await org("county", "示例县", root));
    world.branch = await org("branch", "示例镇离退休党支部", world.township);
    await world.hub.start();
    return world;
  }

  async join(role = "secretary", person = `示例党员${String(this.clients.length + 1).padStart(3, "0")}`, passphrase, org = this.township) {
    return this.enter(await this.invite(role, person, org), person, passphrase);
  }

  /** The code for a new device. */
  invite(role, person, org = this.township) {
    return this.hub.call("invite", "--org", org, "--role", role, "--person", person, "--address", this.hub.address);
  }

  /** A folder that has still to join. */
  newcomer(person, passphrase) {
    const client = new Client(join(this.folder, `client${this.clients.length}`), person, passphrase);
    this.clients.push(client);
    return client;
  }

  /** A new client that joins with an invitation. */
  async enter(code, person, passphrase) {
    const client = this.newcomer(person, passphrase);
    await client.call("join", code, ...(passphrase ? [] : ["--no-passphrase"]));
    return client;
  }

  async browser(args = []) {
    if (!existsSync(CHROMIUM)) throw new Error(`no Chromium at ${CHROMIUM}`);
    this.chromium ??= await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", ...args] });
    return this.chromium;
  }

  /** A browser with a make-believe camera, which sees nothing yet. */
  async camera() {
    this.film([]);
    await this.browser(["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${this.filmFile}`]);
  }
  get filmFile() {
    return join(this.folder, "film.mjpeg");
  }
  /** What the camera sees from now on: JPEG after JPEG, each a while, again and again. */
  film(frames) {
    writeFileSync(this.filmFile, Buffer.concat(frames.flatMap((frame) => Array(10).fill(frame))));
  }

  /** A person at `client`'s pages; `quiet` is what their browser may complain about. */
  async visit(client, { quiet, ...options } = {}) {
    const browser = await this.browser();
    if (!client.process) await client.serve();
    const context = await browser.newContext({
      viewport: { width: 360, height: 640 },
      locale: "zh-CN",
      timezoneId: "Asia/Shanghai",
      ...options,
    });
    const page = await context.newPage();
    const visitor = new Visitor(page, client);
    visitor.quiet = quiet;
    this.visitors.push(visitor);
    await page.goto(client.link);
    await page.getByRole("heading", { level: 1 }).waitFor(); // of the first page, or of the lock
    await client.nextLink();
    return visitor;
  }

  /** A person of the bureau, signed in to the hub's console. */
  async console(name, secret, options = {}) {
    const browser = await this.browser();
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN", timezoneId: "Asia/Shanghai", ...options });
    const page = await context.newPage();
    const visitor = new Visitor(page, { address: this.hub.http });
    this.visitors.push(visitor);
    await page.goto(`http://${this.hub.http}/`);
    await page.getByLabel("账号").fill(name);
    await page.getByLabel("密码").fill(secret);
    await visitor.tap("button", "登录");
    await page.getByRole("heading", { name: "示例老干部局" }).waitFor();
    return visitor;
  }

  /** Everybody closes their browser; what a browser complained about fails the test. */
  async leave() {
    const visitors = this.visitors.splice(0);
    for (const visitor of visitors) await visitor.page.context().close();
    const troubles = visitors.flatMap((visitor) => visitor.troubles);
    if (troubles.length > 0) throw new Error(troubles.join("\n"));
  }

  async close() {
    await this.chromium?.close();
    for (const client of this.clients) await client.stop();
    await this.hub.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const STILL_MS = 60000;

/** Notes whatever a browser complains about, dialogs that nobody expected, and requests that would
 * leave the machine. */
export class Visitor {
  troubles = [];
  taps = 0;
  asking = new Set(); // requests that wait for their answer; the stream of events has none

  constructor(page, client) {
    this.page = page;
    this.client = client;
    this.origin = `http://${client.address}`;
    page.setDefaultTimeout(60000);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !this.quiet?.test(message.text()))
        this.troubles.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.troubles.push(`page: ${error.message}`));
    page.on("dialog", (dialog) => {
      if (!this.agrees) this.troubles.push(`dialog: ${dialog.message()}`);
      void dialog.accept();
    });
    const answered = (request) => this.asking.delete(request);
    page.on("requestfinished", answered);
    page.on("requestfailed", answered);
    page.on("request", (request) => {
      if (request.url().includes("/api/") && !request.url().endsWith("/api/events")) this.asking.add(request);
      if (!request.url().replace(/^blob:/, "").startsWith(`${this.origin}/`)) this.troubles.push(`request to ${request.url()}`);
    });
  }

  async go(route) {
    await this.page.goto(`${this.origin}/#/${route}`);
    await this.page.getByRole("heading", { level: 1 }).waitFor();
  }
  /** Wait until all that the page asked for is there and drawn. */
  async still() {
    const until = Date.now() + STILL_MS;
    for (;;) {
      const reading = await this.page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(/正在读取|Loading/.test(document.body.innerText))))),
      );
      if (!reading && this.asking.size === 0) return;
      if (Date.now() > until) throw new Error(`never still: ${[...this.asking].map((request) => request.url())}`);
    }
  }
  /** Go there and see the whole page. */
  async settle(route) {
    await this.go(route);
    await this.still();
  }
  async tap(role, name, options = {}) {
    this.taps++;
    await this.page.getByRole(role, { name, ...options }).first().click();
  }
  /** The file that a button gives; without one, what the browser complained about. */
  async download(name) {
    const coming = this.page.waitForEvent("download").catch((failure) => {
      throw new Error(`${name}: ${failure.message}\n${this.troubles.join("\n")}`);
    });
    coming.catch(() => undefined); // a tap that fails is told first
    await this.tap("button", name);
    return coming;
  }
  /** A chip of a form: its label takes the tap. */
  async choose(name, within = this.page) {
    this.taps++;
    await within.locator(".choices label", { hasText: new RegExp(`^${name}$`) }).first().click();
  }
  /** Discard what was typed, say yes to the question, and wait until the form is left. */
  async discard() {
    this.agrees = true;
    await this.tap("button", "丢弃");
    await this.page.locator("form").waitFor({ state: "detached" });
    this.agrees = false;
  }
  /** Wait until everything that was typed is kept as a draft. */
  async draftKept() {
    await this.page.locator('[data-draft="kept"]').waitFor();
  }
  heading() {
    return this.page.getByRole("heading", { level: 1 }).innerText();
  }
}

/** Tries until `check` holds; for what comes over the line. */
export async function eventually(check, what) {
  const until = Date.now() + 60000;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > until) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
