/* export_html.c - exports a network as an interactive page: page.html with the model inserted. The
 * metadata are untrusted; they enter the page only as JSON, without a '<' that could end its
 * script. */
#include "network/export/export_html.h"
#include "base/buffer.h"
#include "base/functions.h"
#include "base/json/json_write.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "base/text.h"
#include "network/export/export_page.h"
#include "network/export/formulas.h"
#include "network/network.h"
#include "network/shape.h"

#include <string.h>

/* Browsers limit strings to about half a gigabyte. */
static const size_t MOST_PARAMETERS = (size_t)1 << 26;

static annc_status write_text(struct annc_safe_file *file, struct annc_buffer *text)
{
    annc_status status = text->status;
    if (status == ANNC_OK)
        status = annc_safe_write(file, text->bytes, text->length);
    annc_buffer_free(text);
    return status;
}

/* ---------------------------------------------------------------- the model */

static void put_layers(struct annc_json_writer *json, const annc_shape *shape)
{
    annc_json_write_open(json, "layers", '[');
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const annc_activation f = shape->activation[l - 1];
        const struct annc_range range = annc_activation_range(f);
        annc_json_write_line(json);
        annc_json_write_open(json, NULL, '{');
        annc_json_write_whole(json, "inputs", shape->width[l - 1]);
        annc_json_write_whole(json, "units", shape->width[l]);
        annc_json_write_string(json, "activation", annc_activation_name(f));
        annc_json_write_float(json, "low", range.low);
        annc_json_write_float(json, "high", range.high);
        annc_json_write_close(json, '}');
    }
    annc_json_write_close(json, ']');
}

/* Writes the metadata that describe the data. */
static void put_metadata(struct annc_json_writer *json, const annc_network *network)
{
    static const char *const keys[] = {"annc.classes",    "annc.scale",  "annc.input_shift",  "annc.input_factor",
                                       "annc.input_fill", "annc.inputs", "annc.target_shift", "annc.target_factor",
                                       "annc.targets",    "annc.images", "annc.categories",   "annc.dates",
                                       "annc.points"};
    annc_json_write_open(json, "metadata", '{');
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = annc_network_metadata(network, keys[i]);
        if (!value)
            continue;
        annc_json_write_line(json);
        annc_json_write_string(json, keys[i], value);
    }
    annc_json_write_close(json, '}');
}

/* Writes the members of the model's JSON object except its parameters. */
static annc_status write_model(const annc_network *network, struct annc_safe_file *file)
{
    const annc_shape *shape = &network->shape;
    struct annc_json_writer json = {.replacement = NULL};
    const struct annc_buffer *text = &json.text;
    struct annc_buffer safe = {.status = ANNC_OK};
    annc_json_write_string(&json, "schema", "annc.page/1");
    annc_json_write_line(&json);
    annc_json_write_string(&json, "cost", annc_cost_name(shape->cost));
    annc_json_write_float(&json, "middle", (double)annc_cost_middle(shape->cost));
    annc_json_write_line(&json);
    put_layers(&json, shape);
    annc_json_write_line(&json);
    put_metadata(&json, network);
    for (size_t i = 0; i < text->length; i++) { /* '<' occurs only in strings */
        if (text->bytes[i] == '<')
            annc_buffer_format(&safe, "\\u003c");
        else
            annc_buffer_add(&safe, text->bytes + i, 1);
    }
    if (text->status != ANNC_OK)
        safe.status = text->status;
    annc_buffer_free(&json.text);
    return write_text(file, &safe);
}

/* ---------------------------------------------------------------- parameters */

