/* export_c_cells.c - exported C code that takes rows of cells, for models with columns of words or dates. */
#include "network/export/export_c_cells.h"
#include "base/buffer.h"
#include "dataset/categories/categories.h"
#include "dataset/dates/dates.h"
#include "network/export/export_text.h"

/* ---------------------------------------------------------------- columns */

/* Writes the levels of a category as an array; 0 for one without training rows, which is unknown. */
static void put_levels(struct annc_buffer *text, const struct annc_category *category, uint32_t column)
{
    annc_buffer_format(text, "static const char *const levels%u[] = {", column);
    for (uint32_t i = 0; i < category->levels.texts.count; i++) {
        annc_buffer_format(text, "\n    ");
        if (category->unseen[i])
            annc_buffer_format(text, "0");
        else
            annc_export_c_string(text, category->levels.texts.text[i]);
        annc_buffer_format(text, ",");
    }
    annc_buffer_format(text, "\n    0};\n\n");
}

static void put_missing_words(struct annc_buffer *text)
{
    annc_buffer_format(text, "static const char *const missing_words[] = {\n    \"\",");
    for (size_t i = 0; annc_missing_word(i); i++) {
        annc_buffer_format(text, " ");
        annc_export_c_string(text, annc_missing_word(i));
        annc_buffer_format(text, ",");
    }
    annc_buffer_format(text, " 0};\n\n");
}

/* As annc_date_read. */
static const char READ_DATE[] =
    "/* Moves past `least` to `most` digits, a number. Returns the text behind them; 0 for other text and for 0. */\n"
    "static const char *read_digits(const char *text, int least, int most, int *number)\n"
    "{\n"
    "    int count = 0;\n"
    "    *number = 0;\n"
    "    while (text && count < most && *text >= '0' && *text <= '9') {\n"
    "        *number = 10 * *number + (*text++ - '0');\n"
    "        count++;\n"
    "    }\n"
    "    return count < least ? 0 : text;\n"
    "}\n\n"
    "static const char *read_mark(const char *text, int mark)\n"
    "{\n"
    "    return text && *text == mark ? text + 1 : 0;\n"
    "}\n\n"
    "/* Returns the days from 1970-01-01 to the first of March that a year begins with, in February or before. */\n"
    "static long days_to_march(long year)\n"
    "{\n"
    "    return 365 * year + year / 4 - year / 100 + year / 400 - 719468;\n"
    "}\n\n"
    "/* Reads YEAR-MONTH-DAY, then maybe 'T' or a blank and HOUR:MINUTE[:SECOND[.FRACTION]], Z or an offset from\n"
    " * UTC such as +02:00, as days since 1970-01-01. Returns whether the text is such a date. */\n"
    "static int read_date(const char *text, double *days)\n"
    "{\n"
    "    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};\n"
    "    int year, month, day, hour, minute, second = 0, sign = 0, hours = 0, minutes = 0;\n"
    "    double nanos = 0, unit;\n"
    "    long seconds = 0, whole;\n"
    "    const char *at = read_digits(text, 4, 4, &year), mark = at ? *at : '-';\n"
    "    if (mark != '-' && mark != '/' && mark != '.')\n"
    "        return 0;\n"
    "    at = read_digits(read_mark(at, mark), 1, 2, &month);\n"
    "    at = read_digits(read_mark(at, mark), 1, 2, &day);\n"
    "    if (!at || year < 1 || month < 1 || month > 12 || day < 1 || day > length[month - 1])\n"
    "        return 0;\n"
    "    if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))\n"
    "        return 0;\n"
    "    if (*at == 'T' || *at == ' ') {\n"
    "        at = read_digits(at + 1, 1, 2, &hour);\n"
    "        at = read_digits(read_mark(at, ':'), 2, 2, &minute);\n"
    "        if (at && *at == ':') {\n"
    "            at = read_digits(at + 1, 2, 2, &second);\n"
    "            if (at && (*at == '.' || *at == ',')) {\n"
    "                if (at[1] < '0' || at[1] > '9')\n"
    "                    return 0;\n"
    "                for (at++, unit = 1e8; *at >= '0' && *at <= '9'; at++, unit /= 10)\n"
    "                    nanos += unit >= 1 ? unit * (*at - '0') : 0;\n"
    "            }\n"
    "        }\n"
    "        if (at && *at == 'Z') {\n"
    "            at++;\n"
    "        } else if (at && (*at == '+' || *at == '-')) {\n"
    "            sign = *at == '-' ? -1 : 1;\n"
    "            at = read_digits(at + 1, 2, 2, &hours);\n"
    "            if (at && *at)\n"
    "                at = read_digits(*at == ':' ? at + 1 : at, 2, 2, &minutes);\n"
    "        }\n"
    "        if (!at || hour > 23 || minute > 59 || second > 59 || hours > 23 || minutes > 59)\n"
    "            return 0;\n"
    "        seconds = (hour * 60L + minute) * 60 + second - sign * (hours * 60L + minutes) * 60;\n"
    "    }\n"
    "    whole = days_to_march(month < 3 ? year - 1 : year) + (153 * (month < 3 ? month + 9 : month - 3) + 2) / 5 + "
    "day - 1;\n"
    "    whole += seconds < 0 ? -1 : seconds >= 86400 ? 1 : 0;\n"
    "    seconds += seconds < 0 ? 86400 : seconds >= 86400 ? -86400 : 0;\n"
    "    *days = (double)whole + ((double)seconds * 1e9 + nanos) / 86400e9;\n"
    "    return !*at;\n"
    "}\n\n";

