/* export_c.c - exports a network as C code that computes it. */
#include "network/export/export_c.h"
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/functions.h"
#include "base/json/json_read.h"
#include "base/number.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "dataset/categories/categories_text.h"
#include "dataset/dates/dates.h"
#include "network/export/export_c_cells.h"
#include "network/export/export_text.h"
#include "network/export/formulas.h"
#include "network/network.h"

#include <string.h>

/* A layer of more units does not go on the stack. */
enum { MOST_ON_STACK = 4096 };

/* Writes a number as a constant of type float, or, with suffix "", of double, that reads back the
 * same. */
static void put_c_number(struct annc_buffer *text, double value, int digits, const char *suffix)
{
    char number[40];
    annc_print(number, sizeof number, "%.*g", digits, value);
    annc_buffer_format(text, "%s%s%s", number, strpbrk(number, ".en") ? "" : ".0", suffix);
}

static annc_status put_c_floats(struct annc_buffer *text, struct annc_safe_file *file, const float *values,
                                size_t count)
{
    annc_status status = ANNC_OK;
    for (size_t i = 0; i < count; i++) {
        annc_buffer_format(text, "%s", i % 12 ? " " : "\n    ");
        put_c_number(text, (double)values[i], 9, "f,");
        ANNC_TRY(annc_export_flush(text, file, ANNC_EXPORT_PIECE));
    }
out:
    return status;
}

/* Writes the strings of a metadata entry, a JSON array, as an array of that name; nothing if the
 * entry is missing. That it has as many as the network is checked where the metadata are read. */
static annc_status put_c_names(struct annc_buffer *text, const annc_network *network, const char *key, const char *name)
{
    annc_status status = ANNC_OK;
    const char *value = annc_network_metadata(network, key);
    struct annc_json_reader json = {value, value ? strlen(value) : 0, 0, NULL};
    char *one = NULL; /* as long as the entry, so any string in it fits */
    bool first = true;
    if (!value)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(json.size + 1, 1, "names", (void **)&one));
    annc_buffer_format(text, "extern const char *const MODEL_NAME(%s)[];\nconst char *const MODEL_NAME(%s)[] = {", name,
                       name);
    annc_json_take(&json, '[');
    while (annc_json_next(&json, ']', &first) && annc_json_read_string(&json, one, json.size + 1)) {
        annc_buffer_format(text, "\n    ");
        annc_export_c_string(text, one);
        annc_buffer_add(text, ",", 1);
    }
    annc_buffer_format(text, "\n};\n\n");
    if (json.error)
        status = annc_fail(ANNC_INPUT, "the model's %s is malformed", key);
out:
    annc_release(one);
    return status;
}

/* Does the same for numbers of a metadata entry; *there: the entry exists. Multiplies `product`,
 * one number for each, or NULL, by them. */
static annc_status put_c_scaling(struct annc_buffer *text, const annc_network *network, const char *key,
                                 const char *name, uint32_t count, double *product, bool *there)
{
    const char *value = annc_network_metadata(network, key);
    struct annc_json_reader json = {value, value ? strlen(value) : 0, 0, NULL};
    char one[ANNC_NUMBER_HEX + 1];
    bool first = true;
    double number = 0;
    uint32_t found = 0;
    *there = value != NULL;
    if (!value)
        return ANNC_OK;
    annc_buffer_format(text, "static const double %s[%u] = {", name, count);
    annc_json_take(&json, '[');
    while (annc_json_next(&json, ']', &first) && annc_json_read_string(&json, one, sizeof one) &&
           annc_number_parse_hex(one, &number)) {
        annc_buffer_format(text, "%s", found % 6 ? " " : "\n    ");
        put_c_number(text, number, 17, ",");
        if (product && found < count)
            product[found] *= number;
        found++;
    }
    annc_buffer_format(text, "\n};\n\n");
    return json.error || found != count ? annc_fail(ANNC_INPUT, "the model's %s is malformed", key) : ANNC_OK;
}

/* Writes float versions of the functions in the formulas, and a function for each activation of the
 * network. */
