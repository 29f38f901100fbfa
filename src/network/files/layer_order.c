/* layer_order.c - finds the order of layers whose names do not say it. */
#include "network/files/layer_order.h"
#include "base/text.h"
#include "network/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An order of 64 layers could take for ever to find; what people have takes some hundred steps. */
enum { MOST_STEPS = 1 << 20, MOST_ORDERS = 3, LIST = 1024 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *after_digits(const char *text)
{
    while (is_digit(*text))
        text++;
    return text;
}

/* Compares names in natural order: numbers in them as numbers. */
static int by_name(const void *a, const void *b)
{
    const char *const name = ((const struct annc_model_layer *)a)->weight->name,
                      *const other = ((const struct annc_model_layer *)b)->weight->name;
    const char *x = name, *y = other;
    while (*x && *y) {
        if (is_digit(*x) && is_digit(*y)) {
            const unsigned long long i = strtoull(x, NULL, 10), j = strtoull(y, NULL, 10);
            if (i != j)
                return i < j ? -1 : 1;
            x = after_digits(x);
            y = after_digits(y);
        } else if (*x != *y) {
            return *x < *y ? -1 : 1;
        } else {
            x++;
            y++;
        }
    }
    return strcmp(name, other);
}

/* Moves past a number of a name, with the underscore before it: Keras counts dense, dense_1, ... */
static const char *after_number(const char *text)
{
    if (*text == '_' && is_digit(text[1]))
        text++;
    return after_digits(text);
}

/* Returns whether names differ in numbers alone. */
static bool are_numbered_alike(const char *x, const char *y)
{
    for (;; x++, y++) {
        x = after_number(x);
        y = after_number(y);
        if (*x != *y)
            return false;
        if (*x == '\0')
            return true;
    }
}

/* ---------------------------------------------------------------- search */

struct search {
    const struct annc_model_layer *layers; /* by name */
    const annc_shape *assumed;             /* or NULL */
    uint32_t count;
    uint32_t before[ANNC_MAX_LAYERS]; /* the layer that comes earlier by its number, or itself */
    uint32_t order[ANNC_MAX_LAYERS];  /* so far */
    bool used[ANNC_MAX_LAYERS];
    uint32_t found[MOST_ORDERS][ANNC_MAX_LAYERS];
    uint32_t found_count, steps;
};

static bool may_follow(const struct search *search, uint32_t place, uint32_t i)
{
    const struct annc_model_layer *layer = &search->layers[i];
    if (search->used[i] || (search->before[i] != i && !search->used[search->before[i]]))
        return false;
    if (search->assumed)
        return layer->inputs == search->assumed->width[place] && layer->units == search->assumed->width[place + 1];
    return place == 0 || search->layers[search->order[place - 1]].units == layer->inputs;
}

/* Finds orders of the layers from a place on, until there are MOST_ORDERS. */
static void find_orders(struct search *search, uint32_t place)
{
    if (place == search->count) {
        memcpy(search->found[search->found_count++], search->order, sizeof search->order);
        return;
    }
    for (uint32_t i = 0; i < search->count; i++) {
        if (search->found_count == MOST_ORDERS || search->steps == MOST_STEPS)
            return;
        search->steps++;
        if (!may_follow(search, place, i))
            continue;
        search->used[i] = true;
        search->order[place] = i;
        find_orders(search, place + 1);
        search->used[i] = false;
    }
}

/* Sets which layers keep their order; returns whether all do. */
static bool keep_numbers(struct search *search)
{
    bool all = true;
    for (uint32_t i = 0; i < search->count; i++) {
        search->before[i] = i;
        for (uint32_t j = i; j-- > 0 && search->before[i] == i;)
            if (are_numbered_alike(search->layers[i].weight->name, search->layers[j].weight->name))
                search->before[i] = j;
        all = all && (i == 0 || search->before[i] != i);
    }
    return all;
}

static void put_in_order(const struct search *search, uint32_t which, struct annc_model_layer *ordered)
{
    for (uint32_t i = 0; i < search->count; i++)
        ordered[i] = search->layers[search->found[which][i]];
}

static annc_status refuse_orders(const struct annc_model_file *file, const struct search *search)
{
    struct annc_model_layer ordered[ANNC_MAX_LAYERS];
    char text[MOST_ORDERS * LIST + 256], list[LIST];
    const bool cut = search->found_count == MOST_ORDERS || search->steps == MOST_STEPS;
    size_t used = (size_t)snprintf(text, sizeof text, "names and shapes allow several orders of its layers: ");
    for (uint32_t i = 0; i < search->found_count && i < MOST_ORDERS; i++) {
        put_in_order(search, i, ordered);
        annc_layers_list(ordered, search->count, i == 0, list, sizeof list);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : "; or ", list);
    }
    snprintf(text + used, sizeof text - used, "%s; number the layers in the names of their tensors, as in 0.weight",
             cut ? "; and so on" : "");
    return annc_model_malformed(file, text);
}

annc_status annc_layers_order(const struct annc_model_file *file, const annc_shape *assumed,
                              struct annc_model_layer *layers, uint32_t count)
{
    struct annc_model_layer ordered[ANNC_MAX_LAYERS];
    struct search search = {.layers = layers, .count = count};
    qsort(layers, count, sizeof *layers, by_name);
    if (keep_numbers(&search))
        return ANNC_OK;
    if (assumed && assumed->layers == count) {
        search.assumed = assumed;
        find_orders(&search, 0);
    }
    if (search.found_count == 0 && search.steps < MOST_STEPS) {
        search.assumed = NULL;
        find_orders(&search, 0);
    }
    if (search.found_count > 1 || search.steps == MOST_STEPS)
        return refuse_orders(file, &search);
    if (search.found_count == 1) {
        put_in_order(&search, 0, ordered);
        memcpy(layers, ordered, count * sizeof *layers);
    }
    return ANNC_OK;
}

void annc_layers_list(const struct annc_model_layer *layers, uint32_t count, bool shapes, char *list, size_t size)
{
    size_t used = 0;
    list[0] = '\0';
    for (uint32_t i = 0; i < count && used < size; i++) {
        char name[NAME_BYTES], shown[NAME_BYTES], shape[64] = "";
        snprintf(name, sizeof name, "%.*s", (int)layers[i].name_length, layers[i].weight->name);
        if (shapes)
            snprintf(shape, sizeof shape, " %llu-%llu", (unsigned long long)layers[i].inputs,
                     (unsigned long long)layers[i].units);
        used += (size_t)snprintf(list + used, size - used, "%s%s%s", i == 0 ? "" : ", ",
                                 annc_printable(name, shown, sizeof shown), shape);
    }
    if (used >= size)
        snprintf(list + size - 4, 4, "...");
}
