/* class_tables.c - tables of classification results, for a screen. */
#include "cli/model/class_tables.h"
#include "cli/terminal/screen.h"

#include <math.h>

enum { MOST_SHOWN_CLASSES = 20, PAIRS_SHOWN = 10, COLUMN = 6, LEAST_HEAD = 9, CLASS_HEAD = 12, MOST_HEAD = 24 };

const char *plain_class(const annc_dataset *data, uint32_t c, char name[CLASS_NAME])
{
    return plain_text(annc_dataset_class_name(data, c), name, CLASS_NAME);
}

/* Returns the width for the class names, limited for very long ones. */
static int head_width(const annc_dataset *data, const annc_confusion *confusion, int least)
{
    char name[CLASS_NAME];
    int wide = least;
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const int columns = text_columns(plain_class(data, c, name));
        wide = columns > wide ? columns : wide;
    }
    return wide < MOST_HEAD ? wide : MOST_HEAD;
}

static void print_measures(const char *name, int wide, annc_class_measures measures)
{
    print_left(stdout, name, wide);
    printf(" %8u %9.2f%% %7.2f%% %7.2f%%\n", measures.support, 100 * measures.precision, 100 * measures.recall,
           100 * measures.f1);
}

void print_class_table(const annc_dataset *data, const annc_confusion *confusion)
{
    char name[CLASS_NAME];
    const int wide = head_width(data, confusion, CLASS_HEAD);
    printf("\n%-*s %8s %10s %8s %8s\n", wide, "class", "support", "precision", "recall", "F1");
    for (uint32_t c = 0; c < confusion->classes; c++)
        print_measures(plain_class(data, c, name), wide, annc_confusion_class(confusion, c));
    print_measures("mean", wide, annc_confusion_mean(confusion, false));
    print_measures("weighted", wide, annc_confusion_mean(confusion, true));
}

/* Prints a number on a background as strong as its share of the row: blue if right, orange if
 * wrong. */
static void print_cell(uint32_t count, double share, bool right, bool colour)
{
    static const int from[3] = {24, 24, 24}, good[3] = {30, 110, 190}, bad[3] = {200, 90, 0};
    if (!colour || count == 0) {
        printf(" %6u", count);
        return;
    }
    const double strength = 0.25 + 0.75 * sqrt(share);
    printf("\033[97");
    for (int i = 0; i < 3; i++)
        printf("%s;%.0f", i ? "" : ";48;2", from[i] + strength * ((right ? good : bad)[i] - from[i]));
    printf("m %6u\033[0m", count);
}

static void print_matrix(const annc_dataset *data, const annc_confusion *confusion)
{
    const bool colour = use_colour(stdout);
    char name[CLASS_NAME];
    const int wide = head_width(data, confusion, LEAST_HEAD);
    printf("\nrows: true class, columns: predicted class\n%-*s", wide, "");
    for (uint32_t c = 0; c < confusion->classes; c++) {
        putchar(' ');
        print_right(stdout, plain_columns(annc_dataset_class_name(data, c), COLUMN, name, CLASS_NAME), COLUMN);
    }
    for (uint32_t r = 0; r < confusion->classes; r++) {
        const uint32_t support = annc_confusion_class(confusion, r).support;
        putchar('\n');
        print_left(stdout, plain_class(data, r, name), wide);
        for (uint32_t c = 0; c < confusion->classes; c++) {
            const uint32_t count = annc_confusion_count(confusion, r, c);
            print_cell(count, support ? (double)count / support : 0, r == c, colour);
        }
    }
    printf("\n");
}

static void print_pairs(const annc_dataset *data, const annc_confusion *confusion)
{
    annc_confusion_cell pairs[PAIRS_SHOWN];
    char label[CLASS_NAME], predicted[CLASS_NAME];
    const uint32_t count = annc_confusion_pairs(confusion, PAIRS_SHOWN, pairs);
    printf("\n%u classes are too many for a matrix; --per-example FILE writes each prediction\n", confusion->classes);
    if (count > 0)
        printf("most frequent confusions\n");
    for (uint32_t i = 0; i < count; i++)
        printf("%6u times %s, predicted as %s\n", pairs[i].count, plain_class(data, pairs[i].label, label),
               plain_class(data, pairs[i].predicted, predicted));
}

void print_confusion(const annc_dataset *data, const annc_confusion *confusion)
{
    (confusion->classes > MOST_SHOWN_CLASSES ? print_pairs : print_matrix)(data, confusion);
}
