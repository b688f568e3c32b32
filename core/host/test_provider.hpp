// SPDX-License-Identifier: Apache-2.0
// A provider inside the test program: Add and Neg on float32, with hooks to misbehave. Tests only.
#pragma once

#include <tenon/plugin.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/host/host_table.hpp"
#include "core/host/loader.hpp"
#include "core/host/provider.hpp"
#include "core/ir/graph.hpp"

namespace tenon::testing_host {

struct TestProvider {
  std::string id = "fake", version = "1.0.0";
  tenon_provider_info info{};
  tenon_provider table{};
  tenon_device device{};
  tenon_memory_kind kinds[2]{};
  std::vector<tenon_option_desc> options;
  // Called for each query; default: every Add and Neg alone, refuses the rest.
  std::function<int32_t(const tenon_graph*, tenon_sink*)> query;
  std::function<void(tenon_exec_info*)> edit_info;
  std::function<int32_t(tenon_shapes*)> prepare;
  std::function<int32_t(const tenon_run*)> execute;
  bool pack_constants = false;  // asks for a pack of each constant input, and needs no original
  std::atomic<int> prepacks{0}, sessions{0}, execs{0}, prepareds{0};
  std::vector<uint64_t> claim_ids;

  TestProvider();
  Manifest manifest() const {
    Manifest manifest;
    manifest.id = id;
    manifest.version = version;
    return manifest;
  }
  Result<std::unique_ptr<Provider>> accept(const HostRange& range = {}) {
    info.id = abi_string(id);
    info.version = abi_string(version);
    return accept_provider(manifest(), "in-process", &table, range);
  }
};

struct TestExec {
  TestProvider* provider;
  tenon_host_session* session;
  struct Step {
    std::string op;
    std::vector<uint32_t> inputs;
    uint32_t output;
  };
  std::vector<Step> steps;
  std::vector<uint32_t> inputs, outputs;  // value ids
  std::vector<tenon_pack_request> packs;
  std::vector<uint32_t> pack_values;
  std::vector<const float*> packed;  // by pack
  uint32_t nvalues = 0;
};

struct TestSession {
  TestProvider* provider;
  tenon_host_session* host;
};

inline void claim_each(const tenon_graph* graph, tenon_sink* sink) {
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    const std::string_view op = view(graph->nodes[i].op);
    if (op == "Add" || op == "Neg") {
      tenon_claim claim{};
      claim.size = sizeof claim;
      claim.id = i;
      claim.nodes = &i;
      claim.nnodes = 1;
      host_table().claim(sink, &claim);
    } else {
      tenon_refusal refusal{};
      refusal.size = sizeof refusal;
      refusal.node = i;
      refusal.reason = TENON_REFUSE_OP;
      refusal.value = TENON_NO_ID;
      refusal.text = abi_string("only Add and Neg");
      host_table().refuse(sink, &refusal);
    }
  }
}

inline int32_t compile_test(tenon_provider_session* raw, const tenon_region* region, tenon_exec** out,
                            tenon_exec_info* info) {
  auto* session = reinterpret_cast<TestSession*>(raw);
  auto* exec = new TestExec{session->provider, session->host, {}, {}, {}, {}, {}, {}, 0};
  const tenon_graph& graph = *region->graph;
  for (uint32_t i = 0; i < graph.nnodes; ++i) {
    const tenon_node& node = graph.nodes[i];
    exec->steps.push_back({std::string(view(node.op)), {node.inputs, node.inputs + node.ninputs}, node.outputs[0]});
  }
  exec->inputs.assign(graph.inputs, graph.inputs + graph.ninputs);
  exec->outputs.assign(graph.outputs, graph.outputs + graph.noutputs);
  exec->nvalues = graph.nvalues;
  for (uint32_t input : exec->inputs) {
    const uint32_t constant = graph.values[input].const_id;
    if (session->provider->pack_constants && constant != TENON_NO_ID) {
      tenon_weight weight{};
      host_table().weight_get(session->host, constant, 64, &weight, nullptr);
      exec->packs.push_back({constant, 0, weight.tensor.bytes, 64, abi_string("copy"), 0, 0});
      exec->pack_values.push_back(input);
      exec->packed.push_back(nullptr);
    }
  }
  info->packs = exec->packs.data();
  info->npacks = static_cast<uint32_t>(exec->packs.size());
  info->pack_stride = sizeof(tenon_pack_request);
  info->kernel = abi_string("test kernel");
  if (session->provider->edit_info) {
    session->provider->edit_info(info);
  }
  ++session->provider->execs;
  *out = reinterpret_cast<tenon_exec*>(exec);
  return TENON_OK;
}

