/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_KMS_TAGS_H
#define KEYHAUL_KMS_TAGS_H

#include "base/opt.h"

#include <jansson.h>

/*
 * CreateKey's Tags from --tags as the AWS CLI takes them: each word TagKey=K,TagValue=V (values may be quoted), or one
 * word that is the JSON list. The caller drops `*out`. KH_E_USAGE.
 */
int tags_parse(const struct opt_list *words, json_t **out, struct kh_error *err);

#endif
