"""What lies on the disk of an encrypted replica tells nothing without its passphrase, a forgotten
passphrase isn't the end of it, and a revoked device can't be read any more."""

import glob
import os
import signal
import subprocess
import tempfile
import time
import unittest

from jinqiu import JINQIU, JINQIUD, Client, World, run

PHRASE = {"JINQIU_PASSPHRASE": "梧桐 daylight 七十二 harbour"}
OTHER = {"JINQIU_PASSPHRASE": "another four words entirely"}
SECRET = "血压偏高独居无人照看"
NAME = "示例党员甲乙丙"


class EncryptedClient(Client):
    """As Client, with a passphrase."""

    def __init__(self, folder, code, *flags):
        self.folder = folder
        self.env = PHRASE
        self.printed = self.call("join", code, *flags).split()
        self.device = self.printed[0]


def join(world, *flags):
    world.clients += 1
    code = world.hub.invite(world.township, "secretary", "示例党员001")
    return EncryptedClient(os.path.join(world.folder, f"client{world.clients}"), code, *flags)


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def traces(folder, *texts):
    """Files below the folder that hold one of the texts, in any encoding one may look for."""
    needles = [text.encode(code) for text in texts for code in ("utf-8", "utf-16-le", "utf-16-be",
                                                                "gb18030")]
    found = []
    for path in glob.glob(os.path.join(folder, "**"), recursive=True):
        if os.path.isfile(path):
            found += [path for needle in needles if needle in content_of(path)]
    return found


def fill(client):
    person = client.call("add", "person", f"name={NAME}", "phone=13800004321").strip()
    client.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                f"situation={SECRET}")
    return person


