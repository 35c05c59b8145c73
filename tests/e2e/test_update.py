"""A package on a stick: signed by maintainers, checked without a network."""

import json
import os
import shutil
import stat
import subprocess
import sys
import unittest

from jinqiu import JINQIU, JINQIUD, World, run

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Update(unittest.TestCase):
    def test_a_package_is_signed_by_two_and_refused_where_their_keys_are_not_built_in(self):
        with World() as world:
            package = os.path.join(world.folder, "jinqiu-9.0.0.tar")
            with open(package, "wb") as file:
                file.write(b"package" * 1000)
            self.assertIn("jinqiu-9.0.0.tar.sig",
                          run(JINQIU, "update", "check", package, code=1, error=True))
            for name in ("a", "b"):
                key = os.path.join(world.folder, name + ".key")
                public = run(JINQIU, "update", "key", key).strip()
                self.assertEqual(len(public), 64)
                self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
                run(JINQIU, "update", "key", key, code=1)  # never over one that is there
                run(JINQIU, "update", "sign", package, "--version-number", "9.0.0",
                    "--release-key", key)
            with open(package + ".sig", encoding="ascii") as signature:
                lines = signature.read().splitlines()
            self.assertEqual(lines[:2], ["jinqiu release 1", "version 9.0.0"])
            self.assertEqual(len(lines), 5)
            for program, folder in ((JINQIU, world.join().folder), (JINQIUD, world.hub.folder)):
                told = run(program, "update", "check", package, "--dir", folder, code=1,
                           error=True, env={"LANG": "zh_CN.UTF-8"})
                self.assertIn("发布密钥", told)
            run(JINQIU, "update", "sign", package, "--version-number", "nine", "--release-key",
                key, code=2)

    def test_a_maintainer_puts_in_a_key_once_and_nothing_is_packed_for_fewer_than_two(self):
        with World() as world:
            script = shutil.copy(os.path.join(ROOT, "release"), world.folder)
            keys = shutil.copy(os.path.join(ROOT, "release-keys.txt"), world.folder)

            def release(*arguments, code=0):
                done = subprocess.run([script, *arguments], env=dict(os.environ, JINQIU=JINQIU),
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, code, done.stderr)
                return done.stdout + done.stderr

            def put_in(name, code=0):
                return release("--key", name, os.path.join(world.folder, name + ".key"), code=code)

            self.assertIn("fewer than two keys", release(world.folder, code=1))
            put_in("example-one")
            put_in("example-one", code=1)  # one key a person
            put_in("Example Two", code=1)
            self.assertIn("fewer than two keys", release(world.folder, code=1))
            put_in("example-two")
            with open(keys, encoding="ascii") as file:
                lines = [line.split() for line in file if line[0] not in "#\n"]
            self.assertEqual([name for name, _ in lines], ["example-one", "example-two"])
            self.assertEqual({len(key) for _, key in lines}, {64})
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(world.folder, "example-one.key"))
                                          .st_mode), 0o600)

    def test_a_package_says_what_is_in_it(self):
        parts = json.loads(subprocess.run(
            [sys.executable, os.path.join(ROOT, "cmake", "sbom.py"), ROOT, "9.0.0"], check=True,
            capture_output=True, text=True).stdout)["components"]
        names = {part["name"] for part in parts}
        self.assertLessEqual({"libsodium", "libuv", "libzstd", "node-llhttp", "preact",
                              "better-sqlite3-multiple-ciphers"}, names)
        self.assertTrue(all(part["version"] for part in parts))

    @unittest.skipUnless("JINQIU_WITH_KEYS" in os.environ, "built beside the unit tests")
    def test_who_has_the_keys_accepts_what_both_signed_and_nothing_less(self):
        program = os.environ["JINQIU_WITH_KEYS"]
        with World() as world:
            folder = world.join().folder

            def package(version, *signers, content=b"package"):
                path = os.path.join(world.folder, f"jinqiu-{version}.tar")
                with open(path, "wb") as file:
                    file.write(content * 1000)
                for signer in signers:
                    key = os.path.join(world.folder, signer)
                    shutil.copy(os.path.join(HERE, "release", signer), key)
                    os.chmod(key, 0o600)
                    run(program, "update", "sign", path, "--version-number", version,
                        "--release-key", key)
                return path

            def check(path, code):
                run(program, "update", "check", path, "--dir", folder, code=code)

            check(package("1.0.0", "first.key"), 1)
            check(package("1.1.0", "first.key", "stranger.key"), 1)
            good = package("2.0.0", "first.key", "second.key")
            check(good, 0)
            check(good, 0)  # again, and on another stick
            check(package("1.9.0", "second.key", "first.key"), 1)  # versions only rise
            changed = package("3.0.0", "first.key", "second.key")
            with open(changed, "ab") as file:
                file.write(b"more")
            check(changed, 1)
            # A program without the keys doesn't take what is good.
            run(JINQIU, "update", "check", good, "--dir", folder, code=1)


if __name__ == "__main__":
    unittest.main()
