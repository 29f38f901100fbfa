/* export_text.c - exports a network as text: JSON, and C code that computes it. */
#include "network/export/export_text.h"
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/functions.h"
#include "base/json.h"
#include "base/number.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "network/export/formulas.h"
#include "network/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 1 << 16 };

static annc_status flush_text(struct annc_buffer *text, struct annc_safe_file *file, size_t least)
{
    annc_status status = text->status;
    if (status == ANNC_OK && text->length >= least) {
        status = annc_safe_write(file, text->bytes, text->length);
        text->length = 0;
    }
    return status;
}

/* ---------------------------------------------------------------- JSON */

/* Writes rows of numbers, or, with one row of `columns`, numbers. Nine digits preserve a float. */
static annc_status put_numbers(struct annc_buffer *text, struct annc_safe_file *file, size_t rows, size_t columns,
                               const float *values)
{
    annc_status status = ANNC_OK;
    for (size_t i = 0; i < rows; i++) {
        annc_buffer_format(text, "%s[", i > 0 ? ",\n" : "");
        for (size_t j = 0; j < columns; j++)
            annc_buffer_format(text, "%s%.9g", j > 0 ? "," : "", (double)values[i * columns + j]);
        annc_buffer_add(text, "]", 1);
        ANNC_TRY(flush_text(text, file, PIECE));
    }
out:
    return status;
}

annc_status annc_export_json(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
    const char *key, *value;
    annc_buffer_format(&text, "{\"schema\":\"annc.network/1\",\n\"metadata\":{");
    for (size_t i = 0; annc_network_metadata_at(network, i, &key, &value); i++) {
        annc_buffer_format(&text, "%s", i > 0 ? ",\n" : "\n");
        annc_buffer_add_json(&text, key);
        annc_buffer_add(&text, ":", 1);
        annc_buffer_add_json(&text, value);
    }
    annc_buffer_format(&text, "},\n\"cost\":\"%s\",\n\"layers\":[", annc_cost_name(shape->cost));
    for (uint32_t l = 1; l <= shape->layers; l++) {
        annc_buffer_format(&text, "%s\n{\"inputs\":%u,\"units\":%u,\"activation\":\"%s\",\n\"weights\":[",
                           l > 1 ? "," : "", shape->width[l - 1], shape->width[l],
                           annc_activation_name(shape->activation[l - 1]));
        ANNC_TRY(put_numbers(&text, file, shape->width[l], shape->width[l - 1],
                             network->theta + annc_shape_weights_at(shape, l)));
        annc_buffer_format(&text, "],\n\"biases\":");
        ANNC_TRY(put_numbers(&text, file, 1, shape->width[l], network->theta + annc_shape_biases_at(shape, l)));
        annc_buffer_add(&text, "}", 1);
    }
    annc_buffer_format(&text, "]}\n");
    ANNC_TRY(flush_text(&text, file, 1));
out:
    annc_release(text.bytes);
    return status;
}

/* ---------------------------------------------------------------- C */

/* Writes a text as the inside of a C string, in ASCII. */
static void put_c_text(struct annc_buffer *text, const char *s)
{
    annc_buffer_add(text, "\"", 1);
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c < ' ' || c >= 127 || c == '"' || c == '\\' || c == '?') /* '?': avoid trigraphs */
            annc_buffer_format(text, "\\%03o", (unsigned)c);
        else
            annc_buffer_add(text, s, 1);
    }
    annc_buffer_add(text, "\"", 1);
}

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
        ANNC_TRY(flush_text(text, file, PIECE));
    }
out:
    return status;
}

/* Writes the strings of a metadata entry, a JSON array, as an array of that name; nothing if the
 * entry is missing. */
