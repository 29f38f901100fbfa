/* preparation_text.c - a preparation as metadata of a network. */
#include "dataset/prepare/preparation_text.h"
#include "base/allocate.h"
#include "base/json/json_read.h"
#include "base/json/json_write.h"
#include "base/number.h"
#include "base/status.h"
#include "dataset/categories/categories_text.h"
#include "dataset/dates/dates.h"
#include "dataset/pictures/image_style.h"
#include "dataset/prepare/classes.h"
#include "dataset/prepare/preparation.h"
#include "dataset/prepare/ranges.h"
#include "dataset/tables/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t ANY = UINT32_MAX;
/* Of more inputs the range of all together is stored: a file's metadata have a limit. */
enum { MOST_RANGES = 1 << 16 };

/* ---------------------------------------------------------------- writing */

static annc_status store(annc_network *network, const char *key, struct annc_json_writer *json)
{
    annc_status status = json->text.status;
    if (status == ANNC_OK)
        status = annc_network_set_metadata(network, key, json->text.bytes);
    annc_buffer_free(&json->text);
    return status;
}

static annc_status store_texts(annc_network *network, const char *key, const struct annc_texts *texts)
{
    struct annc_json_writer json = {.replacement = NULL};
    if (texts->count == 0)
        return annc_network_set_metadata(network, key, NULL);
    annc_json_write_open(&json, NULL, '[');
    for (uint32_t i = 0; i < texts->count; i++)
        annc_json_write_string(&json, NULL, texts->text[i]);
    annc_json_write_close(&json, ']');
    return store(network, key, &json);
}

/* Returns a number in single precision, which has fewer digits, or as it is if that is not close
 * enough for a column of this standard deviation. */
static double shortened(double number, double deviation)
{
    const double close = 1e-4, rounded = (double)(float)number;
    return fabs(rounded - number) <= close * deviation ? rounded : number;
}

/* deviation: of the columns that the numbers belong to, which are then shortened; or NULL. */
static annc_status store_list(annc_network *network, const char *key, const double *numbers, uint32_t count,
                              const double *deviation)
{
    struct annc_json_writer json = {.replacement = NULL};
    if (count == 0)
        return annc_network_set_metadata(network, key, NULL);
    annc_json_write_open(&json, NULL, '[');
    for (uint32_t i = 0; i < count; i++) {
        char text[ANNC_NUMBER_HEX];
        annc_number_format_hex(deviation ? shortened(numbers[i], deviation[i]) : numbers[i], text);
        annc_json_write_string(&json, NULL, text);
    }
    annc_json_write_close(&json, ']');
    return store(network, key, &json);
}

static annc_status store_numbers(annc_network *network, const char *key, const double *numbers, uint32_t count)
{
    return store_list(network, key, numbers, count, NULL);
}

/* Returns the statistics of all inputs together. */
static annc_status join_ranges(const struct annc_ranges *ranges, struct annc_ranges *joined)
{
    annc_status status = ANNC_OK;
    double sum = 0, squares = 0;
    ANNC_TRY(annc_ranges_open(joined, 1));
    annc_ranges_whole(ranges, joined->least, joined->most);
    for (uint32_t j = 0; j < ranges->count; j++)
        sum += ranges->mean[j] / ranges->count;
    for (uint32_t j = 0; j < ranges->count; j++)
        squares += ranges->deviation[j] * ranges->deviation[j] + (ranges->mean[j] - sum) * (ranges->mean[j] - sum);
    joined->mean[0] = sum;
    joined->deviation[0] = sqrt(squares / ranges->count);
out:
    return status;
}

static annc_status store_ranges(const struct annc_ranges *ranges, annc_network *network)
{
    annc_status status = ANNC_OK;
    struct annc_ranges joined = {0};
    if (ranges->count > MOST_RANGES) {
        ANNC_TRY(join_ranges(ranges, &joined));
        ranges = &joined;
    }
    ANNC_TRY(store_list(network, "annc.input_min", ranges->least, ranges->count, ranges->deviation));
    ANNC_TRY(store_list(network, "annc.input_max", ranges->most, ranges->count, ranges->deviation));
    ANNC_TRY(store_list(network, "annc.input_mean", ranges->mean, ranges->count, ranges->deviation));
    ANNC_TRY(store_list(network, "annc.input_deviation", ranges->deviation, ranges->count, ranges->deviation));
out:
    annc_ranges_free(&joined);
    return status;
}

static annc_status store_wholes(annc_network *network, const char *key, const uint32_t *numbers, uint32_t count)
{
    struct annc_json_writer json = {.replacement = NULL};
    if (count == 0)
        return annc_network_set_metadata(network, key, NULL);
    annc_json_write_open(&json, NULL, '[');
    for (uint32_t i = 0; i < count; i++)
        annc_json_write_whole(&json, NULL, numbers[i]);
    annc_json_write_close(&json, ']');
    return store(network, key, &json);
}

