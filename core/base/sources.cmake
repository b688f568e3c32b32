# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  base/blob.cc
  base/cpu.cc
  base/file.cc
  base/hash.cc
  base/log.cc
  base/memory.cc
  base/new_file.cc
  base/status.cc
  base/thread_pool.cc)
tenon_core_tests(base/base_test.cc base/file_test.cc base/memory_test.cc base/new_file_test.cc base/thread_pool_test.cc)
