/* importance_table.c - permutation importance of the inputs, measured and printed. */
#include "cli/model/importance_table.h"
#include "base/status.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/screen.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_SHOWN = 20, LEAST_WIDTH = 9, MOST_WIDTH = 32 };

/* The seed of the permutations, so that repeated commands print the same. */
static const uint64_t SEED = 1;

static int by_importance(const void *a, const void *b)
{
    const struct important_column *x = a, *y = b;
    const double score = annc_spread_mean(&y->importance.score) - annc_spread_mean(&x->importance.score),
                 loss = annc_spread_mean(&y->importance.loss) - annc_spread_mean(&x->importance.loss);
    const double first = score < 0 || score > 0 ? score : loss;
    return first > 0 ? 1 : first < 0 ? -1 : (x->column > y->column) - (x->column < y->column);
}

annc_status importance_measure(annc_device *device, const annc_network *network, const annc_dataset *data,
                               uint32_t repeats, struct importance_list *list)
{
    annc_status status = ANNC_OK;
    annc_importance_options options = {.repeats = repeats, .seed = SEED};
    annc_importance *importance = NULL;
    uint32_t rows;
    *list = (struct importance_list){.repeats = repeats, .are_classes = annc_dataset_labels(data) != NULL};
    annc_dataset_image_size(data, &rows, &list->image_columns);
    ANNC_TRY(annc_input_columns_create(network, &list->columns));
    options.columns = list->columns;
    list->count = list->columns->count;
    list->ranked = take_memory(list->count, sizeof *list->ranked, "the importance of the columns");
    importance = take_memory(list->count, sizeof *importance, "the importance of the columns");
    ANNC_TRY(annc_importance_measure(device, network, data, &options, importance, NULL));
    for (uint32_t i = 0; i < list->count; i++)
        list->ranked[i] = (struct important_column){i, importance[i]};
    qsort(list->ranked, list->count, sizeof *list->ranked, by_importance);
out:
    free(importance);
    return status;
}

void importance_free(struct importance_list *list)
{
    free(list->ranked);
    annc_input_columns_free(list->columns);
    *list = (struct importance_list){.count = 0};
}

const char *importance_name(const struct importance_list *list, uint32_t i, char name[COLUMN_NAME])
{
    const uint32_t column = list->ranked[i].column;
    if (list->columns->names[column])
        return plain_text(list->columns->names[column], name, COLUMN_NAME);
    if (list->image_columns > 1)
        snprintf(name, COLUMN_NAME, "row %u, column %u", column / list->image_columns + 1,
                 column % list->image_columns + 1);
    else
        snprintf(name, COLUMN_NAME, "input %u", column + 1);
    return name;
}

void importance_print(const struct importance_list *list)
{
    char name[COLUMN_NAME], mean[SHORT_NUMBER], deviation[SHORT_NUMBER], loss[SHORT_NUMBER];
    const uint32_t shown = list->count < MOST_SHOWN ? list->count : MOST_SHOWN;
    int width = LEAST_WIDTH;
    if (list->count == 0)
        return;
    for (uint32_t i = 0; i < shown; i++) {
        const int columns = text_columns(importance_name(list, i, name));
        width = columns > width ? columns : width;
    }
    width = width < MOST_WIDTH ? width : MOST_WIDTH;
    printf("\nimportance of the inputs: how much worse the network does when the values of one\n"
           "input are shuffled; mean and standard deviation of %u times\n%-*s %13s %10s %11s\n",
           list->repeats, width, "input", list->are_classes ? "accuracy lost" : "R2 lost", "+-", "loss gained");
    for (uint32_t i = 0; i < shown; i++) {
        const annc_importance *importance = &list->ranked[i].importance;
        print_left(stdout, importance_name(list, i, name), width);
        printf(" %13s %10s %11s\n", short_number(annc_spread_mean(&importance->score), 4, mean),
               short_number(annc_spread_deviation(&importance->score), 4, deviation),
               short_number(annc_spread_mean(&importance->loss), 4, loss));
    }
    if (shown < list->count)
        printf("and %u more inputs; --json prints all\n", list->count - shown);
}

void importance_add_json(const struct importance_list *list, struct json *json)
{
    char name[COLUMN_NAME];
    if (list->count == 0)
        return;
    json_open(json, "importance", '[');
    for (uint32_t i = 0; i < list->count; i++) {
        const struct important_column *one = &list->ranked[i];
        const char *column = list->columns->names[one->column];
        json_open(json, NULL, '{');
        json_text(json, "input", column ? column : importance_name(list, i, name));
        json_whole(json, "number", one->column + 1);
        json_number(json, list->are_classes ? "accuracy" : "r2", annc_spread_mean(&one->importance.score));
        json_number(json, list->are_classes ? "accuracy_sd" : "r2_sd", annc_spread_deviation(&one->importance.score));
        json_number(json, "loss", annc_spread_mean(&one->importance.loss));
        json_number(json, "loss_sd", annc_spread_deviation(&one->importance.loss));
        json_close(json, '}');
    }
    json_close(json, ']');
}
