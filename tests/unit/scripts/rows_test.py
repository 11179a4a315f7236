#!/usr/bin/python3
"""Each test that tests/ROWS.md names is there."""

import re
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]


class Rows(unittest.TestCase):
    def test_name_tests_that_exist(self):
        named = 0
        for line in (TESTS / "ROWS.md").read_text(encoding="utf-8").splitlines():
            for file, titles in re.findall(r"`([a-z/_0-9-]+\.(?:case|py|cpp))`((?:,? \"[^\"]+\")*)", line):
                text = (TESTS / file).read_text(encoding="utf-8")
                for title in re.findall(r'"([^"]+)"', titles):
                    named += 1
                    self.assertIn(title, text, f"{file}: {line.split('|')[1].strip()}")
        self.assertGreater(named, 50)


if __name__ == "__main__":
    unittest.main()
