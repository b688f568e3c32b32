// SPDX-License-Identifier: Apache-2.0
// From a file to a session: providers, import, dims, passes, sessions of providers, placement, executor.
#include <algorithm>
#include <atomic>
#include <set>
#include <string>

#include "core/api/session.hpp"
#include "core/base/log.hpp"
#include "core/base/nearest.hpp"
#include "core/base/time.hpp"
#include "core/host/node_runner.hpp"
#include "core/onnx/export.hpp"
#include "core/onnx/import.hpp"
#include "core/opt/expand_for_opset.hpp"
#include "core/opt/services.hpp"
#include "core/sched/expand.hpp"
#include "core/shape/infer.hpp"

namespace tenon::api {
namespace {

double ms_since(uint64_t begin) { return static_cast<double>(now_ns() - begin) / 1e6; }

// A provider on a device, with the options that the caller gave it.
struct Selected {
  Provider* provider = nullptr;
  uint32_t device = 0;
  OptionList options;
};

// The caller's `device` option (an index or a name) where the provider has none of that name itself.
Result<uint32_t> choose_device(const Provider& provider, bool named, OptionList* options) {
  const std::vector<Device>& devices = provider.devices();
  const bool own = std::any_of(provider.options().begin(), provider.options().end(),
                               [](const OptionDesc& option) { return option.name == "device"; });
  const auto given = std::find_if(options->begin(), options->end(), [](const auto& o) { return o.first == "device"; });
  if (!own && given != options->end()) {
    std::vector<std::string> names;
    for (uint32_t i = 0; i < devices.size(); ++i) {
      names.push_back(devices[i].name);
      if (given->second == devices[i].name || given->second == std::to_string(i)) {
        options->erase(given);
        return i;
      }
    }
    return Status(TENON_OPTION, "provider '" + provider.id() + "' has no device '" + given->second + "'" +
                                    did_you_mean(given->second, names))
        .with_provider(provider.id())
        .with_value("device");
  }
  for (uint32_t i = 0; i < devices.size(); ++i) {
    if (!devices[i].software()) {
      return i;
    }
  }
  // A device that is emulated is only taken by name.
  return named ? 0 : kNone;
}

class Loader {
 public:
  // stop and deadline_ns: as in Task.
  Loader(tenon_env* env, ModelSource source, const LoadOptions& options, const std::atomic<int32_t>* stop = nullptr,
         uint64_t deadline_ns = 0)
      : session_(std::make_unique<tenon_session>(env)), options_(options) {
    session_->options = options;
    session_->source = std::move(source);
    task_.pool = env->pool.get();
    task_.max_workers = options.threads != 0 ? std::min(options.threads, env->pool->workers()) : env->pool->workers();
    if (options.limit_load_ms != 0) {
      task_.deadline_ns = now_ns() + options.limit_load_ms * 1'000'000;
    }
    task_.stop = stop;
    if (deadline_ns != 0 && (task_.deadline_ns == 0 || deadline_ns < task_.deadline_ns)) {
      task_.deadline_ns = deadline_ns;
      called_off_ = true;
    }
  }

  // Without placement: for models that are written.
  Result<Optimized> optimize_for(uint32_t opset) {
    TENON_RETURN_IF_ERROR(select_providers());
    TENON_RETURN_IF_ERROR(import());
    Optimized result;
    result.model = session_->model;
    result.nodes_before = result.model->origins.size();
    TENON_ASSIGN_OR_RETURN(opset, export_opset(*result.model, opset));
    TENON_RETURN_IF_ERROR(in_time("import"));
    TENON_RETURN_IF_ERROR(optimize(options_.passes, &result.passes));
    TENON_RETURN_IF_ERROR(in_time("passes"));
    TENON_RETURN_IF_ERROR(expand_for_opset(result.model.get(), opset, &session_->custom_lookup, &result.expanded));
    if (!result.expanded.empty()) {
      // Parts compute on constants, too. Nothing is raised again.
      TENON_RETURN_IF_ERROR(optimize(only_exact(options_.passes), nullptr));
    }
    TENON_RETURN_IF_ERROR(in_time("lowering"));
    return result;
  }

