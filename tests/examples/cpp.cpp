// cpp.cpp - the library from C++17: what is created is freed by std::unique_ptr, what fails throws.
#include <annc.h>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

template <auto free_function> struct deleter {
    template <typename T> void operator()(T *object) const { free_function(object); }
};
using dataset = std::unique_ptr<annc_dataset, deleter<annc_dataset_free>>;
using network = std::unique_ptr<annc_network, deleter<annc_network_free>>;
using device = std::unique_ptr<annc_device, deleter<annc_device_close>>;
using trainer = std::unique_ptr<annc_trainer, deleter<annc_trainer_free>>;

static void check(annc_status status)
{
    if (status != ANNC_OK)
        throw std::runtime_error(annc_last_error());
}

// made<trainer>(annc_trainer_create, ...): the last argument of every create, load and open is where the new object goes.
template <typename Owner, typename Create, typename... Arguments>
static Owner made(Create create, Arguments... arguments)
{
    typename Owner::pointer object = nullptr;
    check(create(arguments..., &object));
    return Owner(object);
}

// Four quadrants of the plane, two of each class: what XOR is for numbers that are not whole.
static dataset quadrants()
{
    std::vector<float> x;
    std::vector<std::int32_t> labels;
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < 20; j++) {
            x.insert(x.end(), {0.1f * static_cast<float>(i) - 0.95f, 0.1f * static_cast<float>(j) - 0.95f});
            labels.push_back((i < 10) != (j < 10));
        }
    annc_examples examples{};
    examples.count = static_cast<std::uint32_t>(labels.size());
    examples.inputs = examples.outputs = 2;
    examples.type = ANNC_FLOATS;
    examples.x = x.data();
    examples.labels = labels.data();
    return made<dataset>(annc_dataset_create, &examples); // a copy: the vectors may go
}

int main()
try {
    const annc_shape shape{2, {2, 8, 2}, {ANNC_TANH, ANNC_SOFTMAX}, ANNC_CATEGORICAL_CROSS_ENTROPY, 0};
    const annc_device_options cpu{ANNC_DEVICE_CPU, 0, 0};
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    options.eta = 0.02;

    const auto data = quadrants();
    const auto on = made<device>(annc_device_open, &cpu);
    const auto net = made<network>(annc_network_create, &shape);
    check(annc_network_initialise(net.get(), on.get(), ANNC_INIT_AUTO, 1));
    // What a trainer uses must outlive it: it is declared last, and so goes first.
    const auto training = made<trainer>(annc_trainer_create, on.get(), net.get(), data.get(), &options);
    annc_epoch epoch{};
    for (int i = 0; i < 100; i++)
        check(annc_trainer_epoch(training.get(), nullptr, nullptr, &epoch));
    check(annc_trainer_store(training.get()));
    std::printf("%u of %u right after %u epochs\n", epoch.correct, epoch.examples, epoch.epoch);

    const annc_shape nothing{};
    try {
        made<network>(annc_network_create, &nothing);
    } catch (const std::runtime_error &error) {
        std::printf("a network of no layers: %s\n", error.what());
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
