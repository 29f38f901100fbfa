/* manual.c - the manual page and shell completions. */
#include "cli/manual.h"
#include "cli/commands.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- the manual page */

/* Prints a text in a line of troff: with plain hyphens, never as a request. */
static void print_troff(const char *text)
{
    if (*text == '.' || *text == '\'')
        printf("\\&");
    for (; *text; text++)
        if (*text == '-')
            printf("\\-");
        else if (*text == '\\')
            printf("\\e");
        else
            putchar(*text);
}

static void print_option(const struct option_spec *spec)
{
    char text[600];
    printf(".TP\n.B \\-\\-");
    print_troff(spec->name);
    if (spec->argument) {
        printf(" \\fI");
        print_troff(spec->argument);
        printf("\\fR");
    }
    putchar('\n');
    option_describe(spec, SIZE_MAX, text, sizeof text);
    print_troff(text);
    putchar('\n');
}

static void print_environment(void)
{
    static const struct {
        const char *name, *effect;
    } VARIABLES[] = {{"ANNC_DATA", "a folder that has MNIST"},
                     {"ANNC_OFFLINE", "1: do not download MNIST"},
                     {"ANNC_CUDA_LIBRARIES", "directories of the CUDA libraries, with ':' between them, where the "
                                             "system's loader does not find them"},
                     {"ANNC_CUDA_MODULE", "file of the CUDA module, in place of the program's own"},
                     {"ANNC_MPI", "off: processes of mpirun or srun each work alone"},
                     {"ANNC_MPI_MODULE", "file of the MPI module, in place of the program's own"},
                     {"NO_COLOR", "if it is set, no colour"},
                     {"TERM", "dumb: neither colour nor a progress line"},
                     {"TMPDIR", "folder for files that cannot be written where they should be"},
                     {"XDG_CACHE_HOME", "MNIST is cached in its folder annc/mnist; default: ~/.cache"},
                     {"OPENBLAS_CORETYPE", "kernels of OpenBLAS; default: those of the processor"}};
    printf(".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++) {
        printf(".TP\n.B %s\n", VARIABLES[i].name);
        print_troff(VARIABLES[i].effect);
        putchar('\n');
    }
}

static void print_page(void)
{
    printf(".TH ANNC\\-GPU 1 \"\" \"annc\\-gpu %s\" \"User Commands\"\n", annc_build_info().version);
    printf(".SH NAME\nannc\\-gpu \\- train fully connected neural networks, on the CPU or an NVIDIA GPU\n");
    printf(".SH SYNOPSIS\n.B annc\\-gpu\n.I command\n.RI [ arguments ]\n.RI [ options ]\n.SH COMMANDS\n");
    for (int c = 0; COMMANDS[c].name; c++) {
        printf(".SS %s ", COMMANDS[c].name);
        print_troff(COMMANDS[c].arguments);
        putchar('\n');
        print_troff(COMMANDS[c].summary);
        printf(".\n");
        for (int id = 0; id < OPTION_COUNT; id++)
            if (OPTIONS[id].commands & COMMANDS[c].bit)
                print_option(&OPTIONS[id]);
    }
    printf(".SH EXAMPLES\n.nf\n");
    for (int c = 0; COMMANDS[c].name; c++)
        for (int i = 0; i < 2; i++) {
            printf("annc\\-gpu %s ", COMMANDS[c].name);
            print_troff(COMMANDS[c].examples[i]);
            putchar('\n');
        }
    printf(".fi\n");
    print_environment();
    printf(
        ".SH EXIT STATUS\n0 done, 1 failure, 2 usage, 3 a named input, 4 a device or memory, 5 diverged, 6 an output, "
        "7 an audit failed, 129, 130, 138, 143 and 152 by signal.\n");
}

/* ---------------------------------------------------------------- completions */

/* Prints the names of the options of a command, or, with bit 0, of all. */
static void print_names(unsigned bit, const char *before)
{
    for (int id = 0; id < OPTION_COUNT; id++)
        if (!bit || (OPTIONS[id].commands & bit))
            printf("%s%s", before, OPTIONS[id].name);
}

static void print_choices(const struct option_spec *spec, const char *between)
{
    for (int i = 0; spec->choice(i); i++)
        printf("%s%s", i ? between : "", spec->choice(i));
}

static void print_commands(void)
{
    for (int c = 0; COMMANDS[c].name; c++)
        printf("%s ", COMMANDS[c].name);
    printf("help");
}