  Result<std::unique_ptr<tenon_session>> load() {
    const uint64_t begin = now_ns();
    TENON_RETURN_IF_ERROR(select_providers());
    TENON_RETURN_IF_ERROR(import());
    session_->times.import_ms = ms_since(begin);
    TENON_RETURN_IF_ERROR(in_time("import"));
    const uint64_t passes_begin = now_ns();
    TENON_RETURN_IF_ERROR(optimize(options_.passes, &session_->passes));
    session_->times.passes_ms = ms_since(passes_begin);
    TENON_RETURN_IF_ERROR(in_time("passes"));
    const uint64_t place_begin = now_ns();
    if (Status status = build(); !status.ok()) {
      return status.code() == TENON_DEADLINE ? in_time("a part of placement") : status;
    }
    session_->times.place_ms = ms_since(place_begin);
    session_->times.total_ms = ms_since(begin);
    return std::move(session_);
  }

 private:
  Status in_time(const char* stage) const {
    const int32_t code = should_stop(&task_);
    if (code == TENON_OK) {
      return {};
    }
    if (code != TENON_DEADLINE || called_off_) {
      return Status(code, std::string("the call ended after ") + stage);
    }
    return Status(TENON_LIMIT, std::string("loading passed limit.load_ms = ") + std::to_string(options_.limit_load_ms) +
                                   " after " + stage)
        .with_value("limit.load_ms");
  }

  Status select(Provider* provider, OptionList options, bool named) {
    TENON_ASSIGN_OR_RETURN(const uint32_t device, choose_device(*provider, named, &options));
    if (device != kNone) {
      selected_.push_back({provider, device, std::move(options)});
    }
    return {};
  }

  // Named ones first; under warn and allow, and when none is named, everything else that was found follows.
  Status select_providers() {
    ProviderRegistry& registry = *session_->env->registry;
    std::set<std::string> taken;
    for (const ProviderChoice& choice : options_.providers) {
      TENON_ASSIGN_OR_RETURN(Provider * provider, registry.open(choice.id));
      taken.insert(choice.id);
      TENON_RETURN_IF_ERROR(select(provider, choice.options, true));
    }
    if (options_.providers.empty() || options_.effective_policy() != Policy::strict) {
      for (Provider* provider : registry.open_all()) {
        if (taken.insert(provider->id()).second) {
          TENON_RETURN_IF_ERROR(select(provider, {}, false));
        }
      }
    }
    for (const Selected& selected : selected_) {
      opened_.push_back(selected.provider);
    }
    session_->custom = std::make_unique<CustomOperators>(opened_);
    session_->custom_lookup = session_->custom->lookup();
    return {};
  }

  // Those that compute constants at load, selected or not: what is folded never runs, so it is no placement.
  std::vector<Provider*> folders() {
    std::vector<Provider*> found;
    for (Provider* provider : opened_) {
      if (provider->fold()) {
        found.push_back(provider);
      }
    }
    ProviderRegistry& registry = *session_->env->registry;
    for (const DiscoveredProvider& other : registry.list()) {
      const bool usable = other.state == ProviderState::available || other.state == ProviderState::loaded;
      if (usable && other.manifest && other.manifest->fold) {
        const auto provider = registry.open(other.id);
        if (provider.ok() && std::find(found.begin(), found.end(), *provider) == found.end()) {
          found.push_back(*provider);
        }
      }
    }
    return found;
  }

  Status import() {
    TENON_ASSIGN_OR_RETURN(std::unique_ptr<Model> model,
                           import_model(session_->source, options_, &session_->custom_lookup));
    session_->model = std::move(model);
    return fix_dims();
  }

  // Sizes that the caller gave to named dims.
  Status fix_dims() {
    if (options_.dims.empty()) {
      return {};
    }
    Model& model = *session_->model;
    std::vector<int64_t> sizes(model.symbols.size(), -1);
    std::set<std::string> of_inputs;
    for (ValueId input : model.graph->inputs) {
      for (const Dim& dim : model.graph->values[input].type.shape.value_or(std::vector<Dim>())) {
        if (dim.symbol != 0) {
          of_inputs.insert(model.symbols[dim.symbol]);
        }
      }
    }
    for (const auto& [name, size] : options_.dims) {
      if (!of_inputs.contains(name)) {
        return Status(TENON_OPTION, "no input has a dim named '" + name + "'" + did_you_mean(name, of_inputs))
            .with_value(name);
      }
      const auto at = std::find(model.symbols.begin() + 1, model.symbols.end(), name);
      sizes[static_cast<size_t>(at - model.symbols.begin())] = size;
    }
    for_each_graph(*model.graph, [&](Graph& graph) {
      for (Value& value : graph.values) {
        if (!value.type.shape) {
          continue;
        }
        for (Dim& dim : *value.type.shape) {
          if (!dim.known() && dim.symbol < sizes.size() && sizes[dim.symbol] >= 0) {
            dim = Dim{sizes[dim.symbol], 0};
          }
        }
      }
    });
    return infer_model(&model, {&session_->custom_lookup});
  }