inline int32_t execute_test(tenon_exec* raw, const tenon_run* run) {
  auto* exec = reinterpret_cast<TestExec*>(raw);
  if (exec->provider->execute) {
    return exec->provider->execute(run);
  }
  const uint64_t n = run->outputs[0].bytes / sizeof(float);
  std::vector<std::vector<float>> values(exec->nvalues, std::vector<float>(n));
  for (size_t i = 0; i < exec->inputs.size(); ++i) {
    const float* from = static_cast<const float*>(run->inputs[i].data);
    for (size_t p = 0; p < exec->packs.size(); ++p) {
      from = exec->pack_values[p] == exec->inputs[i] ? exec->packed[p] : from;
    }
    std::memcpy(values[exec->inputs[i]].data(), from, n * sizeof(float));
  }
  for (const auto& step : exec->steps) {
    for (uint64_t i = 0; i < n; ++i) {
      const float a = values[step.inputs[0]][i];
      values[step.output][i] = step.op == "Neg" ? -a : a + values[step.inputs[1]][i];
    }
  }
  for (size_t i = 0; i < exec->outputs.size(); ++i) {
    std::memcpy(run->outputs[i].data, values[exec->outputs[i]].data(), n * sizeof(float));
  }
  return TENON_OK;
}

inline TestProvider::TestProvider() {
  info.size = sizeof info;
  kinds[0].name = abi_string("host");
  kinds[0].flags = TENON_MEMORY_HOST;
  kinds[0].alignment = 64;
  device.size = sizeof device;
  device.name = abi_string("test");
  device.kind = TENON_DEVICE_CPU;
  device.nqueues = 1;
  device.nmemory_kinds = 1;
  device.memory_kinds = kinds;
  device.memory_kind_stride = sizeof(tenon_memory_kind);
  table.size = sizeof table;
  table.self = this;
  table.info = &info;
  table.devices = [](void* self, tenon_device* out, uint32_t, uint32_t cap, uint32_t* n, tenon_status*) {
    *n = 1;
    if (cap > 0) {
      out[0] = static_cast<TestProvider*>(self)->device;
    }
    return TENON_OK;
  };
  table.options = [](void* self, const tenon_option_desc** out, uint32_t* stride, uint32_t* n) {
    const auto& all = static_cast<TestProvider*>(self)->options;
    *out = all.data();
    *stride = sizeof(tenon_option_desc);
    *n = static_cast<uint32_t>(all.size());
    return TENON_OK;
  };
  table.session_create = [](void* self, const tenon_session_desc* desc, tenon_provider_session** out, tenon_status*) {
    ++static_cast<TestProvider*>(self)->sessions;
    *out = reinterpret_cast<tenon_provider_session*>(
        new TestSession{static_cast<TestProvider*>(self), desc->host_session});
    return TENON_OK;
  };
  table.session_destroy = [](tenon_provider_session* session) {
    --reinterpret_cast<TestSession*>(session)->provider->sessions;
    delete reinterpret_cast<TestSession*>(session);
  };
  table.query = [](tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink, tenon_status*) {
    TestProvider* provider = reinterpret_cast<TestSession*>(session)->provider;
    if (provider->query) {
      return provider->query(graph, sink);
    }
    claim_each(graph, sink);
    return TENON_OK;
  };
  table.compile = [](tenon_provider_session* session, const tenon_region* region, tenon_task*, tenon_exec** out,
                     tenon_exec_info* exec_info,
                     tenon_status*) { return compile_test(session, region, out, exec_info); };
  table.prepack = [](tenon_exec* raw, uint32_t pack, const tenon_tensor* dst, tenon_task*, tenon_status* status) {
    auto* exec = reinterpret_cast<TestExec*>(raw);
    ++exec->provider->prepacks;
    tenon_weight weight{};
    if (host_table().weight_get(exec->session, exec->packs[pack].const_id, 4, &weight, status) != TENON_OK) {
      return status->code;
    }
    std::memcpy(dst->data, weight.tensor.data, weight.tensor.bytes);
    return TENON_OK;
  };
  table.bind_packed = [](tenon_exec* raw, uint32_t pack, const tenon_tensor* packed, tenon_status*) {
    reinterpret_cast<TestExec*>(raw)->packed[pack] = static_cast<const float*>(packed->data);
    return TENON_OK;
  };
  table.prepare = [](tenon_exec* raw, tenon_shapes* shapes, tenon_prepared** out, tenon_prepared_info* prepared,
                     tenon_status*) {
    TestProvider* provider = reinterpret_cast<TestExec*>(raw)->provider;
    ++provider->prepareds;
    *out = reinterpret_cast<tenon_prepared*>(provider);
    prepared->workspace_bytes = 128;
    if (provider->prepare) {
      return provider->prepare(shapes);
    }
    for (uint32_t i = 0; i < shapes->noutputs; ++i) {
      shapes->outputs[i].rank = shapes->inputs[0].rank;
      std::copy(shapes->inputs[0].dims, shapes->inputs[0].dims + shapes->inputs[0].rank, shapes->outputs[i].dims);
    }
    return TENON_OK;
  };
  table.prepared_destroy = [](tenon_prepared* prepared) { --reinterpret_cast<TestProvider*>(prepared)->prepareds; };
  table.execute = [](tenon_exec* exec, tenon_prepared*, const tenon_run* run, tenon_status*) {
    return execute_test(exec, run);
  };
  table.exec_destroy = [](tenon_exec* exec) {
    --reinterpret_cast<TestExec*>(exec)->provider->execs;
    delete reinterpret_cast<TestExec*>(exec);
  };
}