static void put_c_functions(struct annc_buffer *text, const annc_shape *shape)
{
    bool done[ANNC_ACTIVATION_COUNT] = {false};
    annc_buffer_format(text, "typedef float real;\n#define EXP expf\n#define EXPM1 expm1f\n#define LOG1P log1pf\n"
                             "#define TANH tanhf\n#define SQRT sqrtf\n");
    annc_buffer_format(text,
                       "#define LOGISTIC(z) (1 / (1 + EXP(-(z))))\n#define NORMAL_BELOW(z) (erfcf(-0.70710678f * (z)) "
                       "/ 2)\n");
    annc_buffer_format(text, "#define ABS(z) ((z) < 0 ? -(z) : (z))\n#define MAX(z, w) ((z) > (w) ? (z) : (w))\n"
                             "#define MIN(z, w) ((z) < (w) ? (z) : (w))\n");
    for (uint32_t l = 0; l < shape->layers; l++) {
        const annc_activation f = shape->activation[l];
        if (done[f])
            continue;
        done[f] = true;
        annc_buffer_format(text, "\nstatic real activation_%d(real z) /* %s */\n{\n    return ", (int)f,
                           annc_activation_name(f));
        annc_buffer_add(text, annc_activation_formula(f), strlen(annc_activation_formula(f)));
        annc_buffer_format(text, ";\n}\n");
    }
}

static const char C_LAYER[] =
    "\n/* z = W a + b; W: n x n_in, row by row. */\n"
    "static void weigh(int n_in, int n, const float *W, const float *b, const float *a, float *z)\n"
    "{\n    int j, k;\n    for (j = 0; j < n; j++) {\n        float sum = b[j];\n"
    "        for (k = 0; k < n_in; k++)\n            sum += W[(long)j * n_in + k] * a[k];\n"
    "        z[j] = sum;\n    }\n}\n\n";

static const char C_SOFTMAX[] = "    { /* softmax: z - log of the sum of e^z, before its activation */\n"
                                "        float largest = z[0], sum = 0;\n"
                                "        for (j = 1; j < MODEL_OUTPUTS; j++)\n"
                                "            largest = z[j] > largest ? z[j] : largest;\n"
                                "        for (j = 0; j < MODEL_OUTPUTS; j++)\n"
                                "            sum += expf(z[j] - largest);\n"
                                "        for (j = 0; j < MODEL_OUTPUTS; j++)\n"
                                "            z[j] -= largest + logf(sum);\n"
                                "    }\n";

static void put_c_predict(struct annc_buffer *text, const annc_network *network, uint32_t widest, bool scaled,
                          bool unscaled)
{
    const annc_shape *shape = &network->shape;
    const char *scale = annc_network_metadata(network, "annc.scale");
    const bool by_255 = scale && strcmp(scale, "255") == 0;
    annc_buffer_format(
        text,
        "void MODEL_NAME(predict)(const double *x, double *y)\n{\n    %sfloat a[MODEL_WIDEST], z[MODEL_WIDEST];\n"
        "    int j;\n    for (j = 0; j < MODEL_INPUTS; j++)\n        a[j] = ",
        widest > MOST_ON_STACK ? "static " : "");
    if (scaled)
        annc_buffer_format(text,
                           "(float)(((x[j] == x[j] ? x[j] : input_fill[j]) - input_shift[j]) * input_factor[j]);\n");
    else
        annc_buffer_format(text, by_255 ? "(float)x[j] / 255;\n" : "(float)x[j];\n");
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const annc_activation f = shape->activation[l - 1];
        annc_buffer_format(text, "    weigh(%u, %u, W%u, b%u, a, z);\n", shape->width[l - 1], shape->width[l], l, l);
        if (annc_activation_kind_of(f) == ROWWISE)
            annc_buffer_add(text, C_SOFTMAX, sizeof C_SOFTMAX - 1);
        annc_buffer_format(text, "    for (j = 0; j < %u; j++)\n        a[j] = activation_%d(z[j]);\n", shape->width[l],
                           (int)f);
    }
    annc_buffer_format(text, "    for (j = 0; j < MODEL_OUTPUTS; j++)\n        y[j] = ");
    annc_buffer_format(text, unscaled ? "target_factor[j] == 0 ? target_shift[j] : (double)a[j] / target_factor[j] + "
                                        "target_shift[j];\n}\n"
                                      : "a[j];\n}\n");
}

