/* main.c - annc-gpu: help, commands and exit codes. */
#include "base/status.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/openblas_kernels.h"
#include "cli/options/configuration.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/overwriting.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"
#include "cli/terminal/usage.h"

#include <stdio.h>
#include <string.h>

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
        printf("\n`annc-gpu help %s all` shows %d more option%s.\n", command->name, left_out,
               annc_plural((uint64_t)left_out));
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

/* Checks output files before any work. */
static annc_status run_checked(const struct command *command, const struct options *options)
{
    ANNC_RETURN_IF_FAILED(options_check_files(command->bit, options));
    return command->run(options);
}

static annc_status run_command(const struct command *command, int argc, char **argv)
{
    struct options options;
    annc_status status = ANNC_OK;
    ANNC_TRY(options_parse(command->bit, command->most_positional, argc, argv, &options));
    ANNC_TRY(options_complete(command->bit, &options));
    if (options.value[OPTION_HELP].given)
        print_command_help(command, false);
    else
        ANNC_TRY(run_checked(command, &options));
out:
    options_free(&options);
    return status;
}

/* "help", "help COMMAND", "help COMMAND all", "help man" and the like. */
static annc_status run_help(int count, char **words)
{
    const bool general = count == 0 || strcmp(words[0], "help") == 0;
    const bool all = !general && count > 1 && strcmp(words[1], "all") == 0;
    const int taken = all ? 2 : 1;
    if (count > taken)
        return annc_fail(ANNC_USAGE, "help takes a command, and 'all' after it; not '%.64s'", words[taken]);
    if (general) {
        print_help();
        return ANNC_OK;
    }
    if (print_manual(words[0]))
        return ANNC_OK;
    const struct command *command = command_named(words[0]);
    if (!command)
        return ANNC_USAGE;
    print_command_help(command, all);
    return ANNC_OK;
}

static annc_status run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--version") == 0) {
        print_version();
        return ANNC_OK;
    }
    if (strcmp(name, "--help") == 0) {
        print_help();
        return ANNC_OK;
    }
    if (strcmp(name, "help") == 0)
        return run_help(argc - 2, argv + 2);
    const struct command *command = command_named(name);
    return command ? run_command(command, argc - 2, argv + 2) : ANNC_USAGE;
}

int main(int argc, char **argv)
{
    use_fast_kernels(argv);
    start_clock();
    keep_standard_streams();
    handle_signals();
    annc_status status = run(argc, argv);
    if (status != ANNC_STOPPED && status != ANNC_OK && status != ANNC_CHECK_FAILED)
        complain(error_text());
    if (flush(stdout, "standard output") != ANNC_OK && status == ANNC_OK) {
        complain(error_text());
        status = ANNC_OUTPUT;
    }
    return exit_code(status);
}