static annc_status store_categories(const struct annc_categories *categories, annc_network *network)
{
    struct annc_json_writer json = {.replacement = NULL};
    if (categories->count == 0)
        return annc_network_set_metadata(network, "annc.categories", NULL);
    annc_categories_format(categories, &json);
    return store(network, "annc.categories", &json);
}

static annc_status store_dates(const struct annc_table *like, annc_network *network)
{
    struct annc_json_writer json = {.replacement = NULL};
    if (!like->dates)
        return annc_network_set_metadata(network, "annc.dates", NULL);
    annc_dates_format(like->dates, like->inputs, &json);
    return store(network, "annc.dates", &json);
}

static annc_status store_classes(const struct annc_preparation *preparation, annc_network *network)
{
    struct annc_json_writer json = {.replacement = NULL};
    if (preparation->classes.count == 0)
        return annc_network_set_metadata(network, "annc.classes", NULL);
    annc_classes_format(&preparation->classes, &json);
    return store(network, "annc.classes", &json);
}

annc_status annc_preparation_store(const struct annc_preparation *preparation, annc_network *network)
{
    annc_status status = ANNC_OK;
    const struct annc_table *like = &preparation->like;
    const struct annc_scaling *inputs = &preparation->inputs, *targets = &preparation->targets;
    const bool is_table = like->input_names.count > 0;
    const struct annc_look *look = &preparation->look;
    const char separator[] = {like->label_separator, '\0'};
    /* As load_table and load_look read them. */
    const uint32_t place[] = {like->columns, like->label_at, like->has_header},
                   images[] = {look->rows, look->columns, look->white, look->background, look->flat, look->mnist_like};
    ANNC_TRY(store_classes(preparation, network));
    ANNC_TRY(store_categories(&like->categories, network));
    ANNC_TRY(store_dates(like, network));
    ANNC_TRY(annc_network_set_metadata(network, "annc.scale", annc_scale_name(preparation->scale)));
    ANNC_TRY(annc_network_set_metadata(network, "annc.transpose", preparation->transposed ? "true" : NULL));
    ANNC_TRY(store_numbers(network, "annc.input_shift", inputs->shift, inputs->count));
    ANNC_TRY(store_numbers(network, "annc.input_factor", inputs->factor, inputs->count));
    ANNC_TRY(store_numbers(network, "annc.input_fill", inputs->fill, inputs->count));
    ANNC_TRY(store_numbers(network, "annc.target_shift", targets->shift, targets->count));
    ANNC_TRY(store_numbers(network, "annc.target_factor", targets->factor, targets->count));
    ANNC_TRY(store_ranges(&preparation->ranges, network));
    ANNC_TRY(store_texts(network, "annc.inputs", &like->input_names));
    ANNC_TRY(store_texts(network, "annc.targets", &like->target_names));
    ANNC_TRY(
        annc_network_set_metadata(network, "annc.label", is_table && like->label_name[0] ? like->label_name : NULL));
    ANNC_TRY(annc_network_set_metadata(network, "annc.label_separator", like->label_separator ? separator : NULL));
    ANNC_TRY(annc_network_set_metadata(network, "annc.weight", like->weight_name[0] ? like->weight_name : NULL));
    ANNC_TRY(store_wholes(network, "annc.table", place, is_table ? 3 : 0));
    ANNC_TRY(store_wholes(network, "annc.images", images, 6));
out:
    return status;
}

/* ---------------------------------------------------------------- reading */

static annc_status malformed(const char *key)
{
    return annc_fail(ANNC_INPUT, "the model's %s is malformed", key);
}

/* Returns whether nothing follows a list. */
static bool is_at_end(const struct annc_json_reader *json)
{
    return !json->error && json->at == json->size;
}

static annc_status load_texts(const annc_network *network, const char *key, struct annc_texts *texts)
{
    annc_status status = ANNC_OK;
    const char *text = annc_network_metadata(network, key);
    struct annc_json_reader json = {text, text ? strlen(text) : 0, 0, NULL};
    bool first = true;
    char *name = NULL; /* as long as the whole text, so any string in it fits */
    if (!text)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(json.size + 1, 1, "names", (void **)&name));
    annc_json_take(&json, '[');
    while (annc_json_next(&json, ']', &first) && annc_json_read_string(&json, name, json.size + 1))
        ANNC_TRY(annc_texts_add(texts, name, strlen(name)));
    if (!is_at_end(&json))
        status = malformed(key);