static annc_status put_c_names(struct annc_buffer *text, const annc_network *network, const char *key, const char *name)
{
    annc_status status = ANNC_OK;
    const char *value = annc_network_metadata(network, key);
    struct annc_json json = {value, value ? strlen(value) : 0, 0, NULL};
    char *one = NULL; /* as long as the entry, so any string in it fits */
    bool first = true;
    if (!value)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(json.size + 1, 1, "names", (void **)&one));
    annc_buffer_format(text, "extern const char *const %s[];\nconst char *const %s[] = {", name, name);
    annc_json_take(&json, '[');
    while (annc_json_next(&json, ']', &first) && annc_json_string(&json, one, json.size + 1)) {
        annc_buffer_format(text, "\n    ");
        put_c_text(text, one);
        annc_buffer_add(text, ",", 1);
    }
    annc_buffer_format(text, "\n};\n\n");
    if (json.error)
        status = annc_fail(ANNC_INPUT, "the model's %s is malformed", key);
out:
    annc_release(one);
    return status;
}

/* Does the same for numbers of a metadata entry; *there: the entry exists. */
static annc_status put_c_scaling(struct annc_buffer *text, const annc_network *network, const char *key,
                                 const char *name, uint32_t count, bool *there)
{
    const char *value = annc_network_metadata(network, key);
    struct annc_json json = {value, value ? strlen(value) : 0, 0, NULL};
    char one[ANNC_NUMBER_HEX + 1];
    bool first = true;
    double number = 0;
    uint32_t found = 0;
    *there = value != NULL;
    if (!value)
        return ANNC_OK;
    annc_buffer_format(text, "static const double %s[%u] = {", name, count);
    annc_json_take(&json, '[');
    while (annc_json_next(&json, ']', &first) && annc_json_string(&json, one, sizeof one) &&
           annc_number_parse_hex(one, &number)) {
        annc_buffer_format(text, "%s", found++ % 6 ? " " : "\n    ");
        put_c_number(text, number, 17, ",");
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

static void put_c_predict(struct annc_buffer *text, const annc_network *network, bool scaled, bool filled,
                          bool unscaled)
{
    const annc_shape *shape = &network->shape;
    const char *scale = annc_network_metadata(network, "annc.scale");
    const bool by_255 = scale && strcmp(scale, "255") == 0;
    annc_buffer_format(text,
                       "void model_predict(const float *x, float *y)\n{\n    float a[MODEL_WIDEST], z[MODEL_WIDEST];\n"
                       "    int j;\n    for (j = 0; j < MODEL_INPUTS; j++)\n        a[j] = ");
    if (scaled && filled)
        annc_buffer_format(
            text, "(float)(((x[j] == x[j] ? (double)x[j] : input_fill[j]) - input_shift[j]) * input_factor[j]);\n");
    else if (scaled)
        annc_buffer_format(text, "(float)(((double)x[j] - input_shift[j]) * input_factor[j]);\n");
    else
        annc_buffer_format(text, by_255 ? "x[j] / 255;\n" : "x[j];\n");
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const annc_activation f = shape->activation[l - 1];
        annc_buffer_format(text, "    weigh(%u, %u, W%u, b%u, a, z);\n", shape->width[l - 1], shape->width[l], l, l);
        if (annc_activation_kind_of(f) == ROWWISE)
            annc_buffer_add(text, C_SOFTMAX, sizeof C_SOFTMAX - 1);
        annc_buffer_format(text, "    for (j = 0; j < %u; j++)\n        a[j] = activation_%d(z[j]);\n", shape->width[l],
                           (int)f);
    }
    annc_buffer_format(text, "    for (j = 0; j < MODEL_OUTPUTS; j++)\n        y[j] = ");
    annc_buffer_format(text,
                       unscaled ? "(float)(target_factor[j] == 0 ? target_shift[j] : (double)a[j] / target_factor[j] + "
                                  "target_shift[j]);\n}\n"
                                : "a[j];\n}\n");
}

/* Writes an optional main program. */
static void put_c_main(struct annc_buffer *text, const annc_shape *shape, bool has_classes)
{
    annc_buffer_format(text,
                       "\n#ifdef MODEL_MAIN\n#include <stdio.h>\n\n"
                       "/* Reads rows of MODEL_INPUTS numbers, and prints a line of outputs for each%s. */\n",
                       has_classes ? ", its class first" : "");
    annc_buffer_format(text, "int main(void)\n{\n    static float x[MODEL_INPUTS], y[MODEL_OUTPUTS];\n    int j = 0;\n"
                             "    while (scanf(\"%%f%%*[ ,;\\t]\", &x[j]) == 1) {\n"
                             "        if (++j < MODEL_INPUTS)\n            continue;\n        model_predict(x, y);\n");
    if (has_classes && shape->width[shape->layers] == 1)
        annc_buffer_format(text, "        printf(\"%%s\", model_classes[y[0] > %.2ff]);\n",
                           (double)annc_cost_middle(shape->cost));
    else if (has_classes)
        annc_buffer_format(text,
                           "        {\n            int best = 0;\n            for (j = 1; j < MODEL_OUTPUTS; j++)\n"
                           "                best = y[j] > y[best] ? j : best;\n"
                           "            printf(\"%%s\", model_classes[best]);\n        }\n");
    annc_buffer_format(text, "        for (j = 0; j < MODEL_OUTPUTS; j++)\n            printf(\"%s%%.9g\", %sy[j]);\n",
                       has_classes ? " " : "%s", has_classes ? "" : "j ? \" \" : \"\", ");
    annc_buffer_format(text, "        printf(\"\\n\");\n        j = 0;\n    }\n    return j != 0;\n}\n#endif\n");
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

annc_status annc_export_c(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    const uint32_t inputs = shape->width[0], outputs = shape->width[shape->layers];
    const bool has_classes = annc_network_metadata(network, "annc.classes") != NULL;
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
    uint32_t widest = 0;
    bool scaled, filled, unscaled, there;
    for (uint32_t l = 0; l <= shape->layers; l++)
        widest = shape->width[l] > widest ? shape->width[l] : widest;
    annc_buffer_format(&text, "/* A trained network, written by annc-gpu. It needs C89 and the C99 functions of "
                              "math.h, and nothing else:\n *\n");
    annc_buffer_format(
        &text,
        " *     void model_predict(const float *x, float *y);\n *\n * x: %u inputs as they are in the data; "
        "scaling is done here. y: %u outputs%s.\n",
        inputs, outputs, has_classes ? " of the classes model_classes" : "");
    annc_buffer_format(&text,
                       " * With -DMODEL_MAIN it is a program that reads rows of numbers. */\n#include <math.h>\n\n"
                       "enum { MODEL_INPUTS = %u, MODEL_OUTPUTS = %u, MODEL_WIDEST = %u };\n\n",
                       inputs, outputs, widest);
    annc_buffer_format(&text,
                       "#ifdef __cplusplus\nextern \"C\"\n#endif\nvoid model_predict(const float *x, float *y);\n\n");
    ANNC_TRY(put_c_names(&text, network, "annc.inputs", "model_inputs"));
    ANNC_TRY(put_c_names(&text, network, "annc.targets", "model_targets"));
    ANNC_TRY(put_c_names(&text, network, "annc.classes", "model_classes"));
    ANNC_TRY(put_c_scaling(&text, network, "annc.input_shift", "input_shift", inputs, &scaled));
    ANNC_TRY(put_c_scaling(&text, network, "annc.input_factor", "input_factor", inputs, &there));
    ANNC_TRY(put_c_scaling(&text, network, "annc.input_fill", "input_fill", inputs, &filled));
    ANNC_TRY(put_c_scaling(&text, network, "annc.target_shift", "target_shift", outputs, &unscaled));
    ANNC_TRY(put_c_scaling(&text, network, "annc.target_factor", "target_factor", outputs, &there));
    ANNC_TRY(put_c_parameters(&text, network, file));
    put_c_functions(&text, shape);
    annc_buffer_add(&text, C_LAYER, sizeof C_LAYER - 1);
    put_c_predict(&text, network, scaled, filled, unscaled);
    put_c_main(&text, shape, has_classes);
    ANNC_TRY(flush_text(&text, file, 1));
out:
    annc_release(text.bytes);
    return status;
}