  Status optimize(const std::string& passes, std::vector<PassRecord>* report) {
    ProviderFolder folder(folders(), &task_);
    PassServices services;
    services.folder = &folder;
    services.custom = &session_->custom_lookup;
    PassOptions options;
    options.passes = passes;
    options.fold_limit = options_.limit_fold_bytes;
    options.max_nodes = static_cast<uint32_t>(std::min<uint64_t>(options_.limit_nodes, UINT32_MAX));
    options.verify = options.verify || options_.verify;
    TENON_RETURN_IF_ERROR(run_passes(session_->model.get(), options, services, report));
    return infer_model(session_->model.get(), {&session_->custom_lookup});
  }

  Status build() {
    session_->weights = std::make_shared<WeightStore>();
    session_->weights->set_limits(&task_, options_.limit_model_bytes);
    std::vector<std::shared_ptr<ProviderSession>> sessions;
    std::vector<bool> last_resort;
    for (const Selected& selected : selected_) {
      ProviderSessionConfig config;
      config.device = selected.device;
      config.options = selected.options;
      config.max_workers = task_.max_workers;
      config.fusion = options_.fusion;
      config.weights = session_->weights;
      TENON_ASSIGN_OR_RETURN(auto made, selected.provider->create_session(std::move(config)));
      sessions.push_back(std::move(made));
      session_->providers.push_back(selected.provider->id());
      const bool named =
          std::any_of(options_.providers.begin(), options_.providers.end(),
                      [&](const ProviderChoice& choice) { return choice.id == selected.provider->id(); });
      last_resort.push_back(selected.provider->last_resort() && !named);
    }
    ProgramOptions options;
    options.policy = options_.effective_policy();
    options.fusion = options_.fusion;
    options.views = options_.views;
    options.infer.custom = &session_->custom_lookup;
    options.task = &task_;
    options.weights = session_->weights;
    TENON_ASSIGN_OR_RETURN(Expanded expanded, expand(sessions, last_resort));
    session_->weights->set_constants(session_->model->constants);
    options.answers = &expanded.answers;
    TENON_ASSIGN_OR_RETURN(auto program, build_program(*session_->model->graph, sessions, last_resort, options));
    drop_originals(session_.get(), *program);
    session_->report = make_report(*session_->model, *program, expanded.nodes);
    warn_about_last_resort(last_resort, sessions);
    ExecutorOptions executor;
    executor.plan_cache = options_.plan_cache;
    executor.threads = options_.threads;
    executor.memory_limit = options_.memory_limit;
    executor.profile = options_.profile;
    session_->executor = std::make_unique<Executor>(session_->model, std::move(program), session_->env->pool, executor);
    describe_io();
    return {};
  }

  // Nodes that providers rather take in parts.
  Result<Expanded> expand(const std::vector<std::shared_ptr<ProviderSession>>& sessions,
                          const std::vector<bool>& last_resort) {
    ExpandOptions options;
    options.fusion = options_.fusion;
    options.views = options_.views;
    options.infer.custom = &session_->custom_lookup;
    options.max_nodes = options_.limit_nodes;
    options.task = &task_;
    size_t constants = 0;
    const auto ask = [&](const Graph& graph) -> Result<std::vector<Answer>> {
      if (const Model& model = *session_->model; model.constants.size() != constants) {
        session_->weights->set_constants(model.constants);
        constants = model.constants.size();
      }
      TENON_ASSIGN_OR_RETURN(const GraphView view, GraphView::whole(graph));
      return query_sessions(view, sessions, last_resort);
    };
    TENON_ASSIGN_OR_RETURN(Expanded expanded, expand_nodes(session_->model.get(), ask, options));
    if (expanded.changed) {
      // Parts compute on constants, too. Nothing is raised again.
      TENON_RETURN_IF_ERROR(optimize(only_exact(options_.passes), nullptr));
    }
    return expanded;
  }

