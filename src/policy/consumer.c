/* consumer.c - which image reads its credentials how. */
#include "policy/schema.h"

#include <fnmatch.h>
#include <ibcred/policy.h>

static const struct ibc_yaml_word consumer_words[] = {
    {"raw", IBC_CONSUMER_RAW},
    {"gnzsnz", IBC_CONSUMER_GNZSNZ},
    {"ibg-controller", IBC_CONSUMER_IBG_CONTROLLER},
    {NULL, 0},
};

static const struct ibc_yaml_word consumer_or_auto_words[] = {
    {"auto", IBC_CONSUMER_UNKNOWN},
    {"raw", IBC_CONSUMER_RAW},
    {"gnzsnz", IBC_CONSUMER_GNZSNZ},
    {"ibg-controller", IBC_CONSUMER_IBG_CONTROLLER},
    {NULL, 0},
};

static enum ibc_status read_word(struct ibc_yaml *yaml, const struct ibc_yaml_word *words,
                                 enum ibc_consumer *out) {
    const struct ibc_yaml_field field = {.words = words};
    int value;
    enum ibc_status status = ibc_yaml_word(yaml, &field, &value);
    if (status == IBC_OK) {
        *out = (enum ibc_consumer)value;
    }
    return status;
}

enum ibc_status ibc_policy_read_consumer(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                         void *target) {
    (void)field;
    return read_word(yaml, consumer_or_auto_words, target);
}

static enum ibc_status read_image_consumer(struct ibc_yaml *yaml,
                                           const struct ibc_yaml_field *field, void *target) {
    (void)field;
    return read_word(yaml, consumer_words, target);
}

static const struct ibc_yaml_field image_fields[] = {
    {.key = "image",
     .read = ibc_yaml_text,
     .offset = offsetof(struct ibc_image_rule, pattern),
     .min = 1,
     .max = IBC_IMAGE_PATTERN_MAX,
     .required = true},
    {.key = "consumer",
     .read = read_image_consumer,
     .offset = offsetof(struct ibc_image_rule, consumer),
     .required = true},
};

static const struct ibc_yaml_table image_table = {.fields = image_fields,
                                                  .count = IBC_ARRAY_SIZE(image_fields)};

static enum ibc_status read_image(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                  size_t index, void *target) {
    (void)field;
    struct ibc_policy *policy = target;
    const struct ibc_yaml_field item = {.table = &image_table};
    policy->images[index] = (struct ibc_image_rule){0};
    enum ibc_status status = ibc_yaml_mapping(yaml, &item, &policy->images[index]);
    policy->image_count = status == IBC_OK ? index + 1 : policy->image_count;
    return status;
}

enum ibc_status ibc_policy_read_images(struct ibc_yaml *yaml, const struct ibc_yaml_field *field,
                                       void *target) {
    struct ibc_policy *policy = target;
    policy->image_count = 0;
    return ibc_yaml_list(yaml, field, read_image, policy);
}

enum ibc_consumer ibc_policy_consumer(const struct ibc_policy *policy, const char *image) {
    return policy->consumer != IBC_CONSUMER_UNKNOWN ? policy->consumer
                                                    : ibc_policy_image(policy, image);
}

enum ibc_consumer ibc_policy_image(const struct ibc_policy *policy, const char *image) {
    for (size_t i = 0; image && i < policy->image_count; i++) {
        if (fnmatch(policy->images[i].pattern, image, 0) == 0) {
            return policy->images[i].consumer;
        }
    }
    return IBC_CONSUMER_UNKNOWN;
}
