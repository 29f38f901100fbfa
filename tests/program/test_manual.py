#!/usr/bin/env python3
"""Help, the manual page and the shells' completions, all made of one table of options. Called as program.py says."""
import re
import shutil
import subprocess
import unittest

from program import USAGE, Cli, main

COMMANDS = ["train", "sweep", "eval", "predict", "show", "trace", "report", "export", "check", "fetch", "info"]


class Manual(Cli):
    def options_of(self, command):
        return re.findall(r"^  --([a-z0-9-]+)", self.run_program("help", command, "all").stdout, re.MULTILINE)

    def test_help_fits(self):
        """No line is wider than a screen of 80 columns, and what help shows first no longer than 35 lines."""
        for command in COMMANDS:
            for more in ([], ["all"]):
                lines = self.run_program("help", command, *more).stdout.splitlines()
                self.assertLessEqual(max(len(line) for line in lines[1:]), 80)
                if not more:
                    self.assertLess(len(lines), 36, command)
        self.assertLessEqual(max(map(len, self.run_program("help").stdout.splitlines())), 80)
        self.assertTrue(set(COMMANDS) <= set(re.findall(r"^  (\w+)", self.run_program("help").stdout, re.MULTILINE)))

    def test_groups(self):
        """Options stand in groups, each once; what help shows first has the common ones, and examples that use what there is."""
        groups = ["Of this command", "Data", "Model", "Training", "Regularisation", "Device", "Output"]
        for command in COMMANDS:
            lines = self.run_program("help", command, "all").stdout.splitlines()
            titles = [line[:-1] for line in lines[1:] if re.fullmatch(r"[A-Z][a-z ]+:", line)]
            self.assertEqual(titles, [group for group in groups if group in titles], command)
            examples = [line.split() for line in lines if line.startswith("  annc-gpu ")]
            self.assertEqual([example[1] for example in examples], [command] * 2)
            used = {word[2:] for example in examples for word in example if word.startswith("--")}
            self.assertEqual(used - set(self.options_of(command)), set())
        short = re.findall(r"^  --([a-z0-9-]+)", self.run_program("help", "train").stdout, re.MULTILINE)
        self.assertEqual(short, ["data", "validation", "label", "target", "hidden", "layers", "epochs", "lr", "device", "save", "help"])
        self.assertEqual(self.run_program("help", "predict").stdout.splitlines()[5], "Of this command:")

    def test_page(self):
        page = self.run_program("help", "man").stdout
        sections = re.split(r"^\.SS ", page, flags=re.MULTILINE)[1:]
        self.assertEqual([section.split()[0] for section in sections], COMMANDS)
        for command, section in zip(COMMANDS, sections):
            self.assertEqual(re.findall(r"^\.B ((?:\\-)+\S+)", section.split(".SH")[0], re.MULTILINE),
                             ["\\-\\-" + name.replace("-", "\\-") for name in self.options_of(command)])
        for example in re.findall(r"^  (annc-gpu .*)", self.run_program("help", "train").stdout, re.MULTILINE):
            self.assertIn(example.replace("-", "\\-"), page)
        if shutil.which("groff"):
            said = subprocess.run(["groff", "-man", "-ww", "-z"], input=page, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
            self.assertEqual(said, "")

    @unittest.skipUnless(shutil.which("bash"), "bash is not installed")
    def test_bash(self):
        (self.folder / "completion").write_text(self.run_program("help", "bash").stdout)

        def complete(*words):
            script = 'source ./completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _annc_gpu; printf "%s\\n" "${COMPREPLY[@]}"'
            return subprocess.run(["bash", "-uc", script, "bash", "annc-gpu", *words], cwd=self.folder, check=True, stdout=subprocess.PIPE,
                                  text=True).stdout.split()

        self.assertEqual(complete("tr"), ["train", "trace"])
        self.assertEqual(complete("train", "--cost", "h"), ["huber", "hinge"])
        self.assertEqual(complete("train", "--checkpoint-"), ["--checkpoint-every"])
        for command in COMMANDS:
            self.assertEqual(complete(command, "--"), ["--" + name for name in self.options_of(command)])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        script = self.run_program("help", "zsh").stdout
        subprocess.run(["zsh", "-n"], input=script, check=True, text=True)
        self.assertEqual(script.count("'--help["), len(COMMANDS))

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish(self):
        (self.folder / "completion").write_text(self.run_program("help", "fish").stdout)
        said = subprocess.run(["fish", "--no-config", "-c", "source completion; complete -C 'annc-gpu train --cost h'; complete -C 'annc-gpu tr'"], cwd=self.folder,
                              env={**self.environment, "HOME": str(self.folder)}, check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertEqual(sorted(line.split("\t")[0] for line in said.splitlines()), ["hinge", "huber", "trace", "train"])

    def test_no_such_thing(self):
        self.run_program("help", "men", code=USAGE)


if __name__ == "__main__":
    main()
