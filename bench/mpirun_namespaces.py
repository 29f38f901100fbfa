#!/usr/bin/env python3
"""mpirun with each rank in a network namespace of its own, as on machines that a network connects.

    bench/mpirun_namespaces.py [--delay MICROSECONDS] [--rate MBIT] -n N COMMAND [ARGUMENT ...]

Pairs of virtual network devices (veth) connect the namespaces to a bridge. The ranks talk by TCP
through the kernel's network stack, and never by shared memory.

  --delay   delay each message by so many microseconds, one way (tc's netem)
  --rate    limit each rank's link to so many Mbit/s in each direction (tc's tbf)

Needs Linux, Open MPI's mpirun (ANNC_TEST_MPIRUN, or that of the PATH), iproute2 and util-linux, and
root or user namespaces. The bridge and the namespaces belong to a network namespace of this command:
they disappear with its last process, however it ends, and the machine's own network is not changed.
The command and the ranks have an empty /run of their own."""
import argparse
import os
import pathlib
import subprocess
import sys

NETWORK = "10.77.0"
MOST_RANKS = 253  # addresses of the network, but for the bridge's
BURST = "16kb"  # what may pass at once before the rate limits it
WAIT = "50ms"  # how long a packet may wait for its turn before it is dropped
# Called by mpirun as ssh is, with HOST COMMAND ... . Each machine has a name of its own, since
# machines of one name would share mpirun's files.
ENTER = pathlib.Path("/run/enter")
ENTER_SCRIPT = """#!/bin/sh
host=$1
shift
exec ip netns exec "$host" unshare --uts sh -c 'hostname "$0" && eval "$*"' "$host" "$@"
"""


def fail(reason):
    sys.exit(f"mpirun_namespaces.py: {reason}")


def run(*command, needs=None):
    """Runs a command. If it fails, a message says what it needs, and this program ends."""
    try:
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        fail(f"{command[0]} is not installed")
    if result.returncode:
        fail(f"{' '.join(command)}: {result.stderr.strip().rstrip('.')}{f'; this needs {needs}' if needs else ''}")


def host(rank):
    """The address of a rank, and the name of its namespace and machine."""
    return f"{NETWORK}.{rank + 1}"


def limit(settings, namespace, device):
    """Limits the rate of what a namespace sends by a device, and delays what a rank sends."""
    add = ["tc", *(["-n", namespace] if namespace else []), "qdisc", "add", "dev", device]
    if settings.rate:
        run(*add, "root", "handle", "1:", "tbf", "rate", f"{settings.rate}mbit", "burst", BURST, "latency", WAIT, needs="a kernel with sch_tbf")
    if settings.delay and namespace:
        run(*add, *(["parent", "1:1"] if settings.rate else ["root"]), "netem", "delay", f"{settings.delay}us", needs="a kernel with sch_netem")


def connect(settings, rank):
    """Makes the namespace of a rank, whose device eth0 is connected to the bridge."""
    name, port = host(rank), f"rank{rank}"
    run("ip", "netns", "add", name)
    run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
    run("ip", "link", "set", port, "master", "bridge", "up")
    run("ip", "-n", name, "link", "set", "lo", "up")
    run("ip", "-n", name, "address", "add", f"{name}/24", "dev", "eth0")
    run("ip", "-n", name, "link", "set", "eth0", "up")
    limit(settings, name, "eth0")
    limit(settings, None, port)


def make_network(settings):
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "bridge", "type", "bridge")
    run("ip", "address", "add", f"{NETWORK}.{MOST_RANKS + 1}/24", "dev", "bridge")
    run("ip", "link", "set", "bridge", "up")
    for rank in range(settings.n):
        connect(settings, rank)
    ENTER.write_text(ENTER_SCRIPT)
    ENTER.chmod(0o755)


def start_ranks(settings):
    """Becomes mpirun, which takes each namespace for a machine."""
    crowded = settings.n > len(os.sched_getaffinity(0))  # which mpirun does not see
    parameters = {"plm": "rsh", "plm_rsh_agent": ENTER, "plm_rsh_no_tree_spawn": 1, "oob_tcp_if_include": f"{NETWORK}.0/24", "pml": "ob1",
                  "btl": "self,tcp", "btl_tcp_if_include": f"{NETWORK}.0/24",
                  "mpi_yield_when_idle": int(crowded)}
    command = [settings.mpirun, "-n", settings.n, "--host", ",".join(map(host, range(settings.n))), "--bind-to", "none"]
    for name, value in parameters.items():
        command += ["--mca", name, value]
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    os.execvp(settings.mpirun, [*map(str, command), *settings.command])


def enter_namespace():
    """Starts this program again in a network namespace and a mount namespace of its own."""
    unshare = ["unshare", "--net", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
    run(*unshare, "true", needs="root or user namespaces")
    os.execvp(unshare[0], [*unshare, sys.executable, __file__, "--inside", *sys.argv[1:]])


def check_mpirun(mpirun):
    try:
        version = subprocess.run([mpirun, "--version"], stdout=subprocess.PIPE, text=True).stdout
    except OSError as error:
        fail(f"{mpirun}: {error.strerror}")
    if "Open MPI" not in version and "OpenRTE" not in version:
        fail(f"{mpirun} is not Open MPI's")


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=positive, metavar="MICROSECONDS")
    parser.add_argument("--rate", type=positive, metavar="MBIT")
    parser.add_argument("-n", type=positive, required=True, metavar="N")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    settings = parser.parse_args()
    settings.mpirun = os.environ.get("ANNC_TEST_MPIRUN") or "mpirun"
    if not settings.command:
        parser.error("no COMMAND")
    if settings.n > MOST_RANKS:
        parser.error(f"more than {MOST_RANKS} ranks")
    return settings


def main():
    settings = parse()
    if not settings.inside:
        check_mpirun(settings.mpirun)
        enter_namespace()
    make_network(settings)
    start_ranks(settings)


if __name__ == "__main__":
    main()
