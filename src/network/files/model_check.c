/* model_check.c - checks the metadata of a network against the keys and values of annc.h, and
 * against its shape. */
#include "network/files/model_check.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/prepare/preparation.h"
#include "dataset/prepare/preparation_text.h"
#include "network/network.h"
#include "network/shape.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_VALUE = 80 };

static const char PREFIX[] = "annc.";

/* ---------------------------------------------------------------- single values */

static bool is_any(const annc_network *network, const char *value)
{
    (void)network;
    (void)value;
    return true;
}

/* Reads a whole number of at most 19 digits and moves past it. */
static bool take_whole(const char **text, uint64_t *number)
{
    const size_t digits = strspn(*text, "0123456789");
    *number = 0;
    if (digits == 0 || digits > 19)
        return false;
    for (size_t i = 0; i < digits; i++)
        *number = 10 * *number + (uint64_t)((*text)[i] - '0');
    *text += digits;
    return true;
}

static bool is_whole(const annc_network *network, const char *value)
{
    uint64_t number;
    (void)network;
    return take_whole(&value, &number) && *value == '\0';
}

static bool is_number(const annc_network *network, const char *value)
{
    double number;
    (void)network;
    return annc_number_parse_hex(value, &number);
}

static bool is_init(const annc_network *network, const char *value)
{
    (void)network;
    for (int i = 0; i < ANNC_INIT_COUNT; i++)
        if (strcmp(annc_init_name((annc_init)i), value) == 0)
            return true;
    return false;
}

static bool is_cost(const annc_network *network, const char *value)
{
    return strcmp(annc_cost_name(network->shape.cost), value) == 0;
}

static bool is_quantile(const annc_network *network, const char *value)
{
    double number;
    return network->shape.cost == ANNC_QUANTILE && annc_number_parse_hex(value, &number) &&
           number == network->shape.quantile;
}

static bool is_layers(const annc_network *network, const char *value)
{
    char text[ANNC_MAX_LAYERS * 20];
    return annc_shape_format_layers(&network->shape, text, sizeof text) && strcmp(text, value) == 0;
}

static bool is_activations(const annc_network *network, const char *value)
{
    char text[ANNC_MAX_LAYERS * 20];
    return annc_shape_format_activations(&network->shape, text, sizeof text) && strcmp(text, value) == 0;
}

/* All keys. Those of a preparation are read by annc_preparation_load, the position of a training by
 * those who resume it. */
static const struct {
    const char *key;
    bool (*is_valid)(const annc_network *network, const char *value);
} KEYS[] = {
    {"annc.activations", is_activations},
    {"annc.batch", is_whole},
    {"annc.candidate", is_any},
    {"annc.categories", is_any},
    {"annc.classes", is_any},
    {"annc.config", is_any},
    {"annc.cost", is_cost},
    {"annc.data", is_any},
    {"annc.dates", is_any},
    {"annc.ensemble", is_any},
    {"annc.epochs", is_whole},
    {"annc.images", is_any},
    {"annc.init", is_init},
    {"annc.input_deviation", is_any},
    {"annc.input_factor", is_any},
    {"annc.input_fill", is_any},
    {"annc.input_max", is_any},
    {"annc.input_mean", is_any},
    {"annc.input_min", is_any},
    {"annc.input_shift", is_any},
    {"annc.inputs", is_any},
    {"annc.label", is_any},
    {"annc.label_separator", is_any},
    {"annc.weight", is_any},
    {"annc.layer_names", is_any},
    {"annc.layers", is_layers},
    {"annc.lr", is_number},
    {"annc.machine", is_any},
    {"annc.measured", is_any},
    {"annc.points", is_any},
    {"annc.progress", is_any},
    {"annc.quantile", is_quantile},
    {"annc.run", is_any},
    {"annc.scale", is_any},
    {"annc.seed", is_whole},
    {"annc.state", is_any},
    {"annc.table", is_any},
    {"annc.target_factor", is_any},
    {"annc.target_shift", is_any},
    {"annc.targets", is_any},
    {"annc.transpose", is_any},
    {"annc.version", is_any}, /* annc_model_check_version */
};

static annc_status check_entry(const annc_network *network, const char *key, const char *value)
{
    char shown[SHOWN_VALUE], shown_value[SHOWN_VALUE];
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        if (strcmp(KEYS[i].key, key) != 0)
            continue;
        return KEYS[i].is_valid(network, value)
                   ? ANNC_OK
                   : annc_fail(ANNC_INPUT, "the model's %s is malformed or contradicts its layers: '%s'", key,
                               annc_printable(value, shown_value, sizeof shown_value));
    }
    return annc_fail(ANNC_INPUT, "the model's metadata have an unknown key, '%s'",
                     annc_printable(key, shown, sizeof shown));
}

/* ---------------------------------------------------------------- version */

annc_status annc_model_check_version(const annc_network *network)
{
    const char *version = annc_network_metadata(network, "annc.version"), *at = version;
    char shown[SHOWN_VALUE];
    uint64_t number[3] = {0};
    bool valid = true;
    if (!version)
        return ANNC_OK;
    annc_printable(version, shown, sizeof shown);
    for (int i = 0; valid && i < 3; i++) {
        valid = take_whole(&at, &number[i]) && *at == (i < 2 ? '.' : '\0');
        at += valid && i < 2;
    }
    if (!valid)
        return annc_fail(ANNC_INPUT, "the model's annc.version is malformed: '%s'", shown);
    if (number[0] > ANNC_VERSION_MAJOR || (number[0] == ANNC_VERSION_MAJOR && number[1] > ANNC_VERSION_MINOR))
        return annc_fail(
            ANNC_INPUT,
            "the model was written by version %s, which is newer than this program (%s): update the program", shown,
            ANNC_VERSION);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- all */

static annc_status check_preparation(const annc_network *network)
{
    annc_status status = ANNC_OK;
    const uint32_t outputs = network->shape.width[network->shape.layers];
    struct annc_preparation preparation;
    const char *wrong = NULL;
    ANNC_TRY(annc_preparation_load(network, &preparation));
    if (preparation.classes.count != 0 && preparation.classes.count != (outputs == 1 ? 2 : outputs))
        wrong = "annc.classes";
    else if (preparation.like.target_names.count != 0 && preparation.like.target_names.count != outputs)
        wrong = "annc.targets";
    else if (preparation.targets.count != 0 && preparation.targets.count != outputs)
        wrong = "annc.target_shift";
    if (wrong)
        status = annc_fail(ANNC_INPUT, "the model's %s does not match its %u output%s", wrong, outputs,
                           annc_plural(outputs));
    annc_preparation_free(&preparation);
out:
    return status;
}

annc_status annc_model_check_metadata(const annc_network *network)
{
    const char *key, *value;
    ANNC_RETURN_IF_FAILED(annc_model_check_version(network));
    for (size_t i = 0; annc_network_metadata_at(network, i, &key, &value); i++)
        if (strncmp(key, PREFIX, sizeof PREFIX - 1) == 0)
            ANNC_RETURN_IF_FAILED(check_entry(network, key, value));
    return check_preparation(network);
}
