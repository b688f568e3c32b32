// SPDX-License-Identifier: Apache-2.0
// The reference provider: one-node claims on the host's processor, every operator in plain loops. Its answers are the
// definition by which other providers are tested.
#include <tenon/provider.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "operator.hpp"

namespace tenon::reference {
namespace {

class Exec {
 public:
  explicit Exec(CompiledNode node) : node_(std::move(node)) {}

  void execute(const plugin::Run& run) const {
    try {
      Context context(node_, run);
      node_.op->run(context);
      context.finish();
    } catch (const plugin::Error& e) {
      throw plugin::Error(e.code(), plugin::cat(node_.text, ": ", std::string_view(e.what())), e.vendor_code());
    }
  }
  std::string_view kernel() const { return node_.op->name; }

 private:
  CompiledNode node_;
};

class Session {
 public:
  void query(const plugin::Graph& graph, const plugin::Sink& sink) {
    for (uint32_t i = 0; i < graph.nnodes(); ++i) {
      const plugin::Node node = graph.node(i);
      if (const auto r = refusal(node)) {
        sink.refuse(node, r->reason, r->text, r->value);
      } else {
        sink.claim(node, node.id());
      }
    }
  }

  std::unique_ptr<Exec> compile(const plugin::Region& region, const plugin::Task&, tenon_exec_info& info) {
    require(region.graph().nnodes() == 1, TENON_INVALID_ARGUMENT, "the region has ", region.graph().nnodes(),
            " nodes, but only single nodes were claimed");
    const plugin::Node node = region.graph().node(0);
    CompiledNode out;
    out.op = find_operator(node.domain(), node.op());
    require(out.op != nullptr, TENON_INVALID_ARGUMENT, node.text(), " was not claimed");
    out.text = node.text();
    out.attributes = kit::Attributes(node);
    for (uint32_t i = 0; i < node.ninputs(); ++i) {
      out.inputs.push_back(node.has_input(i) ? region.input_index(node.input_ids()[i]) : std::nullopt);
    }
    for (uint32_t i = 0; i < node.noutputs(); ++i) {
      out.outputs.push_back(node.has_output(i) ? region.output_index(node.output_ids()[i]) : std::nullopt);
      out.output_dtypes.push_back(node.has_output(i) ? node.output(i).dtype() : TENON_UNDEFINED);
    }
    auto exec = std::make_unique<Exec>(std::move(out));
    info.kernel = plugin::str(exec->kernel());
    return exec;
  }
};

class Provider {
 public:
  static constexpr plugin::Identity identity{
      .id = "reference", .version = "0.1.0", .build = "C++20, " __VERSION__ ", baseline instructions"};

  explicit Provider(const plugin::Host&) {}
  std::span<const tenon_device> devices() { return {&device_, 1}; }
  std::unique_ptr<Session> create_session(plugin::SessionDesc) { return std::make_unique<Session>(); }
  /// "tenon_x_operators": a terminated text, see list_operators.
  const void* get_extension(std::string_view name) { return name == "tenon_x_operators" ? list_.c_str() : nullptr; }

 private:
  tenon_memory_kind memory_ = plugin::host_memory_kind();
  tenon_device device_ = plugin::cpu_device("host processor", {&memory_, 1});
  std::string list_ = list_operators();
};

}  // namespace
}  // namespace tenon::reference

TENON_PROVIDER(tenon::reference::Provider)
