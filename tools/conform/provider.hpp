// SPDX-License-Identifier: Apache-2.0
// A loaded provider: its table, devices and options, every call checked for what rule 13 says about status.
#ifndef TOOLS_CONFORM_PROVIDER_HPP_
#define TOOLS_CONFORM_PROVIDER_HPP_

#include <tenon/plugin.h>

#include <memory>
#include <string>
#include <vector>

#include "graphs.hpp"
#include "host.hpp"
#include "manifest.hpp"
#include "report.hpp"

namespace tenon::conform {

/// A status as a host hands it over, with known bytes behind it.
class StatusBox {
 public:
  StatusBox();
  tenon_status* get() { return &status_; }
  /// Checks what `what` left in the status and returns `code`.
  int32_t check(Reporter& report, int32_t code, const std::string& what) const;
  std::string text() const { return {status_.msg, std::min<size_t>(status_.len, TENON_STATUS_TEXT - 1)}; }

 private:
  tenon_status status_;
  unsigned char behind_[64];
};

/// Loads the library by its absolute path and finds the entry; NULL after a report.
tenon_provider_entry_fn load_entry(Reporter& report, const std::string& path);

/// The range that a host of this header offers.
tenon_host_range full_range();

/// One row of the provider's table, for loops over all of it.
struct Slot {
  const char* name;
  uint32_t offset;
  bool required;
  const char* with;  // another slot that must be there when this one is, or NULL
};
const std::vector<Slot>& slots();

class Provider {
 public:
  /// Loads and opens; `opened()` tells whether that went well, and what did not was reported.
  Provider(Reporter& report, Host& host, const Manifest& manifest);
  bool opened() const { return opened_; }

  /// A copy of the table in which everything past its `size` is NULL.
  const tenon_provider& table() const { return table_; }
  void* self() const { return table_.self; }
  bool is_async() const { return (info_.features & TENON_FEATURE_ASYNC) != 0; }
  bool has_own_threads() const { return (info_.features & TENON_FEATURE_OWN_THREADS) != 0; }
  const tenon_provider_info& info() const { return info_; }
  const std::vector<tenon_device>& devices() const { return devices_; }
  std::vector<tenon_memory_kind> memory_kinds(const tenon_device& device) const;
  const std::vector<tenon_option_desc>& options() const { return options_; }
  const std::vector<tenon_schema>& schemas() const { return schemas_; }
  Reporter& report() const { return report_; }
  Host& host() const { return host_; }

 private:
  void read_lists();
  Reporter& report_;
  Host& host_;
  bool opened_ = false;
  tenon_provider table_{};
  tenon_provider_info info_{};
  std::vector<tenon_device> devices_;
  std::vector<tenon_option_desc> options_;
  std::vector<tenon_schema> schemas_;
};

/// One session over one graph. Not movable.
class Session {
 public:
  struct Settings {
    uint32_t device = 0;
    uint32_t flags = 0;
    std::vector<std::pair<std::string, std::string>> options;  // replaced defaults
  };
  Session(const Provider& provider, const GraphSpec& graph, Settings settings);
  Session(const Session&) = delete;
  ~Session();
  bool created() const { return session_ != nullptr; }
  int32_t code() const { return code_; }
  const std::string& error() const { return error_; }

  /// Asks once more; the same graph with records that are `gap` bytes wider than known.
  tenon_sink query(uint32_t gap);
  tenon_provider_session* get() const { return session_; }
  const Provider& provider() const { return provider_; }
  const GraphSpec& graph() const { return graph_; }
  tenon_host_session& weights() { return *weights_; }
  const tenon_device& device() const { return provider_.devices()[settings_.device]; }

 private:
  const Provider& provider_;
  GraphSpec graph_;
  Settings settings_;
  std::unique_ptr<tenon_host_session> weights_;
  tenon_provider_session* session_ = nullptr;
  int32_t code_ = TENON_OK;
  std::string error_;
};

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_PROVIDER_HPP_
