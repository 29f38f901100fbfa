/* usage.c - the text of the last error, and suggestions for mistyped words. */
#include "cli/terminal/usage.h"

#include <stdio.h>
#include <string.h>

/* Returns the option that sets a field of the library, or NULL. */
static const char *option_of_field(const char *field)
{
    static const struct {
        const char *field, *option;
    } known[] = {{"activation", "--output-activation"},
                 {"batch", "--batch"},
                 {"annc_mnist_fetch", "`annc-gpu fetch`"},
                 {"assumed", "--layers"},
                 {"categorical", "--categorical"},
                 {"class_weights", "--class-weights"},
                 {"cost", "--cost"},
                 {"decimal", "--decimal"},
                 {"drop", "--drop"},
                 {"eta", "--lr"},
                 {"folder", "--to"},
                 {"folds", "--folds"},
                 {"label", "--label"},
                 {"label_separator", "--label-separator"},
                 {"labels_path", "--labels"},
                 {"missing", "--missing"},
                 {"numeric", "--numeric"},
                 {"quantile", "--quantile"},
                 {"shards", "--shards"},
                 {"target", "--target"},
                 {"target_accuracy", "--target-accuracy"},
                 {"test_path", "--test"},
                 {"thousands", "--thousands"},
                 {"threshold", "--threshold"},
                 {"transpose", "--transpose"},
                 {"unlabelled", "`annc-gpu predict`"},
                 {"weight", "--weight"},
                 {"weights_path", "--weights"},
                 {"width", "--layers"},
                 {"x_name", "--x"},
                 {"y_name", "--y"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].field, field) == 0)
            return known[i].option;
    return NULL;
}

const char *error_text(void)
{
    static _Thread_local char text[ANNC_ERROR_SIZE];
    return annc_error_naming(option_of_field, text, sizeof text);
}

const char *note_naming_options(const char *note, char *text, size_t size)
{
    static const char MARK[] = "; set '";
    const int length = (int)strcspn(note, "\n");
    snprintf(text, size, "%.*s", length, note);
    char *mark = strstr(text, MARK), *end = mark ? strchr(mark + strlen(MARK), '\'') : NULL;
    if (!end)
        return text;
    *end = '\0';
    const char *option = option_of_field(mark + strlen(MARK));
    *end = '\'';
    if (option)
        snprintf(text, size, "%.*s; set %s%.*s", (int)(mark - text), note, option, length - (int)(end + 1 - text),
                 note + (end + 1 - text));
    return text;
}

/* ---------------------------------------------------------------- suggestions */

/* Returns the number of insertions, deletions, substitutions and swaps of neighbours between two
 * words. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { MOST = 48 };
    const size_t n = strlen(a), m = strlen(b);
    size_t rows[3][MOST + 1];
    if (n > MOST || m > MOST)
        return MOST;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
            best = before[j] + 1 < best ? before[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_before[j - 2] + 1 < best)
                best = two_before[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *closest(const char *word, const char *(*next)(int i, unsigned command), unsigned command)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2;
    for (int i = 0;; i++) {
        const char *candidate = next(i, command);
        if (!candidate)
            return best;
        /* Abbreviations are not accepted, but they are good suggestions. */
        const size_t distance =
            strlen(word) >= 2 && strncmp(candidate, word, strlen(word)) == 0 ? 1 : edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
}
