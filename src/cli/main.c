/* main.c - annc-gpu: help, commands and exit codes. */
#include "base/status.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/openblas_kernels.h"
#include "cli/options/argument_order.h"
#include "cli/options/configuration.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/overwriting.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    for (int i = 0; i < 2; i++)
        printf("  annc-gpu %s %s\n", command->name, command->examples[i]);
    putchar('\n');
    const int left_out = options_help(command->bit, all);
    if ((all && option_named(command->bit, "hidden") != OPTION_COUNT) || (command->bit & (TRAIN | SWEEP)))
        printf("\nDefaults in [] are those for MNIST and the built-in digits. For other data,\n"
               "without --layers, network and training are chosen by the data.\n");
    if (left_out > 0)
        printf("\n`annc-gpu help %s all` shows %d more option%s.\n", command->name, left_out,
               annc_plural((uint64_t)left_out));
}

static void print_version(void)
{
    const annc_build build = annc_build_info();
    printf("annc-gpu %s, commit %s\ncompiler %s\nBLAS %s\nzlib %s\nlibpng %s\nlibjpeg %s\nCUDA %s\nMPI %s\n",
           build.version, build.commit, build.compiler, build.blas, build.zlib, build.png, build.jpeg, build.cuda,
           build.mpi);
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
    const char *option = strncmp(name, "--", 2) == 0 ? name + 2 : "";
    const char *meant = closest(name[0] == '-' ? name + strspn(name, "-") : name, command_name, 0);
    if (!meant && option_named(ANY_COMMAND, option) != OPTION_COUNT) {
        annc_fail(ANNC_USAGE, "unknown command '%.64s'; write the command before its options", name);
        return NULL;
    }
    annc_fail(ANNC_USAGE, "unknown command '%.64s'%s%s%s", name, meant ? "; did you mean " : "", meant ? meant : "",
              meant ? "?" : "");
    return NULL;
}

/* Opens the group of processes that mpirun started, and leaves output to rank 0. The commands that
 * do not train have work for one process alone. */
static annc_status join_ranks(const struct command *command, struct options *options)
{
    static const enum option_id outputs[] = {OPTION_SAVE, OPTION_SAVE_ALL, OPTION_LOG, OPTION_PLOT};
    if (ranks_count() == 1)
        return ANNC_OK;
    if (!(command->bit & (TRAIN | SWEEP | INFO)))
        return annc_fail(ANNC_USAGE,
                         "%s runs in one process, but %u were started together; start it without mpirun or srun, or "
                         "set ANNC_MPI=off to let each work alone",
                         command->name, ranks_count());
    ANNC_RETURN_IF_FAILED(ranks_open());
    if (own_rank() == 0)
        return ANNC_OK;
    options->value[OPTION_QUIET].given = true;
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        options->value[outputs[i]] = (struct option_value){.text = NULL};
    return ANNC_OK;
}

/* Checks output files before any work. */
static annc_status run_checked(const struct command *command, struct options *options)
{
    ANNC_RETURN_IF_FAILED(options_check_files(command->bit, options));
    ANNC_RETURN_IF_FAILED(join_ranks(command, options));
    return command->run(options);
}

static annc_status run_command(const struct command *command, int argc, char **argv)
{
    struct options options;
    annc_status status = ANNC_OK;
    ANNC_TRY(options_parse(command->bit, command->most_positional, argc, argv, &options));
    options.command_name = command->name;
    ANNC_TRY(check_extra_argument(&options));
    ANNC_TRY(options_complete(command->bit, &options));
    if (options.value[OPTION_HELP].given)
        print_command_help(command, false);
    else
        ANNC_TRY(run_checked(command, &options));
out:
    options_free(&options);
    return status;
}

/* Prints one option of a command: "help train lr" or "help train --lr". */
static annc_status print_option_help(const struct command *command, const char *name)
{
    name += strncmp(name, "--", 2) == 0 ? 2 : 0;
    const enum option_id id = option_named(command->bit, name);
    if (id == OPTION_COUNT)
        return annc_fail(ANNC_USAGE, "help %s takes 'all' or an option of it; not '%.64s'", command->name, name);
    option_help(id);
    return ANNC_OK;
}

/* "help", "help COMMAND", "help COMMAND all", "help COMMAND OPTION", "help man" and the like. */
static annc_status run_help(int count, char **words)
{
    const bool general = count == 0 || strcmp(words[0], "help") == 0;
    const bool all = !general && count > 1 && strcmp(words[1], "all") == 0;
    void (*const manual)(void) = general ? print_help : manual_named(words[0]);
    if (count > 2 || (count > 1 && manual))
        return annc_fail(ANNC_USAGE, "help takes a command, and 'all' or an option after it; not '%.64s'",
                         words[count > 2 ? 2 : 1]);
    if (manual) {
        manual();
        return ANNC_OK;
    }
    const struct command *command = command_named(words[0]);
    if (!command)
        return ANNC_USAGE;
    if (count > 1 && !all)
        return print_option_help(command, words[1]);
    print_command_help(command, all);
    return ANNC_OK;
}

static annc_status run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        print_version();
        return ANNC_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help();
        return ANNC_OK;
    }
    if (strcmp(name, "help") == 0)
        return run_help(argc - 2, argv + 2);
    const struct command *command = command_named(name);
    return command ? run_command(command, argc - 2, argv + 2) : ANNC_USAGE;
}

/* Returns whether only the reader of standard output has gone, as `head` does, and with it the whole
 * purpose of the command; a training has others. */
static bool ended_by_reader(annc_status status, const char *command)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return status == ANNC_OUTPUT && strcmp(command, "train") != 0 && strcmp(command, "sweep") != 0 &&
           poll(&output, 1, 0) == 1 && (output.revents & POLLERR);
}

int main(int argc, char **argv)
{
    use_fast_kernels(argv);
    start_clock();
    keep_standard_streams();
    handle_signals();
    ranks_start();
    annc_status status = run(argc, argv);
    if (status == ANNC_OK)
        status = flush(stdout, "standard output");
    return ranks_end(status, status == ANNC_STOPPED || status == ANNC_OK || status == ANNC_CHECK_FAILED ||
                                 ended_by_reader(status, argc > 1 ? argv[1] : "help"));
}
