// SPDX-License-Identifier: Apache-2.0
// Breaks rule 11: reads weights during execute.
#include "good.hpp"

using namespace tenon::bad;

static tenon_host_session* session_weights = nullptr;

static int32_t spoiled_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out,
                              tenon_status* status) {
  session_weights = desc->host_session;
  return session_create(self, desc, out, status);
}

static int32_t spoiled_execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status) {
  const int32_t code = execute(exec, prepared, run, status);
  tenon_weight weight{};
  weight.size = sizeof(weight);
  tenon_status unused{};
  unused.size = sizeof(unused);
  host()->weight_get(session_weights, 7000, 0, &weight, &unused);
  return code;
}

SPOILED_PROVIDER {
  table.session_create = spoiled_create;
  table.execute = spoiled_execute;
}
