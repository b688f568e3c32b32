// SPDX-License-Identifier: Apache-2.0
#include "core/opt/run_passes.hpp"

#include <algorithm>
#include <chrono>

#include "core/base/nearest.hpp"
#include "core/ir/verify.hpp"
#include "core/opt/pass.hpp"
#include "core/shape/infer.hpp"

namespace tenon {
namespace {

struct Pass {
  PassInfo info;
  Status (*run)(PassContext&);
};

const std::vector<Pass>& passes() {
  static const std::vector<Pass> list = {
#define TENON_PASS(name, kind, text) {{#name, PassClass::kind, text}, pass_##name},
#include "core/opt/passes.def"
#undef TENON_PASS
  };
  return list;
}

Status select_one(std::string_view word, std::vector<bool>* chosen) {
  const bool drop = word.starts_with('-');
  const std::string_view name = drop ? word.substr(1) : word;
  const std::vector<Pass>& list = passes();
  if (!drop && (name == "all" || name == "exact" || name == "none")) {
    for (size_t i = 0; i < list.size(); ++i) {
      (*chosen)[i] = name == "all" || (name == "exact" && list[i].info.kind == PassClass::exact);
    }
    return {};
  }
  std::vector<std::string_view> names = {"all", "exact", "none"};
  for (size_t i = 0; i < list.size(); ++i) {
    names.push_back(list[i].info.name);
    if (list[i].info.name == name) {
      (*chosen)[i] = !drop;
      return {};
    }
  }
  const std::string near = nearest_name(name, names);
  return Status(TENON_OPTION, "no pass is named '" + std::string(name) + "'" +
                                  (near.empty() ? std::string() : "; the nearest is '" + near + "'"))
      .with_value("passes");
}

Result<std::vector<bool>> selection(std::string_view text) {
  std::vector<bool> chosen(passes().size(), true);
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (word.starts_with(' ')) {
      word.remove_prefix(1);
    }
    while (word.ends_with(' ')) {
      word.remove_suffix(1);
    }
    if (!word.empty()) {
      TENON_RETURN_IF_ERROR(select_one(word, &chosen));
    }
  }
  return chosen;
}

// An origin that a live node still stands for runs, whatever a pass did to another node of it.
void settle_fates(Model& model) {
  std::vector<uint8_t> carried(model.origins.size(), 0);
  for_each_graph(*model.graph, [&](Graph& graph) {
    for (NodeId id : graph.order) {
      for (OriginId origin : graph.nodes[id].origins) {
        carried[origin] = 1;
      }
    }
  });
  for (OriginId id = 0; id < model.origins.size(); ++id) {
    Origin& origin = model.origins[id];
    if (carried[id] && (origin.fate == Fate::folded || origin.fate == Fate::removed)) {
      origin.fate = Fate::runs;
      origin.by.clear();
      origin.detail.clear();
    }
  }
}

// Gives back constants that no value names any longer: a folded weight must not be kept beside its original.
void release_constants(Model& model) {
  std::vector<uint8_t> used(model.constants.size(), 0);
  for_each_graph(*model.graph, [&](Graph& graph) {
    for (const Value& value : graph.values) {
      if (value.live && value.constant != kNone) {
        used[value.constant] = 1;
      }
    }
  });
  for (ConstantId id = 0; id < model.constants.size(); ++id) {
    if (!used[id]) {
      model.constants[id] = nullptr;
    }
  }
}

Status run_one(const Pass& pass, PassContext& context, const Interface& interface, PassRecord* record) {
  context.pass = pass.info.name;
  context.changes = 0;
  const auto start = std::chrono::steady_clock::now();
  const Status status = pass.run(context);
  record->nanoseconds += static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  record->runs += 1;
  record->changes += context.changes;
  if (!status.ok()) {
    return status.prefixed("pass " + std::string(pass.info.name) + ": ");
  }
  uint64_t nodes = 0;
  for_each_graph(*context.model.graph, [&](Graph& graph) { nodes += graph.order.size(); });
  if (nodes > context.options.max_nodes) {
    return Status(TENON_LIMIT, "after pass " + std::string(pass.info.name) + " the model has " + std::to_string(nodes) +
                                   " nodes, at most " + std::to_string(context.options.max_nodes) +
                                   " are allowed (max_nodes)");
  }
  if (context.options.verify) {
    const Status sound = verify(context.model);
    TENON_RETURN_IF_ERROR(sound.ok() ? sound : sound.prefixed("after pass " + std::string(pass.info.name) + ": "));
    return verify_interface(interface, *context.model.graph);
  }
  return {};
}

}  // namespace

const std::vector<PassInfo>& all_passes() {
  static const std::vector<PassInfo> infos = [] {
    std::vector<PassInfo> list;
    for (const Pass& pass : passes()) {
      list.push_back(pass.info);
    }
    return list;
  }();
  return infos;
}

std::string only_exact(std::string selected) {
  for (const Pass& pass : passes()) {
    if (pass.info.kind == PassClass::rounding) {
      selected += ",-" + std::string(pass.info.name);
    }
  }
  return selected;
}

Status run_passes(Model* model, const PassOptions& options, const PassServices& services,
                  std::vector<PassRecord>* report) {
  TENON_ASSIGN_OR_RETURN(const std::vector<bool> chosen, selection(options.passes));
  PassContext context{*model, options, services, {}, 0, {}};
  const Interface interface = interface_of(*model->graph);
  std::vector<PassRecord> records;
  for (const Pass& pass : passes()) {
    records.push_back({pass.info.name, pass.info.kind, 0, 0, 0});
  }
  for (uint32_t round = 0; round < options.rounds; ++round) {
    uint64_t changes = 0;
    for (size_t i = 0; i < passes().size(); ++i) {
      if (chosen[i]) {
        TENON_RETURN_IF_ERROR(run_one(passes()[i], context, interface, &records[i]));
        changes += context.changes;
      }
    }
    if (changes == 0) {
      break;
    }
    // New constants make types more precise.
    TENON_RETURN_IF_ERROR(infer_model(model, {services.custom}));
  }
  settle_fates(*model);
  release_constants(*model);
  if (report != nullptr) {
    std::erase_if(records, [](const PassRecord& record) { return record.runs == 0; });
    *report = std::move(records);
  }
  return {};
}

}  // namespace tenon
