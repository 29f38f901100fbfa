/* export_c_cells.c - exported C code that takes rows of cells, for models with columns of words. */
#include "network/export/export_c_cells.h"
#include "base/buffer.h"
#include "dataset/categories/categories.h"
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

static const char ENCODE[] =
    "/* Makes the inputs x of a row of cells, one text per column. Cells are compared byte for byte, without blanks\n"
    " * around them. Returns -1, or the index of the first column whose cell should be a number and is not. */\n"
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

void annc_export_c_columns(struct annc_buffer *text, uint32_t inputs, const struct annc_categories *categories)
{
    uint32_t columns = 0;
    annc_buffer_format(text, "\n#include <stdlib.h>\n#include <string.h>\n\n"
                             "/* The columns of a row: numbers, or words, which become inputs of 0 and 1. */\n");
    for (uint32_t k = 0; k < categories->count; k++)
        put_levels(text, &categories->category[k], categories->category[k].first);
    annc_buffer_format(
        text, "static const struct model_column {\n"
              "    const char *name;               /* 0: that of the input */\n"
              "    int first, inputs;              /* of the network */\n"
              "    const char *const *level;       /* 0: a column of numbers */\n"
              "    int levels, other, missing;     /* the inputs of unknown and of missing cells; -1: none */\n"
              "} columns[] = {");
    for (uint32_t j = 0; j < inputs; columns++) {
        const struct annc_category *category = annc_category_of(categories, j);
        annc_buffer_format(text, "\n    {");
        if (category)
            annc_export_c_string(text, category->name);
        if (category)
            annc_buffer_format(text, ", %u, %u, levels%u, %u, %d, %d},", j, category->inputs, j,
                               category->levels.texts.count, annc_category_other(category),
                               category->has_missing ? (int)category->inputs - 1 : ANNC_NO_LEVEL);
        else
            annc_buffer_format(text, "0, %u, 1, 0, 0, -1, -1},", j);
        j += category ? category->inputs : 1;
    }
    annc_buffer_format(text, "\n};\n\nenum { MODEL_COLUMNS = %u };\n\n", columns);
    put_missing_words(text);
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
    "            return refuse(line, \"not a number: \", text[j]);\n"
    "        MODEL_NAME(predict)(x, y);\n";

void annc_export_c_cells_main(struct annc_buffer *text)
{
    annc_buffer_format(text, "\nenum { MODEL_FIELD = %d }; /* bytes of a field; no level is as long */\n",
                       ANNC_LEVEL_BYTES + 2);
    annc_buffer_add(text, MAIN, sizeof MAIN - 1);
}
