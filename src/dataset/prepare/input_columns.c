/* input_columns.c - the columns of the training data that a model's inputs come from. */
#include "base/allocate.h"
#include "base/status.h"
#include "dataset/prepare/preparation_text.h"

/* Columns, with the memory of their names. */
struct kept_columns {
    annc_input_columns columns; /* first member, so that freeing it frees the struct */
    struct annc_preparation preparation;
};

/* Lists the columns of the preparation. */
static annc_status list_columns(struct kept_columns *kept, uint32_t inputs)
{
    annc_status status = ANNC_OK;
    const struct annc_table *like = &kept->preparation.like;
    annc_input_columns *columns = &kept->columns;
    ANNC_TRY(annc_allocate((size_t)inputs + 1, sizeof *columns->first, "the columns", (void **)&columns->first));
    ANNC_TRY(annc_allocate(inputs, sizeof *columns->names, "the columns", (void **)&columns->names));
    for (uint32_t j = 0; j < inputs;) {
        const struct annc_category *category = annc_category_of(&like->categories, j);
        const uint32_t c = columns->count++;
        columns->first[c] = j;
        columns->names[c] = category ? category->name : j < like->input_names.count ? like->input_names.text[j] : NULL;
        j += category ? category->inputs : 1;
    }
    columns->first[columns->count] = inputs;
out:
    return status;
}

annc_status annc_input_columns_create(const annc_network *network, annc_input_columns **result)
{
    ANNC_REQUIRE_RESULT(result, "columns");
    ANNC_REQUIRE(network, "network");
    annc_status status = ANNC_OK;
    struct kept_columns *kept = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *kept, "the columns", (void **)&kept));
    ANNC_TRY(annc_preparation_load(network, &kept->preparation));
    ANNC_TRY(list_columns(kept, annc_network_shape(network)->width[0]));
    *result = &kept->columns;
    kept = NULL;
out:
    if (kept)
        annc_input_columns_free(&kept->columns);
    return status;
}

void annc_input_columns_free(annc_input_columns *columns)
{
    struct kept_columns *kept = (struct kept_columns *)columns;
    if (!kept)
        return;
    annc_preparation_free(&kept->preparation);
    annc_release(columns->first);
    annc_release((void *)columns->names);
    annc_release(kept);
}
