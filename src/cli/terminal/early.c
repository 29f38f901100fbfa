/* early.c - checks memory and threads before OpenBLAS initialises itself, which happens before
 * main: it retries an allocation that is refused for ever, and raises SIGINT when it gets no
 * threads. */
#include "cli/terminal/early.h"
#include "annc.h"
#include "base/config.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t refused;

bool threads_were_refused(void)
{
    return refused;
}

/* The sanitizers' libraries are not ready at that time. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__linux__)

/* OpenBLAS's first allocation of 128 MB, and 16 MB for the program. */
static const size_t ROOM = (size_t)144 << 20;

/* SIGINT before main: the library's own, or the user's. */
static void on_interrupt(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code != SI_TKILL || info->si_pid != getpid())
        _exit(128 + signal);
    refused = 1;
}

static void before_libraries(int argc, char **argv, char **environment)
{
    static const char told[] = "annc-gpu: out of memory: the limit of address space (ulimit -v) leaves no 144 MB\n";
    struct sigaction action, before;
    (void)argc;
    (void)argv;
    (void)environment;
    if (strcmp(ANNC_BLAS_NAME, "OpenBLAS") != 0)
        return;
    void *room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) {
        (void)!write(STDERR_FILENO, told, sizeof told - 1);
        _exit(ANNC_DEVICE);
    }
    munmap(room, ROOM);
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_interrupt;
    action.sa_flags = SA_SIGINFO;
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(SIGINT, &action, NULL);
}

/* The loader calls it before the initialisation of all libraries. */
__attribute__((section(".preinit_array"), used)) static void (*const early)(int argc, char **argv,
                                                                            char **environment) = before_libraries;

#endif