/* The optional program reads rows of numbers strictly: with as many fields as the model has inputs,
 * between commas, semicolons or blanks, and with a header, if any, of the model's own columns. */
static const char C_FIELDS[] =
    "/* Reads the next field of a line into `text`; returns ',', or the end of the line or of the input. */\n"
    "static int read_field(char *text)\n"
    "{\n"
    "    int length = 0, quoted, c = getchar();\n"
    "    while (c == ' ' || c == '\\t' || c == '\\r')\n"
    "        c = getchar();\n"
    "    quoted = c == '\"';\n"
    "    if (quoted)\n"
    "        c = getchar();\n"
    "    while (c != EOF && c != '\\n' && (quoted ? c != '\"' : !(c && strchr(\" \\t\\r,;\", c)))) {\n"
    "        if (length < MODEL_FIELD - 1)\n"
    "            text[length++] = (char)c;\n"
    "        c = getchar();\n"
    "    }\n"
    "    text[length] = '\\0';\n"
    "    if (quoted && c == '\"')\n"
    "        c = getchar();\n"
    "    while (c == ' ' || c == '\\t' || c == '\\r')\n"
    "        c = getchar();\n"
    "    if (c == ',' || c == ';')\n"
    "        return ',';\n"
    "    if (c != '\\n' && c != EOF) {\n"
    "        ungetc(c, stdin);\n"
    "        return ',';\n"
    "    }\n"
    "    return c;\n"
    "}\n\n"
    "static int refuse(long line, const char *what, const char *text)\n"
    "{\n"
    "    fprintf(stderr, \"line %ld: %s%s\\n\", line, what, text);\n"
    "    return 1;\n"
    "}\n\n";

static const char C_READ[] =
    "int main(void)\n"
    "{\n"
    "    static double x[MODEL_INPUTS], y[MODEL_OUTPUTS];\n"
    "    char text[MODEL_FIELD], *rest;\n"
    "    long line = 0;\n"
    "    int end = '\\n', header, j;\n"
    "    while (end != EOF) {\n"
    "        line++;\n"
    "        header = 0;\n"
    "        j = 0;\n"
    "        do {\n"
    "            end = read_field(text);\n"
    "            if (j == 0 && end != ',' && !text[0])\n"
    "                break; /* an empty line */\n"
    "            if (j == MODEL_INPUTS)\n"
    "                return refuse(line, \"has more fields than the model has inputs\", \"\");\n"
    "            x[j] = strtod(text, &rest);\n";

static const char C_ROW[] = "            j++;\n"
                            "        } while (end == ',');\n"
                            "        if (j == 0 || header)\n"
                            "            continue;\n"
                            "        if (j < MODEL_INPUTS)\n"
                            "            return refuse(line, \"has fewer fields than the model has inputs\", \"\");\n"
                            "        MODEL_NAME(predict)(x, y);\n";

/* Writes the checks of a field: a name of the header, a missing value, a number. */
static void put_c_field(struct annc_buffer *text, bool has_inputs, bool filled)
{
    if (has_inputs)
        annc_buffer_format(text, "            if (line == 1 && (header || (j == 0 && text[0] && *rest))) {\n"
                                 "                header = 1;\n"
                                 "                if (strcmp(text, MODEL_NAME(inputs)[j]) != 0)\n"
                                 "                    return refuse(line, \"is a header of other columns: \", text);\n"
                                 "            } else ");
    else
        annc_buffer_format(text, "            ");
    if (filled)
        annc_buffer_format(text, "if (!text[0] || strcmp(text, \"NA\") == 0 || strcmp(text, \"nan\") == 0) {\n"
                                 "                x[j] = MODEL_MISSING;\n"
                                 "            } else ");
    annc_buffer_format(text, "if (!text[0] || *rest || !((float)x[j] - (float)x[j] == 0)) {\n"
                             "                return refuse(line, \"not a number: \", text);\n"
                             "            }\n");
}

