/* predict.c - asks a model: predict MODEL NUMBER... about one example, predict MODEL FILE about each row of a table or each image.
 *
 * Both are given as the training data were. How those were scaled is kept in the model, and is done here again. */
#include <annc.h>
#include <stdio.h>
#include <stdlib.h>

static void check(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "%s\n", annc_last_error());
    exit(status);
}

/* "setosa: 0.97 0.02 0.01" where the outputs are classes, " 21.5" where they are numbers. */
static void show(const annc_network *network, int32_t class_index, const float *y)
{
    const annc_shape *shape = annc_network_shape(network);
    char name[256];
    if (annc_network_class_name(network, (uint32_t)class_index, name, sizeof name))
        printf("%s:", name);
    for (uint32_t j = 0; j < shape->width[shape->layers]; j++)
        printf(" %.4g", (double)y[j]);
    printf("\n");
}

static void predict_numbers(const annc_network *network, uint32_t count, char **numbers)
{
    const annc_shape *shape = annc_network_shape(network);
    if (count != shape->width[0]) {
        fprintf(stderr, "the model takes %u numbers, not %u\n", shape->width[0], count);
        exit(ANNC_USAGE);
    }
    float *x = calloc(count, sizeof *x), *y = calloc(shape->width[shape->layers], sizeof *y);
    int32_t class_index;
    for (uint32_t i = 0; i < count; i++)
        x[i] = strtof(numbers[i], NULL);
    check(annc_network_predict(network, NULL, 1, x, &class_index, y)); /* NULL: on the CPU */
    show(network, class_index, y);
    free(x);
    free(y);
}

static void predict_file(const annc_network *network, const char *path)
{
    const annc_shape *shape = annc_network_shape(network);
    const uint32_t outputs = shape->width[shape->layers];
    /* The model says what the columns are; what is to be learnt need not be in the file. */
    const annc_data_options source = {
        .path = path, .model = network, .outputs = outputs, .unlabelled = true, .need_test = true};
    annc_data data;
    annc_device *device;
    annc_evaluator *evaluator;
    annc_evaluation ignored; /* how many were right: of that, such a file says nothing */
    check(annc_data_load(&source, &data));
    const uint32_t count = annc_dataset_examples(data.test)->count;
    int32_t *classes = calloc(count, sizeof *classes);
    float *y = calloc((size_t)count * outputs, sizeof *y);
    check(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_AUTO}, &device));
    check(annc_evaluator_create(device, network, data.test, &evaluator));
    check(annc_evaluator_run(evaluator, NULL, classes, y, &ignored));
    if (annc_dataset_examples(data.test)->targets)
        annc_dataset_unscale(data.test, count, y); /* numbers that were to be learnt were scaled, too */
    for (uint32_t i = 0; i < count; i++)
        show(network, classes[i], y + (size_t)i * outputs);
    annc_evaluator_free(evaluator);
    annc_device_close(device);
    annc_data_free(&data);
    free(classes);
    free(y);
}

int main(int argc, char **argv)
{
    annc_network *network;
    char *end = NULL;
    if (argc < 3)
        return fprintf(stderr, "predict MODEL NUMBER..., predict MODEL FILE\n"), ANNC_USAGE;
    check(annc_model_load(argv[1], NULL, &network));
    strtof(argv[2], &end);
    if (*end == '\0')
        predict_numbers(network, (uint32_t)argc - 2, argv + 2);
    else
        predict_file(network, argv[2]);
    annc_network_free(network);
    return 0;
}
