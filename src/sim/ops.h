/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_OPS_H
#define KEYHAUL_SIM_OPS_H

#include "api.h"

/* The operations by AWS's names; the table in ops.c says their members. Each sets the call's reply; 0 or -1. */
int op_create_key(struct call *c);
int op_describe_key(struct call *c);
int op_list_keys(struct call *c);
int op_disable_key(struct call *c);
int op_enable_key(struct call *c);
int op_schedule_key_deletion(struct call *c);
int op_cancel_key_deletion(struct call *c);
int op_create_alias(struct call *c);
int op_update_alias(struct call *c);
int op_delete_alias(struct call *c);
int op_list_aliases(struct call *c);
int op_get_parameters_for_import(struct call *c);
int op_import_key_material(struct call *c);
int op_delete_imported_key_material(struct call *c);
int op_list_key_rotations(struct call *c);
int op_rotate_key_on_demand(struct call *c);
int op_get_key_rotation_status(struct call *c);
int op_replicate_key(struct call *c);
int op_tag_resource(struct call *c);
int op_untag_resource(struct call *c);
int op_list_resource_tags(struct call *c);
int op_get_public_key(struct call *c);
int op_encrypt(struct call *c);
int op_decrypt(struct call *c);
int op_generate_mac(struct call *c);
int op_verify_mac(struct call *c);
int op_sign(struct call *c);
int op_verify(struct call *c);

#endif
