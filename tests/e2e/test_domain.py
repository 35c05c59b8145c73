#!/usr/bin/env python3
"""What branches do with their records, on the real programs: two offline clients and a hub."""

import unittest

from jinqiu import World


def names_of(rows):
    return sorted(row["name"] for row in rows)


class Search(unittest.TestCase):
    def test_people_are_found_by_characters_pinyin_and_the_tail_of_a_phone_number(self):
        with World() as world:
            a, b = world.join(), world.join()
            a.call("add", "person", "name=单示例", "phone=13800001234")
            b.call("add", "person", "name=仇示范", "phone=13800005678")
            for client in (a, b, a):
                client.sync()
            for text, wanted in (("示", ["仇示范", "单示例"]), ("shan", ["单示例"]),
                                 ("qiushifan", ["仇示范"]), ("qsf", ["仇示范"]),
                                 ("1234", ["单示例"]), ("s 5678", ["仇示范"]), ("dsf", [])):
                for replica in (a, b, world.hub):
                    found = replica.json("list", "person", "--search", text)
                    self.assertEqual(names_of(found), wanted, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
