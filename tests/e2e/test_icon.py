"""What the icon on a desktop does: the pages open in the person's browser, and no other user of the
machine can read the link that lets it in."""

import os
import stat
import unittest

from jinqiu import World, eventually
from pages import Pages


class Icon(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.client = self.world.join()
        self.page = os.path.join(self.client.folder, "start.html")

    def opener(self, script):
        """A machine whose xdg-open is this."""
        folder = os.path.join(self.world.folder, "bin")
        os.mkdir(folder)
        path = os.path.join(folder, "xdg-open")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o700)
        return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}

    def test_the_browser_is_given_a_page_that_only_its_owner_reads(self):
        told = os.path.join(self.world.folder, "told")
        env = self.opener(f'echo "$@" >{told}.part && mv {told}.part {told}\n')
        with Pages(self.client.folder, "--open", env=env) as pages:
            eventually(lambda: os.path.exists(told), "the browser")
            with open(told, encoding="utf-8") as file:
                self.assertEqual(file.read().strip(), self.page)
            self.assertEqual(stat.S_IMODE(os.stat(self.page).st_mode), 0o600)
            with open(self.page, encoding="utf-8") as file:
                self.assertIn(f'content="0;url={pages.link}"', file.read())
            self.assertEqual(pages.enter().status, 200)
            eventually(lambda: not os.path.exists(self.page), "the used link goes")

    def test_a_page_that_nobody_opened_goes_with_the_program(self):
        pages = Pages(self.client.folder, "--open", env=self.opener("exec sleep 5\n"))
        eventually(lambda: os.path.exists(self.page), "the page")
        self.assertEqual(pages.stop(), 0)
        self.assertFalse(os.path.exists(self.page))

    def test_without_a_browser_the_link_can_still_be_typed(self):
        pages = Pages(self.client.folder, "--open", env={**os.environ, "PATH": "/nowhere"})
        self.assertEqual(pages.enter().status, 200)
        pages.stop()
        self.assertIn("xdg-open", pages.errors)


if __name__ == "__main__":
    unittest.main()
