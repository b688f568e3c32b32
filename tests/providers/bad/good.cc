// SPDX-License-Identifier: Apache-2.0
#include "good.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

struct tenon_provider_session {
  uint32_t device;
};
struct tenon_prepared {
  int unused;
};

namespace tenon::bad {

namespace {

const tenon_host* the_host = nullptr;

tenon_string text_of(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(tenon_string s) { return {s.data, s.len}; }

template <class T>
T& at(T* first, uint32_t i, uint32_t stride) {
  return *reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(first) + uintptr_t{i} * stride);
}

struct Job {
  uint32_t op;
  int64_t n;
  const float* a;
  const float* b;
  float* out;
};

void run_part(void* arg, uint64_t i, uint32_t) {
  const Job& job = *static_cast<Job*>(arg);
  const int64_t begin = static_cast<int64_t>(i) * kPart;
  for (int64_t k = begin; k < std::min(begin + kPart, job.n); ++k) {
    if (job.op == kRelu)
      job.out[k] = job.a[k] < 0 ? 0.0f : job.a[k];
    else
      job.out[k] = job.op == kAdd ? job.a[k] + job.b[k] : job.a[k] * job.b[k];
  }
}

}  // namespace

const tenon_host* host() { return the_host; }

int32_t fail(tenon_status* status, int32_t code, const char* text) {
  status->code = code;
  status->vendor_code = 0;
  status->len = static_cast<uint32_t>(std::min<size_t>(std::strlen(text), TENON_STATUS_TEXT - 1));
  std::memcpy(status->msg, text, status->len);
  status->msg[status->len] = '\0';
  return code;
}

const tenon_node& node_at(const tenon_graph* graph, uint32_t i) { return at(graph->nodes, i, graph->node_stride); }
const tenon_graph_value& value_at(const tenon_graph* graph, uint32_t i) {
  return at(graph->values, i, graph->value_stride);
}
const tenon_tensor& input_at(const tenon_run* run, uint32_t i) { return at(run->inputs, i, run->tensor_stride); }
tenon_tensor& output_at(const tenon_run* run, uint32_t i) { return at(run->outputs, i, run->tensor_stride); }

int64_t count(const tenon_tensor& tensor) {
  int64_t n = 1;
  for (uint32_t i = 0; i < tensor.rank; ++i) n *= tensor.dims[i];
  return n;
}

uint32_t op_of(const tenon_graph* graph, const tenon_node& node) {
  if (view(node.domain) != "ai.onnx") return kNone;
  const uint32_t op = view(node.op) == "Add" && node.form == 7    ? kAdd
                      : view(node.op) == "Mul" && node.form == 7  ? kMul
                      : view(node.op) == "Relu" && node.form == 6 ? kRelu
                                                                  : kNone;
  if (op == kNone) return kNone;
  const tenon_graph_value& first = value_at(graph, node.inputs[0]);
  for (uint32_t i = 0; i < node.ninputs; ++i) {
    const tenon_graph_value& v = value_at(graph, node.inputs[i]);
    if (v.dtype != TENON_FLOAT32 || v.rank == TENON_UNKNOWN_RANK || v.rank != first.rank) return kNone;
    for (uint32_t d = 0; d < v.rank; ++d) {
      if (v.dims[d] < 0 || v.dims[d] != first.dims[d]) return kNone;
    }
  }
  return op;
}

int32_t claim(tenon_sink* sink, const uint32_t* nodes, uint32_t nnodes, const tenon_value_rule* rules,
              uint32_t nrules) {
  tenon_claim c{};
  c.size = sizeof(c);
  c.id = nodes[0];
  c.nodes = nodes;
  c.nnodes = nnodes;
  c.rules = rules;
  c.nrules = nrules;
  c.rule_stride = sizeof(tenon_value_rule);
  return the_host->claim(sink, &c);
}

int32_t refuse(tenon_sink* sink, uint32_t node) {
  tenon_refusal r{};
  r.size = sizeof(r);
  r.node = node;
  r.reason = TENON_REFUSE_OP;
  r.value = TENON_NO_ID;
  r.text = text_of("only Add, Mul and Relu of equal static float shapes run here");
  return the_host->refuse(sink, &r);
}

tenon_device device_record() {
  static tenon_memory_kind host_memory{};
  host_memory.name = text_of("host");
  host_memory.flags = TENON_MEMORY_HOST;
  host_memory.alignment = 1;
  tenon_device d{};
  d.size = sizeof(d);
  d.name = text_of("good");
  d.kind = TENON_DEVICE_OTHER;
  d.flags = TENON_DEVICE_SOFTWARE;
  d.driver = text_of("none");
  d.nqueues = 1;
  d.nmemory_kinds = 1;
  d.memory_kinds = &host_memory;
  d.memory_kind_stride = sizeof(host_memory);
  return d;
}

int32_t devices(void*, tenon_device* out, uint32_t stride, uint32_t cap, uint32_t* n, tenon_status*) {
  *n = 1;
  if (cap == 0) return TENON_OK;
  tenon_device d = device_record();
  d.size = std::min<uint32_t>(stride, sizeof(d));
  std::memcpy(out, &d, d.size);
  return TENON_OK;
}

int32_t session_create(void*, const tenon_session_desc* desc, tenon_provider_session** out, tenon_status* status) {
  *out = new (std::nothrow) tenon_provider_session{desc->device};
  return *out != nullptr ? TENON_OK : fail(status, TENON_OUT_OF_MEMORY, "no memory for a session");
}
void session_destroy(tenon_provider_session* session) { delete session; }

int32_t query(tenon_provider_session*, const tenon_graph* graph, tenon_sink* sink, tenon_status*) {
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    if (op_of(graph, node_at(graph, i)) != kNone)
      claim(sink, &i, 1);
    else
      refuse(sink, i);
  }
  return TENON_OK;
}

