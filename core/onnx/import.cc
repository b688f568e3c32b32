// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/import.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/base/file.hpp"
#include "core/base/time.hpp"
#include "core/onnx/build.hpp"
#include "core/onnx/wire/parse.hpp"

namespace tenon {
namespace {

constexpr int64_t kOldestIr = 3;
constexpr int64_t kNewestIr = 14;
// Whatever the caller allows: a graph in a graph takes a few kilobytes of the stack.
constexpr uint32_t kMaxNesting = 256;
constexpr double kMaxSeconds = 1e9;

Status check_header(const wire::Model& wire, onnx_import::Opsets* opsets, Model* model) {
  if (!wire.has_graph) {
    return Status(TENON_MALFORMED, "not a readable ONNX model: it has no graph");
  }
  if (wire.ir_version < kOldestIr || wire.ir_version > kNewestIr) {
    return Status(TENON_VERSION, "the model has IR version " + std::to_string(wire.ir_version) + ", this build reads " +
                                     std::to_string(kOldestIr) + " to " + std::to_string(kNewestIr))
        .with_expectation(std::to_string(wire.ir_version),
                          std::to_string(kOldestIr) + " to " + std::to_string(kNewestIr));
  }
  if (Status status = onnx_import::read_opsets(wire.opset_import, opsets); !status.ok()) {
    return status.prefixed("the model ");
  }
  if (opsets->empty()) {
    return Status(TENON_INVALID_MODEL, "the model imports no opset");
  }
  model->opsets.insert(opsets->begin(), opsets->end());
  model->ir_version = wire.ir_version;
  model->producer_name = wire.producer_name;
  model->producer_version = wire.producer_version;
  model->domain = wire.domain;
  model->doc_string = wire.doc_string;
  model->graph_doc_string = wire.graph.doc_string;
  model->model_version = wire.model_version;
  for (const auto& [key, value] : wire.metadata_props) {
    model->metadata.emplace_back(key, value);
  }
  return {};
}

Result<std::unique_ptr<Model>> import_checked(onnx_import::TensorReader::Settings settings, ImportOptions options) {
  options.limits.nesting = std::min(options.limits.nesting, kMaxNesting);
  const double seconds = std::clamp(options.limits.seconds, 0.0, kMaxSeconds);
  const uint64_t deadline = now_ns() + static_cast<uint64_t>(seconds * 1e9);
  wire::ParseLimits limits;
  limits.table_bytes = options.limits.table_bytes;
  limits.nesting = options.limits.nesting * 3 + 8;  // a graph in a graph is three messages
  const auto wire = std::make_unique<wire::Model>();
  TENON_RETURN_IF_ERROR(wire::parse_model(settings.bytes, limits, wire.get()));
  auto model = std::make_unique<Model>();
  onnx_import::Opsets opsets;
  TENON_RETURN_IF_ERROR(check_header(*wire, &opsets, model.get()));
  onnx_import::Functions functions;
  TENON_RETURN_IF_ERROR(functions.add(wire->functions));
  TENON_RETURN_IF_ERROR(functions.count(wire->graph, options.limits).status());
  settings.file_bytes = options.limits.file_bytes;
  settings.dense_bytes = options.limits.dense_bytes;
  settings.missing_as_zero = options.missing_weights_as_zero;
  onnx_import::TensorReader tensors(std::move(settings));
  onnx_import::Builder builder(model.get(), opsets, &tensors, &functions, options, deadline);
  TENON_RETURN_IF_ERROR(builder.build_main(wire->graph, wire->ir_version));
  return model;
}

// What the standard library throws ends here.
template <typename Fn>
Result<std::unique_ptr<Model>> guarded(const Fn& import) {
  try {
    return import();
  } catch (const std::bad_alloc&) {
    return Status(TENON_OUT_OF_MEMORY, "no memory to import the model");
  } catch (const std::exception& error) {
    return Status(TENON_INTERNAL, std::string("import failed: ") + error.what());
  }
}

}  // namespace

Result<std::unique_ptr<Model>> import_file(const std::string& path, const ImportOptions& options) {
  return guarded([&]() -> Result<std::unique_ptr<Model>> {
    const MappedFile::Mode mode = options.weights == WeightsMode::map ? MappedFile::Mode::map : MappedFile::Mode::read;
    TENON_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file,
                           MappedFile::open(path, mode, options.limits.file_bytes));
    onnx_import::TensorReader::Settings settings;
    settings.bytes = {reinterpret_cast<const char*>(file->data()), static_cast<size_t>(file->size())};
    settings.owner = file;
    settings.fd = file->fd();
    settings.external = true;
    settings.folder = options.external_root.empty() ? folder_of(path) : options.external_root;
    settings.links = options.external_root.empty() ? MappedFile::Links::into_blobs : MappedFile::Links::refused;
    settings.mode = mode;
    auto model = import_checked(std::move(settings), options);
    if (!model.ok()) {
      return model.status().prefixed(path + ": ");
    }
    (*model)->path = path;
    return model;
  });
}

Result<std::unique_ptr<Model>> import_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                            const ImportOptions& options) {
  return guarded([&]() -> Result<std::unique_ptr<Model>> {
    if (bytes.size() > options.limits.file_bytes) {
      return Status(TENON_LIMIT, "the model has more bytes than the limit 'file_bytes' of " +
                                     std::to_string(options.limits.file_bytes))
          .with_value("file_bytes");
    }
    onnx_import::TensorReader::Settings settings;
    settings.bytes = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (!owner && !bytes.empty()) {
      const std::shared_ptr<char[]> copy(new char[bytes.size()]);
      std::memcpy(copy.get(), bytes.data(), bytes.size());
      settings.bytes = {copy.get(), bytes.size()};
      owner = copy;
    }
    settings.owner = std::move(owner);
    settings.external = !options.external_root.empty();
    settings.folder = options.external_root;
    settings.mode = options.weights == WeightsMode::map ? MappedFile::Mode::map : MappedFile::Mode::read;
    return import_checked(std::move(settings), options);
  });
}

}  // namespace tenon
