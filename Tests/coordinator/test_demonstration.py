"""The recorded answers that come with the demonstration: to the questions that are asked now, and worth a policy each."""

import json
import os
import subprocess
import unittest

from server import ROOT

DEMO = ROOT / "deploy/demo"
FUYUN = ROOT / ".build/debug/fuyun"
# The allocator's policy is written by hand, far too low on purpose.
DRAFTED = sorted(path.stem for path in (DEMO / "drafts").glob("*.json") if path.stem != "allocator")


def draft(command, name, *options):
    return subprocess.run(
        [DEMO / "draft", command, name, *options], env={**os.environ, "FUYUN": str(FUYUN)}, capture_output=True, text=True, timeout=60)


class Recordings(unittest.TestCase):
    def test_there_is_one_for_each_function_that_is_drafted(self):
        self.assertEqual(sorted(path.stem for path in (DEMO / "recordings").glob("*.json")), DRAFTED)

    def test_they_answer_the_questions_of_today(self):
        for name in DRAFTED:
            with self.subTest(name):
                recording = json.loads((DEMO / "recordings" / f"{name}.json").read_text())
                asked = draft("prompt", name)
                self.assertEqual(asked.returncode, 0, asked.stderr)
                self.assertEqual(
                    asked.stdout.split()[-1], recording["prompt_digest"],
                    f"the question has changed since {recording['model']} answered it on {recording['date']}: have a model answer what"
                    f" \"deploy/demo/draft prompt {name}\" prints, and store its words and the new digest in deploy/demo/recordings")

    def test_each_becomes_a_policy_with_features(self):
        for name in DRAFTED:
            with self.subTest(name):
                accepted = draft("accept", name, "--reply", DEMO / "recordings" / f"{name}.json")
                self.assertEqual(accepted.returncode, 0, accepted.stderr)
                policy = json.loads(accepted.stdout)
                self.assertEqual(policy["metadata"]["origin"]["kind"], "llm")
                self.assertGreater(len(policy["logic"]["coefficients"]), 1)
