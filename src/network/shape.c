/* shape.c - shapes as text, for files and messages. */
#include "network/shape.h"
#include "base/functions.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- names */

#define NAME(enumerator, name, ...) [enumerator] = name,

const char *annc_activation_name(annc_activation activation)
{
    static const char *const names[ANNC_ACTIVATION_COUNT] = {ANNC_ACTIVATIONS(NAME)};
    return (unsigned)activation < ANNC_ACTIVATION_COUNT ? names[activation] : NULL;
}

const char *annc_cost_name(annc_cost cost)
{
    static const char *const names[ANNC_COST_COUNT] = {ANNC_COSTS(NAME)};
    return (unsigned)cost < ANNC_COST_COUNT ? names[cost] : NULL;
}

const char *annc_init_name(annc_init init)
{
    static const char *const names[ANNC_INIT_COUNT] = {ANNC_INITS(NAME)};
    return (unsigned)init < ANNC_INIT_COUNT ? names[init] : NULL;
}

#undef NAME

const char *annc_engine_name(annc_engine engine)
{
    static const char *const names[ANNC_ENGINE_COUNT] = {
        [ANNC_ENGINE_AUTO] = "auto",     [ANNC_ENGINE_OPS] = "ops",         [ANNC_ENGINE_RECORDED] = "recorded",
        [ANNC_ENGINE_FUSED] = "fused",   [ANNC_ENGINE_CLUSTER] = "cluster", [ANNC_ENGINE_BLOCK] = "block",
        [ANNC_ENGINE_TENSOR] = "tensor", [ANNC_ENGINE_SPLIT] = "split",
    };
    return (unsigned)engine < ANNC_ENGINE_COUNT ? names[engine] : NULL;
}

const char *annc_precision_name(annc_precision precision)
{
    static const char *const names[ANNC_PRECISION_COUNT] = {"fp32", "tf32", "bf16"};
    return (unsigned)precision < ANNC_PRECISION_COUNT ? names[precision] : NULL;
}

#define OWN_INIT(enumerator, name, value, derivative, kind, piece, low, high, init, slope) [enumerator] = init,

annc_init annc_init_resolve(annc_init init, const annc_shape *shape)
{
    static const annc_init own[ANNC_ACTIVATION_COUNT] = {ANNC_ACTIVATIONS(OWN_INIT)};
    if (init != ANNC_INIT_AUTO || !annc_shape_is_in_range(shape))
        return init;
    if (shape->layers == 1)
        return ANNC_INIT_NORMAL;
    const annc_init first = own[shape->activation[0]];
    bool same = true, he = false;
    for (uint32_t l = 1; l < shape->layers; l++) {
        same = same && own[shape->activation[l - 1]] == first;
        he = he || own[shape->activation[l - 1]] == ANNC_INIT_HE;
    }
    return same ? first : he ? ANNC_INIT_HE : ANNC_INIT_XAVIER;
}

#undef OWN_INIT

/* ---------------------------------------------------------------- the parameter block */

size_t annc_shape_weights_at(const annc_shape *shape, uint32_t l)
{
    size_t at = 0;
    if (!shape || l > ANNC_MAX_LAYERS + 1)
        return 0;
    for (uint32_t below = 1; below < l; below++)
        at += (size_t)shape->width[below] * ((size_t)shape->width[below - 1] + 1);
    return at;
}

size_t annc_shape_biases_at(const annc_shape *shape, uint32_t l)
{
    if (!shape || l < 1 || l > ANNC_MAX_LAYERS)
        return 0;
    return annc_shape_weights_at(shape, l) + (size_t)shape->width[l] * shape->width[l - 1];
}

size_t annc_shape_parameters(const annc_shape *shape)
{
    return shape && shape->layers <= ANNC_MAX_LAYERS ? annc_shape_weights_at(shape, shape->layers + 1) : 0;
}

bool annc_shape_is_same(const annc_shape *a, const annc_shape *b)
{
    bool same = a->layers == b->layers && a->cost == b->cost &&
                (a->cost != ANNC_QUANTILE || a->quantile == b->quantile) && a->width[0] == b->width[0];
    for (uint32_t l = 1; same && l <= a->layers; l++)
        same = a->width[l] == b->width[l] && a->activation[l - 1] == b->activation[l - 1];
    return same;
}