out:
    annc_release(name);
    return status;
}

/* Returns an upper bound of the entries of a list. */
static uint32_t most_entries(const char *text)
{
    uint32_t count = 1;
    while ((text = strchr(text, ',')))
        text++, count++;
    return count;
}

/* Loads a list of `count` numbers, or, with ANY, of any length; none if the key is missing. */
static annc_status load_numbers(const annc_network *network, const char *key, uint32_t *count, double **numbers)
{
    annc_status status = ANNC_OK;
    const char *text = annc_network_metadata(network, key);
    struct annc_json_reader json = {text, text ? strlen(text) : 0, 0, NULL};
    const uint32_t most = text ? most_entries(text) : 0;
    char number[64];
    bool first = true, is_good = true;
    uint32_t found = 0;
    ANNC_TRY(annc_allocate(most, sizeof **numbers, "the scaling", (void **)numbers));
    if (text)
        annc_json_take(&json, '[');
    while (text && is_good && annc_json_next(&json, ']', &first))
        is_good = found < most && annc_json_read_string(&json, number, sizeof number) &&
                  annc_number_parse_hex(number, &(*numbers)[found++]);
    if (!is_good || (text && !is_at_end(&json)) || (*count != ANY && found != *count))
        status = malformed(key);
    *count = found;
out:
    return status;
}

/* Loads a list of `count` whole numbers of 32 bits; *there is false if the model lacks the key. */
static annc_status load_wholes(const annc_network *network, const char *key, uint32_t *numbers, int count, bool *there)
{
    const char *text = annc_network_metadata(network, key);
    struct annc_json_reader json = {text, text ? strlen(text) : 0, 0, NULL};
    bool first = true;
    *there = text != NULL;
    if (!text)
        return ANNC_OK;
    annc_json_take(&json, '[');
    for (int i = 0; i < count; i++) {
        uint64_t number = 0;
        if (!annc_json_next(&json, ']', &first) || !annc_json_read_whole(&json, &number) || number > UINT32_MAX)
            return malformed(key);
        numbers[i] = (uint32_t)number;
    }
    return !annc_json_next(&json, ']', &first) && is_at_end(&json) ? ANNC_OK : malformed(key);
}

static annc_status load_ranges(const annc_network *network, uint32_t inputs, struct annc_ranges *ranges)
{
    annc_status status = ANNC_OK;
    ranges->count = ANY;
    ANNC_TRY(load_numbers(network, "annc.input_min", &ranges->count, &ranges->least));
    if (ranges->count != 0 && ranges->count != 1 && ranges->count != inputs)
        ANNC_TRY(malformed("annc.input_min"));
    ANNC_TRY(load_numbers(network, "annc.input_max", &ranges->count, &ranges->most));
    ANNC_TRY(load_numbers(network, "annc.input_mean", &ranges->count, &ranges->mean));
    ANNC_TRY(load_numbers(network, "annc.input_deviation", &ranges->count, &ranges->deviation));
out:
    return status;
}

/* Loads the columns of words, whose inputs must have the names that belong to them. */
static annc_status load_categories(const annc_network *network, struct annc_table *like)
{
    annc_status status = ANNC_OK;
    const char *text = annc_network_metadata(network, "annc.categories");
    char *name = NULL;
    if (!text)
        return ANNC_OK;
    ANNC_TRY(annc_categories_parse(text, like->inputs, &like->categories));
    for (uint32_t j = 0; j < like->inputs; j++) {
        const struct annc_category *category = annc_category_of(&like->categories, j);
        if (!category)
            continue;
        ANNC_TRY(annc_category_input_name(category, j - category->first, &name));
        if (j >= like->input_names.count || strcmp(name, like->input_names.text[j]) != 0)
            ANNC_TRY(malformed("annc.categories"));
        annc_release(name);
        name = NULL;
    }
out:
    annc_release(name);
    return status;
}

/* Loads the inputs that are dates, which have names and are no levels. */
static annc_status load_dates(const annc_network *network, struct annc_table *like)
{
    annc_status status = ANNC_OK;
    const char *text = annc_network_metadata(network, "annc.dates");
    if (!text)
        return ANNC_OK;
    ANNC_TRY(annc_dates_parse(text, like->inputs, &like->dates));
    for (uint32_t j = 0; j < like->inputs; j++)
        if (annc_is_date(like->dates, j) && annc_category_of(&like->categories, j))
            ANNC_TRY(malformed("annc.dates"));
out:
    return status;
}

