/*
 * yaml_bare.c - the least that reading a YAML file costs: libyaml's events, and nothing kept.
 *
 * yaml_bare FILE
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

static bool read_events(yaml_parser_t *parser) {
    bool done = false;
    while (!done) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            return false;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return true;
}

int main(int argc, char **argv) {
    yaml_parser_t parser;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file || !yaml_parser_initialize(&parser)) {
        return EXIT_FAILURE;
    }
    yaml_parser_set_input_file(&parser, file);
    const bool whole = read_events(&parser);
    yaml_parser_delete(&parser);
    fclose(file);
    return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