bool annc_shape_is_in_range(const annc_shape *shape)
{
    if (!shape || shape->layers < 1 || shape->layers > ANNC_MAX_LAYERS || !annc_cost_name(shape->cost))
        return false;
    for (uint32_t l = 1; l <= shape->layers; l++)
        if (!annc_activation_name(shape->activation[l - 1]))
            return false;
    return true;
}

/* ---------------------------------------------------------------- ranges */

#define RANGE(enumerator, name, value, derivative, kind, piece, low, high, ...)           [enumerator] = {low, high},
#define TARGETS(enumerator, name, value, derivative, partner, piece, middle, least, most) [enumerator] = {least, most},

struct annc_range annc_activation_range(annc_activation f)
{
    static const struct annc_range ranges[ANNC_ACTIVATION_COUNT] = {ANNC_ACTIVATIONS(RANGE)};
    return ranges[f];
}

struct annc_range annc_cost_targets(annc_cost cost)
{
    static const struct annc_range ranges[ANNC_COST_COUNT] = {ANNC_COSTS(TARGETS)};
    return ranges[cost];
}

#undef RANGE
#undef TARGETS

/* ---------------------------------------------------------------- valid shapes */

static annc_status check_widths(const annc_shape *shape)
{
    if (shape->layers < 1 || shape->layers > ANNC_MAX_LAYERS)
        return annc_fail(ANNC_USAGE, "a network must have 1 to %d layers after its inputs, not %u", ANNC_MAX_LAYERS,
                         shape->layers);
    for (uint32_t l = 0; l <= shape->layers; l++)
        if (shape->width[l] < 1 || shape->width[l] > ANNC_MAX_WIDTH)
            return annc_fail(ANNC_USAGE, "a layer must have 1 to %d units, not %u", ANNC_MAX_WIDTH, shape->width[l]);
    return ANNC_OK;
}

/* Returns the error for a cost that does not accept such outputs, with a remedy: softmax's own
 * cost, or other outputs. */
static annc_status refuse_cost(annc_cost cost, annc_activation output, annc_activation partner)
{
    const char *own = output == ANNC_SOFTMAX ? annc_cost_name(ANNC_CATEGORICAL_CROSS_ENTROPY) : NULL;
    return annc_fail(ANNC_USAGE, "the cost %s needs %s outputs, not %s: use %s%s%s" ANNC_FIELD_ACTIVATION " %s%s",
                     annc_cost_name(cost), annc_activation_name(partner), annc_activation_name(output),
                     own ? ANNC_FIELD_COST " " : "", own ? own : "", own ? ", or " : "", annc_activation_name(partner),
                     own ? "" : " or " ANNC_FIELD_COST " quadratic");
}

annc_status annc_shape_check(const annc_shape *shape)
{
    ANNC_REQUIRE(shape, "shape");
    annc_status status = ANNC_OK;
    ANNC_TRY(check_widths(shape));
    const uint32_t L = shape->layers;
    for (uint32_t l = 1; l <= L; l++) {
        const char *name = annc_activation_name(shape->activation[l - 1]);
        if (!name)
            return annc_fail(ANNC_USAGE, "layer %u: activation %d does not exist; valid values are 0 to %d", l,
                             (int)shape->activation[l - 1], ANNC_ACTIVATION_COUNT - 1);
        if (annc_activation_kind_of(shape->activation[l - 1]) >= OF_OUTPUTS && l < L)
            return annc_fail(ANNC_USAGE, "%s is an activation of the output layer only, not of layer %u of %u", name, l,
                             L);
    }
    if (!annc_cost_name(shape->cost))
        return annc_fail(ANNC_USAGE, "cost %d does not exist; valid values are 0 to %d", (int)shape->cost,
                         ANNC_COST_COUNT - 1);
    if (shape->cost == ANNC_QUANTILE && !(shape->quantile > 0 && shape->quantile < 1))
        return annc_fail(ANNC_USAGE, ANNC_FIELD_QUANTILE " must be above 0 and below 1, not %g", shape->quantile);
    const annc_activation output = shape->activation[L - 1];
    const int partner = annc_cost_partner(shape->cost);
    if (partner != ANY_OUTPUT && partner != (int)output)
        return refuse_cost(shape->cost, output, (annc_activation)partner);
    const struct annc_range range = annc_activation_range(output);
    const double middle = (double)annc_cost_middle(shape->cost);
    if (range.low >= middle || range.high <= middle)
        return annc_fail(
            ANNC_USAGE,
            "the cost %s separates two classes at %g, but %s outputs are never below it: use " ANNC_FIELD_ACTIVATION
            " identity or tanh",
            annc_cost_name(shape->cost), middle, annc_activation_name(output));
    if (annc_activation_kind_of(output) == ROWWISE && shape->width[L] == 1)
        return annc_fail(ANNC_USAGE,
                         "%s of a single output is always 1: use " ANNC_FIELD_ACTIVATION " sigmoid, or two outputs",
                         annc_activation_name(output));
out:
    return status;
}

