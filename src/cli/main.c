/* main.c - annc-gpu: help, signals and exit codes. */
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- time and signals */

static struct timespec started;
static atomic_int caught_signal; /* lock-free, and read by other threads too */
static _Atomic enum patience patience = END_AT_ONCE;

double since_start(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - started.tv_sec) + 1e-9 * (double)(now.tv_nsec - started.tv_nsec);
}

int stop_signal(void)
{
    return caught_signal;
}

bool should_stop(void *context)
{
    (void)context;
    return caught_signal != 0;
}

enum patience set_patience(enum patience wanted)
{
    return atomic_exchange(&patience, wanted);
}

/* Asked again every so often, until what must not be broken off is done. */
static void on_alarm(int signal)
{
    static const char told[] = "annc-gpu: what was at work took too long, and was broken off\n";
    (void)signal;
    if (patience == END_WHEN_ASKED)
        return;
    if (patience == END_SOON)
        (void)!write(STDERR_FILENO, told, sizeof told - 1);
    _exit(128 + caught_signal);
}

static void on_signal(int signal)
{
    enum { GRACE = 1, AGAIN = 50000 }; /* seconds; microseconds */
    const struct itimerval grace = {{0, AGAIN}, {GRACE, 0}};
    if (caught_signal || patience == END_AT_ONCE)
        _exit(128 + signal);
    caught_signal = signal;
    setitimer(ITIMER_REAL, &grace, NULL);
}

/* A file that is too large to be read is mapped, and its bytes are gone when another program cuts it short. */
static void on_lost_file(int signal, siginfo_t *info, void *context)
{
    static const char told[] = "annc-gpu: a data file became shorter while it was read\n";
    (void)context;
    if (info->si_code == BUS_ADRERR) {
        (void)!write(STDERR_FILENO, told, sizeof told - 1);
        _exit(ANNC_INPUT);
    }
    raise(signal); /* the machine's fault; the system's own handler is in place again */
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, NULL);
}

/* The first SIGINT or SIGTERM does what the patience of the moment says, the second ends the program at once. A closed pipe and a limit of file
 * sizes are errors of writing, not a death. */
static void handle_signals(void)
{
    struct sigaction lost;
    memset(&lost, 0, sizeof lost);
    lost.sa_sigaction = on_lost_file;
    lost.sa_flags = SA_SIGINFO | SA_RESETHAND;
    sigaction(SIGBUS, &lost, NULL);
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
    handle(SIGALRM, on_alarm);
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
}

/* A standard stream that the caller closed must not be the next file that is opened. What takes its place can be neither read nor written. */
static void keep_standard_streams(void)
{
    for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0)
            (void)open("/dev/null", O_PATH);
}

/* ---------------------------------------------------------------- help */

static void print_help(void)
{
    printf("annc-gpu trains fully connected neural networks, on the CPU or an NVIDIA GPU.\n\n"
           "  annc-gpu COMMAND [options]\n\n");
    for (int i = 0; COMMANDS[i].name; i++)
        printf("  %-7s %-13s %s\n", COMMANDS[i].name, COMMANDS[i].arguments, COMMANDS[i].summary);
    printf("\n`annc-gpu train` alone learns to read digits. `annc-gpu help COMMAND` shows a\n"
           "command's options; --version shows what this program was built with.\n");
}

static void print_command_help(const struct command *command, bool all)
{
    printf("annc-gpu %s%s%s [options]: %s\n\n", command->name, command->arguments[0] ? " " : "", command->arguments,
           command->summary);
    const int left_out = options_help(command->bit, all);
    if (left_out > 0)
        printf("\n`annc-gpu help %s all` shows %d more options.\n", command->name, left_out);
}

static void print_version(void)
{
    const annc_build build = annc_build_info();
    printf("annc-gpu %s, commit %s\ncompiler %s\nBLAS %s\nzlib %s\nlibpng %s\nCUDA %s\n", build.version, build.commit,
           build.compiler, build.blas, build.zlib, build.png, build.cuda);
}

/* ---------------------------------------------------------------- commands */

static const char *command_name(int i, unsigned command)
{
    (void)command;
    return i == 0 ? "help" : COMMANDS[i - 1].name;
}

static const struct command *command_named(const char *name)
{
    for (int i = 0; COMMANDS[i].name; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    const char *meant = closest(name[0] == '-' ? name + strspn(name, "-") : name, command_name, 0);
    usage_failed("there is no command '%.64s'%s%s%s", name, meant ? "; did you mean " : "", meant ? meant : "",
                 meant ? "?" : "");
    return NULL;
}

static annc_status run_command(const struct command *command, int argc, char **argv)
{
    struct options options;
    annc_status status = options_parse(command->bit, command->most_positional, argc, argv, &options);
    if (status == ANNC_OK)
        status = options_complete(command->bit, &options);
    if (status == ANNC_OK && options.value[OPTION_HELP].given)
        print_command_help(command, false);
    else if (status == ANNC_OK)
        status = command->run(&options);
    options_free(&options);
    return status;
}

static annc_status run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--version") == 0) {
        print_version();
        return ANNC_OK;
    }
    if (strcmp(name, "--help") == 0 || (strcmp(name, "help") == 0 && argc < 3)) {
        print_help();
        return ANNC_OK;
    }
    const bool help = strcmp(name, "help") == 0;
    if (help && print_manual(argv[2]))
        return ANNC_OK;
    const struct command *command = command_named(help ? argv[2] : name);
    if (!command)
        return ANNC_USAGE;
    if (help) {
        print_command_help(command, argc > 3 && strcmp(argv[3], "all") == 0);
        return ANNC_OK;
    }
    return run_command(command, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    use_fast_kernels(argv);
    clock_gettime(CLOCK_MONOTONIC, &started);
    keep_standard_streams();
    handle_signals();
    annc_status status = run(argc, argv);
    if (status != ANNC_STOPPED && status != ANNC_OK && status != ANNC_CHECK_FAILED)
        complain(usage_error()[0] ? usage_error() : annc_last_error());
    if (flush(stdout, "standard output") != ANNC_OK && status == ANNC_OK) {
        complain(usage_error());
        status = ANNC_OUTPUT;
    }
    return status == ANNC_STOPPED ? 128 + stop_signal() : (int)status;
}
