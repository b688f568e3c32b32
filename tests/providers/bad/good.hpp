// SPDX-License-Identifier: Apache-2.0
// A small provider that keeps every rule: Add, Mul and Relu of float32 without broadcasting. Each file beside this one
// replaces a function or a field of it and so breaks one rule, which its first line names.
#ifndef TESTS_PROVIDERS_BAD_GOOD_HPP_
#define TESTS_PROVIDERS_BAD_GOOD_HPP_

#include <tenon/plugin.h>

#include <cstddef>
#include <cstdint>

struct tenon_exec {
  uint32_t op;  // tenon::bad::kAdd ...
};

namespace tenon::bad {

inline constexpr uint32_t kAdd = 0;
inline constexpr uint32_t kMul = 1;
inline constexpr uint32_t kRelu = 2;
inline constexpr uint32_t kNone = 3;
inline constexpr int64_t kPart = 1000;  // elements of one call of parallel_for's function

const tenon_host* host();
int32_t fail(tenon_status* status, int32_t code, const char* text);
const tenon_node& node_at(const tenon_graph* graph, uint32_t i);
const tenon_graph_value& value_at(const tenon_graph* graph, uint32_t i);
const tenon_tensor& input_at(const tenon_run* run, uint32_t i);
tenon_tensor& output_at(const tenon_run* run, uint32_t i);
int64_t count(const tenon_tensor& tensor);
/// The operator of a node that the good provider claims, or kNone.
uint32_t op_of(const tenon_graph* graph, const tenon_node& node);
int32_t claim(tenon_sink* sink, const uint32_t* nodes, uint32_t nnodes, const tenon_value_rule* rules = nullptr,
              uint32_t nrules = 0);
int32_t refuse(tenon_sink* sink, uint32_t node);

// The functions of the good provider, for those that add to them.
int32_t devices(void* self, tenon_device* out, uint32_t stride, uint32_t cap, uint32_t* n, tenon_status* status);
int32_t session_create(void* self, const tenon_session_desc* desc, tenon_provider_session** out, tenon_status* status);
void session_destroy(tenon_provider_session* session);
int32_t query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink, tenon_status* status);
int32_t compile(tenon_provider_session* session, const tenon_region* region, tenon_task* task, tenon_exec** out,
                tenon_exec_info* info, tenon_status* status);
int32_t prepare(tenon_exec* exec, tenon_shapes* shapes, tenon_prepared** out, tenon_prepared_info* info,
                tenon_status* status);
void prepared_destroy(tenon_prepared* prepared);
int32_t execute(tenon_exec* exec, tenon_prepared* prepared, const tenon_run* run, tenon_status* status);
void exec_destroy(tenon_exec* exec);
/// The device record, to be changed by a copy.
tenon_device device_record();

/// The entry: negotiates, and lets `spoil` change the table before the host sees it.
int32_t enter(const tenon_host* host, const tenon_host_range* range, const tenon_provider** out, tenon_status* status,
              const char* id, void (*spoil)(tenon_provider& table, tenon_provider_info& info));

}  // namespace tenon::bad

/// Opens the function that spoils `table` and `info`, and defines the entry that calls it.
#define SPOILED_PROVIDER                                                                                         \
  static void spoil(tenon_provider& table, tenon_provider_info& info);                                           \
  extern "C" TENON_EXPORT int32_t tenon_provider_entry_v0(const tenon_host* host, const tenon_host_range* range, \
                                                          const tenon_provider** out, tenon_status* status) {    \
    return tenon::bad::enter(host, range, out, status, BAD_PROVIDER_ID, spoil);                                  \
  }                                                                                                              \
  static void spoil([[maybe_unused]] tenon_provider& table, [[maybe_unused]] tenon_provider_info& info)

#endif  // TESTS_PROVIDERS_BAD_GOOD_HPP_
