/* settle.c - which edits remain, once all of them are known. */
#include "doctor/examine.h"

/* The findings that have an edit, by the place of that. */
struct edited {
    size_t count;
    struct ibc_doctor_finding **at;
};

static void drop(struct ibc_doctor_finding *finding) {
    free(finding->edit.text);
    finding->edit = (struct ibc_doctor_edit){0};
}

static int compare_places(const struct ibc_doctor_edit *a, const struct ibc_doctor_edit *b) {
    if (a->file != b->file) {
        return a->file < b->file ? -1 : 1;
    }
    return (a->start > b->start) - (a->start < b->start);
}

static int compare_edits(const void *a, const void *b) {
    const struct ibc_doctor_edit *left = &(*(struct ibc_doctor_finding *const *)a)->edit;
    const struct ibc_doctor_edit *right = &(*(struct ibc_doctor_finding *const *)b)->edit;
    const int places = compare_places(left, right);
    if (places != 0 || left->end != right->end) {
        return places != 0 ? places : (left->end > right->end) - (left->end < right->end);
    }
    return strcmp(left->text, right->text);
}

static bool list_edited(const struct ibc_doctor_report *report, struct edited *out) {
    *out = (struct edited){.at = calloc(report->count + 1, sizeof(struct ibc_doctor_finding *))};
    for (size_t i = 0; out->at && i < report->count; i++) {
        if (report->findings[i].edit.text) {
            out->at[out->count++] = &report->findings[i];
        }
    }
    if (out->count > 1) {
        qsort(out->at, out->count, sizeof(struct ibc_doctor_finding *), compare_edits);
    }
    return out->at != NULL;
}

/* The end of the run of edits that begin where that of `first` does. */
static size_t run_end(const struct edited *edited, size_t first) {
    size_t end = first + 1;
    while (end < edited->count &&
           compare_places(&edited->at[first]->edit, &edited->at[end]->edit) == 0) {
        end++;
    }
    return end;
}

/* Two services that share an anchor may need different things of it: that takes a person. */
static void drop_contradictions(struct edited *edited) {
    size_t kept = 0;
    for (size_t first = 0, end; first < edited->count; first = end) {
        end = run_end(edited, first);
        const bool agreed = compare_edits(&edited->at[first], &edited->at[end - 1]) == 0;
        for (size_t i = first; i < end; i++) {
            if (agreed) {
                edited->at[kept++] = edited->at[i];
            } else {
                drop(edited->at[i]);
            }
        }
    }
    edited->count = kept;
}

/* --- ports that would be one and the same ------------------------------------------------------
 */

/* What a port binds once its edit is made. */
struct binding {
    const struct ibc_compose_port *port;
    const char *host;
    size_t first, end; /* its findings among those with an edit; none where `end` is 0 */
};

/* The first finding whose edit does not lie before the place. */
static size_t find_edit(const struct edited *edited, const struct ibc_doctor_edit *place) {
    size_t low = 0, high = edited->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_places(&edited->at[middle]->edit, place) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct binding binding_of(const struct examination *exam, const struct edited *edited,
                                 const struct ibc_compose_port *port) {
    struct binding binding = {.port = port, .host = port->host ? port->host : ""};
    const struct ibc_doctor_edit place = {
        .file = file_index(exam->project, port->text.place.file),
        .start = port->text.place.start,
    };
    const size_t first = find_edit(edited, &place);
    if (port->text.written && first < edited->count &&
        compare_places(&edited->at[first]->edit, &place) == 0) {
        binding.first = first;
        binding.end = run_end(edited, first);
        /* The one address that an edit puts in. */
        const char *text = edited->at[first]->edit.text;
        binding.host = strstr(text, "127.0.0.1:") ? "127.0.0.1" : binding.host;
    }
    return binding;
}

/* Ports that Docker picks are never the same, but for those of one target in one way. */
static int compare_bound(const struct binding *a, const struct binding *b) {
    const unsigned left[] = {a->port->published, a->port->published_last, a->port->udp,
                             a->port->published == 0 ? a->port->target : 0};
    const unsigned right[] = {b->port->published, b->port->published_last, b->port->udp,
                              b->port->published == 0 ? b->port->target : 0};
    const int hosts = strcmp(a->host, b->host);
    for (size_t i = 0; hosts == 0 && i < IBC_ARRAY_SIZE(left); i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return hosts;
}

/* Of the same ones, what stays as it is comes first, then as the file has them. */
static int compare_bindings(const void *a, const void *b) {
    const struct binding *left = a, *right = b;
    const int bound = compare_bound(left, right);
    if (bound != 0 || (left->end > 0) != (right->end > 0)) {
        return bound != 0 ? bound : (left->end > 0) - (right->end > 0);
    }
    return (left->port > right->port) - (left->port < right->port);
}

/* Docker would refuse the second one, and which of them is meant takes a person. */
static void drop_twin(struct examination *exam, const struct edited *edited,
                      const struct binding *twin) {
    for (size_t i = twin->first; i < twin->end; i++) {
        instead(exam, edited->at[i],
                "no such entry, or one with another port: as %s it would be there twice",
                edited->at[i]->edit.text);
        drop(edited->at[i]);
    }
}

static void drop_twins(struct examination *exam, const struct edited *edited,
                       const struct ibc_compose_service *service) {
    struct binding *bindings = calloc(service->port_count, sizeof *bindings);
    if (!bindings) {
        exam->no_memory = true;
        return;
    }
    for (size_t i = 0; i < service->port_count; i++) {
        bindings[i] = binding_of(exam, edited, &service->ports[i]);
    }
    qsort(bindings, service->port_count, sizeof *bindings, compare_bindings);
    for (size_t i = 1; i < service->port_count; i++) {
        if (compare_bound(&bindings[i - 1], &bindings[i]) == 0) {
            drop_twin(exam, edited, &bindings[i]);
        }
    }
    free(bindings);
}

void settle_edits(struct examination *exam) {
    struct edited edited;
    if (!list_edited(exam->report, &edited)) {
        exam->no_memory = true;
        return;
    }
    drop_contradictions(&edited);
    for (size_t i = 0; edited.count > 0 && i < exam->project->service_count; i++) {
        if (exam->project->services[i].port_count > 1) {
            drop_twins(exam, &edited, &exam->project->services[i]);
        }
    }
    free(edited.at);
}
