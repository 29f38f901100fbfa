/* cells.c - the kind and value of one cell of a text table. */
#include "dataset/text/cells.h"
#include "base/number.h"
#include "base/text.h"
#include "dataset/categories/categories.h"
#include "dataset/text/records.h"

#include <string.h>

static bool is_word_in_any_case(const struct annc_field *field, const char *word)
{
    return strlen(word) == field->length && annc_compare_any_case(field->text, word, field->length) == 0;
}

bool annc_cell_is_missing(const struct annc_field *field)
{
    return field->length == 0 || annc_is_missing_word(field->text, field->length);
}

enum annc_cell annc_cell_read(const struct annc_field *field, char decimal, char thousands, double *number)
{
    /* Try numbers first: most cells are numbers, and no word for a missing value reads as a
     * number. */
    if (field->is_number && (decimal == '.' || !field->has_point)) {
        *number = field->number;
        return ANNC_CELL_NUMBER;
    }
    if (annc_number_parse(field->text, field->length, decimal, thousands, number))
        return ANNC_CELL_NUMBER;
    if (annc_cell_is_missing(field))
        return ANNC_CELL_MISSING;
    if (is_word_in_any_case(field, "true") || is_word_in_any_case(field, "false")) {
        *number = field->length == 4;
        return ANNC_CELL_TRUTH;
    }
    if (annc_number_parse(field->text, field->length, '.', ',', number) ||
        annc_number_parse(field->text, field->length, ',', '.', number))
        return ANNC_CELL_THOUSANDS;
    return ANNC_CELL_TEXT;
}
