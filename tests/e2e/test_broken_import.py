"""A large import over a line that breaks again and again. tests/link/broken_import.py alone takes one
of 100,000 rows over 50 sessions."""

import os
import sys
import unittest

import jinqiu

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "link"))

import broken_import  # noqa: E402


class BrokenImport(unittest.TestCase):
    def test_what_arrived_before_a_cut_never_crosses_the_line_again(self):
        said = broken_import.measure(jinqiu, rows=2000, sessions=5, rate=16000)
        print(said)
        self.assertGreater(said["sessions"], 3)
        self.assertTrue(broken_import.nothing_twice(said), said)


if __name__ == "__main__":
    unittest.main()
