/* xor.c - a whole program: a network learns XOR. */
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

int main(void)
{
    const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}; /* four examples of two inputs, row by row */
    const int32_t labels[] = {0, 1, 1, 0};
    const annc_examples examples = {
        .count = 4, .inputs = 2, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = x, .labels = labels};
    /* 2 inputs, 3 hidden units, 1 output. Without the hidden layer it could not learn: no line parts the ones from the zeros. */
    const annc_shape shape = {2, {2, 3, 1}, {ANNC_TANH, ANNC_SIGMOID}, ANNC_CROSS_ENTROPY, 0};
    annc_training_options options = annc_training_defaults(ANNC_SGD);
    annc_dataset *data;
    annc_network *network;
    annc_device *device;
    annc_trainer *trainer;
    annc_epoch epoch;
    float y[4];
    options.eta = 0.5;
    options.batch = 1; /* a step of gradient descent after each example */
    check(annc_dataset_create(&examples, &data));
    check(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU}, &device));
    check(annc_network_create(&shape, &network));
    check(annc_network_initialise(network, device, ANNC_INIT_NORMAL, 1)); /* drawn: equal units would stay equal */
    check(annc_trainer_create(device, network, data, &options, &trainer));
    for (int i = 0; i < 500; i++)
        check(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    check(annc_trainer_store(trainer)); /* from the device into the network */
    check(annc_network_predict(network, device, 4, x, NULL, y));
    for (int i = 0; i < 4; i++)
        printf("%.0f xor %.0f = %.3f\n", x[2 * i], x[2 * i + 1], y[i]);
    annc_trainer_free(trainer);
    annc_network_free(network);
    annc_device_close(device);
    annc_dataset_free(data);
    return 0;
}
