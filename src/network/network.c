/* network.c - networks: their parameters, blocks and metadata. */
#include "network/network.h"
#include "base/allocate.h"
#include "base/number.h"
#include "base/status.h"
#include "network/shape.h"

#include <string.h>

/* Sets the metadata that describe the shape. */
static annc_status describe_shape(annc_network *network)
{
    annc_status status = ANNC_OK;
    char text[ANNC_MAX_LAYERS * 20];
    ANNC_TRY(annc_network_set_metadata(network, "annc.version", ANNC_VERSION));
    ANNC_TRY(annc_network_set_metadata(network, "annc.cost", annc_cost_name(network->shape.cost)));
    if (network->shape.cost == ANNC_QUANTILE) {
        annc_number_format_hex(network->shape.quantile, text);
        ANNC_TRY(annc_network_set_metadata(network, "annc.quantile", text));
    }
    annc_shape_format_layers(&network->shape, text, sizeof text);
    ANNC_TRY(annc_network_set_metadata(network, "annc.layers", text));
    annc_shape_format_activations(&network->shape, text, sizeof text);
    ANNC_TRY(annc_network_set_metadata(network, "annc.activations", text));
out:
    return status;
}

annc_status annc_network_create(const annc_shape *shape, annc_network **result)
{
    ANNC_REQUIRE_RESULT(result, "network");
    ANNC_REQUIRE(shape, "shape");
    annc_status status = ANNC_OK;
    annc_network *network = NULL;
    ANNC_TRY(annc_shape_check(shape));
    ANNC_TRY(annc_allocate(1, sizeof *network, "a network", (void **)&network));
    network->shape = *shape;
    ANNC_TRY(annc_allocate(annc_shape_parameters(shape), sizeof *network->theta, "the parameters",
                           (void **)&network->theta));
    ANNC_TRY(describe_shape(network));
    *result = network;
    network = NULL;
out:
    annc_network_free(network);
    return status;
}

void annc_network_free(annc_network *network)
{
    if (!network)
        return;
    for (size_t i = 0; i < network->metadata_count; i++) {
        annc_release(network->metadata[i].key);
        annc_release(network->metadata[i].value);
    }
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        annc_release(network->blocks[i].values);
    annc_release(network->metadata);
    annc_release(network->theta);
    annc_release(network);
}

annc_status annc_network_copy(const annc_network *network, annc_network **result)
{
    ANNC_REQUIRE_RESULT(result, "copy");
    ANNC_REQUIRE(network, "network");
    annc_status status = ANNC_OK;
    annc_network *copy = NULL;
    ANNC_TRY(annc_network_create(&network->shape, &copy));
    memcpy(copy->theta, network->theta, annc_shape_parameters(&network->shape) * sizeof *copy->theta);
    for (size_t i = 0; i < network->metadata_count; i++)
        ANNC_TRY(annc_network_set_metadata(copy, network->metadata[i].key, network->metadata[i].value));
    *result = copy;
    copy = NULL;
out:
    annc_network_free(copy);
    return status;
}

const annc_shape *annc_network_shape(const annc_network *network)
{
    return network ? &network->shape : NULL;
}

float *annc_network_parameters(annc_network *network)
{
    return network ? network->theta : NULL;
}

const float *annc_network_parameters_const(const annc_network *network)
{
    return network ? network->theta : NULL;
}

/* ---------------------------------------------------------------- blocks */

/* Returns the block of a name, or else a free one, or NULL. */
static struct annc_block *block_for(annc_network *network, const char *name)
{
    struct annc_block *free_one = NULL;
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++) {
        struct annc_block *block = &network->blocks[i];
        if (block->values && strcmp(block->name, name) == 0)
            return block;
        if (!block->values && !free_one)
            free_one = block;
    }
    return free_one;
}

static bool is_block_name(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz");
    return length > 0 && length < ANNC_BLOCK_NAME && name[length] == '\0';
}

