#include "common/report_file.h"

#include <stdlib.h>
#include <string.h>

#include "common/builtin_reports.h"
#include "common/json_read.h"

/* ---- order ---- */

struct placed { /* an item, and where it stood */
    json_t *item;
    size_t at;
    report_order *order;
};

static int compare(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    int order = left->order(left->item, right->item);
    return order != 0 ? order : (left->at > right->at) - (left->at < right->at);
}

enum status report_sort(json_t *list, report_order *order, struct error *err)
{
    size_t count = json_array_size(list);
    struct placed *items = malloc((count + 1) * sizeof *items);
    if (!items)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        items[i] = (struct placed){json_incref(json_array_get(list, i)), i, order};
    qsort(items, count, sizeof *items, compare);
    for (size_t i = 0; i < count; i++)
        json_array_set_new(list, i, items[i].item);
    free(items);
    return STATUS_OK;
}

static int by_name(const json_t *a, const json_t *b)
{
    const char *name = json_string_value(json_object_get(a, "name"));
    const char *other = json_string_value(json_object_get(b, "name"));
    return strcmp(name ? name : "", other ? other : "");
}

/* ---- reading ---- */

/* Put the lists of one file behind those of the others. */
static enum status take_file(json_t *all, struct bytes text, struct error *err)
{
    json_error_t problem;
    const char *key;
    json_t *value, *file;
    if (json_read(&file, text, &problem, err) == STATUS_NO_MEMORY)
        return STATUS_NO_MEMORY;
    if (!json_is_object(file)) {
        json_decref(file);
        return error_set(err, STATUS_BAD_INPUT, "the reports are broken: %s", problem.text);
    }
    json_object_foreach(file, key, value)
    {
        json_t *list = json_object_get(all, key);
        if (json_is_array(list) && json_is_array(value))
            json_array_extend(list, value);
        else
            json_object_set(all, key, value);
    }
    json_decref(file);
    return STATUS_OK;
}

static enum status load(json_t *all, struct error *err)
{
    size_t i;
    json_t *report, *reports;
    uint64_t shortages = json_shortages();
    for (i = 0; builtin_reports(i).size > 0; i++)
        TRY(take_file(all, builtin_reports(i), err));
    reports = json_object_get(all, "reports");
    json_array_foreach(reports, i, report)
        json_object_set(report, "words", json_object_get(all, "words"));
    TRY(json_whole(shortages, err));
    return report_sort(reports, by_name, err);
}

static void release(void *kept)
{
    json_decref(kept);
}

enum status report_file_of(struct replica *replica, const json_t **file, struct error *err)
{
    *file = replica_kept(replica);
    if (*file)
        return STATUS_OK;
    json_t *all = json_object();
    enum status status = all ? load(all, err) : error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status != STATUS_OK) {
        json_decref(all);
        return status;
    }
    replica_keep(replica, all, release);
    *file = all;
    return STATUS_OK;
}