/* Writes the parameter block in base64, each float as four little-endian bytes. */
static annc_status write_parameters(const annc_network *network, struct annc_safe_file *file)
{
    enum { AT_ONCE = 3 * 4096 }; /* whole groups of three bytes */
    const size_t count = annc_shape_parameters(&network->shape);
    annc_status status = ANNC_OK;
    for (size_t first = 0; first < count && status == ANNC_OK; first += AT_ONCE) {
        const size_t here = count - first < AT_ONCE ? count - first : AT_ONCE;
        struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
        uint8_t bytes[4 * AT_ONCE];
        char four[4];
        for (size_t i = 0; i < here; i++) {
            uint32_t bits;
            memcpy(&bits, &network->theta[first + i], sizeof bits);
            for (int b = 0; b < 4; b++)
                bytes[4 * i + (size_t)b] = (uint8_t)(bits >> 8 * b);
        }
        for (size_t i = 0; i < 4 * here; i += 3) {
            annc_base64(bytes + i, 4 * here - i, four);
            annc_buffer_add(&text, four, sizeof four);
        }
        status = write_text(file, &text);
    }
    return status;
}

/* ---------------------------------------------------------------- functions */

/* Adds a formula, which is valid JavaScript without its casts. */
static void put_formula(struct annc_buffer *text, const char *formula)
{
    static const char cast[] = "(real)";
    while (*formula) {
        const bool is_cast = strncmp(formula, cast, sizeof cast - 1) == 0;
        if (!is_cast)
            annc_buffer_add(text, formula, 1);
        formula += is_cast ? sizeof cast - 1 : 1;
    }
}

static annc_status write_activations(const annc_network *network, struct annc_safe_file *file)
{
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
    (void)network; /* writes all of them */
    for (annc_activation f = 0; f < ANNC_ACTIVATION_COUNT; f++) {
        annc_buffer_format(&text, "    \"%s\": {rowwise: %s, f: z => ", annc_activation_name(f),
                           annc_activation_kind_of(f) == ROWWISE ? "true" : "false");
        put_formula(&text, annc_activation_formula(f));
        annc_buffer_format(&text, ", slope: (z, a) => ");
        put_formula(&text, annc_activation_derivative_formula(f));
        annc_buffer_format(&text, "},\n");
    }
    return write_text(file, &text);
}

/* Writes the model's cost; its slope is dC/dz, if it accepts one output activation alone, or dC/da. */
static annc_status write_cost(const annc_network *network, struct annc_safe_file *file)
{
    const annc_cost cost = network->shape.cost;
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
    annc_buffer_format(&text, "const tau = %.9g;\n", (double)network->shape.quantile);
    annc_buffer_format(&text, "const COST = {ofZ: %s, c: (z, a, y) => ",
                       annc_cost_partner(cost) == ANY_OUTPUT ? "false" : "true");
    put_formula(&text, annc_cost_formula(cost));
    annc_buffer_format(&text, ", slope: (z, a, y) => ");
    put_formula(&text, annc_cost_derivative_formula(cost));
    annc_buffer_format(&text, "};\n");
    return write_text(file, &text);
}

/* ---------------------------------------------------------------- page */

annc_status annc_export_html(const annc_network *network, struct annc_safe_file *file)
{
    /* In the order of page.html. */
    static const struct {
        const char *marker;
        annc_status (*write)(const annc_network *network, struct annc_safe_file *file);
    } parts[] = {{"@MODEL@", write_model},
                 {"@PARAMETERS@", write_parameters},
                 {"@FORMULAS@\n", write_activations},
                 {"@COSTS@\n", write_cost}};
    annc_status status = ANNC_OK;
    const char *text = (const char *)ANNC_PAGE;
    if (annc_shape_parameters(&network->shape) > MOST_PARAMETERS)
        return annc_fail(ANNC_OUTPUT,
                         "%s: browsers cannot load a page with more than %zu parameters; export another format",
                         file->target, MOST_PARAMETERS);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *at = strstr(text, parts[i].marker);
        ANNC_TRY(annc_safe_write(file, text, (size_t)(at - text)));
        ANNC_TRY(parts[i].write(network, file));
        text = at + strlen(parts[i].marker);
    }
    ANNC_TRY(annc_safe_write(file, text, strlen(text)));
out:
    return status;
}