static const char ENCODE[] =
    "/* Makes the inputs x of a row of cells, one text per column. Cells are compared byte for byte, without blanks\n"
    " * around them. Returns -1, or the index of the first column whose cell should be a number or a date and is not. "
    "*/\n"
    "#ifdef __cplusplus\nextern \"C\"\n#endif\n"
    "int MODEL_NAME(encode)(const char *const *cells, double *x);\n\n"
    "static int is_missing(const char *cell)\n"
    "{\n"
    "    int i;\n"
    "    for (i = 0; missing_words[i]; i++)\n"
    "        if (strcmp(cell, missing_words[i]) == 0)\n"
    "            return 1;\n"
    "    return 0;\n"
    "}\n\n"
    "int MODEL_NAME(encode)(const char *const *cells, double *x)\n"
    "{\n"
    "    int c, i, at;\n"
    "    for (c = 0; c < MODEL_COLUMNS; c++) {\n"
    "        const struct model_column *column = &columns[c];\n"
    "        const int missing = is_missing(cells[c]);\n"
    "        double *to = x + column->first;\n"
    "        char *rest;\n"
    "        if (column->date) {\n"
    "            *to = strtod(\"nan\", 0);\n"
    "            if (!missing && !read_date(cells[c], to))\n"
    "                return c;\n"
    "            continue;\n"
    "        }\n"
    "        if (!column->level) {\n"
    "            *to = strtod(missing ? \"nan\" : cells[c], &rest);\n"
    "            if (!missing && (*rest || !((float)*to - (float)*to == 0)))\n"
    "                return c;\n"
    "            continue;\n"
    "        }\n"
    "        at = column->other;\n"
    "        for (i = 0; !missing && i < column->levels; i++)\n"
    "            if (column->level[i] && strcmp(cells[c], column->level[i]) == 0)\n"
    "                at = i;\n"
    "        at = missing && column->missing >= 0 ? column->missing : at;\n"
    "        for (i = 0; i < column->inputs; i++)\n"
    "            to[i] = i == at;\n"
    "    }\n"
    "    return -1;\n"
    "}\n";

void annc_export_c_columns(struct annc_buffer *text, uint32_t inputs, const struct annc_categories *categories,
                           const bool *dates)
{
    uint32_t columns = 0;
    annc_buffer_format(text, "\n#include <stdlib.h>\n#include <string.h>\n\n"
                             "/* The columns of a row: numbers, dates, or words, which become inputs of 0 and 1. */\n");
    for (uint32_t k = 0; k < categories->count; k++)
        put_levels(text, &categories->category[k], categories->category[k].first);
    annc_buffer_format(
        text, "static const struct model_column {\n"
              "    const char *name;               /* 0: that of the input */\n"
              "    int first, inputs;              /* of the network */\n"
              "    int date;                       /* 1: a column of dates */\n"
              "    const char *const *level;       /* 0: a column of numbers or dates */\n"
              "    int levels, other, missing;     /* the inputs of unknown and of missing cells; -1: none */\n"
              "} columns[] = {");
    for (uint32_t j = 0; j < inputs; columns++) {
        const struct annc_category *category = annc_category_of(categories, j);
        annc_buffer_format(text, "\n    {");
        if (category)
            annc_export_c_string(text, category->name);
        if (category)
            annc_buffer_format(text, ", %u, %u, 0, levels%u, %u, %d, %d},", j, category->inputs, j,
                               category->levels.texts.count, annc_category_other(category),
                               category->has_missing ? (int)category->inputs - 1 : ANNC_NO_LEVEL);
        else
            annc_buffer_format(text, "0, %u, 1, %d, 0, 0, -1, -1},", j, annc_is_date(dates, j));
        j += category ? category->inputs : 1;
    }
    annc_buffer_format(text, "\n};\n\nenum { MODEL_COLUMNS = %u };\n\n", columns);
    put_missing_words(text);
    annc_buffer_add(text, READ_DATE, sizeof READ_DATE - 1);
    annc_buffer_add(text, ENCODE, sizeof ENCODE - 1);
}