annc_status annc_network_set_block(annc_network *network, const char *name, const float *values)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(name, "name");
    annc_status status = ANNC_OK;
    const size_t count = annc_shape_parameters(&network->shape);
    if (!is_block_name(name))
        return annc_fail(ANNC_USAGE, "a block's name must have 1 to %d letters from a to z", ANNC_BLOCK_NAME - 1);
    struct annc_block *block = block_for(network, name);
    if (!values) {
        if (block) {
            annc_release(block->values);
            block->values = NULL;
        }
        return ANNC_OK;
    }
    if (!block)
        return annc_fail(ANNC_USAGE, "a network can have at most %d further blocks", ANNC_MOST_BLOCKS);
    if (!block->values)
        ANNC_TRY(annc_allocate(count, sizeof *block->values, "a block of parameters", (void **)&block->values));
    memcpy(block->name, name, strlen(name) + 1);
    memcpy(block->values, values, count * sizeof *block->values);
out:
    return status;
}

const float *annc_network_block(const annc_network *network, const char *name)
{
    if (!network || !name)
        return NULL;
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        if (network->blocks[i].values && strcmp(network->blocks[i].name, name) == 0)
            return network->blocks[i].values;
    return NULL;
}

/* ---------------------------------------------------------------- metadata */

/* Returns the position of a key, present or not. */
static size_t place_of(const annc_network *network, const char *key)
{
    size_t i = 0;
    while (i < network->metadata_count && strcmp(network->metadata[i].key, key) < 0)
        i++;
    return i;
}

static bool is_at(const annc_network *network, const char *key, size_t i)
{
    return i < network->metadata_count && strcmp(network->metadata[i].key, key) == 0;
}

static void remove_at(annc_network *network, size_t i)
{
    annc_release(network->metadata[i].key);
    annc_release(network->metadata[i].value);
    network->metadata_count--;
    memmove(&network->metadata[i], &network->metadata[i + 1],
            (network->metadata_count - i) * sizeof *network->metadata);
}

static annc_status copy_text(const char *text, char **copy)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(strlen(text) + 1, 1, "metadata", (void **)copy));
    memcpy(*copy, text, strlen(text) + 1);
out:
    return status;
}

annc_status annc_network_set_metadata(annc_network *network, const char *key, const char *value)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(key, "key");
    annc_status status = ANNC_OK;
    struct annc_metadata_entry entry = {NULL, NULL}, *grown = NULL;
    const size_t i = place_of(network, key), count = network->metadata_count;
    if (!value) {
        if (is_at(network, key, i))
            remove_at(network, i);
        return ANNC_OK;
    }
    ANNC_TRY(copy_text(value, &entry.value));
    if (is_at(network, key, i)) {
        annc_release(network->metadata[i].value);
        network->metadata[i].value = entry.value;
        return ANNC_OK;
    }
    ANNC_TRY(copy_text(key, &entry.key));
    ANNC_TRY(annc_allocate(count + 1, sizeof *grown, "metadata", (void **)&grown));
    if (count > 0) {
        memcpy(grown, network->metadata, i * sizeof *grown);
        memcpy(grown + i + 1, network->metadata + i, (count - i) * sizeof *grown);
    }
    grown[i] = entry;
    annc_release(network->metadata);
    network->metadata = grown;
    network->metadata_count++;
    return ANNC_OK;
out:
    annc_release(entry.key);
    annc_release(entry.value);
    return status;
}

const char *annc_network_metadata(const annc_network *network, const char *key)
{
    if (!network || !key)
        return NULL;
    const size_t i = place_of(network, key);
    return is_at(network, key, i) ? network->metadata[i].value : NULL;
}

bool annc_network_metadata_at(const annc_network *network, size_t i, const char **key, const char **value)
{
    if (!network || !key || !value || i >= network->metadata_count)
        return false;
    *key = network->metadata[i].key;
    *value = network->metadata[i].value;
    return true;
}