/* Writes the end of main's loop, which prints the outputs y. */
static void put_c_outputs(struct annc_buffer *text, const annc_shape *shape, bool has_classes, int digits)
{
    if (has_classes && shape->width[shape->layers] == 1)
        annc_buffer_format(text, "        printf(\"%%s\", MODEL_NAME(classes)[y[0] > %.2f]);\n",
                           (double)annc_cost_middle(shape->cost));
    else if (has_classes)
        annc_buffer_format(text,
                           "        {\n            int best = 0;\n            for (j = 1; j < MODEL_OUTPUTS; j++)\n"
                           "                best = y[j] > y[best] ? j : best;\n"
                           "            printf(\"%%s\", MODEL_NAME(classes)[best]);\n        }\n");
    annc_buffer_format(
        text, "        for (j = 0; j < MODEL_OUTPUTS; j++)\n            printf(\"%s%%.%dg\", %s%sy[j]);\n",
        has_classes ? " " : "%s", digits, has_classes ? "" : "j ? \" \" : \"\", ",
        digits > ANNC_FLOAT_DIGITS ? "" : "(double)(float)"); /* a float does not show how scaling rounded */
    annc_buffer_format(text, "        printf(\"\\n\");\n    }\n    return 0;\n}\n#endif\n");
}

/* Writes an optional main program. */
static void put_c_main(struct annc_buffer *text, const annc_shape *shape, bool has_classes, int digits, bool has_inputs,
                       bool filled)
{
    annc_buffer_format(text,
                       "\n#ifdef MODEL_MAIN\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n"
                       "enum { MODEL_FIELD = 256 };\n%s\n",
                       filled ? "#define MODEL_MISSING strtod(\"nan\", NULL)\n" : "");
    annc_buffer_add(text, C_FIELDS, sizeof C_FIELDS - 1);
    annc_buffer_format(text, "/* Reads rows of MODEL_INPUTS numbers, and prints a line of outputs for each%s. */\n",
                       has_classes ? ", its class first" : "");
    annc_buffer_add(text, C_READ, sizeof C_READ - 1);
    put_c_field(text, has_inputs, filled);
    annc_buffer_add(text, C_ROW, sizeof C_ROW - 1);
    put_c_outputs(text, shape, has_classes, digits);
}

static annc_status put_c_parameters(struct annc_buffer *text, const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const size_t weights = (size_t)shape->width[l] * shape->width[l - 1];
        annc_buffer_format(text, "static const float W%u[%u * %u] = {", l, shape->width[l], shape->width[l - 1]);
        ANNC_TRY(put_c_floats(text, file, network->theta + annc_shape_weights_at(shape, l), weights));
        annc_buffer_format(text, "\n};\n\nstatic const float b%u[%u] = {", l, shape->width[l]);
        ANNC_TRY(put_c_floats(text, file, network->theta + annc_shape_biases_at(shape, l), shape->width[l]));
        annc_buffer_format(text, "\n};\n\n");
    }
out:
    return status;
}

/* Writes the comment of the file and its declarations. */
static void put_c_beginning(struct annc_buffer *text, const annc_shape *shape, uint32_t widest, bool has_classes)
{
    const uint32_t inputs = shape->width[0], outputs = shape->width[shape->layers];
    annc_buffer_format(text, "/* A trained network, written by annc-gpu. It needs C89 and the C99 functions of math.h, "
                             "and nothing else:\n *\n *     void model_predict(const double *x, double *y);\n *\n");
    annc_buffer_format(text,
                       " * x: %u inputs as they are in the data; scaling is done here. y: %u outputs%s.\n"
                       " * %s. Names begin with model_, or, with -DMODEL_PREFIX=iris, with iris_,\n"
                       " * so that several models can be linked together. With -DMODEL_MAIN it is a program that reads "
                       "rows\n * of numbers. */\n#include <math.h>\n\n",
                       inputs, outputs, has_classes ? " of the classes model_classes" : "",
                       widest > MOST_ON_STACK ? "One thread at a time may call it, since it keeps its layers"
                                              : "Several threads may call it at once");
    annc_buffer_format(text, "#ifndef MODEL_PREFIX\n#define MODEL_PREFIX model\n#endif\n"
                             "#define MODEL_PASTE(prefix, name) prefix##_##name\n"
                             "#define MODEL_JOIN(prefix, name) MODEL_PASTE(prefix, name)\n"
                             "#define MODEL_NAME(name) MODEL_JOIN(MODEL_PREFIX, name)\n\n");
    annc_buffer_format(text, "enum { MODEL_INPUTS = %u, MODEL_OUTPUTS = %u, MODEL_WIDEST = %u };\n\n", inputs, outputs,
                       widest);
    annc_buffer_format(text, "#ifdef __cplusplus\nextern \"C\"\n#endif\n"
                             "void MODEL_NAME(predict)(const double *x, double *y);\n\n");
}

