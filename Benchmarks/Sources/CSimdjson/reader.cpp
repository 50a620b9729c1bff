#include "CSimdjson.h"

#include <simdjson.h>

using namespace simdjson;

struct simdjson_reader {
    ondemand::parser parser;
};

extern "C" {

simdjson_reader *simdjson_reader_create(void) { return new simdjson_reader(); }

void simdjson_reader_destroy(simdjson_reader *reader) { delete reader; }

size_t simdjson_padding(void) { return SIMDJSON_PADDING; }

const char *simdjson_instructions(void) {
    static const std::string name = get_active_implementation()->name();
    return name.c_str();
}

bool simdjson_read_numbers(
    simdjson_reader *reader, const uint8_t *body, size_t length, const simdjson_place *places, size_t count,
    double *values) {
    ondemand::document document;
    ondemand::object root;
    auto capacity = length + SIMDJSON_PADDING;
    if (reader->parser.iterate(reinterpret_cast<const char *>(body), length, capacity).get(document)) { return false; }
    if (document.get_object().get(root)) { return false; }
    for (size_t index = 0; index < count; index++) {
        // Members in order: the fastest way the library has.
        auto place = root.find_field(places[index].parent).find_field(places[index].child);
        if (place.get_double().get(values[index])) { return false; }
    }
    return true;
}

}