static annc_status load_table(const annc_network *network, struct annc_table *like)
{
    annc_status status = ANNC_OK;
    const char *label = annc_network_metadata(network, "annc.label"),
               *separator = annc_network_metadata(network, "annc.label_separator"),
               *weight = annc_network_metadata(network, "annc.weight");
    const annc_shape *shape = annc_network_shape(network);
    uint32_t place[3] = {0, 0, 0}; /* columns, the label's index, whether there is a header */
    bool there;
    ANNC_TRY(load_texts(network, "annc.inputs", &like->input_names));
    ANNC_TRY(load_texts(network, "annc.targets", &like->target_names));
    ANNC_TRY(load_categories(network, like));
    ANNC_TRY(load_dates(network, like));
    like->outputs = like->target_names.count;
    if (label)
        snprintf(like->label_name, sizeof like->label_name, "%s", label);
    if (separator && (strlen(separator) != 1 || !annc_is_label_separator(separator[0]) || !label ||
                      like->outputs != shape->width[shape->layers]))
        ANNC_TRY(malformed("annc.label_separator"));
    if (separator)
        like->label_separator = separator[0];
    if (weight)
        snprintf(like->weight_name, sizeof like->weight_name, "%s", weight);
    ANNC_TRY(load_wholes(network, "annc.table", place, 3, &there));
    like->columns = place[0];
    like->label_at = place[1];
    like->has_header = place[2] != 0;
out:
    return status;
}

static annc_status load_look(const annc_network *network, uint32_t inputs, struct annc_look *look)
{
    annc_status status = ANNC_OK;
    uint32_t images[6];
    bool there;
    annc_look_guess(inputs, look);
    ANNC_TRY(load_wholes(network, "annc.images", images, 6, &there));
    if (!there)
        return ANNC_OK;
    *look = (struct annc_look){.rows = images[0],
                               .columns = images[1],
                               .white = images[2],
                               .background = (enum annc_background)images[3],
                               .flat = images[4] != 0,
                               .mnist_like = images[5] != 0};
    const bool is_image = look->rows != 0;
    if (look->background >= ANNC_BACKGROUND_COUNT ||
        (is_image && ((uint64_t)look->rows * look->columns != inputs || (look->white != 1 && look->white != 255))) ||
        (look->mnist_like && (look->rows != 28 || look->columns != 28)))
        return malformed("annc.images");
out:
    return status;
}

annc_status annc_preparation_load(const annc_network *network, struct annc_preparation *preparation)
{
    annc_status status = ANNC_OK;
    const char *classes = annc_network_metadata(network, "annc.classes"),
               *scale = annc_network_metadata(network, "annc.scale");
    const char *turned = annc_network_metadata(network, "annc.transpose");
    struct annc_scaling *inputs = &preparation->inputs, *targets = &preparation->targets;
    memset(preparation, 0, sizeof *preparation);
    preparation->like.inputs = annc_network_shape(network)->width[0];
    preparation->transposed = turned != NULL;
    if (turned && strcmp(turned, "true") != 0)
        return malformed("annc.transpose");
    /* Another program's model may lack the scaling. */
    while (scale && preparation->scale < ANNC_SCALE_COUNT && strcmp(annc_scale_name(preparation->scale), scale) != 0)
        preparation->scale = (annc_scale)(preparation->scale + 1);
    if (preparation->scale == ANNC_SCALE_COUNT)
        return malformed("annc.scale");
    const bool by_column = preparation->scale == ANNC_SCALE_MIN_MAX || preparation->scale == ANNC_SCALE_STANDARDISE;
    if (classes)
        ANNC_TRY(annc_classes_parse(classes, &preparation->classes));
    inputs->count = targets->count = ANY;
    ANNC_TRY(load_numbers(network, "annc.input_shift", &inputs->count, &inputs->shift));
    if (inputs->count != preparation->like.inputs && (inputs->count != 0 || by_column))
        ANNC_TRY(malformed("annc.input_shift"));
    ANNC_TRY(load_numbers(network, "annc.input_factor", &inputs->count, &inputs->factor));
    ANNC_TRY(load_numbers(network, "annc.input_fill", &inputs->count, &inputs->fill));
    ANNC_TRY(load_numbers(network, "annc.target_shift", &targets->count, &targets->shift));
    ANNC_TRY(load_numbers(network, "annc.target_factor", &targets->count, &targets->factor));
    ANNC_TRY(load_ranges(network, preparation->like.inputs, &preparation->ranges));
    ANNC_TRY(load_table(network, &preparation->like));
    ANNC_TRY(load_look(network, preparation->like.inputs, &preparation->look));
    if (preparation->like.input_names.count != 0 && preparation->like.input_names.count != preparation->like.inputs)
        ANNC_TRY(malformed("annc.inputs"));
out:
    if (status != ANNC_OK)
        annc_preparation_free(preparation);
    return status;
}
