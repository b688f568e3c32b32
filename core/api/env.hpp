// SPDX-License-Identifier: Apache-2.0
// tenon_env: the providers that were found, and the thread pool.
#pragma once

#include <tenon/tenon.h>

#include <atomic>
#include <memory>

#include "core/base/thread_pool.hpp"
#include "core/host/loader.hpp"

struct tenon_env {
  std::atomic<uint32_t> references{1};
  std::unique_ptr<tenon::ProviderRegistry> registry;
  std::shared_ptr<tenon::ThreadPool> pool;
  tenon_log_fn log = nullptr;
  void* log_user = nullptr;
  std::atomic<uint64_t> weights{0};  // bytes of constants that its sessions keep
  ~tenon_env();
};

namespace tenon::api {

// Keeps an environment while a session lives.
class EnvRef {
 public:
  explicit EnvRef(tenon_env* env) : env_(env) { tenon_env_retain(env); }
  ~EnvRef() { tenon_env_release(env_); }
  EnvRef(const EnvRef&) = delete;
  EnvRef& operator=(const EnvRef&) = delete;
  tenon_env* operator->() const { return env_; }

 private:
  tenon_env* env_;
};

}  // namespace tenon::api
