/* column_parts.c - joins the columns that threads found in the parts of a text. */
#include "dataset/tables/column_parts.h"

#include <string.h>

/* Takes over the line of a first cell, if there was none before. Returns whether it did. */
static bool take_line(size_t *line, size_t part)
{
    if (*line != 0 || part == 0)
        return false;
    *line = part;
    return true;
}

static void add_column(struct annc_column *column, const struct annc_column *part, bool is_first)
{
    column->counts = is_first ? part->counts : column->counts && part->counts && part->first == column->last + 1;
    column->first = is_first ? part->first : column->first;
    column->last = part->last;
    column->points += part->points;
    column->commas += part->commas;
    column->commas_before_three += part->commas_before_three;
    column->numbers += part->numbers;
    column->thousands += part->thousands;
    column->texts += part->texts;
    column->missing += part->missing;
    column->empty += part->empty;
    column->dates += part->dates;
    column->like_dates += part->like_dates;
    column->first_recurs = column->first_recurs || part->first_recurs;
    take_line(&column->missing_line, part->missing_line);
    if (take_line(&column->text_line, part->text_line))
        memcpy(column->text, part->text, sizeof column->text);
    if (take_line(&column->dateless_line, part->dateless_line))
        memcpy(column->dateless, part->dateless, sizeof column->dateless);
}

void annc_columns_add(struct annc_columns *columns, const struct annc_columns *part)
{
    for (uint32_t c = 0; c < columns->count && part->rows > 0; c++)
        add_column(&columns->column[c], &part->column[c], columns->rows == 0);
    columns->rows += part->rows;
    columns->repeats += part->repeats;
    take_line(&columns->repeat_line, part->repeat_line);
}

void annc_columns_add_unknown(struct annc_columns *columns, const struct annc_columns *part)
{
    for (uint32_t c = 0; c < columns->count; c++) {
        struct annc_column *column = &columns->column[c];
        const struct annc_column *own = &part->column[c];
        if (column->unknown == 0 && own->unknown > 0) {
            column->unknown_line = own->unknown_line;
            memcpy(column->text, own->text, sizeof column->text);
        }
        column->unknown += own->unknown;
    }
}
