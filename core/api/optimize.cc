// SPDX-License-Identifier: Apache-2.0
// tenon_env_optimize: a model in, its optimised graph as a model out.
#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <map>
#include <string>

#include "core/api/error.hpp"
#include "core/api/run_options.hpp"
#include "core/api/session.hpp"
#include "core/api/text.hpp"
#include "core/base/check_task.hpp"
#include "core/onnx/export.hpp"

namespace json = boost::json;

namespace tenon::api {
namespace {

json::object counts_json(const std::map<std::string, uint64_t>& counts) {
  json::object out;
  for (const auto& [name, count] : counts) {
    out[name] = count;
  }
  return out;
}

std::string report_json(const Optimized& optimized, const ExportReport& written) {
  json::array passes;
  for (const PassRecord& pass : optimized.passes) {
    passes.push_back({{"name", pass.name},
                      {"class", pass.kind == PassClass::exact ? "exact" : "rounding"},
                      {"changed", pass.changes},
                      {"ms", static_cast<double>(pass.nanoseconds) / 1e6}});
  }
  json::object out = {{"opset", written.opset},
                      {"ir_version", written.ir_version},
                      {"nodes_before", optimized.nodes_before},
                      {"nodes", written.nodes},
                      {"operators", counts_json(written.operators)},
                      {"expanded", counts_json(optimized.expanded)},
                      {"lowered", counts_json(written.lowered)},
                      {"bytes", written.bytes},
                      {"passes", std::move(passes)}};
  out["external"] = nullptr;
  if (!written.external_file.empty()) {
    out["external"] = json::object{{"file", written.external_file}, {"bytes", written.external_bytes}};
  }
  return json::serialize(out);
}

Status optimize(tenon_env* env, tenon_string model, const LoadOptions& options, const tenon_optimize_desc& desc,
                tenon_text** report) {
  ModelSource source;
  if (desc.data == nullptr) {
    source.path = std::string(view(model));
  } else {
    source.bytes = {static_cast<const std::byte*>(desc.data), static_cast<size_t>(desc.bytes)};
    source.owner =
        std::shared_ptr<const void>(std::shared_ptr<void>(), desc.data);  // the caller keeps them for the call
    source.external_folder = std::string(view(model));
  }
  Task task;
  task.stop = desc.run == nullptr ? nullptr : &desc.run->stop;
  task.deadline_ns = desc.run == nullptr ? 0 : desc.run->deadline_ns();
  const auto progress = [&](uint64_t done, uint64_t total) -> Status {
    if (desc.progress != nullptr) {
      desc.progress(desc.progress_user, done, total);
    }
    return check_task(&task, "the model was written");
  };
  TENON_RETURN_IF_ERROR(progress(0, 0));
  TENON_ASSIGN_OR_RETURN(const Optimized optimized,
                         optimize_model(env, std::move(source), options, desc.opset, task.stop, task.deadline_ns));
  ExportOptions how;
  how.opset = desc.opset;
  how.external_data = desc.external_data != 0;
  how.dense_splats = desc.dense_constants != 0;
  how.progress = progress;
  ExportReport written;
  TENON_RETURN_IF_ERROR(export_model(optimized.model.get(), std::string(view(desc.out)), how, &written));
  if (report != nullptr) {
    *report = make_text(report_json(optimized, written));
  }
  return {};
}

}  // namespace
}  // namespace tenon::api

using tenon::Status;
using tenon::api::bad_argument;
using tenon::api::guarded;

extern "C" {

int32_t tenon_env_optimize(tenon_env* env, tenon_string model, const tenon_session_options* options,
                           const tenon_optimize_desc* desc, tenon_text** report, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (env == nullptr || desc == nullptr || desc->size < sizeof(uint32_t)) {
      return bad_argument("tenon_env_optimize: env or desc is NULL, or desc has no size");
    }
    tenon_optimize_desc known = {};
    std::memcpy(&known, desc, std::min<size_t>(desc->size, sizeof known));
    if (known.out.len == 0 || (known.data == nullptr && model.len == 0)) {
      return bad_argument("tenon_env_optimize: desc.out is empty, or neither model nor desc.data is given");
    }
    const tenon::LoadOptions standard;
    return tenon::api::optimize(env, model, options == nullptr ? standard : options->options, known, report);
  });
}

}  // extern "C"