bool annc_shape_takes_any_target(const annc_shape *shape)
{
    if (!annc_shape_is_in_range(shape))
        return false;
    const struct annc_range reaches = annc_activation_range(shape->activation[shape->layers - 1]),
                            takes = annc_cost_targets(shape->cost);
    return isinf(reaches.low) && isinf(reaches.high) && isinf(takes.low) && isinf(takes.high);
}

/* ---------------------------------------------------------------- text form */

bool annc_shape_format_layers(const annc_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t l = 0; l <= shape->layers && used < size; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%u", l ? "-" : "", shape->width[l]);
    return used < size;
}

bool annc_shape_format_activations(const annc_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t l = 0; l < shape->layers && used < size; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", l ? "-" : "",
                                 annc_activation_name(shape->activation[l]));
    return used < size;
}

/* Returns the first activation of a list like "leaky-relu-softmax", or ANNC_ACTIVATION_COUNT; no
 * name begins with another and "-". */
static annc_activation first_activation(const char *list, size_t *length)
{
    for (int f = 0; f < ANNC_ACTIVATION_COUNT; f++) {
        const char *name = annc_activation_name((annc_activation)f);
        *length = strlen(name);
        if (strncmp(list, name, *length) == 0 && (list[*length] == '-' || list[*length] == '\0'))
            return (annc_activation)f;
    }
    return ANNC_ACTIVATION_COUNT;
}

/* Reads whole numbers separated by "-". Returns false if the text is malformed. */
static bool parse_widths(const char *text, annc_shape *shape)
{
    uint32_t count = 0;
    for (;; text++) {
        uint32_t width = 0;
        if (*text < '1' || *text > '9' || count > ANNC_MAX_LAYERS)
            return false;
        for (; *text >= '0' && *text <= '9'; text++) {
            width = width * 10 + (uint32_t)(*text - '0');
            if (width > ANNC_MAX_WIDTH)
                return false;
        }
        shape->width[count++] = width;
        if (*text != '-')
            break;
    }
    shape->layers = count - 1;
    return *text == '\0' && count >= 2;
}

const char *annc_shape_parse(const char *layers, const char *activations, const char *cost, annc_shape *shape)
{
    memset(shape, 0, sizeof *shape);
    if (!parse_widths(layers, shape))
        return "the layers must be widths separated by '-'";
    for (uint32_t l = 0; l < shape->layers; l++) {
        size_t length;
        shape->activation[l] = first_activation(activations, &length);
        if (shape->activation[l] == ANNC_ACTIVATION_COUNT)
            return "an activation is unknown";
        activations += length;
        if ((*activations == '-') != (l + 1 < shape->layers))
            return "there must be one activation per layer";
        activations += *activations == '-';
    }
    for (int c = 0; c < ANNC_COST_COUNT; c++)
        if (strcmp(annc_cost_name((annc_cost)c), cost) == 0) {
            shape->cost = (annc_cost)c;
            return NULL;
        }
    return "the cost is unknown";
}
