// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/export.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/base/new_file.hpp"
#include "core/onnx/export_graph.hpp"
#include "core/onnx/lowering/lowering.hpp"
#include "core/onnx/schema.hpp"

namespace tenon {
namespace {

using onnx_export::ExternalFile;
using onnx_export::GraphWriter;
using wire::Message;

constexpr int64_t kOldestIr = 4;  // that tells constants from inputs with a default

// The IR version that came with each opset of ai.onnx from 10 on: 10 -> 5, 11 -> 6, ...
constexpr int64_t kIrOf[] = {5, 6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13, 14};

int64_t ir_of(uint32_t opset) {
  return opset < 10 ? kOldestIr : kIrOf[std::min<size_t>(opset - 10, std::size(kIrOf) - 1)];
}

// Domains that nodes have and the model does not import: its functions did.
void add_domains(const Model& model, std::map<std::string, uint32_t, std::less<>>* opsets) {
  for_each_graph(*model.graph, [&](Graph& graph) {
    for (const NodeId id : graph.order) {
      const Node& node = graph.nodes[id];
      if (!opsets->contains(node.domain)) {
        const uint32_t newest = onnx_facts::newest_opset(node.domain);
        opsets->emplace(node.domain, newest != 0 ? newest : std::max(node.form, 1U));
      }
    }
  });
}

Message entry_message(uint32_t first, std::string_view key, uint32_t second, std::string_view value) {
  Message pair;
  pair.text(first, key);
  pair.text(second, value);
  return pair;
}

Message model_message(const Model& model, const std::map<std::string, uint32_t, std::less<>>& opsets,
                      int64_t ir_version, Message graph) {
  Message out;
  out.varint(1, static_cast<uint64_t>(ir_version));
  out.text_if(2, model.producer_name);
  out.text_if(3, model.producer_version);
  out.text_if(4, model.domain);
  if (model.model_version != 0) {
    out.varint(5, static_cast<uint64_t>(model.model_version));
  }
  out.text_if(6, model.doc_string);
  for (const auto& [domain, version] : opsets) {
    Message import;
    import.text_if(1, domain == "ai.onnx" ? std::string_view() : std::string_view(domain));
    import.varint(2, version);
    out.message(8, std::move(import));
  }
  for (const auto& [key, value] : model.metadata) {
    out.message(14, entry_message(1, key, 2, value));
  }
  out.message(7, std::move(graph));
  return out;
}

std::string name_in_folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// What is written of all, told to the caller.
class Counter {
 public:
  Counter(const ExportOptions& options, uint64_t total) : options_(options), total_(total) {}
  Message::Sink into(NewFile* file) {
    return [this, file](const void* data, size_t bytes) -> Status {
      TENON_RETURN_IF_ERROR(file->write(data, bytes));
      done_ += bytes;
      return options_.progress ? options_.progress(done_, total_) : Status();
    };
  }

 private:
  const ExportOptions& options_;
  const uint64_t total_;
  uint64_t done_ = 0;
};

Status write_external(const ExternalFile& external, Counter* counter, NewFile* file) {
  const Message::Sink sink = counter->into(file);
  for (const ExternalFile::Entry& entry : external.entries) {
    TENON_RETURN_IF_ERROR(file->fill_to(entry.offset));
    const Constant& constant = *entry.constant;
    TENON_RETURN_IF_ERROR(
        wire::write_repeated(constant.data, constant.bytes, constant.splat ? constant.elements() : 1, sink));
  }
  return {};
}

}  // namespace

Result<uint32_t> export_opset(const Model& model, uint32_t opset) {
  if (const auto own = model.opsets.find("ai.onnx"); opset == 0 && own != model.opsets.end()) {
    return own->second;
  }
  if (opset == 0) {  // a model of other domains alone: what is as old as its file
    uint32_t newest = 9;
    while (newest < onnx_facts::kOpset && ir_of(newest + 1) <= model.ir_version) {
      ++newest;
    }
    return newest;
  }
  if (opset > onnx_facts::kOpset) {
    const std::string known = "1 to " + std::to_string(onnx_facts::kOpset);
    return Status(TENON_VERSION, "there is no opset " + std::to_string(opset) + ", this build knows " + known)
        .with_value("opset")
        .with_expectation(std::to_string(opset), known);
  }
  return opset;
}

Status export_model(Model* model, const std::string& path, const ExportOptions& options, ExportReport* report) {
  TENON_ASSIGN_OR_RETURN(report->opset, export_opset(*model, options.opset));
  lowering::Targets targets = lowering::make_targets(*model, report->opset);
  TENON_RETURN_IF_ERROR(lowering::lower_model(model, targets, &report->lowered));
  add_domains(*model, &targets.opsets);
  report->ir_version = std::max(model->ir_version, ir_of(report->opset));

  ExternalFile external;
  external.name = name_in_folder(path) + ".data";
  const auto build = [&](bool apart) {
    GraphWriter::Settings settings{report->opset, options.dense_splats, apart ? &external : nullptr};
    GraphWriter writer(*model, settings);
    Message graph = writer.main_graph();
    if (!writer.has_onnx_nodes() && !model->opsets.contains("ai.onnx")) {
      targets.opsets.erase("ai.onnx");
    }
    Message message = model_message(*model, targets.opsets, report->ir_version, std::move(graph));
    report->nodes = writer.nodes();
    report->operators = writer.operators();
    return message;
  };
  Message message = build(options.external_data);
  if (message.size() > options.most_bytes && !options.external_data) {
    message = build(true);
  }
  if (message.size() > options.most_bytes) {
    return Status(TENON_LIMIT, "the model has " + std::to_string(message.size()) +
                                   " bytes without its weights, at most " + std::to_string(options.most_bytes) +
                                   " can be read");
  }
  Counter counter(options, message.size() + external.size);
  NewFile file;
  NewFile data;
  TENON_RETURN_IF_ERROR(file.open(path));
  TENON_RETURN_IF_ERROR(message.write(counter.into(&file)));
  report->bytes = file.size();
  if (!external.entries.empty()) {
    TENON_RETURN_IF_ERROR(data.open_own(path + ".data"));
    TENON_RETURN_IF_ERROR(write_external(external, &counter, &data));
    report->external_file = external.name;
    report->external_bytes = data.size();
    TENON_RETURN_IF_ERROR(data.commit());
  }
  return file.commit();
}

}  // namespace tenon