annc_status annc_export_c(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    const uint32_t inputs = shape->width[0], outputs = shape->width[shape->layers];
    const bool has_classes = annc_network_metadata(network, "annc.classes") != NULL;
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
    uint32_t widest = 0;
    bool scaled, unscaled, there;
    double *offset = NULL; /* of each target, as annc_number_digits takes it */
    int digits = ANNC_FLOAT_DIGITS;
    struct annc_categories categories = {0, NULL};
    const char *levels = annc_network_metadata(network, "annc.categories");
    const char *list_of_dates = annc_network_metadata(network, "annc.dates");
    bool *dates = NULL;
    if (levels)
        ANNC_TRY(annc_categories_parse(levels, inputs, &categories));
    if (list_of_dates)
        ANNC_TRY(annc_dates_parse(list_of_dates, inputs, &dates));
    for (uint32_t l = 0; l <= shape->layers; l++)
        widest = shape->width[l] > widest ? shape->width[l] : widest;
    ANNC_TRY(annc_allocate(outputs, sizeof *offset, "the scaling", (void **)&offset));
    for (uint32_t j = 0; j < outputs; j++)
        offset[j] = 1;
    put_c_beginning(&text, shape, widest, has_classes);
    ANNC_TRY(put_c_names(&text, network, "annc.inputs", "inputs"));
    ANNC_TRY(put_c_names(&text, network, "annc.targets", "targets"));
    ANNC_TRY(put_c_names(&text, network, "annc.classes", "classes"));
    ANNC_TRY(put_c_scaling(&text, network, "annc.input_shift", "input_shift", inputs, NULL, &scaled));
    ANNC_TRY(put_c_scaling(&text, network, "annc.input_factor", "input_factor", inputs, NULL, &there));
    ANNC_TRY(put_c_scaling(&text, network, "annc.input_fill", "input_fill", inputs, NULL, &there));
    ANNC_TRY(put_c_scaling(&text, network, "annc.target_shift", "target_shift", outputs, offset, &unscaled));
    ANNC_TRY(put_c_scaling(&text, network, "annc.target_factor", "target_factor", outputs, offset, &there));
    for (uint32_t j = 0; unscaled && j < outputs; j++)
        digits = annc_number_digits(offset[j]) > digits ? annc_number_digits(offset[j]) : digits;
    ANNC_TRY(put_c_parameters(&text, network, file));
    put_c_functions(&text, shape);
    annc_buffer_add(&text, C_LAYER, sizeof C_LAYER - 1);
    put_c_predict(&text, network, widest, scaled, unscaled);
    if (categories.count > 0 || dates) {
        annc_export_c_columns(&text, inputs, &categories, dates);
        annc_export_c_cells_main(&text);
        put_c_outputs(&text, shape, has_classes, digits);
    } else {
        put_c_main(&text, shape, has_classes, digits, annc_network_metadata(network, "annc.inputs") != NULL, scaled);
    }
    ANNC_TRY(annc_export_flush(&text, file, 1));
out:
    annc_release(offset);
    annc_categories_free(&categories);
    annc_release(dates);
    annc_buffer_free(&text);
    return status;
}