// Graphs over float32 values of shape [4].
struct TestGraph {
  Model model;
  Graph& graph;
  TestGraph() : graph(*(model.graph = std::make_unique<Graph>())) { graph.model = &model; }

  ValueId value(const std::string& name) {
    Dim four;
    four.size = 4;
    return graph.add_value(name, Type::tensor(TENON_FLOAT32, std::vector<Dim>{four}));
  }
  ValueId input(const std::string& name) {
    graph.inputs.push_back(value(name));
    return graph.inputs.back();
  }
  ValueId constant(const std::string& name, std::vector<float> data) {
    return graph.add_constant(name, make_constant(TENON_FLOAT32, {static_cast<int64_t>(data.size())}, data.data(),
                                                  data.size() * sizeof(float)));
  }
  // The node's output; `node` gets its id when it is not NULL.
  ValueId op(const std::string& name, std::vector<ValueId> inputs, NodeId* id = nullptr) {
    Node node;
    node.name = name + "_" + std::to_string(graph.nodes.size());
    node.domain = "ai.onnx";
    node.op = name;
    node.inputs = std::move(inputs);
    node.outputs = {value(node.name + "_out")};
    const ValueId output = node.outputs[0];
    const NodeId made = graph.add_node(std::move(node));
    if (id != nullptr) {
      *id = made;
    }
    return output;
  }
};

}  // namespace tenon::testing_host