static void print_bash(void)
{
    printf("_annc_gpu() {\n  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=\n"
           "  COMPREPLY=()\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    mapfile -t COMPREPLY < <(compgen -W '");
    print_commands();
    printf("' -- \"$word\")\n    return\n  fi\n  case $before in\n");
    for (int id = 0; id < OPTION_COUNT; id++)
        if (OPTIONS[id].kind == CHOICE) {
            printf("    --%s) mapfile -t COMPREPLY < <(compgen -W '", OPTIONS[id].name);
            print_choices(&OPTIONS[id], " ");
            printf("' -- \"$word\"); return ;;\n");
        }
    printf("    help) mapfile -t COMPREPLY < <(compgen -W '");
    print_commands();
    printf("' -- \"$word\"); return ;;\n  esac\n  case ${COMP_WORDS[1]} in\n");
    for (int c = 0; COMMANDS[c].name; c++) {
        printf("    %s) options='", COMMANDS[c].name);
        print_names(COMMANDS[c].bit, " --");
        printf("' ;;\n");
    }
    printf("  esac\n  case $word in -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\") ;; esac\n}\n"
           "complete -o default -F _annc_gpu annc-gpu\n");
}

/* Prints a text for single quotes, without the special characters in `more`. */
static void print_quoted(const char *text, const char *more)
{
    for (; *text; text++)
        if (*text == '\'')
            printf("'\\''");
        else if (strchr(more, *text))
            printf("\\%c", *text);
        else
            putchar(*text);
}

static void print_zsh_option(const struct option_spec *spec)
{
    printf("    '--%s%s[", spec->name, spec->argument ? "=" : "");
    print_quoted(spec->help, "[]:\\");
    putchar(']');
    if (spec->argument) {
        printf(":%s:", spec->argument);
        if (spec->kind == CHOICE) {
            putchar('(');
            print_choices(spec, " ");
            putchar(')');
        } else if (spec->kind == PATHNAME) {
            printf("_files");
        }
    }
    printf("' \\\n");
}

static void print_zsh(void)
{
    printf("#compdef annc-gpu\n_annc_gpu() {\n  local -a commands\n  commands=(\n");
    for (int c = 0; COMMANDS[c].name; c++) {
        printf("    '%s:", COMMANDS[c].name);
        print_quoted(COMMANDS[c].summary, "\\");
        printf("'\n");
    }
    printf("    'help:options of a command'\n  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    "
           "return\n"
           "  fi\n  shift words\n  (( CURRENT-- ))\n  case $words[1] in\n");
    for (int c = 0; COMMANDS[c].name; c++) {
        printf("  %s)\n    _arguments \\\n", COMMANDS[c].name);
        for (int id = 0; id < OPTION_COUNT; id++)
            if (OPTIONS[id].commands & COMMANDS[c].bit)
                print_zsh_option(&OPTIONS[id]);
        printf("    '*:file:_files' ;;\n");
    }
    printf("  help) _describe command commands ;;\n  esac\n}\n_annc_gpu \"$@\"\n");
}

static void print_fish(void)
{
    printf("complete -c annc-gpu -n __fish_use_subcommand -f\n");
    for (int c = 0; COMMANDS[c].name; c++) {
        printf("complete -c annc-gpu -n __fish_use_subcommand -a %s -d '", COMMANDS[c].name);
        print_quoted(COMMANDS[c].summary, "");
        printf("'\n");
    }
    printf("complete -c annc-gpu -n __fish_use_subcommand -a help -d 'options of a command'\n");
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &OPTIONS[id];
        printf("complete -c annc-gpu -n '__fish_seen_subcommand_from");
        for (int c = 0; COMMANDS[c].name; c++)
            if (spec->commands & COMMANDS[c].bit)
                printf(" %s", COMMANDS[c].name);
        printf("' -l %s", spec->name);
        if (spec->kind == CHOICE) {
            printf(" -x -a '");
            print_choices(spec, " ");
            putchar('\'');
        } else if (spec->kind != FLAG) {
            printf(spec->kind == PATHNAME ? " -r" : " -x");
        }
        printf(" -d '");
        print_quoted(spec->help, "");
        printf("'\n");
    }
}

void (*manual_named(const char *kind))(void)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } KINDS[] = {{"man", print_page}, {"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(KINDS[i].name, kind) == 0)
            return KINDS[i].print;
    return NULL;
}
