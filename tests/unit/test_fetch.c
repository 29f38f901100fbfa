/* The download of MNIST as a library has it: without anybody who is told, with a curl of the test's own, in folders that are none, and where the
 * system has no more files or interrupts. What a real server can do is in program/test_fetch.py. */
#include "support/test.h"

#include "annc.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

/* What stands in for curl from here on: a script. */
static void set_curl(const char *script)
{
    FILE *file = fopen("bin/curl", "w");
    CHECK(file && fprintf(file, "#!/bin/sh\n%s\n", script) > 0 && fclose(file) == 0 && chmod("bin/curl", 0700) == 0);
}

/* Fetches into a folder, with nobody who is told or asked; what ends it must say `says`. */
static void fetch_fails(const char *to, double seconds, annc_status want, const char *says)
{
    const annc_fetch_options options = {.folder = to, .connect_seconds = seconds};
    char path[256];
    const annc_status status = annc_mnist_fetch(&options, path, sizeof path);
    CHECK_MSG(status == want && strstr(annc_last_error(), says), "%d: '%s' does not say '%s'", (int)status,
              annc_last_error(), says);
    CHECK_MSG(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a curl is left");
}

static void patience(void)
{
    set_curl("echo \"$@\" >&2; exit 1");
    fetch_fails("to", 0, ANNC_INPUT, "--connect-timeout 1 --speed-limit 1000 --speed-time 1 ");
    fetch_fails("to", 7.5, ANNC_INPUT, "--connect-timeout 7 --speed-limit 1000 --speed-time 7 ");
}

/* Each mirror's fault is told, and of one that says more than anybody reads, the beginning. */
static void several_mirrors(void)
{
    setenv("ANNC_MIRRORS", "https://one/  https://two/", 1);
    set_curl("echo no way >&2; exit 1");
    fetch_fails("to", 1, ANNC_INPUT, "https://one/train-images-idx3-ubyte.gz: no way; https://two/");
    set_curl("exit 3");
    fetch_fails("to", 1, ANNC_INPUT, "https://two/train-images-idx3-ubyte.gz: curl failed");
    setenv("ANNC_MIRRORS", "  ", 1);
    fetch_fails("to", 1, ANNC_INPUT, "could not be downloaded: ANNC_MIRRORS names no mirror");
    setenv("ANNC_MIRRORS", "https://one/", 1);
    set_curl("head -c 100000 /dev/zero | tr '\\0' y >&2; exit 1");
    fetch_fails("to", 1, ANNC_INPUT, "yyyyyyyy");
    CHECK(strlen(annc_last_error()) < 400);
}

static void folders(void)
{
    char path[256], name[300];
    annc_fetch_options options = {.folder = name};
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK(annc_mnist_fetch(&options, path, sizeof path) == ANNC_OUTPUT &&
          strstr(annc_last_error(), "name is too long"));
    fetch_fails("", 1, ANNC_OUTPUT, "the folder's name is empty");
    unsetenv("HOME");
    unsetenv("XDG_CACHE_HOME");
    fetch_fails(NULL, 1, ANNC_OUTPUT, "there is no cache folder");
    set_curl("exit 1");
    setenv("XDG_CACHE_HOME", folder, 1);
    options.folder = NULL;
    CHECK(annc_mnist_fetch(&options, path, sizeof path) == ANNC_INPUT);
    CHECK(strstr(path, folder) == path && strcmp(path + strlen(folder), "/annc/mnist") == 0 && access(path, W_OK) == 0);
}

/* A folder of somebody else's. root may write anywhere: then it asks as somebody else. */
static void folder_of_another(void)
{
    const bool is_root = getuid() == 0;
    CHECK(mkdir("closed", 0555) == 0);
    if (is_root && setreuid(65534, (uid_t)-1) != 0)
        SKIP("root cannot be anybody else here");
    fetch_fails("closed", 1, ANNC_OUTPUT, "closed: Permission denied");
    CHECK(!is_root || setreuid(0, (uid_t)-1) == 0);
}

/* With no more files than are open, neither pipe can be had, and then only one. */
static void no_more_files(void)
{
    struct rlimit before, limit;
    int pipes_refused = 0;
    set_curl("exit 1");
    REQUIRE_OK(getrlimit(RLIMIT_NOFILE, &before) == 0 ? ANNC_OK : ANNC_DEVICE);
    limit = before;
    for (limit.rlim_cur = 3; limit.rlim_cur < 40; limit.rlim_cur++) {
        const annc_fetch_options options = {.folder = "to"};
        char path[64];
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        const annc_status status = annc_mnist_fetch(&options, path, sizeof path);
        CHECK_MSG(status == ANNC_INPUT || status == ANNC_OUTPUT, "%d: %s", (int)status, annc_last_error());
        pipes_refused += strstr(annc_last_error(), "curl could not be run: Too many open files") != NULL;
    }
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_MSG(pipes_refused == 4, "%d", pipes_refused); /* of the four ends that are needed, none to three are there */
}

static void nothing(int number)
{
    (void)number;
}

/* Signals that come while curl is waited for change nothing; nor does a parent that wants to know of no child. */
static void interrupted_waiting(void)
{
    const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = nothing}, before; /* and calls are not begun again */
    set_curl("echo done >&2; exec >&- 2>&-; sleep 0.2; exit 1");
    CHECK(sigaction(SIGALRM, &action, &before) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
    fetch_fails("to", 1, ANNC_INPUT, "done");
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0 && sigaction(SIGALRM, &before, NULL) == 0);
    signal(SIGCHLD, SIG_IGN);
    set_curl("echo anything; exit 1");
    fetch_fails("to", 1, ANNC_INPUT,
                "the downloaded file has the wrong checksum"); /* nobody knows how curl ended; the file says enough */
    signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(patience),          TEST(several_mirrors), TEST(folders),
                                        TEST(folder_of_another), TEST(no_more_files),   TEST(interrupted_waiting)};
    char path[4096], command[128];
    snprintf(folder, sizeof folder, "/tmp/annc-test-fetch-XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("bin", 0700) != 0)
        return 1;
    snprintf(path, sizeof path, "%s/bin:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    setenv("ANNC_MIRRORS", "https://one/", 1);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? result : 1;
}
