/* genann_peer.c - genann (github.com/codeplea/genann): the same network and data, example by example in double, which is all that it does. */
#include "peer.h"

#include "genann.h"

int main(int argc, char **argv)
{
    struct peer_job job = peer_open(argc, argv);
    const int in = job.n[0], out = job.n[job.layers];
    genann *ann = genann_init(in, job.layers - 1, job.n[1], out);
    double *x = calloc((size_t)in, sizeof *x), *y = calloc((size_t)out, sizeof *y);
    for (int epoch = 0; epoch < job.epochs; epoch++) {
        int32_t *order = peer_order(&job, epoch);
        int correct = 0;
        const double start = peer_now();
        for (int i = 0; i < job.count; i++) {
            for (int j = 0; j < in; j++)
                x[j] = (double)job.x[(size_t)order[i] * in + j];
            memset(y, 0, out * sizeof *y);
            y[job.y[order[i]]] = 1;
            genann_train(ann, x, y, (double)job.lr / job.batch);
        }
        const double seconds = peer_now() - start;
        for (int i = 0; i < job.tests; i++) {
            float a[1024];
            for (int j = 0; j < in; j++)
                x[j] = (double)job.test_x[(size_t)i * in + j];
            const double *outputs = genann_run(ann, x);
            for (int j = 0; j < out; j++)
                a[j] = (float)outputs[j];
            correct += peer_argmax(a, out) == job.test_y[i];
        }
        peer_report("genann, one by one", epoch, 0, correct, job.tests, seconds);
        free(order);
    }
    return 0;
}