/* ---------------------------------------------------------------- program */

static const char MAIN[] =
    "\n#ifdef MODEL_MAIN\n#include <stdio.h>\n\n"
    "/* Between fields; -DMODEL_SEPARATOR=\"';'\" sets another. */\n"
    "#ifndef MODEL_SEPARATOR\n#define MODEL_SEPARATOR ','\n#endif\n\n"
    "static int is_blank(int c)\n"
    "{\n"
    "    return c != MODEL_SEPARATOR && (c == ' ' || c == '\\t' || c == '\\r');\n"
    "}\n\n"
    "/* Reads the next field of a line; returns the separator, or the end of the line or of the input. */\n"
    "static int read_field(char *text)\n"
    "{\n"
    "    int length = 0, kept = 0, quoted, c = getchar();\n"
    "    while (is_blank(c))\n"
    "        c = getchar();\n"
    "    quoted = c == '\"';\n"
    "    if (quoted)\n"
    "        c = getchar();\n"
    "    for (; c != EOF && (quoted || (c != MODEL_SEPARATOR && c != '\\n')); c = getchar()) {\n"
    "        if (quoted && c == '\"' && (c = getchar()) != '\"')\n"
    "            break;\n"
    "        if (length < MODEL_FIELD - 1)\n"
    "            text[length++] = (char)c;\n"
    "        kept = quoted || !is_blank(c) ? length : kept;\n"
    "    }\n"
    "    text[kept] = '\\0';\n"
    "    while (is_blank(c))\n"
    "        c = getchar();\n"
    "    return c;\n"
    "}\n\n"
    "static int refuse(long line, const char *what, const char *text)\n"
    "{\n"
    "    fprintf(stderr, \"line %ld: %s%s\\n\", line, what, text);\n"
    "    return 1;\n"
    "}\n\n"
    "/* Reads rows of MODEL_COLUMNS fields, and prints a line of outputs for each. */\n"
    "int main(void)\n"
    "{\n"
    "    static char text[MODEL_COLUMNS][MODEL_FIELD];\n"
    "    static const char *cells[MODEL_COLUMNS];\n    const char *name;\n"
    "    static double x[MODEL_INPUTS], y[MODEL_OUTPUTS];\n"
    "    long line = 0;\n"
    "    int end = '\\n', header, j;\n"
    "    while (end != EOF) {\n"
    "        line++;\n"
    "        header = line == 1;\n"
    "        j = 0;\n"
    "        do {\n"
    "            if (j == MODEL_COLUMNS)\n"
    "                return refuse(line, \"has more fields than the model has columns\", \"\");\n"
    "            end = read_field(text[j]);\n"
    "            cells[j] = text[j];\n"
    "            name = columns[j].name ? columns[j].name : MODEL_NAME(inputs)[columns[j].first];\n"
    "            header = header && strcmp(text[j], name) == 0;\n"
    "            j++;\n"
    "        } while (end == MODEL_SEPARATOR);\n"
    "        if (end != '\\n' && end != EOF)\n"
    "            return refuse(line, \"has text after a quoted field\", \"\");\n"
    "        if (header || (j == 1 && !text[0][0]))\n"
    "            continue; /* or an empty line */\n"
    "        if (j < MODEL_COLUMNS)\n"
    "            return refuse(line, \"has fewer fields than the model has columns\", \"\");\n"
    "        j = MODEL_NAME(encode)(cells, x);\n"
    "        if (j >= 0)\n"
    "            return refuse(line, columns[j].date ? \"not a date: \" : \"not a number: \", text[j]);\n"
    "        MODEL_NAME(predict)(x, y);\n";

void annc_export_c_cells_main(struct annc_buffer *text)
{
    annc_buffer_format(text, "\nenum { MODEL_FIELD = %d }; /* bytes of a field; no level is as long */\n",
                       ANNC_LEVEL_BYTES + 2);
    annc_buffer_add(text, MAIN, sizeof MAIN - 1);
}