class AtRest(unittest.TestCase):
    def refused(self, program, *arguments, env=None):
        return run(program, *arguments, code=1, error=True,
                   env={"JINQIU_LANG": "en", "JINQIU_PASSPHRASE": "", **(env or {})})

    def test_no_file_of_the_folder_holds_a_record(self):
        with World() as world, tempfile.TemporaryDirectory() as scratch:
            client = join(world)
            client.env = {**PHRASE, "TMPDIR": scratch, "SQLITE_TMPDIR": scratch}
            fill(client)
            self.assertEqual(traces(client.folder, NAME, SECRET, "13800004321"), [])
            client.sync()
            client.call("list", "person", "--search", "甲乙")
            client.call("history", "person", client.json("list", "person")[0]["id"])
            self.assertEqual(traces(client.folder, NAME, SECRET, "13800004321"), [])
            # Killed while it saves and syncs; what it left is as silent.
            lines = "\n".join(f'{{"op":"add","table":"person","fields":{{"name":"{NAME}{n}"}}}}'
                              for n in range(3000))
            for pause in (0.4, 0.8, 1.2):
                process = subprocess.Popen([JINQIU, "apply", "-", "--dir", client.folder],
                                           stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                           env={**os.environ, **client.env})
                try:
                    process.stdin.write(lines.encode())
                    process.stdin.flush()
                except BrokenPipeError:
                    pass
                time.sleep(pause)
                process.send_signal(signal.SIGKILL)
                process.communicate()
                self.assertEqual(traces(client.folder, NAME, SECRET), [])
            with tempfile.TemporaryDirectory() as elsewhere:
                table = os.path.join(elsewhere, "people.csv")
                client.call("export", "person", table, "--limit", "100")
                self.assertTrue(traces(elsewhere, NAME))  # asked for; and the search works
            self.assertEqual(traces(client.folder, NAME, SECRET), [])
            self.assertEqual(os.listdir(scratch), [])
            self.assertTrue(client.json("verify")["ok"])

    def test_other_users_of_the_machine_have_no_part_in_it(self):
        before = os.umask(0)  # the most careless shell there is
        try:
            with World() as world:
                client = world.join()
                fill(client)
                client.call("export", "person", os.path.join(client.folder, "people.csv"))
                client.call("bundle", "write", os.path.join(client.folder, "stick"))
                for folder in (client.folder, world.hub.folder):
                    self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
                    for name in os.listdir(folder):
                        mode = os.stat(os.path.join(folder, name)).st_mode & 0o777
                        self.assertEqual((name, mode & 0o077), (name, 0))
        finally:
            os.umask(before)

    def test_only_the_passphrase_opens_it_and_it_can_be_changed(self):
        with World() as world:
            client = join(world)
            fill(client)
            database = os.path.join(client.folder, "replica.db")
            before = content_of(database)
            self.assertIn("encrypted", self.refused(JINQIU, "list", "person", "--dir", client.folder))
            self.assertIn("doesn't open", self.refused(JINQIU, "list", "person", "--dir",
                                                       client.folder, env=OTHER))
            self.assertIn("no time", self.refused(
                JINQIU, "passphrase", "--dir", client.folder,
                env={**PHRASE, "JINQIU_NEW_PASSPHRASE": "123456"}))
            run(
                JINQIU, "passphrase", "--dir", client.folder,
                env={**PHRASE, "JINQIU_NEW_PASSPHRASE": OTHER["JINQIU_PASSPHRASE"]})
            self.assertEqual(before, content_of(database))
            self.refused(JINQIU, "list", "person", "--dir", client.folder, env=PHRASE)
            client.env = OTHER
            self.assertEqual(client.json("list", "person")[0]["name"], NAME)
            slots = {slot["kind"]: slot for slot in client.json("passphrase", "--show")["slots"]}
            self.assertGreaterEqual(slots["passphrase"]["memory_kib"], 64 * 1024)

    def test_a_forgotten_passphrase_by_paper_and_by_the_bureau(self):
        with World() as world:
            client = join(world, "--recovery-code")
            fill(client)
            paper = client.printed[1]
            new = {"JINQIU_NEW_PASSPHRASE": OTHER["JINQIU_PASSPHRASE"]}
            run(JINQIU, "passphrase", "--recover", "--dir", client.folder,
                env={"JINQIU_RECOVERY_CODE": paper, **new})
            client.env = OTHER
            self.assertEqual(len(client.json("list", "visit")), 1)
            client.call("passphrase", "--add-escrow", world.hub.call("escrow", "key").strip())
            request = client.call("passphrase", "--show-escrow").strip()
            code = world.hub.call("escrow", "open", request).strip()
            run(JINQIU, "passphrase", "--recover", "--dir", client.folder,
                env={"JINQIU_RECOVERY_CODE": code,
                     "JINQIU_NEW_PASSPHRASE": PHRASE["JINQIU_PASSPHRASE"]})
            client.env = PHRASE
            self.assertEqual(len(client.json("list", "visit")), 1)
            # What went from hand to hand opens nothing any more.
            self.refused(JINQIU, "passphrase", "--recover", "--dir", client.folder,
                         env={"JINQIU_RECOVERY_CODE": code, **new})

    def test_no_program_leaves_a_core_file(self):
        with World() as world:
            with open(f"/proc/{world.hub.process.pid}/limits", encoding="utf-8") as file:
                core = next(line.split() for line in file if line.startswith("Max core file size"))
            self.assertEqual(core[4:6], ["0", "0"])  # soft and hard, whatever the shell allowed

    def test_without_a_passphrase_one_has_to_say_so(self):
        with World() as world:
            code = world.hub.invite(world.township, "secretary", "示例党员001")
            folder = os.path.join(world.folder, "bare")
            self.assertIn("--no-passphrase", self.refused(JINQIU, "join", code, "--dir", folder))
            self.assertFalse(os.path.exists(os.path.join(folder, "replica.db")))
            Client(folder, code)

    def test_a_revoked_device_gives_all_it_has_and_then_nobody_can_read_it(self):
        with World() as world:
            client = join(world, "--recovery-code")
            client.sync()
            fill(client)
            world.hub.call("revoke", client.device)
            world.hub.stop()
            client.sync(code=3)
            self.assertEqual(len(client.json("list", "visit")), 1)
            world.hub.start()
            client.sync(code=1)
            self.assertIn(SECRET, str(world.hub.json("set-aside")))
            self.assertIn("revoked", self.refused(JINQIU, "list", "visit", "--dir", client.folder,
                                                  env=PHRASE))
            self.refused(JINQIU, "passphrase", "--recover", "--dir", client.folder, env={
                "JINQIU_RECOVERY_CODE": client.printed[1],
                "JINQIU_NEW_PASSPHRASE": OTHER["JINQIU_PASSPHRASE"]})

    def test_a_hub_under_a_key_file(self):
        with tempfile.TemporaryDirectory(prefix="jinqiu-e2e-") as folder:
            key, hub, backup = (os.path.join(folder, name) for name in ("key", "hub", "backup"))
            with open(key, "wb") as file:
                file.write(os.urandom(64))
            run(JINQIUD, "init", "--dir", hub, "--name", "示例老干部局", "--key-file", key)
            run(JINQIUD, "org", "add", "--dir", hub, "--name", "示例县密", "--kind", "county",
                "--key-file", key)
            self.assertEqual(traces(hub, "示例县密", "示例老干部局"), [])
            self.assertIn("key file", self.refused(JINQIUD, "org", "list", "--dir", hub))
            run(JINQIUD, "backup", "--dir", hub, backup, "--key-file", key)
            self.assertEqual(traces(folder, "示例县密"), [])
            again = os.path.join(folder, "again")
            run(JINQIUD, "restore", "--dir", again, backup, "--key-file", key)
            self.assertIn("示例县密", run(JINQIUD, "org", "list", "--dir", again, "--key-file", key))


if __name__ == "__main__":
    unittest.main()
