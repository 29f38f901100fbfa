/* export_onnx.c - exports a network as an ONNX model (onnx.ai, onnx.proto of IR version 7;
 * operators of opset 13): one Gemm per layer, then its activation. A protocol buffer is a sequence
 * of fields, each a number, a wire type and a value (protobuf.dev/programming-guides/encoding). */
#include "network/export/export_onnx.h"
#include "base/buffer.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "network/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { IR_VERSION = 7, OPSET = 13, FLOAT_ELEMENTS = 1 };
enum { ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2 };
enum wire { VARINT = 0, LENGTH = 2, FIXED32 = 5 };

static const size_t MOST_BYTES = INT32_MAX; /* limit of any protocol buffer */

/* ---------------------------------------------------------------- fields */

static void put_varint(struct annc_buffer *buffer, uint64_t value)
{
    do {
        const char byte = (char)((value & 127) | (value > 127 ? 128 : 0));
        annc_buffer_add(buffer, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

static void put_whole(struct annc_buffer *buffer, uint32_t field, uint64_t value)
{
    put_varint(buffer, field << 3 | VARINT);
    put_varint(buffer, value);
}

static void put_bytes(struct annc_buffer *buffer, uint32_t field, const void *bytes, size_t count)
{
    put_varint(buffer, field << 3 | LENGTH);
    put_varint(buffer, count);
    annc_buffer_add(buffer, bytes, count);
}

static void put_text(struct annc_buffer *buffer, uint32_t field, const char *text)
{
    put_bytes(buffer, field, text, strlen(text));
}

static void put_float(struct annc_buffer *buffer, uint32_t field, float value)
{
    put_varint(buffer, field << 3 | FIXED32);
    annc_buffer_add(buffer, (const char *)&value, sizeof value);
}

/* Writes a nested message and frees it. */
static void put_message(struct annc_buffer *buffer, uint32_t field, struct annc_buffer *message)
{
    if (message->status != ANNC_OK)
        buffer->status = message->status;
    put_bytes(buffer, field, message->bytes ? message->bytes : "", message->length);
    annc_buffer_free(message);
    memset(message, 0, sizeof *message);
}

/* ---------------------------------------------------------------- nodes */

/* The graph under construction: fields 1 (nodes) and 5 (initialisers) in order. `last` names the
 * input of the next node. */
struct graph {
    struct annc_buffer body;
    char last[32];
    uint32_t layer, nodes; /* the current layer, the number of nodes */
};

struct attribute {
    const char *name;
    bool is_float;
    float number;
    uint64_t whole;
};

/* Adds a node with up to three inputs; graph->last becomes its output. */
static void put_node(struct graph *graph, const char *operator, const char * const * inputs, size_t count,
                     const struct attribute *attributes, size_t attribute_count)
{
    struct annc_buffer node = {NULL, 0, 0, ANNC_OK};
    for (size_t i = 0; i < count; i++)
        put_text(&node, 1, inputs[i]);
    snprintf(graph->last, sizeof graph->last, "value.%u", ++graph->nodes);
    put_text(&node, 2, graph->last);
    put_text(&node, 4, operator);
    for (size_t i = 0; i < attribute_count; i++) {
        struct annc_buffer attribute = {NULL, 0, 0, ANNC_OK};
        put_text(&attribute, 1, attributes[i].name);
        if (attributes[i].is_float)
            put_float(&attribute, 2, attributes[i].number);
        else
            put_whole(&attribute, 3, attributes[i].whole);
        put_whole(&attribute, 20, attributes[i].is_float ? ATTRIBUTE_FLOAT : ATTRIBUTE_INT);
        put_message(&node, 5, &attribute);
    }
    put_message(&graph->body, 1, &node);
}

/* Adds a node whose one input is the last value. */
static void apply(struct graph *graph, const char *operator, const struct attribute * attributes, size_t count)
{
    char input[sizeof graph->last];
    memcpy(input, graph->last, sizeof input);
    const char *const inputs[] = {input};
    put_node(graph, operator, inputs, 1, attributes, count);
}

/* Adds a node of the last value and another one. */
static void combine(struct graph *graph, const char *operator, const char * other)
{
    char input[sizeof graph->last];
    memcpy(input, graph->last, sizeof input);
    const char *const inputs[] = {input, other};
    put_node(graph, operator, inputs, 2, NULL, 0);
}

static void put_tensor(struct graph *graph, const char *name, size_t rows, size_t columns, const float *values)
{
    struct annc_buffer tensor = {NULL, 0, 0, ANNC_OK};
    if (rows > 0)
        put_whole(&tensor, 1, rows);
    if (columns > 0)
        put_whole(&tensor, 1, columns);
    put_whole(&tensor, 2, FLOAT_ELEMENTS);
    put_text(&tensor, 8, name);
    put_bytes(&tensor, 9, values, (rows ? rows : 1) * (columns ? columns : 1) * sizeof *values);
    put_message(&graph->body, 5, &tensor);
}

/* Combines the last value with a constant. */
static void combine_constant(struct graph *graph, const char *operator, double value)
{
    char name[32];
    const float single = (float)value;
    snprintf(name, sizeof name, "constant.%u", graph->nodes + 1);
    put_tensor(graph, name, 0, 0, &single);
    combine(graph, operator, name);
}

/* ---------------------------------------------------------------- layers */

static void put_activation(struct graph *graph, annc_activation activation)
{
    const struct attribute line[] = {{"alpha", true, 1.0F / 6, 0}, {"beta", true, 0.5F, 0}};
    char z[sizeof graph->last];
    memcpy(z, graph->last, sizeof z);
    switch (activation) {
    case ANNC_SIGMOID:
        apply(graph, "Sigmoid", NULL, 0);
        break;
    case ANNC_TANH:
        apply(graph, "Tanh", NULL, 0);
        break;
    case ANNC_RELU:
        apply(graph, "Relu", NULL, 0);
        break;
    case ANNC_LEAKY_RELU:
        apply(graph, "LeakyRelu", &(struct attribute){"alpha", true, 0.01F, 0}, 1);
        break;
    case ANNC_ELU:
        apply(graph, "Elu", &(struct attribute){"alpha", true, 1, 0}, 1);
        break;
    case ANNC_SELU:
        apply(graph, "Selu", NULL, 0); /* its default constants are ours */
        break;
    case ANNC_GELU: /* z (1 + erf(z / sqrt 2)) / 2 */
        combine_constant(graph, "Mul", sqrt(0.5));
        apply(graph, "Erf", NULL, 0);
        combine_constant(graph, "Add", 1);
        combine(graph, "Mul", z);
        combine_constant(graph, "Mul", 0.5);
        break;
    case ANNC_SILU:
        apply(graph, "Sigmoid", NULL, 0);
        combine(graph, "Mul", z);
        break;
    case ANNC_SOFTPLUS:
        apply(graph, "Softplus", NULL, 0);
        break;
    case ANNC_HARD_SIGMOID:
        apply(graph, "HardSigmoid", line, 2);
        break;
    case ANNC_EXP:
        apply(graph, "Exp", NULL, 0);
        break;
    case ANNC_SOFTMAX:
        apply(graph, "Softmax", &(struct attribute){"axis", false, 0, 1}, 1);
        break;
    case ANNC_IDENTITY:
    case ANNC_ACTIVATION_COUNT:
        break;
    }
}

static void put_layer(struct graph *graph, const annc_network *network, uint32_t l)
{
    const annc_shape *shape = &network->shape;
    const struct attribute transposed = {"transB", false, 0, 1};
    char weights[32], biases[32], input[sizeof graph->last];
    memcpy(input, graph->last, sizeof input);
    snprintf(weights, sizeof weights, "%u.weight", 2 * (l - 1));
    snprintf(biases, sizeof biases, "%u.bias", 2 * (l - 1));
    put_tensor(graph, weights, shape->width[l], shape->width[l - 1], network->theta + annc_shape_weights_at(shape, l));
    put_tensor(graph, biases, shape->width[l], 0, network->theta + annc_shape_biases_at(shape, l));
    const char *const inputs[] = {input, weights, biases};
    put_node(graph, "Gemm", inputs, 3, &transposed, 1);
    put_activation(graph, shape->activation[l - 1]);
}

/* Writes "input: float [N, 784]". */
static void put_value(struct annc_buffer *graph, uint32_t field, const char *name, uint32_t width)
{
    struct annc_buffer value = {NULL, 0, 0, ANNC_OK}, type = value, tensor = value, shape = value, rows = value,
                       columns = value;
    put_text(&rows, 2, "N");
    put_whole(&columns, 1, width);
    put_message(&shape, 1, &rows);
    put_message(&shape, 1, &columns);
    put_whole(&tensor, 1, FLOAT_ELEMENTS);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&value, 1, name);
    put_message(&value, 2, &type);
    put_message(graph, field, &value);
}

static void put_graph(struct annc_buffer *model, const annc_network *network)
{
    const annc_shape *shape = &network->shape;
    struct graph graph = {.body = {NULL, 0, 0, ANNC_OK}, .last = "input"};
    for (uint32_t l = 1; l <= shape->layers; l++)
        put_layer(&graph, network, l);
    struct annc_buffer node = {NULL, 0, 0, ANNC_OK};
    put_text(&node, 1, graph.last);
    put_text(&node, 2, "output");
    put_text(&node, 4, "Identity");
    put_message(&graph.body, 1, &node);
    put_text(&graph.body, 2, "annc");
    put_value(&graph.body, 11, "input", shape->width[0]);
    put_value(&graph.body, 12, "output", shape->width[shape->layers]);
    put_message(model, 7, &graph.body);
}

static void put_model(struct annc_buffer *model, const annc_network *network)
{
    struct annc_buffer opset = {NULL, 0, 0, ANNC_OK};
    const char *key, *value;
    put_whole(model, 1, IR_VERSION);
    put_text(model, 2, "annc-gpu");
    put_text(model, 3, ANNC_VERSION);
    put_graph(model, network);
    put_text(&opset, 1, "");
    put_whole(&opset, 2, OPSET);
    put_message(model, 8, &opset);
    for (size_t i = 0; annc_network_metadata_at(network, i, &key, &value); i++) {
        struct annc_buffer entry = {NULL, 0, 0, ANNC_OK};
        put_text(&entry, 1, key);
        put_text(&entry, 2, value);
        put_message(model, 14, &entry);
    }
}

annc_status annc_export_onnx(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    struct annc_buffer model = {NULL, 0, 0, ANNC_OK};
    if (annc_shape_parameters(&network->shape) > MOST_BYTES / sizeof(float))
        return annc_fail(ANNC_OUTPUT, "%s: an ONNX file holds at most 2 GB; keep this model as safetensors",
                         file->target);
    put_model(&model, network);
    ANNC_TRY(model.status);
    ANNC_TRY(annc_safe_write(file, model.bytes, model.length));
out:
    annc_buffer_free(&model);
    return status;
}
