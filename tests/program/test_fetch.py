#!/usr/bin/env python3
"""Downloads, from a small https server of the test's own that misbehaves in every way. Called as program.py says, with annc-gpu-bars, whose checksums are
those of the bars; or with annc-gpu itself, where ANNC_TEST_MNIST names a folder of the MNIST files."""
import gzip
import hashlib
import http.server
import os
import pathlib
import resource
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from program import INPUT, OUTPUT, PROGRAM, Cli, main

NAMES = [f"{part}-ubyte.gz" for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")]
MNIST = os.environ.get("ANNC_TEST_MNIST")
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "data/fetch-mnist.sh"
MOST_BYTES = 20000000
TOOLS = [tool for tool in ("curl", "openssl") if not shutil.which(tool)]


def make_certificate(folder, name, address):
    """A certificate for an address, signed by an authority of its own, which is the file NAME.pem."""
    run = lambda *arguments: subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")
    run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (folder / "server.ext").write_text(f"subjectAltName=IP:{address}\nbasicConstraints=CA:FALSE\n")
    run("x509", "-req", "-in", "server.csr", "-CA", f"{name}.pem", "-CAkey", f"{name}.key", "-CAcreateserial", "-days", "2", "-extfile", "server.ext", "-out", "server.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


class Mirror(http.server.BaseHTTPRequestHandler):
    """/WAY/FILE gives the file in that way."""
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        pass

    def answer(self, code, content, length=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def do_GET(self):
        _, way, name = self.path.split("/")
        self.server.asked.append((way, name))
        try:
            getattr(self, way)(self.server.files.get(name))
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def right(self, content):
        self.answer(200, content)

    def page(self, content):
        self.answer(200, b"<!DOCTYPE html><html><body>We are sorry.</body></html>")

    def gone(self, content):
        self.answer(404, b"<html>404</html>")

    def none(self, content):
        self.answer(200, b"")

    def cut(self, content):
        self.answer(200, content[:len(content) // 2], len(content))

    def short(self, content):
        self.answer(200, content[:-9])

    def wrong(self, content):
        """Of the right length, and good gzip."""
        unpacked = bytearray(gzip.decompress(content))
        unpacked[-1] ^= 1
        self.answer(200, gzip.compress(bytes(unpacked), 1))

    def huge(self, content):
        """More than a file may have, as it says."""
        self.answer(200, b"x", 10 * MOST_BYTES)

    def bomb(self, content):
        """A small file that unpacks to a large one."""
        self.answer(200, gzip.compress(bytes(20 * MOST_BYTES), 1))

    def endless(self, content):
        """As much as is taken, without a word of how much comes."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        while True:
            self.wfile.write(piece)
            self.server.sent += 0x10000

    def stalls(self, content):
        """A beginning, and then nothing."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:10])
        self.wfile.flush()
        self.server.stalling.set()
        self.server.over.wait()
        self.close_connection = True

    def loop(self, content):
        self.answer(302, b"", Location=self.path)

    def moved(self, content):
        self.answer(302, b"", Location=self.path.replace("moved", "right"))

    def insecure(self, content):
        self.answer(302, b"", Location=f"http://127.0.0.1:{self.server.plain_port}/right/{self.path.split('/')[2]}")

    def local(self, content):
        self.answer(302, b"", Location=f"file://{self.server.folder}/{self.path.split('/')[2]}")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context, files, folder):
        super().__init__(("127.0.0.1", 0), Mirror)
        self.asked, self.sent, self.files, self.folder, self.plain_port = [], 0, files, folder, 0
        self.stalling, self.over = threading.Event(), threading.Event()
        self.context = context
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def finish_request(self, request, client_address):
        """The handshake is a thread's own."""
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if self.context:
            request.close()

    def handle_error(self, request, client_address):
        pass

    def end(self):
        self.over.set()
        self.shutdown()
        self.server_close()

    def mirror(self, way):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.server_port}/{way}/"


@unittest.skipIf(TOOLS, f"not installed: {', '.join(TOOLS)}")
class Fetch(Cli):
    @classmethod
    def setUpClass(cls):
        cls.keys = pathlib.Path(tempfile.mkdtemp(prefix="annc-keys-"))
        cls.context, cls.elsewhere, cls.strange = (make_certificate(cls.keys, name, address) for name, address in (
            ("authority", "127.0.0.1"), ("elsewhere", "127.0.0.2"), ("stranger", "127.0.0.1")))
        (cls.keys / "trusted.pem").write_bytes((cls.keys / "authority.pem").read_bytes() + (cls.keys / "elsewhere.pem").read_bytes())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.keys)

    def setUp(self):
        super().setUp()
        if not self.has_zlib():
            self.skipTest("this build has no zlib")
        files = pathlib.Path(MNIST) if MNIST else self.folder / "right"
        if not MNIST:
            files.mkdir()
            for name in NAMES:
                (files / name).write_bytes(gzip.compress((self.folder / "bars" / name[:-3]).read_bytes()))
        self.files = {name: (files / name).read_bytes() for name in NAMES}
        self.server = Server(self.context, self.files, files)
        self.addCleanup(self.server.end)
        self.to = self.folder / "mnist"

    def environment_of(self, *mirrors):
        """An address, or the way in which the server is to give the files."""
        mirrors = " ".join(m if "://" in m else self.server.mirror(m) for m in mirrors)
        return {"ANNC_MIRRORS": mirrors, "CURL_CA_BUNDLE": str(self.keys / "trusted.pem"), "no_proxy": "*"}

    def fetch(self, *mirrors, **more):
        return self.run_program("fetch", "--to", "mnist", environment=self.environment_of(*mirrors), **more)

    def is_whole(self):
        return {p.name: p.read_bytes() for p in self.to.iterdir()} == self.files

    def refused(self, way, message, within=5):
        """Alone such a mirror ends in a message and nothing on the disk; before a right one, in the right files."""
        started = time.monotonic()
        self.assertRegex(self.fetch(way, code=INPUT).stderr, message)
        self.assertLess(time.monotonic() - started, within)
        self.assertEqual(list(self.to.iterdir()), [])
        said = self.fetch(way, "right").stderr
        self.assertTrue(self.is_whole())
        self.assertIn("/right/", said)
        shutil.rmtree(self.to)

    def test_right(self):
        self.fetch("right")
        self.assertTrue(self.is_whole())
        self.assertEqual([name for _, name in self.server.asked], NAMES)
        for path in self.to.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o666 & ~self.umask())
        shutil.rmtree(self.to)
        self.fetch("moved")
        self.assertTrue(self.is_whole())

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_what_is_no_file(self):
        for way, message in (("page", "a web page"), ("gone", r"curl: \(22\).*404"), ("none", "is empty"), ("cut", r"curl: \(18\)"), ("short", "cut short"),
                             ("wrong", "has the wrong checksum"), ("loop", r"curl: \(47\).*redirects")):
            with self.subTest(way):
                self.refused(way, message)

    def test_other_schemes(self):
        """https alone, also where a redirect leads."""
        plain = Server(None, self.files, self.server.folder)
        self.addCleanup(plain.end)
        self.server.plain_port = plain.server_port
        for way in ("insecure", "local", plain.mirror("right"), "ftp://127.0.0.1/"):
            with self.subTest(way):
                self.refused(way, r"curl: \(1\) Protocol.*not supported or disabled")
        self.assertEqual(plain.asked, [])

    def test_no_server(self):
        with_nobody = Server(self.context, {}, "")
        address = with_nobody.mirror("right")
        with_nobody.end()
        self.refused(address, r"curl: \(7\)")

    def test_certificates(self):
        """One that nobody trusts; one that is trusted, for another address."""
        for name, context in (("stranger", self.strange), ("elsewhere", self.elsewhere)):
            with self.subTest(name):
                server = Server(context, self.files, "")
                self.addCleanup(server.end)
                self.refused(server.mirror("right"), r"curl: \(60\)")
                self.assertEqual(server.asked, [])

    def test_too_large(self):
        self.refused("huge", r"curl: \(63\)")
        self.refused("endless", f"the server sent more than {MOST_BYTES} bytes")
        self.assertLess(self.server.sent, 5 * 2 * MOST_BYTES)  # four files, twice, and what was on its way
        self.refused("bomb", "has the wrong checksum", within=30)

    def test_stalls(self):
        """`train` is less patient than `fetch`, and 5 s pass for each file: only one is wanted."""
        self.to.mkdir()
        for name in NAMES[1:]:
            (self.to / name).write_bytes(self.files[name])
        started = time.monotonic()
        environment = {**self.environment_of("stalls", "right"), "ANNC_OFFLINE": "0", "XDG_CACHE_HOME": str(self.folder)}
        (self.folder / "annc").mkdir()
        self.to.rename(self.folder / "annc/mnist")
        result = self.run_program("train", "--layers", "784-4-10", "--epochs", "1", "--batch", "1000", "--device", "cpu", environment=environment)
        self.assertLess(time.monotonic() - started, 20)
        self.assertIn(f"{NAMES[0][:-3]} from {self.server.mirror('right')}", result.stderr)
        self.assertIn("annc/mnist", result.stderr)
        self.assertNotIn("digits", result.stderr)
        self.assertEqual(self.server.asked, [("stalls", NAMES[0]), ("right", NAMES[0])])

    def test_again(self):
        """What is there and right stays; what is there and wrong, or was left over, does not."""
        self.fetch("right")
        (self.to / NAMES[0]).write_bytes(self.files[NAMES[0]][:100])
        (self.to / NAMES[3]).unlink()
        self.server.asked.clear()
        kept = (self.to / NAMES[1]).stat()
        self.fetch("right")
        self.assertEqual(self.server.asked, [("right", NAMES[0]), ("right", NAMES[3])])
        self.assertTrue(self.is_whole())
        self.assertEqual((self.to / NAMES[1]).stat().st_mtime_ns, kept.st_mtime_ns)
        self.server.asked.clear()
        said = self.fetch("gone").stderr  # nobody is asked
        self.assertEqual((self.server.asked, said.count("is already downloaded")), ([], 4))
        # A file that is cut short stays until there is a better one.
        (self.to / NAMES[0]).write_bytes(self.files[NAMES[0]][:100])
        self.fetch("gone", code=INPUT)
        self.assertEqual((self.to / NAMES[0]).read_bytes(), self.files[NAMES[0]][:100])

    def test_data_of_another(self):
        """Fashion-MNIST has the same names: it stays, and nothing is downloaded beside it."""
        images = bytearray(gzip.decompress(self.files[NAMES[0]]))
        images[-1] ^= 1
        for name, content in ((NAMES[0], gzip.compress(bytes(images), 1)), (NAMES[0], bytes(images)), (NAMES[0][:-3], bytes(images)), (NAMES[0], b"mine"),
                              (NAMES[0][:-3], b""), (NAMES[2][:-3], b"\x1f\x8b"), ("train-images.idx3-ubyte", bytes(images)),
                              ("emnist-train-images-idx3-ubyte.gz", gzip.compress(bytes(images), 1))):
            with self.subTest(name):
                self.to.mkdir()
                (self.to / name).write_bytes(content)
                said = self.fetch("right", code=INPUT).stderr
                self.assertIn(f"mnist/{name}: is not MNIST's, and is not replaced; remove it, or choose another folder with --to", said)
                self.assertEqual({path.name: path.read_bytes() for path in self.to.iterdir()}, {name: content})
                shutil.rmtree(self.to)
        self.assertEqual(self.server.asked, [])
        self.fetch("right")
        (self.to / "emnist-train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(images), 1))
        self.assertIn("has other data sets; choose another folder with --to", self.fetch("right", code=INPUT).stderr)

    def test_what_training_reads(self):
        """Unpacked files go before packed ones: where they are right, nothing else is fetched. And another folder goes before the cache's."""
        self.to.mkdir()
        for name in NAMES[:2]:
            (self.to / name[:-3]).write_bytes(gzip.decompress(self.files[name]))
        said = self.fetch("right").stderr
        self.assertEqual([name for _, name in self.server.asked], NAMES[2:])
        self.assertEqual(said.count("is already downloaded"), 2)
        self.assertEqual(sorted(path.name for path in self.to.iterdir()), sorted([name[:-3] for name in NAMES[:2]] + NAMES[2:]))
        for moved in (False, True):
            if moved:
                (self.folder / "data").mkdir()
                shutil.copytree(self.to, self.folder / "data/mnist")
            said = self.run_program("fetch", environment=self.environment_of("right")).stderr
            self.assertEqual("train reads MNIST from data/mnist; for this download give --data " in said, moved, said)

    def start(self, *mirrors):
        return subprocess.Popen([str(PROGRAM), "fetch", "--to", "mnist"], cwd=self.folder, env={**self.environment, **self.environment_of(*mirrors)},
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def test_two_at_once(self):
        running = [self.start("right") for _ in range(4)]
        for process in running:
            _, said = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, said)
        self.assertTrue(self.is_whole())

    @staticmethod
    def children(process):
        return subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], stdout=subprocess.PIPE, text=True, check=False).stdout.split()

    def test_interrupted(self):
        """A signal to the program alone ends curl too, soon, and leaves nothing behind."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self.server.stalling.clear()
            process = self.start("stalls", "right")
            self.assertTrue(self.server.stalling.wait(20))
            curl = self.children(process)
            self.assertEqual(len(curl), 1)
            self.assertLessEqual(len(list(self.to.iterdir())), 1)  # it has no name yet, where the file system allows that
            started = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate(timeout=20)
            self.assertLess(time.monotonic() - started, 2)
            self.assertEqual(process.returncode, 128 + number, said)
            self.assertIn("the download was stopped", said)
            self.assertFalse(pathlib.Path(f"/proc/{curl[0]}").exists())
            self.assertEqual(list(self.to.iterdir()), [])

    def test_interrupted_train(self):
        """A training that was stopped while it fetched does not go on with other data."""
        environment = {**self.environment, **self.environment_of("stalls"), "ANNC_OFFLINE": "0"}
        process = subprocess.Popen([str(PROGRAM), "train", "--device", "cpu"], cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.assertTrue(self.server.stalling.wait(20))
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (130, ""))
        self.assertNotIn("digits", said)

    def test_own_settings_of_curl(self):
        """A ~/.curlrc of the user's does not change what is fetched; names with brackets are names."""
        (self.folder / ".curlrc").write_text("output = elsewhere\nproto = -all\n")
        odd = self.folder / "odd[1-2]{a,b}"
        odd.mkdir()
        for name, content in self.files.items():
            (odd / name).write_bytes(content)
        self.run_program("fetch", "--to", "mnist", environment={**self.environment_of(f"file://{odd}/"), "HOME": str(self.folder)})
        self.assertTrue(self.is_whole())
        self.assertFalse((self.folder / "elsewhere").exists())

    def test_what_cannot_be_written(self):
        """Another mirror would not help: the first error ends it."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        said = self.fetch("right", "right", code=OUTPUT, preexec_fn=limit).stderr
        self.assertIn("cannot be written", said)
        self.assertEqual((len(self.server.asked), list(self.to.iterdir())), (1, []))
        (self.to / NAMES[0]).mkdir()
        self.fetch("right", code=OUTPUT)

    def test_no_file_in_its_place(self):
        """A device is nothing to be written over."""
        self.to.mkdir()
        (self.to / NAMES[0]).symlink_to("/dev/null")
        self.assertIn("is not a regular file", self.fetch("right", code=OUTPUT).stderr)
        self.assertEqual(self.server.asked, [])

    def test_lines_for_scripts(self):
        line = self.lines("fetch", "--to", "mnist", environment=self.environment_of("right"))[-1]
        self.assertEqual(line, {"schema": "annc.fetch/1", "folder": "mnist", "verified": True})

    def test_what_is_left_over(self):
        """SIGKILL leaves a file under a temporary name at most, which nobody takes for data."""
        process = self.start("stalls")
        self.assertTrue(self.server.stalling.wait(20))
        process.kill()
        process.communicate()
        left = os.listdir(self.to) or [f"{NAMES[0]}.0123456789abcdef-0123456789abcdef.tmp"]
        self.assertNotIn(left[0], NAMES)
        self.fetch("right")
        (self.to / left[0]).touch()  # as a run leaves it that is killed later
        self.lines("train", "--layers", "784-4-10", "--epochs", "1", "--batch", "1000", "--device", "cpu", environment={"ANNC_DATA": str(self.to)})

    @unittest.skipUnless(MNIST, "ANNC_TEST_MNIST names no folder of the MNIST files")
    def test_script(self):
        """data/fetch-mnist.sh does the same."""
        run = lambda *mirrors: subprocess.run(["sh", str(SCRIPT), str(self.to)], env={**self.environment, **self.environment_of(*mirrors)}, timeout=120,
                                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        for way in ("gone", "page", "cut", "endless", "loop", "insecure"):
            result = run(way)
            self.assertNotEqual(result.returncode, 0, result.stdout)
            self.assertEqual(list(self.to.iterdir()), [], way)
        self.assertLess(self.server.sent, 2 * MOST_BYTES)
        self.assertEqual(run("page", "right").returncode, 0)
        self.assertTrue(self.is_whole())
        self.assertEqual(run("gone").stdout.count("is already downloaded"), 4)
        images = bytearray(gzip.decompress(self.files[NAMES[0]]))
        images[-1] ^= 1
        for name, content in ((NAMES[0], gzip.compress(bytes(images), 1)), (NAMES[0], bytes(images)), (NAMES[0][:-3], bytes(images))):
            (self.to / name).write_bytes(content)
            result = run("right")
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"{name} is not MNIST's, and is not replaced", result.stdout)
            self.assertEqual((self.to / name).read_bytes(), content)
            (self.to / name).unlink()
        (self.to / NAMES[1]).write_bytes(self.files[NAMES[1]][:100])
        self.assertEqual(run("right").returncode, 0)
        self.assertTrue(self.is_whole())


class WithoutServer(Cli):
    def test_without_curl(self):
        result = self.run_program("fetch", "--to", "mnist", code=INPUT, environment={"PATH": "/nowhere", "ANNC_MIRRORS": "https://localhost/"})
        self.assertIn("curl could not be run: No such file or directory; is it installed?", result.stderr)
        self.assertEqual(list((self.folder / "mnist").iterdir()), [])

    def test_folder_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        self.run_program("fetch", "--to", "file/mnist", code=OUTPUT)

    def test_names_that_are_too_long(self):
        self.run_program("fetch", "--to", "/".join(["a" * 200] * 40), code=OUTPUT)
        self.run_program("fetch", "--to", "/".join(["a" * 200] * 20 + ["b" * 70]), code=OUTPUT)  # and a file's name is too much

    def test_no_mirrors(self):
        """Without any but the built-in ones, of which this program has none."""
        for mirrors in ({}, {"ANNC_MIRRORS": ""}):
            said = self.run_program("fetch", "--to", "mnist", environment=mirrors, code=INPUT).stderr
            self.assertIn("train-images-idx3-ubyte could not be downloaded", said)

    def test_list_of_files(self):
        """annc-gpu-bars wants what is in bars.txt, and that is what program.py makes."""
        listed = [line.split()[1:] for line in pathlib.Path(__file__).with_name("bars.txt").read_text().splitlines() if line.startswith("file ")]
        made = [((self.folder / "bars" / name).read_bytes(), name) for name, _, _ in listed]
        self.assertEqual([[name, str(len(content)), hashlib.sha256(content).hexdigest()] for content, name in made], listed)


if __name__ == "__main__":
    main()
