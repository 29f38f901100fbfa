/* fann_peer.c - FANN: the same network and data, example by example (FANN_TRAIN_INCREMENTAL), since it has no minibatches. */
#include "peer.h"

#include <floatfann.h>

int main(int argc, char **argv)
{
    struct peer_job job = peer_open(argc, argv);
    const int in = job.n[0], out = job.n[job.layers];
    unsigned widths[PEER_LAYERS + 1];
    for (int l = 0; l <= job.layers; l++)
        widths[l] = (unsigned)job.n[l];
    struct fann *ann = fann_create_standard_array((unsigned)job.layers + 1, widths);
    fann_set_activation_function_hidden(ann, FANN_SIGMOID);
    fann_set_activation_function_output(ann, FANN_SIGMOID);
    fann_set_activation_steepness_hidden(ann, 0.5f); /* its sigmoid is 1 / (1 + exp(-2 s z)) */
    fann_set_activation_steepness_output(ann, 0.5f);
    fann_set_training_algorithm(ann, FANN_TRAIN_INCREMENTAL);
    fann_set_learning_rate(ann, job.lr / (float)job.batch);
    fann_type *y = calloc((size_t)out, sizeof *y);
    for (int epoch = 0; epoch < job.epochs; epoch++) {
        int32_t *order = peer_order(&job, epoch);
        int correct = 0;
        const double start = peer_now();
        for (int i = 0; i < job.count; i++) {
            memset(y, 0, out * sizeof *y);
            y[job.y[order[i]]] = 1;
            fann_train(ann, job.x + (size_t)order[i] * in, y);
        }
        const double seconds = peer_now() - start;
        for (int i = 0; i < job.tests; i++)
            correct += peer_argmax(fann_run(ann, job.test_x + (size_t)i * in), out) == job.test_y[i];
        peer_report("FANN, one by one", epoch, 0, correct, job.tests, seconds);
        free(order);
    }
    fann_destroy(ann);
    return 0;
}
