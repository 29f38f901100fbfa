#include <annc.h>
#include <stdio.h>

int main(void)
{
    const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    const int32_t labels[] = {0, 1, 1, 0};
    const annc_examples examples = {
        .count = 4, .inputs = 2, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = x, .labels = labels};
    const annc_shape shape = {2, {2, 3, 1}, {ANNC_TANH, ANNC_SIGMOID}, ANNC_CROSS_ENTROPY};
    annc_dataset *data = NULL;
    annc_device *device = NULL;
    annc_network *network = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch epoch = {0};
    if (annc_dataset_create(&examples, &data) || annc_network_create(&shape, &network) ||
        annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU}, &device) ||
        annc_network_initialise(network, device, ANNC_INIT_NORMAL, 8) ||
        annc_trainer_create(device, network, data, &(annc_training_options){.eta = 0.5, .batch = 1, .seed = 3},
                            &trainer))
        return fprintf(stderr, "%s\n", annc_last_error());
    for (int i = 0; i < 500; i++)
        annc_trainer_epoch(trainer, NULL, NULL, &epoch);
    printf("XOR: %u of 4 right\n", epoch.correct);
    annc_trainer_free(trainer);
    annc_device_close(device);
    annc_network_free(network);
    annc_dataset_free(data);
    return epoch.correct != 4;
}
