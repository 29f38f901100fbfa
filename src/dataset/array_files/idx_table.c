/* idx_table.c - IDX images and their labels as a table. */
#include "dataset/array_files/idx_table.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/idx/idx.h"
#include "dataset/tables/table.h"

#include <stdio.h>
#include <string.h>

/* Reads the labels file of a table of `rows` examples. */
static annc_status read_labels(const char *path, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    struct annc_idx idx = {.elements = NULL};
    struct annc_stream *stream = NULL;
    double *numbers = NULL;
    char name[ANNC_TABLE_NAME];
    ANNC_TRY(annc_stream_open(path, &stream));
    annc_stream_name(stream, name, sizeof name);
    ANNC_TRY(annc_idx_read(stream, false, &idx));
    if (idx.count != idx.size[0]) {
        status =
            annc_fail(ANNC_INPUT, "%s: has %zu element%s for %u example%s; a labels file has one number per example",
                      name, idx.count, annc_plural(idx.count), idx.size[0], annc_plural(idx.size[0]));
        goto out;
    }
    if (idx.size[0] != table->rows) {
        status =
            annc_fail(ANNC_INPUT, "%s has %u label%s, but %s has %u image%s; the files do not belong together", name,
                      idx.size[0], annc_plural(idx.size[0]), table->name, table->rows, annc_plural(table->rows));
        goto out;
    }
    ANNC_TRY(annc_allocate(table->rows, sizeof *numbers, "the labels", (void **)&numbers));
    for (uint32_t i = 0; i < table->rows; i++)
        numbers[i] =
            idx.type == ANNC_BYTES ? ((const uint8_t *)idx.elements)[i] : (double)((const float *)idx.elements)[i];
    ANNC_TRY(annc_labels_of_numbers(name, numbers, table->rows, &table->labels));
    /* From here on messages use the name of the labels file, as only its contents can still be
     * wrong. */
    memcpy(table->name, name, sizeof name);
out:
    annc_release(numbers);
    annc_idx_free(&idx);
    annc_stream_close(stream);
    return status;
}

/* Transposes one image after another in place. */
static annc_status transpose(struct annc_idx *images)
{
    annc_status status = ANNC_OK;
    const size_t rows = images->size[1], columns = images->size[2], pixels = rows * columns;
    const size_t element = images->type == ANNC_BYTES ? 1 : sizeof(float);
    char *turned = NULL;
    ANNC_TRY(annc_allocate(pixels, element, "an image", (void **)&turned));
    for (size_t i = 0; i < images->size[0]; i++) {
        char *image = (char *)images->elements + i * pixels * element;
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c++)
                memcpy(turned + (c * rows + r) * element, image + (r * columns + c) * element, element);
        memcpy(image, turned, pixels * element);
    }
    images->size[1] = (uint32_t)columns;
    images->size[2] = (uint32_t)rows;
out:
    annc_release(turned);
    return status;
}

/* Notes the assumptions about the images. */
static void note_images(const char *name, bool turn, char *notes, size_t size)
{
    bool emnist = false;
    for (const char *at = name; *at; at++)
        emnist = emnist || annc_compare_any_case(at, "emnist", 6) == 0;
    if (emnist && !turn)
        annc_note(notes, size, "EMNIST files store their images transposed; set 'transpose' to turn them upright");
}

annc_status annc_idx_table(struct annc_stream *stream, const char *labels_path, bool turn, bool maps,
                           struct annc_table *table, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_idx images = {.elements = NULL};
    memset(table, 0, sizeof *table);
    annc_stream_name(stream, table->name, sizeof table->name);
    ANNC_TRY(annc_idx_read(stream, maps && !turn, &images));
    note_images(table->name, turn, notes, size);
    if (images.rank < 2) {
        status = annc_fail(ANNC_INPUT, "%s: has one number per example instead of images; is it the labels file?",
                           table->name);
        goto out;
    }
    if (images.count / images.size[0] > ANNC_MAX_WIDTH) {
        status = annc_fail(ANNC_INPUT, "%s: has %zu inputs per example; at most %d can be used", table->name,
                           images.count / images.size[0], ANNC_MAX_WIDTH);
        goto out;
    }
    if (turn && images.rank == 3 && images.mapping.base) {
        status = annc_fail(ANNC_INPUT, "%s: is too large for " ANNC_FIELD_TRANSPOSE "; transpose the file itself",
                           table->name);
        goto out;
    }
    if (turn && images.rank == 3)
        ANNC_TRY(transpose(&images));
    table->rows = images.size[0];
    table->inputs = (uint32_t)(images.count / images.size[0]);
    table->type = images.type;
    table->image_rows = images.rank == 3 ? images.size[1] : 0;
    table->image_columns = images.rank == 3 ? images.size[2] : 0;
    table->x = images.elements;
    table->mapping = images.mapping;
    images.elements = NULL;
    images.mapping = (struct annc_mapping){NULL, 0};
    if (labels_path[0])
        ANNC_TRY(read_labels(labels_path, table));
out:
    annc_idx_free(&images);
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
