// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tenon {

// What placement does about a node that no preferred provider takes.
enum class Policy : uint8_t {
  strict,  // an error that lists node, provider, reason
  warn,    // a last-resort provider runs it, and the log says so
  allow,   // the same without a word in the log; the report has it all the same
};

}  // namespace tenon
