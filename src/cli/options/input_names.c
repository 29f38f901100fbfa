/* input_names.c - what people call the inputs of a network. */
#include "cli/options/input_names.h"
#include "base/json/json_read.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/screen.h"

#include <stdio.h>
#include <stdlib.h>

void input_names_open(const annc_network *network, uint32_t count, struct input_names *names)
{
    const char *array = network ? annc_network_metadata(network, "annc.inputs") : NULL;
    struct annc_json_members members;
    struct annc_json_member member;
    *names = (struct input_names){.count = count};
    names->name = take_memory(count, sizeof *names->name, "the names of the inputs");
    if (!array)
        return;
    names->text = take_copy(array, "the names of the inputs");
    annc_json_open(&members, names->text);
    for (uint32_t i = 0; i < count && annc_json_next_member(&members, &member); i++)
        names->name[i] = member.text;
}

void input_names_close(struct input_names *names)
{
    free(names->name);
    free(names->text);
    *names = (struct input_names){.count = 0};
}

const char *input_name(const struct input_names *names, uint32_t i, char name[INPUT_NAME])
{
    if (names->name[i])
        return plain_text(names->name[i], name, INPUT_NAME);
    snprintf(name, INPUT_NAME, "input %u", i + 1);
    return name;
}
