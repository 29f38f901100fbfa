/* process.c - the process: its clock, its signals, its standard streams. */
#include "cli/terminal/process.h"
#include "annc.h"
#include "base/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static double started;           /* by annc_now */
static atomic_int caught_signal; /* lock-free, and also read by other threads */
static _Atomic enum stop_policy policy = END_AT_ONCE;

void start_clock(void)
{
    started = annc_now();
}

double since_start(void)
{
    return annc_now() - started;
}

int stop_signal(void)
{
    return caught_signal;
}

int exit_code(annc_status status)
{
    const int signal = stop_signal() ? stop_signal() : SIGTERM; /* or another rank got it */
    return status == ANNC_MEMORY ? ANNC_DEVICE : status == ANNC_STOPPED ? 128 + signal : (int)status;
}

bool should_stop(void *context)
{
    (void)context;
    return caught_signal != 0;
}

enum stop_policy set_stop_policy(enum stop_policy wanted)
{
    return atomic_exchange(&policy, wanted);
}

/* Repeats at intervals until work that must not be interrupted is complete. */
static void on_alarm(int signal)
{
    static const char told[] = "annc-gpu: the current operation did not stop in time and was ended\n";
    (void)signal;
    if (policy == END_WHEN_ASKED)
        return;
    if (policy == END_SOON)
        (void)!write(STDERR_FILENO, told, sizeof told - 1);
    _exit(128 + caught_signal);
}

static void on_signal(int signal)
{
    enum { GRACE = 1, AGAIN = 50000 }; /* seconds; microseconds */
    const struct itimerval grace = {{0, AGAIN}, {GRACE, 0}};
    if (caught_signal == SIGXCPU && signal == SIGXCPU) /* the system repeats it every second */
        return;
    if (caught_signal || policy == END_AT_ONCE)
        _exit(128 + signal);
    caught_signal = signal;
    setitimer(ITIMER_REAL, &grace, NULL);
}

/* Handles a bus error: a large file is mapped, and its bytes disappear when another program
 * truncates it. */
static void on_lost_file(int signal, siginfo_t *info, void *context)
{
    static const char told[] = "annc-gpu: a data file became shorter while it was read\n";
    (void)context;
    if (info->si_code == BUS_ADRERR) {
        (void)!write(STDERR_FILENO, told, sizeof told - 1);
        _exit(ANNC_INPUT);
    }
    raise(signal); /* a hardware fault: the default handler is installed again */
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, NULL);
}

/* Installs a handler unless the parent process ignores the signal, like nohup. */
static void handle_unless_ignored(int number, void (*handler)(int))
{
    struct sigaction before;
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        handle(number, handler);
}

void handle_signals(void)
{
    struct sigaction lost;
    memset(&lost, 0, sizeof lost);
    lost.sa_sigaction = on_lost_file;
    lost.sa_flags = SA_SIGINFO | SA_RESETHAND;
    sigaction(SIGBUS, &lost, NULL);
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
    handle_unless_ignored(SIGHUP, on_signal);  /* a closed terminal */
    handle_unless_ignored(SIGUSR1, on_signal); /* batch systems announce the end of a job's time by it */
    handle_unless_ignored(SIGXCPU, on_signal); /* the soft limit of processor time */
    handle(SIGALRM, on_alarm);
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
}

void keep_standard_streams(void)
{
    for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0)
            (void)open("/dev/null", O_PATH);
}
