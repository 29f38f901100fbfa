/* loop.c - a training loop of one's own: a learning rate that finds its own way, and an end when there is nothing more to gain.
 *
 * A network with one input and one output learns a sine that is seen through noise. The rate follows the bold driver (Battiti 1989): while the
 * loss falls it grows by a twentieth, and when the loss rises, since the step was too long, it is halved. A hundred examples are held out: when
 * they have not been met better for 200 epochs, what the network still learns is the noise, and the best parameters are kept. */
#include <annc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRAIN = 400, HELD_OUT = 100, MOST_EPOCHS = 20000, PATIENCE = 200 };

static void check(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "%s\n", annc_last_error());
    exit(status);
}

/* y = sin(x) + noise, x within (-3, 3), by a small generator of its own, so that every machine sees the same. */
static annc_dataset *noisy_sine(uint32_t count, uint32_t seed)
{
    float x[TRAIN], y[TRAIN];
    const annc_examples examples = {
        .count = count, .inputs = 1, .outputs = 1, .type = ANNC_FLOATS, .x = x, .targets = y};
    annc_dataset *data;
    for (uint32_t i = 0; i < count; i++) {
        double u[2];
        for (int k = 0; k < 2; k++) {
            seed = seed * 1664525 + 1013904223; /* Numerical Recipes' linear congruence */
            u[k] = seed / 4294967296.0;
        }
        x[i] = (float)(6 * u[0] - 3);
        y[i] = (float)(sin(x[i]) + 0.4 * (u[1] - 0.5));
    }
    check(annc_dataset_create(&examples, &data)); /* which copies them */
    return data;
}

int main(void)
{
    const annc_shape shape = {2, {1, 16, 1}, {ANNC_TANH, ANNC_IDENTITY}, ANNC_QUADRATIC, 0};
    annc_training_options options = annc_training_defaults(ANNC_SGD);
    annc_dataset *train = noisy_sine(TRAIN, 1), *held_out = noisy_sine(HELD_OUT, 2);
    annc_network *network;
    annc_device *device;
    annc_trainer *trainer;
    annc_evaluator *evaluator;
    double rate = 0.05, loss_before = INFINITY;
    annc_evaluation best = {.loss = INFINITY};
    annc_epoch epoch = {0};
    uint32_t best_epoch = 0;
    options.eta = rate;
    options.batch = TRAIN; /* all of them a step: the loss of fewer would rise and fall by chance */
    check(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU}, &device));
    check(annc_network_create(&shape, &network));
    check(annc_network_initialise(network, device, ANNC_INIT_AUTO, 1));
    check(annc_trainer_create(device, network, train, &options, &trainer));
    check(annc_evaluator_create(device, network, held_out, &evaluator));
    while (epoch.epoch < MOST_EPOCHS && epoch.epoch < best_epoch + PATIENCE) {
        annc_evaluation now;
        check(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
        rate *= epoch.loss < loss_before ? 1.05 : 0.5;
        loss_before = epoch.loss;
        check(annc_trainer_set_rate(trainer, rate));
        check(annc_evaluator_run(evaluator, trainer, NULL, NULL, &now));
        if (epoch.epoch % 200 == 0)
            printf("epoch %u: rate %.3g, rmse of the held out %.4f\n", epoch.epoch, epoch.rate, now.rmse);
        if (now.loss >= best.loss)
            continue;
        best = now;
        best_epoch = epoch.epoch;
        check(annc_trainer_store(trainer)); /* the network keeps the best, and the trainer goes on with its own */
    }
    check(annc_evaluator_run(evaluator, NULL, NULL, NULL, &best)); /* of the network: what was kept */
    printf("stopped after epoch %u, kept epoch %u: rmse %.4f, r2 %.3f\n", epoch.epoch, best_epoch, best.rmse, best.r2);
    annc_evaluator_free(evaluator);
    annc_trainer_free(trainer);
    annc_network_free(network);
    annc_device_close(device);
    annc_dataset_free(train);
    annc_dataset_free(held_out);
    return 0;
}
