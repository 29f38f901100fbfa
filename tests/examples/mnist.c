/* mnist.c - learns handwritten digits, and keeps what it has learnt: mnist EPOCHS FILE.
 *
 * The data are MNIST where it is on disk (annc-gpu fetch brings it), otherwise digits that the library draws. */
#include <annc.h>
#include <stdio.h>
#include <stdlib.h>

static void check(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "%s\n", annc_last_error());
    exit(status); /* which is an exit code of annc-gpu's, too */
}

int main(int argc, char **argv)
{
    /* 784 pixels, 32 hidden units, and an output for each digit: the one that is largest is what the network takes the image for. */
    const annc_shape shape = {2, {784, 32, 10}, {ANNC_SIGMOID, ANNC_SIGMOID}, ANNC_QUADRATIC, 0};
    const annc_training_options options = annc_training_defaults(ANNC_SGD); /* eta = 3, minibatches of 16 */
    annc_data_options source = {.need_train = true, .need_test = true};
    annc_data data;
    annc_network *network;
    annc_device *device;
    annc_trainer *trainer;
    annc_evaluator *evaluator;
    char folder[4096];
    if (argc != 3)
        return fprintf(stderr, "mnist EPOCHS FILE\n"), ANNC_USAGE;
    source.source = annc_mnist_find(folder, sizeof folder) == ANNC_OK ? ANNC_SOURCE_MNIST : ANNC_SOURCE_DIGITS;
    check(annc_data_load(&source, &data));
    printf("%s\n", data.description);
    check(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_AUTO}, &device)); /* a GPU where there is one */
    check(annc_network_create(&shape, &network));
    check(annc_network_initialise(network, device, ANNC_INIT_AUTO, 1));
    check(annc_trainer_create(device, network, data.train, &options, &trainer));
    /* The test set measures, and is never trained on: a network that knew its examples by heart would look better than it is. */
    check(annc_evaluator_create(device, network, data.test, &evaluator));
    for (int i = 0; i < atoi(argv[1]); i++) {
        annc_epoch epoch;
        annc_evaluation test;
        check(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
        check(annc_evaluator_run(evaluator, trainer, NULL, NULL, &test)); /* with what the trainer has learnt */
        printf("epoch %u: loss %.2f, %u of %u test images right\n", epoch.epoch, epoch.loss, test.correct, test.count);
    }
    check(annc_trainer_store(trainer));        /* from the device into the network */
    check(annc_data_describe(&data, network)); /* that pixels are divided by 255, and what the classes are called */
    check(annc_model_save(network, argv[2]));
    annc_evaluator_free(evaluator);
    annc_trainer_free(trainer);
    annc_network_free(network);
    annc_device_close(device);
    annc_data_free(&data);
    return 0;
}