int32_t compile(tenon_provider_session*, const tenon_region* region, tenon_task*, tenon_exec** out, tenon_exec_info*,
                tenon_status*) {
  *out = new tenon_exec{op_of(region->graph, node_at(region->graph, 0))};
  return TENON_OK;
}

int32_t prepare(tenon_exec*, tenon_shapes* shapes, tenon_prepared** out, tenon_prepared_info*, tenon_status*) {
  const tenon_shape& x = *shapes->inputs;
  shapes->outputs->rank = x.rank;
  for (uint32_t i = 0; i < x.rank; ++i) shapes->outputs->dims[i] = x.dims[i];
  *out = new tenon_prepared{0};
  return TENON_OK;
}
void prepared_destroy(tenon_prepared* prepared) { delete prepared; }

int32_t execute(tenon_exec* exec, tenon_prepared*, const tenon_run* run, tenon_status* status) {
  const tenon_tensor& out = output_at(run, 0);
  Job job{exec->op, count(out), static_cast<const float*>(input_at(run, 0).data), nullptr,
          static_cast<float*>(out.data)};
  if (run->ninputs > 1) job.b = static_cast<const float*>(input_at(run, 1).data);
  if (run->ninputs == 1) job.b = job.a;  // x + x
  const uint64_t parts = static_cast<uint64_t>((job.n + kPart - 1) / kPart);
  const int32_t code = the_host->parallel_for(run->task, parts, run_part, &job);
  return code == TENON_OK ? code : fail(status, code, "the run was stopped");
}
void exec_destroy(tenon_exec* exec) { delete exec; }

int32_t enter(const tenon_host* offered, const tenon_host_range* range, const tenon_provider** out,
              tenon_status* status, const char* id, void (*spoil)(tenon_provider&, tenon_provider_info&)) {
  if (range->generation != TENON_ABI_GENERATION || range->min_minor > TENON_ABI_MINOR) {
    return fail(status, TENON_VERSION, "this provider speaks generation 0, minor 0; the host does not");
  }
  the_host = offered;
  static tenon_provider_info info{};
  static tenon_provider table{};
  if (table.size == 0) {
    info.size = sizeof(info);
    info.id = text_of(id);
    info.version = text_of("0.1.0");
    info.build = text_of("test");
    table.size = sizeof(table);
    table.info = &info;
    table.devices = devices;
    table.session_create = session_create;
    table.session_destroy = session_destroy;
    table.query = query;
    table.compile = compile;
    table.prepare = prepare;
    table.prepared_destroy = prepared_destroy;
    table.execute = execute;
    table.exec_destroy = exec_destroy;
    spoil(table, info);
  }
  *out = &table;
  return TENON_OK;
}

}  // namespace tenon::bad
