/* run_model.c - a model without a log, as a run. */
#include "cli/log/run_model.h"
#include "base/status.h"
#include "cli/options/configuration.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds the lines "name = value" of a configuration. */
static void add_options(struct json *json, const char *config)
{
    char *const text = take_copy(config, "a configuration"), *rest = text;
    const char *name, *value;
    json_open(json, "options", '{');
    while (configuration_next(&rest, &name, &value))
        json_text(json, name, value);
    json_close(json, '}');
    free(text);
}

/* Adds what the metadata of a network say under the key "annc.NAME", if they do. */
static void add_metadata(struct json *json, const annc_network *network, const char *name)
{
    char key[32];
    snprintf(key, sizeof key, "annc.%s", name);
    const char *const value = annc_network_metadata(network, key);
    if (value)
        json_text(json, name, value);
}

annc_status run_of_model(const char *path, struct run *run)
{
    annc_status status = ANNC_OK;
    annc_network *network = NULL;
    struct annc_buffer line = {.bytes = NULL};
    struct json json;
    char layers[1024], activations[1024];
    memset(run, 0, sizeof *run);
    run->path = path;
    ANNC_TRY(annc_model_load(path, NULL, &network));
    const annc_shape *shape = annc_network_shape(network);
    const char *config = annc_network_metadata(network, "annc.config");
    print_layers(shape, layers, sizeof layers);
    print_activations(shape, activations, sizeof activations);
    json_begin(&json, "annc.model/1");
    json_text(&json, "model", path);
    json_text(&json, "layers", layers);
    json_text(&json, "activations", activations);
    json_text(&json, "cost", annc_cost_name(shape->cost));
    json_whole(&json, "parameters", annc_shape_parameters(shape));
    add_metadata(&json, network, "seed");
    add_metadata(&json, network, "epochs");
    add_metadata(&json, network, "data");
    add_options(&json, config ? config : "");
    FILE *out = text_stream(&line);
    json_print(&json, out);
    fclose(out);
    ANNC_TRY(record_take((const char *)line.bytes, &run->result));
    run->has_result = true;
    run->is_model = true;
out:
    text_free(&line);
    annc_network_free(network);
    return status;
}