  // Policy::warn: nodes that a last-resort provider runs beside others are worth a word.
  void warn_about_last_resort(const std::vector<bool>& last_resort,
                              const std::vector<std::shared_ptr<ProviderSession>>& sessions) const {
    if (options_.effective_policy() != Policy::warn) {
      return;
    }
    std::set<std::string> preferred;
    for (size_t i = 0; i < sessions.size(); ++i) {
      if (!last_resort[i]) {
        preferred.insert(sessions[i]->provider().id());
      }
    }
    for (const auto& [name, count] : session_->report.classes) {
      for (size_t i = 0; i < sessions.size() && !preferred.empty(); ++i) {
        if (last_resort[i] && sessions[i]->provider().id() == name) {
          log_warning(std::to_string(count) + " of " + std::to_string(session_->report.nodes.size()) +
                      " nodes run on the last-resort provider '" + name + "'; the placement report says why");
        }
      }
    }
  }

  void describe_io() {
    const Graph& graph = *session_->model->graph;
    for (ValueId input : graph.inputs) {
      session_->inputs.push_back(describe(graph.values[input]));
      const bool has_default = session_->model->overridable.contains(input);
      session_->inputs.back()->record.optional =
          has_default || graph.values[input].type.kind == TypeKind::optional ? 1 : 0;
    }
    for (ValueId output : graph.outputs) {
      session_->outputs.push_back(describe(graph.values[output]));
    }
  }

  std::unique_ptr<IoInfo> describe(const Value& value) const {
    auto info = std::make_unique<IoInfo>();
    info->name = value.name;
    info->type = type_text(value.type);
    const Shape& shape = value.type.shape;
    for (const Dim& dim : shape.value_or(std::vector<Dim>())) {
      info->dims.push_back(dim.size);
      const std::string& symbol = session_->model->symbols[dim.known() ? 0 : dim.symbol];
      info->symbols.push_back(symbol.starts_with('?') ? std::string() : symbol);
    }
    for (const std::string& symbol : info->symbols) {
      info->symbol_records.push_back({symbol.data(), symbol.size()});
    }
    tenon_io& record = info->record;
    record.size = sizeof record;
    record.name = {info->name.data(), info->name.size()};
    record.type = {info->type.data(), info->type.size()};
    record.dtype = value.type.is_tensor() ? value.type.dtype : TENON_UNDEFINED;
    record.rank = shape ? static_cast<uint32_t>(shape->size()) : UINT32_MAX;
    record.dims = info->dims.data();
    record.symbols = info->symbol_records.data();
    return info;
  }

  std::unique_ptr<tenon_session> session_;
  const LoadOptions& options_;
  Task task_;
  bool called_off_ = false;  // the deadline is the caller's, not that of the options
  std::vector<Selected> selected_;
  std::vector<Provider*> opened_;
};

}  // namespace

Result<std::unique_ptr<Model>> import_model(const ModelSource& source, const LoadOptions& options,
                                            const onnx_facts::CustomLookup* custom, std::vector<NodeWires>* wires) {
  ImportOptions import;
  import.limits.file_bytes = options.limit_model_bytes;
  import.limits.nodes = options.limit_nodes;
  import.limits.nesting = static_cast<uint32_t>(options.limit_nesting);
  import.limits.seconds = static_cast<double>(options.limit_load_ms) / 1000;
  import.weights = options.map_weights ? WeightsMode::map : WeightsMode::read;
  import.custom = custom;
  import.wires = wires;
  if (!source.path.empty()) {
    return import_file(source.path, import);
  }
  import.external_root = source.external_folder;
  return import_bytes(source.bytes, source.owner, import);
}

Result<std::unique_ptr<Model>> import_again(const tenon_session& session, std::vector<NodeWires>* wires) {
  if (session.source.path.empty() && session.source.bytes.empty()) {
    return Status(TENON_UNSUPPORTED,
                  "the model's bytes were copied and are gone; load with keep_alive to read them again");
  }
  return import_model(session.source, session.options, &session.custom_lookup, wires);
}

Result<std::unique_ptr<tenon_session>> load_session(tenon_env* env, ModelSource source, const LoadOptions& options) {
  return Loader(env, std::move(source), options).load();
}

Result<Optimized> optimize_model(tenon_env* env, ModelSource source, const LoadOptions& options, uint32_t opset,
                                 const std::atomic<int32_t>* stop, uint64_t deadline_ns) {
  return Loader(env, std::move(source), options, stop, deadline_ns).optimize_for(opset);
}

}  // namespace tenon::api
