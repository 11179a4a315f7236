#!/usr/bin/python3
"""scripts/check finds what it is there to find."""

import importlib.machinery
import importlib.util
import unittest
from pathlib import Path

loader = importlib.machinery.SourceFileLoader("check", str(Path(__file__).resolve().parents[3] / "scripts" / "check"))
check = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
loader.exec_module(check)


class Includes(unittest.TestCase):
    def test_follow_the_arrows(self):
        self.assertEqual(check.findings_of("dataplane/stages/admit.cpp", ["dataplane/fabric/fabric.h", "core/types/ids.h"]), [])

    def test_against_the_arrows_are_found(self):
        self.assertIn("fabric must not know dataplane/stages",
                      check.findings_of("dataplane/fabric/fabric.h", ["dataplane/stages/admit.h"])[0])

    def test_controller_and_dataplane_do_not_know_each_other(self):
        self.assertTrue(check.findings_of("controller/main.cpp", ["dataplane/loop.h"]))
        self.assertTrue(check.findings_of("dataplane/agent/agent.cpp", ["controller/model/model.h"]))

    def test_a_file_beside_folders_is_a_room_of_its_own(self):
        self.assertTrue(check.findings_of("dataplane/stages/admit.cpp", ["dataplane/loop.h"]))
        self.assertEqual(check.findings_of("dataplane/main.cpp", ["dataplane/loop.h"]), [])

    def test_dpdk_stays_out_of_what_controllers_link(self):
        self.assertTrue(check.findings_of("core/wire/ethernet.h", ["rte_ether.h"]))
        self.assertEqual(check.findings_of("core/packet/packet.h", ["rte_mbuf.h"]), [])

    def test_tests_may_include_anything(self):
        self.assertEqual(check.findings_of("tests/packet/runner.cpp", ["dataplane/pipeline.h", "ovsdb/json.h"]), [])

    def test_the_arrows_have_no_cycle(self):
        self.assertEqual(check.cycles(), [])


if __name__ == "__main__":
    unittest.main()
